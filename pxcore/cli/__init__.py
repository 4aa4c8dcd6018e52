"""The `px` command: verbs that an operator would use under stress."""

import sys

from pxcore.host.entry import settle
from pxcore.host.streams import tell_losses


def main() -> None:
    """Loads the program and runs it: a Ctrl-C while it loads is no traceback either."""
    settle()
    if sys.argv[1:] == ["--version"]:  # without what a verb needs
        from pxcore.cli.version import show_version

        sys.exit(show_version())
    try:
        from pxcore.cli.app import main as run
    except KeyboardInterrupt:
        print("stopped before anything began", file=sys.stderr)
        sys.exit(130)
    try:
        run()
    finally:
        tell_losses()


__all__ = ["main"]
