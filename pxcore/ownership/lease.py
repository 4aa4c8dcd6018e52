"""The session's lease: taken before it begins, beaten while it goes on, given back at its end.

The account's OS lock keeps one machine's processes apart, the lease whole machines that share a
store. It also tells the watchdog that the session lives and goes on. Losing the store costs
entries after a while, never the session.
"""

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from loguru import logger
from sqlalchemy.exc import SQLAlchemyError

from pxcore.clock.own_time import Attended
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.day.kill_switch import KillSwitch, switch_of
from pxcore.day.store_access import ask_store, open_store, store_file
from pxcore.model import Account, PxError
from pxcore.ownership.account_lock import AccountBusy, AccountLock
from pxcore.ownership.world import world_of
from pxcore.store.database import Store
from pxcore.store.live.kill import last_act, read_kill_latch
from pxcore.store.live.leases import beat_lease, read_lease, release_lease, take_lease
from pxcore.store.live.records import Lease, Pulse

SILENT_S = 10.0  # without a beat in the store: no entries
GONE_S = 20.0  # a beat that stood still for so long is nobody's: others may take the account
_LOOK_S = 0.5  # at the kill switch
_BEAT_S = 1.0
_BEATEN_WITHIN_S = 3.0  # by a holder who lives, with room for a slow store
_STOP_S = 2.0
_TRIES = 5
_GAP_S = 5.0  # a longer one between two looks was our own: the machine stood still


def place_of(settings: Settings) -> str:
    """This machine's home folder, by name: within it the OS lock is the judge."""
    return f"{socket.gethostname()}:{Paths(settings.home).home}"


def require_free(settings: Settings, account: Account) -> None:
    """Raises AccountBusy when a session, or another command, holds the account now: here by its
    lock, on another machine by its lease. Raises Unavailable without a store.
    """
    home, world = Paths(settings.home).home, world_of(settings)
    with AccountLock(home, account.id, holder="start-up", world=world):
        require_unleased(settings, account.id)


def require_unleased(settings: Settings, account_id: int) -> None:
    """Raises AccountBusy when a session elsewhere holds the account and lives."""
    seen = _elsewhere(settings, account_id)
    deadline = time.monotonic() + _BEATEN_WITHIN_S
    while seen is not None and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
        _refuse_if_it_lives(seen, _elsewhere(settings, account_id))


