"""What px can do with a library that is not installed: the line that installs it, to be typed."""

import shlex
import sys
from importlib.util import find_spec


def install_line(extra: str) -> str:
    """For the Python that runs now. An environment made by `uv` has no pip of its own."""
    python = shlex.quote(sys.executable)
    way = f"{python} -m pip install" if find_spec("pip") else f"uv pip install --python {python}"
    return f"{way} 'px-sessions[{extra}]'"
