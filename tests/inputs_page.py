# ruff: noqa: E501 - lines of a page, as long as they are there
"""`docs/inputs.md`, made from what holds each input to its bounds: `make inputs` writes it.

Whoever adds a setting, a box of a form or an option has it in the page by that alone, and a test
says so when it was not made again. Files of a market stand in `market_files`.
"""

import inspect
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import typer
from pydantic import BaseModel

from flows import flatten, kill_switch, parameters, preflight
from pxcore.cli.app import app
from pxcore.cli.command_line import ARGUMENT_MAX
from pxcore.cli.reasons import REASON_MAX
from pxcore.config.accounts import ID_WANTED, LABEL_WANTED, SHARED
from pxcore.config.bounds import is_optional, wanted
from pxcore.config.env_file import lines_in
from pxcore.config.settings import NEEDED, SECRETS, Fields
from pxcore.day.kill_switch import REASON_BYTES
from pxcore.gateway.rest import bar_pages
from pxcore.host.bounded_files import TEXT_BYTES_MAX
from pxcore.host.decoding import NESTING_MAX
from pxcore.paper.markets import formats
from pxcore.strategies import BUILT_IN, describe
from pxcore.text.typed import ID_MAX, number_text

FILE = Path(__file__).parents[1] / "docs" / "inputs.md"
LINES = (
    "PX_LOSS_USD_MAX=150",
    "export PX_LOSS_USD_MAX = 150  # the morning",
    'PX_LOSS_USD_MAX="150"',
    "px_loss_usd_max=150",
    "PX_LOSS_USD_MAX=",
    'PX_LOSS_USD_MAX="150',
    "PX_LOSS_USD_MAX='150';",
    "PX_LOSS_USD_MAX=150;",
    "PX_LOSS_USD_MAX=“150”",
    "PX_LOSS_USD_MAX=# 150",
    "PX_LOSS_USD_MAX: 150",
    "PX_LOSS_USD_MAX 150",
    "set PX_LOSS_USD_MAX=150",
    '$env:PX_LOSS_USD_MAX = "150"',
    "PX_API_KEY=${KEY}",
    "PX_API_KEY='${KEY}'",
    'PX_HOME="C:\\px"',
    "PX_HOME='C:\\px'",
)
Row = tuple[str, ...]


def page() -> str:
    return "\n".join((_HEAD, *_sections())).rstrip() + "\n"


_HEAD = f"""# Every input, and its bounds

Made from the code by `make inputs`; a test fails when it is not what the code does. What is beyond the bounds is refused
with its place, what was found and what is wanted, and exit status 2: nothing begins, and no default takes its place. What
takes risk off (`px flatten`, `px kill on`, `px down`, the watchdog, the safety flows) goes on without what it does not need,
and says so; it refuses what it needs.

A number is written in the digits 0 to 9, with a point before decimals: no comma, no exponent, no NaN. An id fits 63 bits, so it
is {number_text(ID_MAX)} at most. A text holds no sign that nobody can see."""


def _sections() -> Iterator[str]:
    yield from _settings()
    yield from _env_file()
    yield from _environment()
    yield from _accounts()
    yield from _forms()
    yield from _strategies()
    yield from _command_line()
    yield from _files()
    yield from market_files()


