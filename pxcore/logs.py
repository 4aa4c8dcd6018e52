"""Logs for people: loguru, set up in one place, with secrets masked in the sink itself.

Masking the final text is the only place that catches exception text too; loguru's own
diagnosis, which prints the values of variables, stays off.
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from loguru import logger

_FORMAT = "{time:YYYY-MM-DD HH:mm:ss.SSS!UTC} | {level: <7} | {name} | {message}\n{exception}"
_TOKEN = re.compile(r"(access_token=|Bearer )[A-Za-z0-9._~+/=-]+")


def mask(text: str, secrets: Iterable[str]) -> str:
    """The text without these values and without anything that looks like a bearer token."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return _TOKEN.sub(r"\1***", text)


def log_to(path: Path | None, *, level: str, secrets: Iterable[str] = ()) -> None:
    """All of this process's log lines go to `path`, or to stderr when it is None."""
    kept = tuple(secrets)
    logger.remove()
    if path is None:
        stream: Any = sys.stderr
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a", encoding="utf-8", buffering=1)

    def sink(message: Any) -> None:
        stream.write(mask(str(message), kept))

    logger.add(sink, level=level, format=_FORMAT, diagnose=False, backtrace=False)
