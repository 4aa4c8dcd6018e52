"""What one field takes, wherever a person fills it in: a plain number between two bounds, or a
short text of signs that can be seen. The bounds are those of the field; here they become words.

Settings, the forms of the flows, a strategy's parameters and the options of the command line are
all held to it, and `docs/inputs.md` is made of the same words.
"""

import re
from datetime import time
from decimal import Decimal
from enum import Enum
from math import isfinite
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

from pxcore.text.plain import plain

ID_MAX: Final = 2**63 - 1  # what the venue, the store and every journal can hold
TEXT_MAX: Final = 1000  # characters of a text that says nothing else
SHOWN_MAX: Final = 80  # characters of what was given, in the sentence that refuses it
_DIGITS_MAX: Final = 20
_BITS_MAX: Final = 64
_LEAST: Final = 1e-9  # nearer to nothing than any number that a person means
_NUMBER: Final = re.compile(rf"[+-]?[0-9]{{1,{_DIGITS_MAX}}}(\.[0-9]{{1,{_DIGITS_MAX}}})?")
_WHOLE: Final = re.compile(rf"[+-]?[0-9]{{1,{_DIGITS_MAX}}}")
_THOUSANDS: Final = re.compile(r"[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+")  # of money, maybe meant so
_BOUNDS: Final = {"ge": "at least {}", "gt": "above {}", "le": "at most {}", "lt": "below {}"}


class Wanted(NamedTuple):
    """Stands in a field's type, where its own check says more than the type does."""

    text: str


class Checked(BaseModel):
    """Base of what a person fills in: every number is plain, and every text can be seen."""

    @field_validator("*", mode="before")
    @classmethod
    def _is_plain(cls, given: Any, info: ValidationInfo) -> Any:
        return plain_given(cls.model_fields[str(info.field_name)], given)


def plain_given(field: FieldInfo, given: Any) -> Any:
    """Ready to be read by the field's type. Raises ValueError."""
    kinds = _kinds(field.annotation)
    if kinds & {int, float, Decimal} and not kinds & {bool, str}:
        number = number_given(given, is_whole=int in kinds)
        if Decimal in kinds and isinstance(number, str) and _THOUSANDS.fullmatch(number):
            whole = number.replace(".", "")
            raise ValueError(f"a point is no sign of thousands, which have no sign: write {whole}")
        return number
    if isinstance(given, str) and kinds & {str, Path, SecretStr}:
        return visible(given)
    return given


def number_given(given: Any, *, is_whole: bool) -> Any:
    """Ready to be read. Raises ValueError for what is no plain number."""
    if isinstance(given, bool):
        raise ValueError("it is no number")
    if not isinstance(given, str):
        return _with_an_end(given)
    text = given.strip()
    if (_WHOLE if is_whole else _NUMBER).fullmatch(text):
        return text
    raise ValueError(_why_no_number(text, is_whole=is_whole))


def _with_an_end(given: Any) -> Any:
    """Before anybody compares it: a decimal of a few signs may have millions of digits."""
    if isinstance(given, Decimal):
        _, digits, exponent = given.as_tuple()
        is_odd = not isinstance(exponent, int) or max(len(digits), abs(exponent)) > _DIGITS_MAX
    elif isinstance(given, float):
        is_odd = not isfinite(given) or 0 < abs(given) < _LEAST
    else:
        is_odd = isinstance(given, int) and given.bit_length() > _BITS_MAX
    if is_odd:
        raise ValueError("it has too many digits, or no end")
    return given


def _why_no_number(text: str, *, is_whole: bool) -> str:
    if not text:
        return "it is empty"
    if len(text) > 2 * _DIGITS_MAX:
        return f"it has {len(text):,} characters"
    if _NUMBER.fullmatch(text.replace(",", ".")):
        if "," in text:
            return "a comma is not read: decimals come after a point, and thousands have no sign"
        return "it has decimals" if is_whole else "it has too many digits"
    if re.fullmatch(r"[+-]?[0-9.]+[eE][+-]?[0-9]+", text):
        return "it has an exponent: write the number out"
    if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text):
        return "it has too many digits"
    if any(one.isnumeric() and not one.isascii() for one in text):
        return "it is not written in the digits 0 to 9"
    return "it is no number"


