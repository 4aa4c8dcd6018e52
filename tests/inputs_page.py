# ruff: noqa: E501 - lines of a page, as long as they are there
"""What `docs/inputs.md` says of each input, made from what holds it to its bounds.

Settings, the command line and the strategies have pages of their own. Files of a market stand in
`market_files`.
"""

import inspect
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from tables import table

from flows import flatten, kill_switch, parameters, preflight
from pxcore.config.accounts import ID_WANTED, LABEL_WANTED, SHARED
from pxcore.config.bounds import wanted
from pxcore.config.env_file import lines_in
from pxcore.day.kill_switch import REASON_BYTES
from pxcore.gateway.rest import bar_pages
from pxcore.host.bounded_files import TEXT_BYTES_MAX
from pxcore.host.decoding import NESTING_MAX
from pxcore.paper.markets import formats
from pxcore.text.typed import ID_MAX, number_text

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


def block() -> str:
    return "\n".join(_sections())


def _sections() -> Iterator[str]:
    yield from _numbers()
    yield from _env_file()
    yield from _environment()
    yield from _accounts()
    yield from _forms()
    yield from _files()
    yield from market_files()


def _numbers() -> Iterator[str]:
    yield "## Numbers and texts\n"
    yield "Write a number in the digits 0 to 9, with a point before decimals: no comma, no exponent, no NaN. An id fits 63 bits,"
    yield f"so the largest is {number_text(ID_MAX)}. A text must not hold invisible characters."


def _env_file() -> Iterator[str]:
    yield "\n## The file `.env`\n"
    yield "`px` reads the `.env` of the folder that you start it in, and no other. A `.env` in the home folder is refused. The file is"
    yield f"UTF-8, with or without its byte order mark, with the line ends of any system, and has at most {TEXT_BYTES_MAX:,} bytes. A variable"
    yield "of the environment overrides the file. A name that is set twice is refused, in the file and (with other capitals) in the"
    yield "environment. So is any name that is not a setting.\n"
    rows = []
    for text in LINES:
        found, faults = lines_in(Path(".env"), text.encode())
        said = [one.text for one in faults] or [
            f"`{v.value}`" if v.value else "empty" for v in found.values()
        ]
        rows.append((f"`{text}`", "; ".join(said)))
    yield from table(("line", "what it is"), rows)


def _environment() -> Iterator[str]:
    yield "\n## The environment\n"
    yield "Every setting works as a variable, in capitals or small letters. Any other name that begins with `PX_` is refused, with"
    yield "the nearest setting. `px deploy` and the flows also read Prefect's own variables (`PREFECT_API_URL`,"
    yield "`PREFECT_API_AUTH_STRING`, `PREFECT_API_KEY`), which Prefect checks."


def _accounts() -> Iterator[str]:
    yield "\n## The file `accounts.toml`\n"
    yield f"In the folder that you start `px` in, or else in the home folder. UTF-8, at most {TEXT_BYTES_MAX:,} bytes.\n"
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
    yield from table(("key of an `[[account]]`", "takes", "beyond it"), rows)


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
    yield "The form refuses a value beyond its bounds, and the flow refuses it again before it does anything. An unknown name is"
    yield "refused too. A reason that is too long is cut: no reason may keep a way to flat from running.\n"
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
    yield from table(("form", "box", "takes", "what"), rows)


def _files() -> Iterator[str]:
    yield "\n## Other files and texts\n"
    rows = [
        (
            "`KILL` in the home folder",
            f"any bytes; {REASON_BYTES:,} are read",
            "the kill switch is engaged whatever the file holds: a file that stops trading is never refused",
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
    yield from table(("file or text", "takes", "beyond it"), rows)


def market_files() -> Iterator[str]:
    """A row a format, and the bounds of them all: what the readers themselves go by."""
    yield "\n## Files of a market\n"
    yield (
        f"`px demo --market FILE` and `px paper --market FILE`. {formats.ENCODING}, with or without a "
        f"byte order mark; columns in any order, between {', '.join(formats.SEPARATORS.values())}; plain, "
        f"or packed with {' or '.join(formats.PACKINGS)}. A number has a decimal point. The content of "
        "a file decides, and not its name; another kind of file is named, with what to do.\n"
    )
    kinds = [
        (one.name, f"`{','.join(one.columns)}`", "refused, with file and line")
        for one in formats.MARKET_FORMATS
    ]
    kinds.append(("a script, `.json`", "steps of one contract", "refused, with the file"))
    yield from table(("file", "takes", "beyond it"), kinds)
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
    yield from table(("of one file", "at most", "beyond it"), rows)
    yield ""
    most, requests = f"{bar_pages.BARS_MAX:,}", f"{bar_pages.REQUESTS_MAX}"
    yield f"`px bars` returns at most {most} bars, from at most {requests} requests, and says when it stops short."