def take(
    settings: Settings,
    *,
    account_id: int,
    holder: str,
    gone_s: float = GONE_S,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """The lease is ours. For whoever holds the account's lock.

    Waits for a holder elsewhere that may have gone, for `gone_s` seconds. Raises AccountBusy when
    it lives, Unavailable without a store.
    """
    place = place_of(settings)
    waiting: Lease | None = None
    attended = Attended(_GAP_S)
    since_s = 0.0
    tries = _TRIES
    while True:
        seen = ask_store(settings, lambda store: read_lease(store, account_id))
        is_ours = seen is None or not seen.is_held or seen.place == place
        now_s = attended.look()
        if waiting is not None:
            _refuse_if_it_lives(waiting, seen)
        if is_ours or (waiting is not None and now_s - since_s > gone_s):
            if _take(settings, account_id, holder, place, seen):
                return
            waiting, tries = None, tries - 1  # somebody was quicker: look who
            if not tries:
                raise AccountBusy(f"account {account_id}: others take its lease all the time")
            continue
        if waiting is None:
            waiting, since_s = seen, now_s
        sleep(_LOOK_S)


def _take(
    settings: Settings,
    account_id: int,
    holder: str,
    place: str,
    seen: Lease | None,
) -> bool:
    return ask_store(
        settings,
        lambda store: take_lease(
            store,
            account_id=account_id,
            holder=holder,
            place=place,
            pid=os.getpid(),
            seen=seen,
        ),
    )


def _elsewhere(settings: Settings, account_id: int) -> Lease | None:
    seen = ask_store(settings, lambda store: read_lease(store, account_id))
    if seen is None or not seen.is_held or seen.place == place_of(settings):
        return None
    return seen


def _refuse_if_it_lives(before: Lease, now: Lease | None) -> None:
    if now is None or not now.is_held:
        return
    if (now.holder, now.place) != (before.holder, before.place) or now.beat != before.beat:
        raise AccountBusy(f"account {now.account_id} is held by {now.text()}")


class LeaseKeeper:
    """A thread that beats, and looks at the kill switch's latch meanwhile.

    `on_lost` is called once, when the lease turns out to be another's.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        account_id: int,
        holder: str,
        on_lost: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._account_id = account_id
        self._holder = holder
        self._place = place_of(settings)
        self._on_lost = on_lost
        self._is_lost = False
        self._pulse = Pulse(loops=0, phase="starting", exposure=0)
        self._attended = Attended(_GAP_S)
        self._heard_at_s = 0.0
        self._switch: KillSwitch | None = None
        self.resumes = 0  # how often sessions were told to enter again, since this one began
        self.said = ""  # who released it, or let entries in, last, and why
        self._act_seen: int | None = None  # the newest act; None before the first look
        self._file: os.stat_result | None = None  # of the store, where it is one
        self.trouble: str | None = None  # the store is not the one of before, and is not known yet
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)
        self._thread.start()

    @property
    def silent_s(self) -> float:
        """Seconds since the store took a beat and told of the kill switch, of those in which the
        session was there to see. For the thread that goes on.
        """
        return self._attended.look() - self._heard_at_s

    @property
    def switch(self) -> KillSwitch | None:
        """The latch, as it was read last."""
        return self._switch

    def note(self, *, phase: str, exposure: int) -> None:
        """The engine goes on. Called by its own thread, and waits for nothing."""
        self._pulse = Pulse(loops=self._pulse.loops + 1, phase=phase, exposure=exposure)

    def stop(self) -> None:
        """No more beats; the lease is given back, unless the store does not take it in time."""
        self._stopped.set()
        self._thread.join(_STOP_S)
        if self._is_lost:
            return

        def release(store: Store) -> None:
            release_lease(
                store, account_id=self._account_id, holder=self._holder, place=self._place
            )

        try:
            ask_store(self._settings, release, limit_s=_STOP_S)
        except PxError as error:
            logger.warning("the lease is not given back, and lapses: {}", error)

    def _run(self) -> None:
        store: Store | None = None
        beat_at = 0.0
        while True:
            try:
                store = self._opened(store)
                self._look_at_switch(store)
                if time.monotonic() >= beat_at and not self._is_lost:
                    self._beat(store)
                    beat_at = time.monotonic() + _BEAT_S
                    self.trouble = None
                self._heard_at_s = self._attended.total_s
            except (SQLAlchemyError, PxError, OSError) as error:
                logger.warning("no heartbeat: {}", str(error).splitlines()[0])
                _close(store)
                store = None
            if self._stopped.wait(_LOOK_S):
                _close(store)
                return

    def _look_at_switch(self, store: Store) -> None:
        """An act of before this session, or of another store, resumes nothing."""
        self._switch = switch_of(read_kill_latch(store))
        act = last_act(store)
        number = 0 if act is None else act.number
        if act is not None and act.verb != "engage":
            self.said = act.said
        if self._act_seen is not None and number > self._act_seen and act is not None:
            self.resumes += act.verb == "resume"
        self._act_seen = number if self._act_seen is None else max(number, self._act_seen)

    def _opened(self, store: Store | None) -> Store:
        """The one whose file is at its path now: one that was deleted or replaced still answers
        whoever has it open, and hears nothing of what others latch.
        """
        path = store_file(self._settings)
        if store is not None and (path is None or _is_same(path, self._file)):
            return store
        if store is not None:
            self.trouble = f"{path} was deleted or replaced under the session: opened again"
            logger.error("{}", self.trouble)
            _close(store)
            self._act_seen = None
        opened = open_store(self._settings)
        self._file = None if path is None else os.stat(path)
        return opened

    def _beat(self, store: Store) -> None:
        is_ours = beat_lease(
            store,
            account_id=self._account_id,
            holder=self._holder,
            place=self._place,
            pulse=self._pulse,
        )
        if is_ours:
            return
        other = read_lease(store, self._account_id)
        if other is None or not other.is_held:  # a store that was put back, or made again
            self._take_again(store, other)
        else:
            self._is_lost = True
            self._on_lost(other.text())

    def _take_again(self, store: Store, seen: Lease | None) -> None:
        """If somebody is quicker, the next beat tells."""
        take_lease(
            store,
            account_id=self._account_id,
            holder=self._holder,
            place=self._place,
            pid=os.getpid(),
            seen=seen,
        )


def _is_same(path: Path, before: os.stat_result | None) -> bool:
    try:
        return before is not None and os.path.samestat(os.stat(path), before)
    except OSError:
        return False


def _close(store: Store | None) -> None:
    if store is not None:
        with suppress(SQLAlchemyError):
            store.close()
