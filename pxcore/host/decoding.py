"""Bytes from outside this process become values here, or an error with a name.

What the venue, a file, a database or another process wrote may be anything: no JSON, nested a
thousand deep, a number without end, no text at all. Whoever decodes it gets a value of the type
that was asked for, or ProtocolError, and nothing else. Nobody decodes in another way: a test over
the syntax tree lists the exceptions.
"""

import json
import re
import tomllib
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import msgspec

from pxcore.model.errors import ProtocolError
from pxcore.text.files import text_of
from pxcore.text.plain import plain

NESTING_MAX: Final = 64  # of a value without a type: nothing that a person writes is deeper
_WHY_MAX: Final = 300  # characters of the decoder's own words, which may hold the text itself
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'')
_BETWEEN_KEYS: Final = re.compile(r"[^A-Za-z0-9_. \t-]+")
_CAUSES: Final = (
    msgspec.MsgspecError,
    ValueError,  # no UTF-8, half a character, too many digits
    ArithmeticError,  # a number that no type of ours compares
    RecursionError,
    MemoryError,
)

T = TypeVar("T")


class Decoder(Generic[T]):
    """JSON of one type. With `strict` false numbers may come as texts."""

    def __init__(self, kind: Any, *, strict: bool = True) -> None:
        made: msgspec.json.Decoder[T] = msgspec.json.Decoder(kind, strict=strict)
        self._one: Callable[[bytes | str], T] = made.decode
        self._lines: Callable[[bytes | str], list[T]] = made.decode_lines

    def decode(self, data: bytes | str) -> T:
        """Raises ProtocolError."""
        try:
            return self._one(data)
        except _CAUSES as error:
            raise _named(error) from error

    def decode_lines(self, data: bytes) -> list[T]:
        """A value a line. Raises ProtocolError when one of them is none."""
        try:
            return self._lines(data)
        except _CAUSES as error:
            raise _named(error) from error


def decode_json(data: bytes | str, kind: type[T], *, strict: bool = True) -> T:
    """As a `Decoder` of this type, for once."""
    try:
        return msgspec.json.decode(data, type=kind, strict=strict)
    except _CAUSES as error:
        raise _named(error) from error


def json_value(text: str) -> Any:
    """Whatever JSON a person wrote, by Python's own reader, which says where it stops. Raises
    ProtocolError, also for what is nested deeper than anybody needs.
    """
    try:
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_name_twice)
    except _CAUSES as error:
        raise _named(error) from error
    require_shallow(value)
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {plain(twice)!r} is there twice")
    return found


def toml_value(data: bytes, kind: type[T]) -> T:
    """Raises ProtocolError."""
    try:
        text = text_of(data)
        _require_few_dots(text)
        value = tomllib.loads(text)
        require_shallow(value)
        return msgspec.convert(value, kind)
    except _CAUSES as error:
        raise _named(error) from error


def _require_few_dots(text: str) -> None:
    """A dotted key is a table in a table for each dot: the reader needs the square of them."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") < NESTING_MAX:
            continue
        bare = _QUOTED.sub("q", line).partition("#")[0]
        if max(key.count(".") for key in _BETWEEN_KEYS.split(bare)) >= NESTING_MAX:
            raise ProtocolError(f"line {number}: it is nested more than {NESTING_MAX} deep")


def require_shallow(value: Any) -> None:
    """Raises ProtocolError for lists and objects inside each other that no later step could write
    down again.
    """
    level = [value]
    for _ in range(NESTING_MAX):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return
    raise ProtocolError(f"it is nested more than {NESTING_MAX} deep")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _named(error: BaseException) -> ProtocolError:
    if isinstance(error, RecursionError):
        return ProtocolError("it is nested too deeply")
    if isinstance(error, MemoryError):
        return ProtocolError("it is larger than the memory of this machine")
    if "integer string conversion" in str(error):
        return ProtocolError("it holds a number of too many digits")
    why = plain(str(error)) or type(error).__name__
    return ProtocolError(why if len(why) <= _WHY_MAX else f"{why[: _WHY_MAX - 1]}…")
