"""Schedules follow the settings: those of a running `px up` are registered again when a file that
they come from has changed, so that no run starts at an hour that nobody wishes any more.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from pxcore.courtesy import Worker, begun
from pxcore.model import PxError
from pxcore.runtime.accounts import FILE, NamedAccount, accounts, environ_with
from pxcore.settings import ENV_FILE, AccountlessSettings, load_settings

_EVERY_S = 5.0
_LIMIT_S = 1.0  # a disk that hangs holds nobody up
Times = tuple[tuple[object, ...], ...]


class SettingsWatch:
    """`look` now and then. `register` puts them in place, in a thread of its own."""

    def __init__(
        self, home: Path, *, register: Callable[[], None], say: Callable[[str], None]
    ) -> None:
        self._files = (ENV_FILE, FILE, home / FILE)
        self._register = register
        self._say = say
        self._disk = Worker("the settings' files")
        self._looked_at_s = float("-inf")
        self._seen = _stamps(self._files)
        self._times: Times = ()
        try:
            self._times = times_wanted()
        except PxError:  # changed just now: looked at, and told
            self._seen = ()
        self._busy: threading.Thread | None = None

    def look(self) -> None:
        """What is refused is told once; the schedules stay as they are then."""
        now_s = time.monotonic()
        if now_s - self._looked_at_s < _EVERY_S or (self._busy and self._busy.is_alive()):
            return
        self._looked_at_s = now_s
        try:
            seen = self._disk.ask(lambda: _stamps(self._files), limit_s=_LIMIT_S)
            if seen == self._seen:
                return
            self._seen = seen
            times = times_wanted()  # not in a thread: it changes the environment meanwhile
        except PxError as error:
            self._say(f"settings have changed and are refused, schedules stay: {error}")
            return
        if times != self._times:
            self._put_in_place(times)

    def settle(self) -> None:
        """Waits for what is being registered."""
        if self._busy is not None:
            self._busy.join()

    def _put_in_place(self, times: Times) -> None:
        if self._times and _names(times) != _names(self._times):
            self._say("accounts.toml names other accounts now: `px down`, then `px up`")
            return

        def act() -> None:
            try:
                self._register()
            except (PxError, OSError) as error:
                self._seen = ()  # looked at again
                self._say(f"the schedules could not be changed: {error}; trying again")
                return
            self._times = times
            self._say("settings have changed: schedules are registered again")

        self._busy = threading.Thread(target=act, name="schedules", daemon=True)
        if not begun(self._busy):
            self._seen = ()


def times_wanted() -> Times:
    """All that a schedule is worked out from, for each account, by the settings as they are now.

    Raises Misconfigured.
    """
    settings = load_settings(kind=AccountlessSettings)
    return tuple(_of(account) for account in accounts(settings))


def _of(account: NamedAccount) -> tuple[object, ...]:
    with environ_with(account.environ()):
        own = load_settings(kind=AccountlessSettings)
    times = (own.window_start, own.window_end, own.flat_by, own.contract)
    return account.label, account.id, *times


def _names(times: Times) -> list[tuple[object, ...]]:
    return [one[:2] for one in times]


def _stamps(files: tuple[Path, ...]) -> tuple[object, ...]:
    found: list[object] = []
    for file in files:
        try:
            status = file.stat()
        except OSError as error:
            found.append(error.errno)
        else:
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)