def visible(text: str) -> str:
    """Raises ValueError for signs that nobody sees, such as a line feed or a NUL."""
    if not text.isprintable():
        number = next(n for n, one in enumerate(text, 1) if not one.isprintable())
        raise ValueError(f"character {number} of it is one that cannot be seen")
    return text


def shown(given: Any) -> str:
    """What was given, quoted, and no more of it than a line can take."""
    text = plain(repr(given)) if not isinstance(given, int) or isinstance(given, bool) else ""
    if not text:
        try:
            text = str(given)
        except ValueError:  # more digits than Python writes
            return "a number without end"
    if len(text) <= SHOWN_MAX:
        return text
    return f"{text[:SHOWN_MAX]}… ({len(text):,} characters)"


# -- in words -------------------------------------------------------------------------------------


def wanted(field: FieldInfo) -> str:
    """What the field takes: its kind and its bounds, from the field itself."""
    for one in field.metadata:
        if isinstance(one, Wanted):
            return one.text
    kinds = _kinds(field.annotation)
    if choices := _choices(field.annotation):
        return " or ".join(f"`{one}`" if one != "" else "empty" for one in choices)
    if bool in kinds:
        return "`true` or `false`"
    if time in kinds:
        return "a time of the day in Chicago, HH:MM or HH:MM:SS"
    if kinds & {int, float, Decimal}:
        return _number_wanted(field, is_whole=int in kinds)
    if kinds & {str, SecretStr, Path}:
        return _text_wanted(field)
    return ""


def _number_wanted(field: FieldInfo, *, is_whole: bool) -> str:
    kind = "a whole number" if is_whole else "a number"
    low, high = bound_of(field, "ge"), bound_of(field, "le")
    if low is not None and high is not None:
        return f"{kind} from {number_text(low)} to {number_text(high)}"
    said = (
        text.format(number_text(bound))
        for name, text in _BOUNDS.items()
        if (bound := bound_of(field, name)) is not None
    )
    return " ".join((kind, " and ".join(said))).strip()


def _text_wanted(field: FieldInfo) -> str:
    low, high = bound_of(field, "min_length"), bound_of(field, "max_length")
    if high is None:
        return "a text"
    return f"a text of {f'{low} to' if low else 'up to'} {high:,} characters"


def bound_of(field: FieldInfo, name: str) -> Any:
    """`ge`, `gt`, `le`, `lt`, `min_length`, `max_length`; None for one that it does not have."""
    found = (getattr(one, name, None) for one in field.metadata)
    return next((one for one in found if one is not None), None)


def number_text(bound: Any) -> str:
    """As a person writes it."""
    text = format(Decimal(str(bound)), ",f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def is_optional(field: FieldInfo) -> bool:
    return type(None) in _kinds(field.annotation)


def is_number(field: FieldInfo) -> bool:
    kinds = _kinds(field.annotation)
    return bool(kinds & {int, float, Decimal}) and bool not in kinds


def is_text(field: FieldInfo) -> bool:
    return bool(_kinds(field.annotation) & {str, SecretStr})


def _choices(annotation: Any) -> tuple[Any, ...]:
    for one in _parts(annotation):
        if get_origin(one) is Literal:
            return get_args(one)
        if isinstance(one, type) and issubclass(one, Enum):
            return tuple(member.value for member in one)
    return ()


def _kinds(annotation: Any) -> set[Any]:
    return {one for one in _parts(annotation) if isinstance(one, type)}


def _parts(annotation: Any) -> tuple[Any, ...]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _parts(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return tuple(part for one in get_args(annotation) for part in _parts(one))
    return (annotation,)


# -- of a number by itself ------------------------------------------------------------------------


class Between:
    """Reads a number of a text. Raises ValueError, with what was found and what is wanted."""

    def __init__(self, kind: type[int] | type[float], low: float, high: float) -> None:
        self._kind, self._low, self._high = kind, low, high

    @property
    def wanted(self) -> str:
        what = "a whole number" if self._kind is int else "a number"
        return f"{what} from {number_text(self._low)} to {number_text(self._high)}"

    def __call__(self, given: Any) -> Any:
        try:
            number = self._kind(number_given(given, is_whole=self._kind is int))
        except ValueError as error:
            raise ValueError(f"{shown(given)}: {error}; wanted is {self.wanted}") from None
        if not self._low <= number <= self._high:
            raise ValueError(f"{shown(given)}: wanted is {self.wanted}")
        return number
