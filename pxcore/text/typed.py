"""What a person typed, read strictly: a plain number between bounds, a text that can be seen."""

import re
from decimal import Decimal
from math import isfinite
from typing import Any, Final

from pxcore.text.plain import plain

ID_MAX: Final = 2**63 - 1  # what the venue, the store and every journal can hold
TEXT_MAX: Final = 1000  # characters of a text that says nothing else
SHOWN_MAX: Final = 80  # characters of what was given, in the sentence that refuses it
_DIGITS_MAX: Final = 20
_BITS_MAX: Final = 64
_LEAST: Final = 1e-9  # nearer to nothing than any number that a person means
_NUMBER: Final = re.compile(rf"[+-]?[0-9]{{1,{_DIGITS_MAX}}}(\.[0-9]{{1,{_DIGITS_MAX}}})?")
_WHOLE: Final = re.compile(rf"[+-]?[0-9]{{1,{_DIGITS_MAX}}}")


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


def number_text(bound: Any) -> str:
    """As a person writes it."""
    text = format(Decimal(str(bound)), ",f")
    return text.rstrip("0").rstrip(".") if "." in text else text
