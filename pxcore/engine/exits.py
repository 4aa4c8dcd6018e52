"""Ways out beyond the bracket: the stop follows the market, and a position may not grow old.

A stop only ever moves towards the market. The venue's own leg is moved, so it goes on guarding
the position whatever becomes of us. One move is under way at a time: one whose answer was lost may
still arrive, and after a later move it would loosen the stop, so that nothing is moved until the
stop is seen where it was to go, or the lost one cannot arrive any more. The same holds for moves
that the session may have sent from which a position was taken over.
"""

from datetime import datetime, timedelta

from pxcore.engine.commands import MoveStop
from pxcore.engine.config import ExitTerms
from pxcore.engine.events import MoveAnswered, SendOutcome
from pxcore.engine.phase import Phase
from pxcore.engine.state import State
from pxcore.engine.strategy import Exit

_REFUSALS_MAX = 3  # of one position's moves, then its stop stays where it is


def wanted_stop(
    *,
    direction: int,
    entry_ticks: int,
    stop_ticks: int,
    best_ticks: int,
    market_ticks: int,
    terms: ExitTerms,
) -> int | None:
    """Where the stop should be, in ticks, or None when it is well where it is.

    `direction` is +1 for a long position, `best_ticks` the best price that it could have been
    closed at, `market_ticks` the one now: a stop at or beyond it would be refused.
    """
    level = stop_ticks
    if terms.break_even_ticks is not None:
        gained = direction * (best_ticks - entry_ticks)
        if gained >= terms.break_even_ticks:
            level = _tighter(direction, level, entry_ticks)
    if terms.trail_ticks is not None:
        level = _tighter(direction, level, best_ticks - direction * terms.trail_ticks)
    is_nearer = direction * (level - stop_ticks) >= 1
    is_below_market = direction * (market_ticks - level) >= 1
    return level if is_nearer and is_below_market else None


def _tighter(direction: int, one: int, other: int) -> int:
    return max(one, other) if direction > 0 else min(one, other)


class Exits:
    """Of one position after the other. Owned by the engine."""

    def __init__(self, terms: ExitTerms) -> None:
        self._terms = terms
        self._of: str | None = None  # the entry whose position it is
        self._best: int | None = None
        self._is_under_way = False
        self._refusals = 0
        self._next_at: datetime | None = None
        self._asked_ticks: int | None = None  # where the last move was to go
        self._lost_at: datetime | None = None  # when its answer was known to be lost
        self.is_on = terms != ExitTerms()

    def consider(self, state: State, now: datetime) -> MoveStop | Exit | None:
        """What to do about the position now, on a price or a clock tick."""
        tag = state.entry.tag if state.entry is not None else None
        if tag != self._of:
            self._of = tag
            self._start_over()
        if state.phase is not Phase.PROTECTED:
            if not state.book.holding.exposure:
                self._start_over()
            return None
        if self._is_too_old(state, now):
            return Exit(reason=f"held for {self._terms.time_stop_s:g} s")
        return self._move(state, now)

    def answered(self, event: MoveAnswered) -> bool:
        """True when what the venue made of it is not known."""
        self._is_under_way = False
        if event.answer is SendOutcome.UNKNOWN:
            self._lost_at = event.at
        if event.answer in (SendOutcome.REFUSED, SendOutcome.GONE):
            self._refusals += 1
        return event.answer is SendOutcome.UNKNOWN

    def _start_over(self) -> None:
        self._best, self._is_under_way, self._refusals, self._next_at = None, False, 0, None
        self._asked_ticks = self._lost_at = None

    def _may_still_arrive(self, state: State, stop_ticks: int, now: datetime) -> bool:
        """An earlier move, after the one that would be sent now."""
        limits, entry = state.limits, state.entry
        grace = timedelta(seconds=limits.unknown_grace_s)
        if entry is not None and entry.is_adopted:
            under_way = grace + timedelta(seconds=limits.flatten_round_s)
            if now < entry.sent_at + under_way:
                return True
        if self._lost_at is None or stop_ticks == self._asked_ticks:
            self._lost_at = None
        return self._lost_at is not None and now < self._lost_at + grace

    def _is_too_old(self, state: State, now: datetime) -> bool:
        """By the round that is open in our contract: another one's is no age of ours."""
        if self._terms.time_stop_s is None or state.entry is None:
            return False
        ours = state.config.contract.id
        held = (r for r in state.book.rounds if r.contract_id == ours and not r.is_closed)
        since = next((r.opened_at for r in held), state.entry.sent_at)
        return (now - since).total_seconds() >= self._terms.time_stop_s

    def _move(self, state: State, now: datetime) -> MoveStop | None:
        exposure, market, entry = state.book.holding.exposure, state.market, state.entry
        direction = 1 if exposure > 0 else -1
        price = market.bid_ticks if exposure > 0 else market.ask_ticks
        stop = state.protection().stop
        opened = state.opened_ticks()
        if price is None or entry is None or opened is None or stop is None:
            return None
        if market.quote_at is None or market.quote_at <= entry.sent_at:
            return None  # a price of before the position is no gain of it
        self._best = price if self._best is None else _tighter(direction, self._best, price)
        is_soon = self._next_at is not None and now < self._next_at
        if self._is_under_way or is_soon or self._refusals >= _REFUSALS_MAX:
            return None
        if stop.stop_ticks is None or self._may_still_arrive(state, stop.stop_ticks, now):
            return None
        level = wanted_stop(
            direction=direction,
            entry_ticks=opened,
            stop_ticks=stop.stop_ticks,
            best_ticks=self._best,
            market_ticks=price,
            terms=self._terms,
        )
        if level is None:
            return None
        self._is_under_way = True
        self._asked_ticks = level
        self._next_at = now + timedelta(seconds=self._terms.move_every_s)
        return MoveStop(order_id=stop.id, contract_id=stop.contract_id, stop_ticks=level)
