"""Times as a person types them: Chicago unless they say otherwise."""

import re
from datetime import UTC, datetime, time

from pxcore.calendar.hours import CHICAGO
from pxcore.model import Misconfigured

_TIME = re.compile(r"\d{2}:\d{2}(:\d{2})?")
_YEARS = range(2000, 2100)  # a time outside is a slip of the keyboard
FORMS = "YYYY-MM-DD, 'YYYY-MM-DD HH:MM' or HH:MM of today, all Chicago; or ISO with a zone"


def moment(text: str, *, option: str, now: datetime) -> datetime:
    """The time in UTC. Raises Misconfigured with the forms that are understood."""
    today = now.astimezone(CHICAGO).date()
    try:
        if _TIME.fullmatch(text):
            given = datetime.combine(today, time.fromisoformat(text))
        else:
            given = datetime.fromisoformat(text)
    except ValueError:
        raise Misconfigured(f"{option} {text!r} is no time: give {FORMS}") from None
    if given.year not in _YEARS:
        raise Misconfigured(f"{option} {text!r} is not in the years 2000 to 2099")
    aware = given if given.tzinfo is not None else given.replace(tzinfo=CHICAGO)
    return aware.astimezone(UTC)
