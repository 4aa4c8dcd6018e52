"""What the programs of this folder say to whoever started them: a line each, whoever's words."""

import sys

from pxcore.model import Misconfigured
from pxcore.text.escaping import for_terminal


def say(text: str) -> None:
    print(for_terminal(text), flush=True)


def complain(text: str) -> None:
    print(for_terminal(text), file=sys.stderr)


def say_problems(error: Misconfigured) -> None:
    for problem in error.problems:
        complain(problem)
