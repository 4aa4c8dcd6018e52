"""The watchdog: another process, which reads heartbeats and the gateway, and acts when nobody does.

What a session that died has left is flattened within half a minute (or kept under its stop, by
setting), the day halted, a person told. A session that hangs is killed first. Its own heartbeat
is in the store, so that its death is noticed, too. It needs nothing of Prefect.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from loguru import logger

from pxcore.config.paths import Paths
from pxcore.config.settings import GatewayName, Settings
from pxcore.flatten.door import Taking
from pxcore.flatten.reprotect import Reprotect
from pxcore.flatten.suspicion import Suspicion, Trouble, WatchdogFinding
from pxcore.flatten.watchdog_acts import WatchdogActs
from pxcore.flatten.watchdog_beat import Beat
from pxcore.flatten.watchdog_sight import WatchdogSight
from pxcore.model import Misconfigured
from pxcore.ownership.holders import Holder, find_holder
from pxcore.ownership.lease import place_of
from pxcore.ownership.world import world_of
from pxcore.venue.clock_watch import ClockCheck
from pxcore.venue.connect import connect

LOOK_S = 1.0
_PAPER_S = 45.0  # after its parent: the paper gateway ends by then, and nothing is left to watch


class Watchdog:
    """Of one account. `say` is told each thing worth reading, once."""

    def __init__(
        self,
        settings: Settings,
        *,
        say: Callable[[str], None],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        if settings.account_id is None:
            raise Misconfigured("PX_ACCOUNT_ID is missing: which account is to be watched?")
        self._settings = settings
        self._account_id = settings.account_id
        self._say_aloud = say
        self._said = ""
        self._client = client = connect(settings)
        self._suspicion = Suspicion()
        self._beat = Beat(settings, self._account_id, place_of(settings), say=self._say)
        self._sight = WatchdogSight(
            settings,
            self._account_id,
            client,
            beat=self._beat,
            suspicion=self._suspicion,
            say=self._say,
            now_s=now_s,
        )
        self._acts = WatchdogActs(settings, self._account_id, client, self._sight, say=self._say)
        self._reprotect = Reprotect(settings, client, say=self._say)
        # A paper market's time is its gateway's.
        self._clock_check = (
            None if self.is_on_paper else ClockCheck(client.clock_reading, self._say)
        )

    def run(self, stopped: threading.Event) -> None:
        """Until it is stopped. What fails is said and tried again at the next look."""
        self._say(f"watching account {self._account_id}, {self._settings.mode}")
        self._beat.start()
        while not stopped.is_set():
            try:
                self.look()
            except Exception as error:  # the edge of the loop: a watchdog that ends guards nothing
                logger.opt(exception=error).error("look failed")
                self._say(f"a look failed: {error}")
            self._beat.looked()
            stopped.wait(LOOK_S)
        self._beat.stop()
        self._client.close()

    @property
    def is_on_paper(self) -> bool:
        return self._settings.gateway is GatewayName.PAPER

    def is_needed(self) -> bool:
        """Somebody is active on the account, a session of here has not given its lease back, or
        the account was not flat when it could be read last.
        """
        is_held = self._holder() is not None
        return is_held or self._sight.is_leased or not self._sight.was_flat

    def _holder(self) -> Holder | None:
        """Also one of another home of this user's."""
        home, world = Paths(self._settings.home).home, world_of(self._settings)
        return find_holder(home, self._account_id, world)

    def look(self) -> WatchdogFinding | None:
        """One round: what was found, after it was acted upon."""
        if self._clock_check is not None:
            self._clock_check.look()
        holder = self._holder()
        sight = self._sight.see(holder)
        finding = self._suspicion.judge(sight)
        if finding is None:
            return None
        self._say(finding.why)
        match finding.trouble:
            case Trouble.HUNG:
                self._acts.alert("watchdog.hung", finding.why)
                self._acts.end_the_hung(holder, finding, sight.lease)
            case Trouble.STUCK:
                self._acts.alert("watchdog.stuck", finding.why)
                self._acts.flatten(finding, sight.lease, Taking.PASSED)
                self._sight.forget_account()
            case Trouble.DEAD if self._reprotect.is_wanted and not sight.is_after_flat_time:
                if self._reprotect.has_covered(finding.why, self._sight.scope_now()):
                    self._acts.settle(finding, sight.lease, "kept under its stop")
                else:
                    self._acts.flatten(finding, sight.lease)
                self._sight.forget_account()
            case Trouble.DEAD | Trouble.LATE:
                self._acts.flatten(finding, sight.lease)
                self._sight.forget_account()
            case Trouble.STRANGER:
                self._acts.alert("watchdog.stranger", finding.why)
        return finding

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            logger.warning("{}", text)
            self._say_aloud(text)


def watch_until_stopped(settings: Settings, *, say: Callable[[str], None], is_tied: bool) -> None:
    """`is_tied`: it ends when its stdin does, but not while anybody may need it."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    dog = Watchdog(settings, say=say)
    if is_tied:
        threading.Thread(
            target=_stop_with_parent, args=(dog, stopped), name="stdin", daemon=True
        ).start()
    dog.run(stopped)


def _stop_with_parent(dog: Watchdog, stopped: threading.Event) -> None:
    with suppress(OSError):  # a stdin that cannot be read has ended too
        while os.read(0, 4096):
            continue
    deadline = time.monotonic() + _PAPER_S if dog.is_on_paper else float("inf")
    while dog.is_needed() and time.monotonic() < deadline and not stopped.wait(LOOK_S):
        continue
    stopped.set()
