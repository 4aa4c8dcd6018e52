"""A limit of the table as a field that a person fills in: a setting, or a box of a run's form."""

from typing import Any

from pydantic import Field

from pxcore.engine.limit_table import LIMITS, Direction

OPTIONAL_LIMITS = tuple(name for name, kind in LIMITS.items() if kind.is_optional)
_TIGHTER = {Direction.LOWER: "less is tighter", Direction.HIGHER: "more is tighter"}


def setting_of(limit: str) -> Any:
    """With its default and its bounds."""
    return _field(limit, LIMITS[limit].default, LIMITS[limit].help)


def form_field_of(limit: str) -> tuple[Any, Any]:
    """Type and field for a form, where an empty box keeps the setting."""
    kind = LIMITS[limit]
    text = f"{kind.help} ({_TIGHTER[kind.tighter]})"
    return kind.of | None, _field(limit, None, text)


def _field(limit: str, default: Any, text: str) -> Any:
    kind = LIMITS[limit]
    return Field(default, ge=kind.low, le=kind.high, description=text)
