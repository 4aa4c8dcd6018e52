"""Settings that are several values in one text, read. Each raises ValueError for what is wrong."""

import re
from datetime import time
from typing import Any

from pxcore.decoding import json_value
from pxcore.model.errors import ProtocolError

_BETWEEN = re.compile(r"[\s,]*\s[\s,]*|,(?=[A-Za-z0-9]+://)")  # a URL itself may hold commas
_URL = re.compile(r"[A-Za-z0-9]+://\S+")


def json_object(text: str) -> dict[str, Any]:
    """Empty for an empty text."""
    try:
        read = json_value(text or "{}")
    except ProtocolError as error:
        raise ValueError(f"it is no JSON: {error}") from None
    if not isinstance(read, dict):
        raise ValueError('it is no JSON object, such as {"every_s": 900}')
    return read


def urls_in(text: str) -> tuple[str, ...]:
    """Between blanks or commas. One that is none is named by its place: its text is a secret."""
    urls = [part for part in _BETWEEN.split(text.strip()) if part]
    for number, url in enumerate(urls, start=1):
        if not _URL.fullmatch(url):
            raise ValueError(f"number {number} of {len(urls)} is no URL, such as mailto://…")
    return tuple(urls)


def wall_time(given: time) -> time:
    """One without a zone: a time of the day here is Chicago's."""
    if given.tzinfo is not None:
        raise ValueError("a time of the day here is Chicago's, HH:MM without a zone")
    return given


def stretches_in(text: str) -> tuple[tuple[time, time], ...]:
    """Times of the day, from and until: `08:25-08:35, 13:00-13:05`."""
    found: list[tuple[time, time]] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            start, end = (time.fromisoformat(one.strip()) for one in part.split("-"))
        except ValueError:
            raise ValueError(f"{part!r} is not HH:MM-HH:MM") from None
        wall_time(start), wall_time(end)
        if not start < end:
            raise ValueError(f"{part!r} ends before it begins")
        found.append((start, end))
    return tuple(found)
