"""What has lasted too long, and the remedy for it. Judged on every report and every clock tick."""

from datetime import datetime
from enum import StrEnum

import msgspec

from pxcore.engine.phase import Phase
from pxcore.engine.state import State


class Remedy(StrEnum):
    HALT = "halt"  # open nothing more today, flatten, end
    FLATTEN = "flatten"
    PROTECT = "protect"  # a stop of our own, or a flatten where there can be none
    DOUBT = "doubt"  # what we believe may be wrong: REST decides


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    remedy: Remedy
    why: str


class Deadlines:
    """Remembers since when the book has been unsettled and we have been blind."""

    def __init__(self) -> None:
        self._unsettled_since: datetime | None = None
        self._blind_since: datetime | None = None

    def judge(self, state: State, now: datetime, *, are_hubs_up: bool) -> list[Overdue]:
        """What is overdue, the gravest first."""
        limits = state.limits
        self._note_since(state, now, are_hubs_up=are_hubs_up)
        if state.clock.is_waking(now, limits):
            return []
        found = _phase_overdue(state, now)
        if state.book.held_contracts() and state.clock.lasts(now, limits.stale_data_s):
            why = f"{state.clock.why}, and the venue's time has not agreed since"
            found.append(Overdue(remedy=Remedy.FLATTEN, why=why))
        if _lasts(self._blind_since, now, limits.blind_limit_s):
            problem = state.market.quote_problem
            because = "" if problem is None else f": {problem}"
            why = f"blind for {limits.blind_limit_s:g} s with a position{because}"
            found.append(Overdue(remedy=Remedy.FLATTEN, why=why))
        absent_s = state.absent_s(now)
        if limits.presence_s is not None and state.book.held_contracts():
            alone_s = (now - state.phase_since).total_seconds() if absent_s is None else absent_s
            if alone_s > 2 * limits.presence_s:
                why = f"no operator check-in for {alone_s:.0f} s with a position held"
                found.append(Overdue(remedy=Remedy.FLATTEN, why=why))
        if _lasts(self._unsettled_since, now, limits.settle_deadline_s):
            why = "fills, orders and position report disagree"
            found.append(Overdue(remedy=Remedy.DOUBT, why=why))
        if _lasts(self._unsettled_since, now, limits.blind_limit_s):
            why = f"fills, orders and position report disagree for {limits.blind_limit_s:g} s"
            found.append(Overdue(remedy=Remedy.FLATTEN, why=why))
        return found

    def _note_since(self, state: State, now: datetime, *, are_hubs_up: bool) -> None:
        """On waking too: what ended meanwhile must not be taken for one with what comes later."""
        is_blind = bool(state.book.held_contracts()) and (not are_hubs_up or state.is_blind(now))
        self._blind_since = (self._blind_since or now) if is_blind else None
        is_unsettled = not state.book.is_settled
        self._unsettled_since = (self._unsettled_since or now) if is_unsettled else None


def _phase_overdue(state: State, now: datetime) -> list[Overdue]:
    limits, waited_s = state.limits, (now - state.phase_since).total_seconds()
    match state.phase:
        case Phase.ENTERING if _is_entry_overdue(state, now):
            why = f"entry without an outcome for {limits.entry_deadline_s:g} s"
            return [Overdue(remedy=Remedy.HALT, why=why)]
        case Phase.UNPROTECTED if state.is_reversed:
            why = "the position is on the other side than its entry"
            return [Overdue(remedy=Remedy.FLATTEN, why=why)]
        case Phase.UNPROTECTED if state.protection().is_doubled:
            return [Overdue(remedy=Remedy.FLATTEN, why="more than one stop is alive")]
        case Phase.UNPROTECTED if _is_protection_overdue(state, now, waited_s):
            why = f"unprotected for {waited_s:.1f} s: {state.protection().problem}"
            return [Overdue(remedy=Remedy.PROTECT, why=why)]
        case Phase.SETTLING if waited_s > limits.settle_deadline_s and state.book.is_settled:
            why = f"{len(state.book.alive_orders())} orders outlived their position"
            return [Overdue(remedy=Remedy.FLATTEN, why=why)]
        case _:
            return []


def _is_protection_overdue(state: State, now: datetime, waited_s: float) -> bool:
    """A stop of our own has as long again to be seen working; once seen, what comes later counts
    from when it came.
    """
    own, limit_s = state.own_stop, state.limits.protection_deadline_s
    if own is not None and not own.has_failed and not own.is_over:
        return _lasts(max(own.sent_at, state.phase_since), now, limit_s)
    return waited_s > limit_s


def _is_entry_overdue(state: State, now: datetime) -> bool:
    """Its deadline runs from its answer; an answer must come in the time that it may take."""
    entry, limits = state.entry, state.limits
    if entry is None:
        return False
    if entry.answered_at is not None:
        return _lasts(entry.answered_at, now, limits.entry_deadline_s)
    return _lasts(entry.sent_at, now, limits.flatten_round_s + limits.entry_deadline_s)


def _lasts(since: datetime | None, now: datetime, limit_s: float) -> bool:
    return since is not None and (now - since).total_seconds() > limit_s
