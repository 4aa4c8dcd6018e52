"""Why a value is not taken, in a sentence: the setting, what was found, what is wanted.

The words of the library that reads the values are for whoever programs it, and stay there.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from pxcore.config.bounds import is_optional, plain_given, wanted
from pxcore.config.settings.fields import Fields
from pxcore.config.sources import PREFIX, Given, RefusedSetting
from pxcore.model import Misconfigured
from pxcore.text.plain import plain
from pxcore.text.typed import shown

# By whatever takes risk off or only looks: without these it would act on something else.
NEEDED = frozenset(
    (
        *("home", "database_url", "gateway", "trading", "account_id", "username", "api_key"),
        *("paper_url", "paper_key", "paper_clock", "foreign", "contract"),
        *("connect_timeout_s", "reply_timeout_s", "unknown_grace_s", "kill_switch"),
    )
)
# By whatever engages the kill switch: where it is kept, and which sessions to tell at once.
NEEDED_TO_KILL = frozenset(("home", "database_url", "gateway", "paper_url"))
SECRETS = frozenset(("api_key", "paper_key", "database_url", "alert_urls"))
_NAME_MAX = 100  # characters of a name that is none of ours


class SettingsRefused(Misconfigured):
    """Carries what was refused, by setting."""

    def __init__(self, refusals: Iterable[RefusedSetting]) -> None:
        self.refusals = tuple(refusals)
        super().__init__(*(one.text for one in self.refusals))


def may_be_left_out(refusal: RefusedSetting, needed: frozenset[str]) -> bool:
    """By what takes risk off: nothing that it needs is in doubt, misspelt names included."""
    return not refusal.is_fatal and needed.isdisjoint(map(_meant_by, refusal.names))


def field_of(name: str) -> str:
    return name.removeprefix(PREFIX).lower()


def _meant_by(name: str) -> str:
    """The setting of that name, or the one that is nearest to it; empty for none."""
    field = field_of(name)
    if field in Fields.model_fields:
        return field
    return next(iter(get_close_matches(field, Fields.model_fields, n=1)), "")


def refusals_of(fields: Mapping[str, FieldInfo], error: ValidationError) -> list[RefusedSetting]:
    """One a value."""
    found: dict[str, RefusedSetting] = {}
    for one in error.errors():
        name = str(one["loc"][0])
        found.setdefault(name, RefusedSetting(value_refused(name, fields[name], one), (name,)))
    return list(found.values())


def value_refused(name: str, field: FieldInfo, error: ErrorDetails) -> str:
    return f"{PREFIX}{name.upper()}{_given(name, error)} is refused: {why(field, error)}"


def why(field: FieldInfo, error: ErrorDetails) -> str:
    """Our own words where a check of ours said no, and what the field takes."""
    said = error.get("ctx", {}).get("error") if error["type"] == "value_error" else None
    takes = f"wanted is {wanted(field)}{', or nothing' if is_optional(field) else ''}"
    return f"{said}; {takes}" if said else takes


def value_of(name: str, text: str) -> Any:
    """As the setting of that name takes it; an empty text is none. Raises ValueError in our words,
    which do not say the name.
    """
    field = Fields.model_fields[name]
    kind: Any = Annotated[field.annotation, field]
    try:
        return TypeAdapter(kind).validate_python(plain_given(field, text))
    except ValidationError as error:
        raise ValueError(why(field, error.errors()[0])) from None
    except ValueError as error:
        raise ValueError(f"{error}; wanted is {wanted(field)}") from None


def _given(name: str, error: ErrorDetails) -> str:
    return "" if name in SECRETS else f" {shown(error['input'])}"


def unknown(name: str, given: Given) -> RefusedSetting:
    """One that may be a needed setting, misspelt, is not left out: PX_GATEWY=topstepx would be
    paper.
    """
    return RefusedSetting(f"{unknown_told(name)} ({given.place})", (name,))


def unknown_told(name: str) -> str:
    text = f"{plain(name)[:_NAME_MAX]} is not a setting; .env.example lists those there are"
    near = _meant_by(name)
    return f"{text}; is {PREFIX}{near.upper()} meant?" if near else text


def placed(refusal: RefusedSetting, given: Mapping[str, Given]) -> RefusedSetting:
    """With where it was given."""
    places = dict.fromkeys(given[one].place for one in refusal.names if one in given)
    if not places:
        return refusal
    text = f"{refusal.text} ({' and '.join(places)})"
    return RefusedSetting(text, refusal.names, refusal.is_fatal)
