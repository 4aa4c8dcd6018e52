"""The opening bell of a paper market that waits: who is waited for, and how the two keep in step.

A session says on both hubs that it attaches, before it subscribes (`PaperAttach`), and on the user
hub that it is ready (`PaperReady`): synced, streaming, its strategy started. Then the market
opens. So it does for whoever else subscribes to market data, for any instruction, and when a
session that attached is not ready for long: nobody waits for a market that waits for them.

Where the market goes in steps, each ends with `PaperStep` on both hubs, and the next begins when
the session has answered everything that it was told (`PaperDone`): what it does happens at the
same market time on any machine. The steps end, and `PaperRuns` says so, when it leaves
(`PaperLeave`), is gone or is silent. A real gateway has none of this.
"""

import time
from collections.abc import Callable
from datetime import UTC
from typing import Final

import msgspec

from pxcore.clock.own_time import Attended
from pxcore.clock.published import ClockPace
from pxcore.paper.server.hub import END, ServedConnection
from pxcore.paper.server.market_time import MarketTime

READY_WITHIN_S: Final = 60.0  # of ours, from attaching on; then the market opens all the same
DONE_WITHIN_S: Final = 30.0  # of ours; then it runs
_LOOK_EVERY_S: Final = 0.25
_GAP_S: Final = 2.0  # a longer one between two looks was our own: everything stood still
_INVALID: Final = "Failed to invoke '{}' due to an error on the server."

Calls = dict[str, Callable[[ServedConnection, list[object]], str | None]]


class Bell:
    """`told` says how many account events there have been; `again` makes the venue settle soon."""

    def __init__(
        self,
        market_time: MarketTime,
        *,
        goes_in_steps: bool,
        told: Callable[[], int],
        again: Callable[[], None],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._time = market_time
        self._goes_in_steps = goes_in_steps
        self._told = told
        self._again = again
        self._session = ""
        self._clients: dict[str, ServedConnection] = {}  # the session's, by hub
        self._attended = Attended(_GAP_S, now_s=now_s)
        self._since_s = 0.0  # it attached, or was told of a step
        self._step = 0
        self._is_told = False  # of the step
        self._is_done = False
        self._told_before = 0

    @property
    def wait_s(self) -> float:
        """Of ours, until there is something to see to while time does not run."""
        match self._time.pace:
            case ClockPace.STEPPING if not self._is_told:
                return 0.0
            case ClockPace.STEPPING if self._is_done:
                return self._time.until_next_step_s
            case _:
                return _LOOK_EVERY_S

    def calls(self, hub: str) -> Calls:
        """What a client may call on this hub besides subscribing, by lower-case name."""
        calls: Calls = {
            "paperattach": lambda client, given: self._attach(hub, client, given),
        }
        if hub == "user":
            calls["paperready"] = self._ready
            calls["paperdone"] = self._done
            calls["paperleave"] = self._leave
        return calls

    def open(self) -> None:
        """The market runs from here on."""
        if self._time.pace is ClockPace.STEPPING:
            self._tell({"type": 1, "target": "PaperRuns", "arguments": []})
        if self._time.pace is not ClockPace.RUNNING:
            self._time.open()
            self._again()

    def instructed(self) -> None:
        """An instruction came in: it needs a market that goes on."""
        if self._time.pace is ClockPace.WAITING:
            self.open()

    def subscribed(self, hub: str, client: ServedConnection) -> None:
        is_guest = client not in self._clients.values()
        if hub == "market" and is_guest and self._time.pace is ClockPace.WAITING:
            self.open()

    def gone(self, client: ServedConnection) -> None:
        """The connection is over."""
        if client in self._clients.values():
            self._clients = {h: one for h, one in self._clients.items() if one is not client}
            if self._time.pace is ClockPace.STEPPING:
                self.open()

    def settled(self, *, is_all: bool) -> None:
        """The venue has played, `is_all` when everything that time allowed."""
        silent_s = self._attended.look() - self._since_s
        match self._time.pace:
            case ClockPace.WAITING if self._clients and silent_s > READY_WITHIN_S:
                self.open()
            case ClockPace.STEPPING if not self._is_told:
                if is_all:
                    self._tell_step()
            case ClockPace.STEPPING if self._is_done:
                self._go_on()
            case ClockPace.STEPPING if silent_s > DONE_WITHIN_S:
                self.open()

    def _go_on(self) -> None:
        """What the session did may have led to more: of that it is told before time goes on."""
        if self._told() != self._told_before:
            self._tell_step()
        elif self._time.until_next_step_s <= 0:
            self._time.next_step()
            self._is_told = self._is_done = False

    def _tell_step(self) -> None:
        self._step += 1
        self._is_told, self._is_done = True, False
        self._told_before = self._told()
        self._since_s = self._attended.look()
        now = self._time.wanted().astimezone(UTC).isoformat()
        self._tell({"type": 1, "target": "PaperStep", "arguments": [self._step, now]})

    def _tell(self, message: dict[str, object]) -> None:
        record = msgspec.json.encode(message).decode() + END
        for client in self._clients.values():
            client.offer(record)

    # -- what the session says ----------------------------------------------------------------

    def _attach(self, hub: str, client: ServedConnection, given: list[object]) -> str | None:
        match given:
            case [str(session)] if session:
                pass
            case _:
                return _INVALID.format("PaperAttach")
        if self._time.pace is ClockPace.STEPPING:  # who was in step has lost a hub, or its place
            self.open()
        if session != self._session:
            self._session, self._clients = session, {}
            self._since_s = self._attended.look()
        self._clients[hub] = client
        return None

    def _ready(self, client: ServedConnection, given: list[object]) -> str | None:
        if given != [self._session] or not self._session:
            return _INVALID.format("PaperReady")
        if self._time.pace is ClockPace.WAITING:
            if self._goes_in_steps and self._clients.keys() == {"user", "market"}:
                self._time.step_from_here()
                self._is_told = self._is_done = False
                self._again()
            else:
                self.open()
        return None

    def _leave(self, client: ServedConnection, given: list[object]) -> str | None:
        if given != [self._session] or not self._session:
            return _INVALID.format("PaperLeave")
        self.open()
        return None

    def _done(self, client: ServedConnection, given: list[object]) -> str | None:
        match given:
            case [int(step)]:
                pass
            case _:
                return _INVALID.format("PaperDone")
        if step == self._step and self._is_told:
            self._is_done = True
            self._again()
        return None
