"""One `px up` a home folder, and how others ask it to stop: a locked file, and a file with a wish.

The lock dies with its holder, so that what the file says is only believed while it is locked.
"""

import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Self

import msgspec

from pxcore.filelock import is_locked, try_lock
from pxcore.model import Misconfigured
from pxcore.runtime.paths import Paths


class Stop(StrEnum):
    """What becomes of a session that lives."""

    FLATTEN = "flatten"
    LEAVE = "leave"


class Household(msgspec.Struct, frozen=True, kw_only=True):
    """`ui` is the base URL of Prefect's server; empty while it starts."""

    pid: int
    ui: str
    since: datetime

    @property
    def text(self) -> str:
        return f"`px up`, process {self.pid}, {self.ui or 'which is still starting'}"


class HomeLock:
    """`with HomeLock(home):` raises Misconfigured, naming the first, when another has it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        path = _lock_of(self._home)
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
        try:
            try_lock(file)
        except OSError:
            file.close()
            there = household_of(self._home)
            who = "another `px up`" if there is None else there.text
            raise Misconfigured(f"{who} runs here already; `px down` stops it") from None
        self._file = file
        _stop_of(self._home).unlink(missing_ok=True)  # a wish that was meant for an earlier one
        self.tell("")
        return self

    def tell(self, ui: str) -> None:
        assert self._file is not None
        there = Household(pid=os.getpid(), ui=ui, since=datetime.now(UTC))
        self._file.truncate(0)
        self._file.write(msgspec.json.encode(there).decode())
        self._file.flush()

    def wish(self) -> Stop | None:
        """What another process asked for."""
        try:
            text = _stop_of(self._home).read_text(encoding="utf-8").strip()
        except OSError:
            return None
        return Stop(text) if text in set(Stop) else Stop.FLATTEN

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def household_of(home: Path) -> Household | None:
    """The `px up` that runs there; None when none does."""
    try:
        with _lock_of(home).open("r+", encoding="utf-8") as file:
            text = file.read()
            if not is_locked(file):
                return None
            return msgspec.json.decode(text, type=Household)
    except (OSError, msgspec.DecodeError):
        return None


def ask_to_stop(home: Path, stop: Stop) -> None:
    _stop_of(home).write_text(stop.value, encoding="utf-8")


def _lock_of(home: Path) -> Path:
    return Paths(home).home / "locks" / "up.lock"


def _stop_of(home: Path) -> Path:
    return Paths(home).home / "locks" / "up.stop"
