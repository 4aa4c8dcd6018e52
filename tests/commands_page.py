"""Every verb of `px` for `docs/commands.md`: what it does, an example, options and defaults."""

import inspect
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import typer
from tables import table

from pxcore.cli.app import app
from pxcore.cli.command_line import ARGUMENT_MAX
from pxcore.cli.reasons import REASON_MAX
from pxcore.config.bounds import wanted
from pxcore.config.settings import Fields

EXAMPLE = "Example: "


def commands(group: Any = None, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that does something, by what a person types."""
    top = typer.main.get_command(app) if group is None else group
    for name, one in top.commands.items():
        here = f"{path} {name}".strip()
        if hasattr(one, "commands"):
            if one.invoke_without_command:
                yield here, one
            yield from commands(one, here)
        else:
            yield here, one


def kind_of(param: Any) -> type:
    """What Typer makes of it: a number, a text, a path, a choice, or a flag."""
    kind = param.type_descriptor.annotation
    while (inner := next(iter(get_args(kind)), None)) is not None:  # of a list, or none
        kind = inner
    assert isinstance(kind, type)
    return kind


def reader_of(param: Any) -> Any:
    """What reads a number, of `pxcore.cli.kinds`; None for what is none."""
    return param.type_descriptor.parameter_info.parser


def takes(param: Any) -> str:
    kind = kind_of(param)
    if reader_of(param) is not None:
        return str(reader_of(param).wanted)
    if issubclass(kind, Enum):
        return " or ".join(f"`{one.value}`" for one in kind)
    if kind is bool:
        return "no value: a switch"
    if param.name == "reason":
        return f"a text of 1 to {REASON_MAX:,} characters"
    if param.name == "params":
        return wanted(Fields.model_fields["strategy_params"])
    return f"{'a path' if kind is Path else 'a text'} of up to {ARGUMENT_MAX:,} characters"


def block() -> str:
    return "\n".join(line for path, command in commands() for line in _command(path, command))


def _command(path: str, command: Any) -> Iterator[str]:
    about, _, example = inspect.cleandoc(command.help).partition(EXAMPLE)
    yield f"### `px {path}`\n"
    yield f"{about.strip()}\n"
    yield f"Example: `{example.strip()}`\n"
    rows = [_row(param) for param in command.params if param.name != "help"]
    if rows:
        yield from table(("option or argument", "takes", "default", "what"), rows)
        yield ""


def _row(param: Any) -> tuple[str, ...]:
    is_option = param.opts[0].startswith("-")
    name = "/".join(param.opts) if is_option else param.name.upper()
    return f"`{name}`", takes(param), _default(param), str(param.help)


def _default(param: Any) -> str:
    if param.required:
        return "needed"
    if kind_of(param) is bool:
        return "off"
    default = param.default.value if isinstance(param.default, Enum) else param.default
    return "" if default is None else f"`{default}`"
