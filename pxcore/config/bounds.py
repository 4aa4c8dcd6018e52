"""What one field takes, wherever a person fills it in: a plain number between two bounds, or a
short text of signs that can be seen. The bounds are those of the field; here they become words.

Settings, the forms of the flows, a strategy's parameters and the options of the command line are
all held to it, and `docs/inputs.md` is made of the same words.
"""

import re
from datetime import time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

from pxcore.text.typed import number_given, number_text, visible

_THOUSANDS: Final = re.compile(r"[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+")  # of money, maybe meant so
_BOUNDS: Final = {"ge": "at least {}", "gt": "above {}", "le": "at most {}", "lt": "below {}"}


class WantedText(NamedTuple):
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


# -- in words -------------------------------------------------------------------------------------


def wanted(field: FieldInfo) -> str:
    """What the field takes: its kind and its bounds, from the field itself."""
    for one in field.metadata:
        if isinstance(one, WantedText):
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


def is_optional(field: FieldInfo) -> bool:
    return type(None) in _kinds(field.annotation)


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
