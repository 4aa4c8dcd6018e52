"""The `px` command: verbs that an operator would use under stress."""

from pxcore.cli.app import main

__all__ = ["main"]
