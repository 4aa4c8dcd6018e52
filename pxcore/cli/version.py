"""`px --version`: what is installed, and where it works. Loads nothing that a verb needs."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

import pxcore
from pxcore.config.paths import Paths
from pxcore.config.settings import LenientAccountlessSettings, load_settings
from pxcore.model import Misconfigured
from pxcore.text.escaping import for_terminal


def show_version() -> int:
    """Exit status: 2 where the settings leave the home folder in doubt."""
    print(for_terminal(f"px-sessions {pxcore.__version__}"))
    print(for_terminal(f"Python {platform.python_version()}"))
    print(for_terminal(f"Prefect {_prefect()}"))
    try:
        settings = load_settings(kind=LenientAccountlessSettings)
    except Misconfigured as error:
        for problem in error.problems:
            print(for_terminal(f"px: {problem}"), file=sys.stderr)
        return 2
    print(for_terminal(f"home folder {Paths(settings.home).home}"))
    return 0


def _prefect() -> str:
    """As its package is installed: importing it would take seconds."""
    try:
        return version("prefect")
    except PackageNotFoundError:
        return "is not installed"
