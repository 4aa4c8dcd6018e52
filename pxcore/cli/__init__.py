"""The `px` command: verbs that an operator would use under stress."""

import sys


def main() -> None:
    """Loads the program and runs it: a Ctrl-C while it loads is no traceback either."""
    try:
        from pxcore.cli.app import main as run
    except KeyboardInterrupt:
        print("stopped before anything began", file=sys.stderr)
        sys.exit(130)
    run()


__all__ = ["main"]
