"""Settings that are several values in one text, read. Each raises ValueError for what is wrong."""

import json
import math
import re
from datetime import time
from typing import Any, Final

from pxcore.host.decoding import NESTING_MAX, json_value
from pxcore.model.errors import ProtocolError
from pxcore.text.typed import ID_MAX

LONG_MAX: Final = 10_000  # characters of a text that holds several values
JSON_WANTED: Final = (
    f'a JSON object, such as {{"every_s": 900}}, of up to {LONG_MAX:,} characters and '
    f"{NESTING_MAX} levels"
)
URLS_WANTED: Final = f"URLs between blanks, up to {LONG_MAX:,} characters"
STRETCHES_WANTED: Final = f"HH:MM-HH:MM between commas, up to {LONG_MAX:,} characters"
_BETWEEN = re.compile(r"[\s,]*\s[\s,]*|,(?=[A-Za-z0-9]+://)")  # a URL itself may hold commas
_URL = re.compile(r"[A-Za-z0-9]+://\S+")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?")
_SHORT_TIME = re.compile(r"[0-9]{1,2}(:[0-9]{1,2}){1,2}")
_ZONED = "a time of the day here is Chicago's, HH:MM without a zone"


def json_object(text: str) -> dict[str, Any]:
    """Empty for an empty text."""
    try:
        read = json_value(text or "{}")
    except ProtocolError as error:
        raise ValueError(f"it is no JSON: {error}") from None
    if not isinstance(read, dict):
        raise ValueError("it is JSON, but no object")
    _require_short(text)
    _require_numbers(read)
    return read


def _require_numbers(value: Any) -> None:
    """Such as a float holds, and a count."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            _require_numbers(one)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number in it has no end")
    elif isinstance(value, int) and abs(value) > ID_MAX:
        raise ValueError(f"a number in it is above {ID_MAX:,}")


def json_text(given: dict[str, Any]) -> str:
    """What `json_object` reads. Raises ValueError for what is nested without end."""
    try:
        return json.dumps(given)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def urls_in(text: str) -> tuple[str, ...]:
    """Between blanks or commas. One that is none is named by its place: its text is a secret."""
    _require_short(text)
    urls = [part for part in _BETWEEN.split(text.strip()) if part]
    for number, url in enumerate(urls, start=1):
        if not (_URL.fullmatch(url) and url.isprintable()):
            raise ValueError(f"number {number} of {len(urls)} is no URL, such as mailto://…")
    return tuple(urls)


def time_in(given: Any) -> Any:
    """One of a text; a time as it is, when it has no zone."""
    if isinstance(given, time):
        return wall_time(given)
    if not isinstance(given, str):
        raise ValueError("it is no time of the day")
    if _SHORT_TIME.fullmatch(given.strip()) and not _TIME.fullmatch(given.strip()):
        padded = ":".join(one.zfill(2) for one in given.strip().split(":"))
        raise ValueError(f"two digits each are wanted: {padded}")
    if not _TIME.fullmatch(given.strip()):
        raise ValueError(_ZONED)
    try:
        return time.fromisoformat(given.strip())
    except ValueError:
        raise ValueError("there is no such time of the day") from None


def wall_time(given: time) -> time:
    """One without a zone: a time of the day here is Chicago's."""
    if given.tzinfo is not None:
        raise ValueError(_ZONED)
    return given


def stretches_in(text: str) -> tuple[tuple[time, time], ...]:
    """Times of the day, from and until: `08:25-08:35, 13:00-13:05`."""
    _require_short(text)
    found: list[tuple[time, time]] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        start, dash, end = (one.strip() for one in part.partition("-"))
        if not dash:
            raise ValueError(f"{part!r} is not HH:MM-HH:MM")
        try:
            first, last = time_in(start), time_in(end)
        except ValueError as error:
            raise ValueError(f"{part!r} is not HH:MM-HH:MM: {error}") from None
        if not first < last:
            raise ValueError(f"{part!r} ends before it begins")
        found.append((first, last))
    return tuple(found)


def _require_short(text: str) -> None:
    if len(text) > LONG_MAX:
        raise ValueError(f"it has {len(text):,} characters")
