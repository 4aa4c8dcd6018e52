"""`px strategies`: what a session can trade, and what each may be told."""

import sys
from contextlib import redirect_stdout

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pxcore.cli.output import line, say_json
from pxcore.model import Misconfigured
from pxcore.strategies import BUILT_IN, Description, describe, find_kind, installed_names


def show_strategies(name: str | None, console: Console, *, as_json: bool) -> int:
    """0, or 2 when one that is installed cannot be loaded: its problem is shown in its place.

    Raises Misconfigured when `name` is given and is none.
    """
    with redirect_stdout(sys.stderr):  # one that prints when it is imported does not answer for us
        found, problems = _all() if name is None else ([describe(find_kind(name))], {})
    if as_json:
        listed = [*map(msgspec.to_builtins, found)]
        listed += [{"name": one, "problem": problem} for one, problem in problems.items()]
        say_json(listed)
    else:
        for described in found:
            _show(described, console)
        for problem in problems.values():
            console.print(line(problem, "bold red"), soft_wrap=True)
    return 2 if problems else 0


def _all() -> tuple[list[Description], dict[str, str]]:
    """The built-in ones and those installed, and what keeps one of these from loading."""
    found = [describe(kind) for kind in BUILT_IN.values()]
    problems: dict[str, str] = {}
    for name in installed_names():
        try:
            found.append(describe(find_kind(name)))
        except Misconfigured as error:
            problems[name] = str(error)
    return found, problems


def _show(described: Description, console: Console) -> None:
    named = Text.assemble(line(described.name, "bold"), "  ", line(described.summary))
    console.print(named, soft_wrap=True)
    if not described.params:
        return
    table = Table("parameter", "default", "allowed", "what, and in which unit", box=None)
    for one in described.params:
        default = "must be given" if one.default is None else one.default
        table.add_row(*map(line, (one.name, default, one.allowed, one.description)))
    console.print(table)
    console.print()
