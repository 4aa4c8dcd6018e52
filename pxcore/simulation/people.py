"""What people do on a simulated day: ask something of the session, switch the bracket mode."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from pxcore.engine.events import Ask, Asked, Event, KillSwitchSeen
from pxcore.paper.exchange import Exchange
from pxcore.simulation.scenario import Scenario
from pxcore.simulation.standstill import Stillness

Later = Callable[[datetime, Callable[[], None]], None]


class People:
    """`tell` is for what the living session learns, if there is one."""

    def __init__(
        self,
        scenario: Scenario,
        exchange: Exchange,
        still: Stillness,
        *,
        now: Callable[[], datetime],
        later: Later,
        tell: Callable[[Event], None],
    ) -> None:
        self._exchange = exchange
        self._still = still
        self._now = now
        self._later = later
        self._tell = tell
        self._wishes = list(scenario.wishes)
        self._regret_s = scenario.regret_s
        self._switch = scenario.bracket_switch

    def begin(self) -> None:
        """The market has begun."""
        if self._switch is not None and self._switch.at_s is not None:
            self._switch_brackets()

    def entered(self) -> None:
        """An entry was sent."""
        self._regret()
        self._switch_brackets()

    def make_wishes(self) -> None:
        """Those whose time has come: at a beat of the clock, while a session lives."""
        while self._wishes and self._wishes[0].at <= self._now():
            ask = self._wishes.pop(0).ask
            if ask is None:
                self._tell(KillSwitchSeen(at=self._now(), reason="simulated"))
            else:
                self._ask(ask)

    def _regret(self) -> None:
        """Once a day, somebody thinks better of an entry."""
        after_s, self._regret_s = self._regret_s, None
        if after_s is not None:
            self._ask_later(after_s, Ask.FLATTEN)

    def _switch_brackets(self) -> None:
        """Once a day, counted from now."""
        switch, self._switch = self._switch, None
        if switch is None:
            return
        for fault in switch.faults:
            self._exchange.arm(fault, self._now())
        if switch.leave_after_s is not None:
            self._ask_later(switch.after_s + switch.leave_after_s, Ask.LEAVE)

    def _ask_later(self, after_s: float, ask: Ask) -> None:
        at = self._now() + timedelta(seconds=after_s)
        self._later(at, partial(self._still.awake, partial(self._ask, ask)))

    def _ask(self, ask: Ask) -> None:
        self._tell(Asked(at=self._now(), ask=ask, why="simulated"))