def _table(heads: Row, rows: list[Row]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield f"| {' | '.join(one.replace('|', '¦') for one in row)} |"


def _settings() -> Iterator[str]:
    yield "\n## Settings\n"
    yield "Of the environment or `.env`. An empty value of one that may be nothing takes the limit away;"
    yield "any other that is empty is refused, or is the empty text. *Needed*: by what takes risk off.\n"
    rows = [
        (
            f"`PX_{name.upper()}`",
            wanted(field) + (", or nothing" if is_optional(field) else ""),
            _default(name, field.default),
            "yes" if name in NEEDED else "",
            str(field.description),
        )
        for name, field in Fields.model_fields.items()
    ]
    yield from _table(("setting", "takes", "default", "needed", "what"), rows)


def _default(name: str, default: Any) -> str:
    if name == "home":
        return "`~/.local/share/px-sessions`"
    if name in SECRETS or default in (None, (), "", {}):
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _env_file() -> Iterator[str]:
    yield "\n## The file `.env`\n"
    yield "Of the folder that `px` is started in, and no other: one in the home folder is refused. UTF-8, with or without"
    yield f"its mark, lines ending as on any system, {TEXT_BYTES_MAX:,} bytes at most. The environment goes before it. A name that is"
    yield "set twice is refused, in the file and, by other letters, in the environment; so is any name that is no setting.\n"
    rows = []
    for text in LINES:
        found, faults = lines_in(Path(".env"), text.encode())
        said = [one.text for one in faults] or [
            f"`{v.value}`" if v.value else "empty" for v in found.values()
        ]
        rows.append((f"`{text}`", "; ".join(said)))
    yield from _table(("line", "what it is"), rows)


def _environment() -> Iterator[str]:
    yield "\n## The environment\n"
    yield "Every setting by its name, in capitals or small letters. Any other name that begins with `PX_` is refused, with the"
    yield "setting that is nearest to it. Beside them `px deploy` and the flows read Prefect's own (`PREFECT_API_URL`,"
    yield "`PREFECT_API_AUTH_STRING`, `PREFECT_API_KEY`), which Prefect checks."


def _accounts() -> Iterator[str]:
    yield "\n## The file `accounts.toml`\n"
    yield f"In the folder that `px` is started in, or else in the home folder. UTF-8, {TEXT_BYTES_MAX:,} bytes at most.\n"
    shared = ", ".join(f"`PX_{one}`" for one in SHARED)
    rows = [
        ("`id`", ID_WANTED, "refused, with the account's number"),
        ("`label`", LABEL_WANTED, "refused, with the account's number"),
        (
            "`settings`",
            f"settings by name, each a text as in `.env`; not {shared}",
            "refused, with the account's label",
        ),
        ("any other", "nothing", "refused"),
        ("the same `id` or `label` twice", "nothing", "refused"),
    ]
    yield from _table(("key of an `[[account]]`", "takes", "beyond it"), rows)


def form_models() -> list[type[BaseModel]]:
    """Of every flow that takes parameters, and the boxes within them."""
    modules = (parameters, flatten, kill_switch, preflight)
    found = [
        one
        for module in modules
        for _, one in inspect.getmembers(module, inspect.isclass)
        if issubclass(one, parameters.Form)
        and one is not parameters.Form
        and one.__module__ == module.__name__
    ]
    return sorted(found, key=lambda one: (one.__module__, one.__name__))


def _forms() -> Iterator[str]:
    yield "\n## The forms of the flows\n"
    yield "What is beyond the bounds is refused by the form, and by the flow before it does anything; so is an unknown name. A"
    yield "reason that is too long is cut, since none keeps a way to flat from going.\n"
    rows = [
        (
            f"`{model.__module__.removeprefix('flows.')}`: {model.__name__}",
            f"`{name}`",
            wanted(field) or "a box of its own",
            str(field.description or ""),
        )
        for model in form_models()
        for name, field in model.model_fields.items()
    ]
    yield from _table(("form", "box", "takes", "what"), rows)


def _strategies() -> Iterator[str]:
    yield "\n## The parameters of the strategies\n"
    yield "Of `PX_STRATEGY_PARAMS`, `--params` and the forms; read strictly, as JSON.\n"
    rows = [
        (f"`{kind.name}`", f"`{one.name}`", one.allowed, one.description)
        for kind in BUILT_IN.values()
        for one in describe(kind).params
    ]
    yield from _table(("strategy", "parameter", "takes", "what"), rows)


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
        return "nothing: it is there or not"
    if param.name == "reason":
        return f"a text of 1 to {REASON_MAX:,} characters"
    if param.name == "params":
        return wanted(Fields.model_fields["strategy_params"])
    return f"{'a path' if kind is Path else 'a text'} of up to {ARGUMENT_MAX:,} characters"


def _command_line() -> Iterator[str]:
    yield "\n## The command line\n"
    yield "A reason that is too long is cut by `px kill on`, and refused by the other verbs.\n"
    rows = [
        (
            f"`px {path}`",
            f"`{'/'.join(p.opts) if p.opts[0].startswith('-') else p.name.upper()}`",
            takes(p),
        )
        for path, command in commands()
        for p in command.params
        if p.name != "help"
    ]
    yield from _table(("command", "option or argument", "takes"), rows)


def _files() -> Iterator[str]:
    yield "\n## Other files and texts\n"
    rows = [
        (
            "`KILL` in the home folder",
            f"any bytes; {REASON_BYTES:,} are read",
            "it is engaged whatever it holds: a file that stops trading is never refused",
        ),
        (
            "`--faults` of `px paper`",
            f"TOML in UTF-8, {TEXT_BYTES_MAX:,} bytes",
            "refused, with the file",
        ),
        (
            "JSON that a person types",
            f"{NESTING_MAX} levels; no name twice, no NaN, no number without end",
            "refused, with the setting",
        ),
        (
            "a strategy of your own",
            "a Python module, which Python reads",
            "refused, with its name and Python's words",
        ),
        ("days without trading", "no file: they are in the program", ""),
    ]
    yield from _table(("file or text", "takes", "beyond it"), rows)


def market_files() -> Iterator[str]:
    """A row a format, and the bounds of them all: what the readers themselves go by."""
    yield "\n## Files of a market\n"
    yield (
        f"`px demo --market FILE` and `px paper --market FILE`. {formats.ENCODING}, with or without a "
        f"mark in front; columns in any order, between {', '.join(formats.SEPARATORS.values())}; as "
        f"they are, or packed with {' or '.join(formats.PACKINGS)}. A number has a decimal point. What "
        "is in a file decides, and not its name; another kind is named with what to do.\n"
    )
    kinds = [
        (one.name, f"`{','.join(one.columns)}`", "refused, with file and line")
        for one in formats.MARKET_FORMATS
    ]
    kinds.append(("a script, `.json`", "steps of one contract", "refused, with the file"))
    yield from _table(("file", "takes", "beyond it"), kinds)
    yield ""
    bounds = [
        ("unpacked", f"{formats.UNPACKED_BYTES_MAX >> 20} MiB"),
        ("a line", f"{formats.LINE_CHARS_MAX:,} characters"),
        ("lines", f"{formats.ROWS_MAX:,}"),
        ("bars", f"{formats.MINUTES_MAX:,}"),
        ("contracts of one trade, or of a bar's volume", f"{formats.SIZE_MAX:,}"),
        ("a price", f"above 0, below {formats.PRICE_MAX:,}"),
    ]
    rows = [(what, most, "refused, with the file and the bound") for what, most in bounds]
    yield from _table(("of one file", "at most", "beyond it"), rows)
    yield ""
    most, requests = f"{bar_pages.BARS_MAX:,}", f"{bar_pages.REQUESTS_MAX}"
    yield f"`px bars` gives {most} bars at most, from {requests} requests at most, and says when it stops."


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
