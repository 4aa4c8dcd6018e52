"""Schedules follow the settings: those of a running `px up` are registered again when a file that
they come from has changed, so that no run starts at an hour that nobody wishes any more.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import time as clock_time
from pathlib import Path

import msgspec

from pxcore.config.accounts import FILE, NamedAccount, accounts
from pxcore.config.settings import ENV_FILE, AccountlessSettings, load_settings
from pxcore.host.courtesy import Worker, begun
from pxcore.model import PxError, Unavailable

_EVERY_S = 5.0
_LIMIT_S = 1.0  # a disk that hangs holds nobody up


class AccountTimes(msgspec.Struct, frozen=True, kw_only=True):
    """What the schedules of one account are worked out from; times are Chicago's."""

    label: str
    account_id: int | None
    window_start: clock_time
    window_end: clock_time
    flat_by: clock_time
    contract: str


Times = tuple[AccountTimes, ...]
Names = tuple[tuple[str, int | None], ...]


class SettingsWatch:
    """`begin`, then `look` now and then. `register` puts them in place, later in a thread of its
    own. While it does, and after it failed or files changed meanwhile, nobody knows what is
    registered: it is registered again at the next look.
    """

    def __init__(
        self, home: Path, *, register: Callable[["Times | None"], None], say: Callable[[str], None]
    ) -> None:
        self._files = (ENV_FILE, FILE, home / FILE)
        self._register = register
        self._say = say
        self._disk = Worker("the settings' files")
        self._looked_at_s = float("-inf")
        self._seen = _stamps(self._files)
        self._times: Times | None = None  # of what is registered; None while nobody knows
        self._names: Names | None = None  # of the accounts that `px up` has begun with
        self._is_refused = False
        try:
            self._times = times_wanted()
            self._names = _names(self._times)
        except PxError:  # changed just now: looked at, and told
            self._seen = ()
        self._busy: threading.Thread | None = None

    def begin(self) -> None:
        """Registers what is wished now, and waits for it. Raises what `register` does."""
        wanted, self._times = self._times, None
        self._register(wanted)
        with suppress(Unavailable):
            if self._stamps_now() == self._seen:
                self._times = wanted

    def look(self) -> None:
        """What is refused is told once; the schedules stay as they are then."""
        now_s = time.monotonic()
        if now_s - self._looked_at_s < _EVERY_S or (self._busy and self._busy.is_alive()):
            return
        self._looked_at_s = now_s
        try:
            seen = self._stamps_now()
        except Unavailable:  # looked at again
            return
        if seen == self._seen and (self._times is not None or self._is_refused):
            return
        self._seen = seen
        try:
            times = times_wanted()  # not in a thread: it changes the environment meanwhile
        except PxError as error:
            self._refuse(f"settings have changed and are refused, schedules stay: {error}")
            return
        if self._names is not None and _names(times) != self._names:
            self._refuse("accounts.toml names other accounts now: `px down`, then `px up`")
        elif times != self._times:
            self._put_in_place(times)
        elif self._is_refused:
            self._is_refused = False
            self._say("the settings are in order again: schedules stay as they were")

    def settle(self) -> None:
        """Waits for what is being registered."""
        if self._busy is not None:
            self._busy.join()

    def _refuse(self, text: str) -> None:
        self._is_refused = True
        self._say(text)

    def _put_in_place(self, times: Times) -> None:
        self._is_refused, self._times, before = False, None, self._seen

        def act() -> None:
            try:
                self._register(times)
                after = self._stamps_now()
            except (PxError, OSError) as error:
                self._say(f"the schedules could not be changed: {error}; trying again")
                return
            if after != before:
                self._say("settings have changed while schedules were registered: once more")
                return
            self._times = times
            told = "; ".join(_told(one) for one in times)
            self._say(f"settings have changed: schedules are registered again: {told}")

        self._busy = threading.Thread(target=act, name="schedules", daemon=True)
        begun(self._busy)  # one that cannot begin is tried at the next look

    def _stamps_now(self) -> tuple[object, ...]:
        """Raises Unavailable when the disk does not say."""
        return self._disk.ask(lambda: _stamps(self._files), limit_s=_LIMIT_S)


def times_wanted() -> Times:
    """All that a schedule is worked out from, for each account, by the settings as they are now.

    Raises Misconfigured.
    """
    settings = load_settings(kind=AccountlessSettings)
    return tuple(_of(account) for account in accounts(settings))


def _of(account: NamedAccount) -> AccountTimes:
    with account.in_force():
        own = load_settings(kind=AccountlessSettings)
    return AccountTimes(
        label=account.label,
        account_id=account.id,
        window_start=own.window_start,
        window_end=own.window_end,
        flat_by=own.flat_by,
        contract=own.contract,
    )


def _names(times: Times) -> Names:
    return tuple((one.label, one.account_id) for one in times)


def _told(one: AccountTimes) -> str:
    return (
        f"{one.label or 'trading-day'} from {one.window_start:%H:%M} to {one.window_end:%H:%M}, "
        f"flat by {one.flat_by:%H:%M} Chicago"
    )


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
