"""One sender of orders per account on this machine: an OS lock that dies with its holder.

Held by the session's process, by the flatten of leftovers at start, by `px flatten` and by the
last resort for a session that has died. Whoever finds it taken does not touch the account.
"""

import os
import time
from pathlib import Path
from typing import IO, Self

from pxcore.filelock import is_locked, try_lock
from pxcore.model import PxError

LEAVE = "leave"  # in the file of wishes: end and send nothing
_ATTEMPTS = 3
_BETWEEN_S = 0.02


class AccountBusy(PxError):
    """Somebody else on this machine holds the account; the message names the holder."""


class AccountLock:
    """`with AccountLock(...)`: raises AccountBusy at once when another process holds it."""

    def __init__(self, home: Path, account_id: int, *, holder: str) -> None:
        self.path = home / "locks" / f"account-{account_id}.lock"
        self.stop_path = self.path.with_suffix(".stop")
        self._account_id = account_id
        self._holder = holder
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+", encoding="utf-8")
        if not self._is_taken(file):
            holder = _name_in(file)
            file.close()
            raise AccountBusy(f"account {self._account_id} is held by {holder}")
        file.truncate(0)
        file.write(f"{self._holder} (process {os.getpid()})\n")
        file.flush()
        self._file = file
        self.stop_path.unlink(missing_ok=True)  # a wish that was meant for an earlier holder
        return self

    def _is_taken(self, file: IO[str]) -> bool:
        """By us. Tried more than once: who only looks holds it for microseconds."""
        for attempt in range(_ATTEMPTS):
            try:
                try_lock(file)
                return True
            except OSError:
                if attempt < _ATTEMPTS - 1:
                    time.sleep(_BETWEEN_S)
        return False

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def ask_holder_to_stop(self) -> None:
        """A session that holds the account sees this within a second, flattens and ends."""
        self._ask(f"asked by {self._holder}")

    def ask_holder_to_leave(self) -> None:
        """As above, but it ends without sending anything if its position is protected."""
        self._ask(LEAVE)

    def _ask(self, wish: str) -> None:
        self.stop_path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.stop_path.with_suffix(".stop.new")
        fresh.write_text(f"{wish}\n", encoding="utf-8")
        fresh.replace(self.stop_path)


def holder_of(home: Path, account_id: int) -> str | None:
    """Who on this machine holds the account now; None when nobody does.

    Looks without taking the lock, and leaves the holder's files as they are.
    """
    try:
        file = AccountLock(home, account_id, holder="").path.open("r+", encoding="utf-8")
    except FileNotFoundError:
        return None
    with file:
        return _name_in(file) if is_locked(file) else None


def _name_in(file: IO[str]) -> str:
    file.seek(0)
    return file.read().strip() or "another process"
