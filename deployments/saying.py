"""What the programs of this folder say to whoever started them: a line each, whoever's words."""

import sys

from pxcore.escaping import for_terminal
from pxcore.model import Misconfigured


def say(text: str) -> None:
    print(for_terminal(text), flush=True)


def complain(text: str) -> None:
    print(for_terminal(text), file=sys.stderr)


def say_problems(error: Misconfigured) -> None:
    for problem in error.problems:
        complain(problem)
