"""Every setting for `docs/settings.md`: its default, unit and bounds, as the code has them."""

from typing import Any

from tables import table

from pxcore.config.bounds import is_optional, wanted
from pxcore.config.settings import NEEDED, SECRETS, Fields
from pxcore.engine.limit_table import LIMITS

# The last word of a name that is one, and names that have another.
_UNITS = {"s": "seconds", "usd": "USD", "ticks": "ticks", "days": "days"}
_OTHER_UNITS = {
    "size": "contracts",
    "restarts_max": "restarts a day",
    "keep_backups": "copies",
    "window_start": "Chicago time",
    "window_end": "Chicago time",
    "flat_by": "Chicago time",
    "no_entry": "Chicago time",
}


def unit_of(name: str) -> str:
    """Empty for what has none: a text, a choice, an id."""
    if name in LIMITS:
        return LIMITS[name].unit
    found = [_UNITS[word] for word in name.split("_") if word in _UNITS]
    return _OTHER_UNITS.get(name, found[-1] if found else "")


def default_of(name: str) -> str:
    default: Any = Fields.model_fields[name].default
    if name == "home":
        return "`~/.local/share/px-sessions`"
    if name in SECRETS or default in (None, (), ""):
        return "empty"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def block() -> str:
    rows = [
        (
            f"`PX_{name.upper()}`",
            default_of(name),
            unit_of(name),
            wanted(field) + (", or nothing" if is_optional(field) else ""),
            "yes" if name in NEEDED else "",
            str(field.description),
        )
        for name, field in Fields.model_fields.items()
    ]
    return "\n".join(table(("setting", "default", "unit", "takes", "needed", "what"), rows))
