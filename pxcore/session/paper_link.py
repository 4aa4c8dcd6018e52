"""The session's part of the hand-shake with a paper market that waits (`paper.server.bell`).

It attaches to both hubs before they are subscribed to, and says when the session is ready. Where
the market then goes in steps, what a step brought is held back until both hubs have told all of
it, and given to the engine in one order: the market's events, the account's, a tick of the clock.
When nothing of it is left to do, the next step is asked for. A real gateway is never asked.
"""

import queue
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from loguru import logger
from msgspec.structs import replace

from pxcore.clock.own_time import Attended
from pxcore.engine.events import ClockTick, Event, Hub, HubDown
from pxcore.gateway.hubs.feeds import Arguments
from pxcore.gateway.hubs.transport import HubConnection
from pxcore.gateway.hubs.websocket import HubLost
from pxcore.host.decoding import Decoder
from pxcore.session.inbox import Inbox

_number: Decoder[int] = Decoder(int)
_moment: Decoder[datetime] = Decoder(datetime)
_SILENT_S: Final = 30.0  # of ours, without a step; then time is our own again
_GAP_S: Final = 2.0  # a longer one between two looks was our own: everything stood still


class PaperLink:
    """`deliver` is for the hubs' threads, `ready` and `quiet` for the engine's. A price that is not
    held back goes to `bring_price`.
    """

    def __init__(
        self, session_id: str, inbox: Inbox, *, bring_price: Callable[[Event], None]
    ) -> None:
        self._session_id = session_id
        self._inbox = inbox
        self._bring_price = bring_price
        self._lock = threading.Lock()
        self._user: HubConnection | None = None
        self._held: dict[Hub, list[Event]] = {hub: [] for hub in Hub}
        self._told: dict[Hub, int] = dict.fromkeys(Hub, 0)
        self._is_stepping = False
        self._step: int | None = None  # given to the engine, and not answered yet
        self._attended = Attended(_GAP_S)  # looked at by the engine's thread alone
        self._heard_s = 0.0
        self._is_ready_said = False
        self._calls: queue.SimpleQueue[tuple[str, object] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._send, name="paper-link", daemon=True)
        self._thread.start()

    # -- the hubs' threads --------------------------------------------------------------------

    def handlers(self, hub: Hub) -> dict[str, Callable[[Arguments], None]]:
        """What else to listen to on this hub."""
        return {
            "PaperStep": lambda given: self._take_step(hub, given),
            "PaperRuns": lambda given: self._run_on(),
        }

    def attach(self, hub: Hub, connection: HubConnection) -> None:
        """On a new connection, before anything is subscribed. Raises HubLost when it is lost."""
        try:
            connection.call("PaperAttach", self._session_id)
        except HubLost as error:
            if connection.lost.is_set():
                raise
            logger.info("the paper gateway knows no hand-shake: {}", error)
            return
        if hub is Hub.USER:
            self._user = connection
            self._is_ready_said = False  # it may not have been heard; a market that runs shrugs

    def deliver(self, event: Event) -> None:
        """To the engine: at once, or with the step that it belongs to."""
        with self._lock:
            if isinstance(event, HubDown):
                self._end_steps()
            if self._is_stepping:
                self._held[Hub.USER].append(event)
            else:
                self._inbox.put(event)

    def deliver_price(self, event: Event) -> None:
        """As `deliver`, for the market hub's reader. Not under the lock where it is not held back:
        the engine may act on it at once, and its steps cannot begin before this thread is told.
        """
        with self._lock:
            if self._is_stepping:
                self._held[Hub.MARKET].append(event)
                return
        self._bring_price(event)

    def _take_step(self, hub: Hub, given: Arguments) -> None:
        number = _number.decode(given[0])
        now = _moment.decode(given[1])
        with self._lock:
            self._told[hub] = number
            self._begin()
            if all(told == number for told in self._told.values()):
                self._step = number  # before its events, so that whoever has seen them sees it
                self._release(now)
                self._inbox.put(ClockTick(at=now))

    def _begin(self) -> None:
        self._is_stepping = True
        self._inbox.is_lossless = True
        self._heard_s = self._attended.total_s

    def _release(self, now: datetime | None = None) -> None:
        """All of a step was learned of at its end, in however many slices it was played."""
        held = [event for hub in (Hub.MARKET, Hub.USER) for event in self._held[hub]]
        if now is None:
            held.sort(key=lambda event: event.at)
        for event in held:
            self._inbox.put(event if now is None else replace(event, at=now))
        for events in self._held.values():
            events.clear()

    def _run_on(self) -> None:
        """No steps any more: time is our own, and nothing is held back."""
        with self._lock:
            self._end_steps()

    def _end_steps(self) -> None:
        self._release()
        self._is_stepping = self._inbox.is_lossless = False
        self._step = None

    # -- the engine's thread ------------------------------------------------------------------

    @property
    def is_stepping(self) -> bool:
        """The market's steps bring the ticks of the clock."""
        if self._is_stepping and self._attended.look() - self._heard_s > _SILENT_S:
            logger.warning("no step of the paper market for {:g} s: going on without", _SILENT_S)
            self._run_on()
        return self._is_stepping

    def ready(self) -> None:
        """Synced, streaming, the strategy started: the market may open. Said once."""
        if not self._is_ready_said and self._user is not None:
            self._is_ready_said = True
            self._calls.put(("PaperReady", self._session_id))

    def quiet(self, is_still: Callable[[], bool] = lambda: True) -> None:
        """Nothing of the step is left to do, if that `is_still` so while no step can be given."""
        if self._step is None:
            return  # as with every market that does not go in steps: no lock on an event's way
        with self._lock:
            if not is_still():
                return
            step, self._step = self._step, None
        if step is not None:
            self._calls.put(("PaperDone", step))

    def leave(self) -> None:
        """The session acts by REST alone from here on, or is over."""
        self._run_on()
        self._calls.put(("PaperLeave", self._session_id))
        self._calls.put(None)

    def _send(self) -> None:
        while (call := self._calls.get()) is not None:
            method, argument = call
            try:
                if self._user is not None:
                    self._user.call(method, argument)
            except HubLost as error:  # its hub reconnects; the market runs on without us
                logger.info("{} was not heard: {}", method, error)
