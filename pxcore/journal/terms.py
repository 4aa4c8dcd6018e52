"""What a trading day has settled for its next session: the halts that hold, the limits in force.

Read from the sessions' journals, the store and the operator's journal each time; nothing
remembers it. What cannot be read is a halt, never a blank.
"""

from datetime import date
from pathlib import Path

import msgspec

from pxcore.engine.limit_table import Value
from pxcore.engine.tightening import Bounds, tighter_of
from pxcore.journal.latches import Latched, Opened, halts_in_journals, openings_in_journals
from pxcore.journal.operator import (
    OperatorJournal,
    OperatorRow,
    Rearmed,
    bounds_in,
    released_halts,
    since_rearm,
)
from pxcore.model import ProtocolError


class TermSource(msgspec.Struct, frozen=True, kw_only=True):
    """Something that holds the day's limits: the terms of the session that is named, or an act of a
    person.
    """

    what: str
    bounds: Bounds
    session_id: str | None = None


class DayTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Of one account and trading day. `sources` begin with the last re-arm; `sessions` are all
    of the day, `rows` all acts. `damage` is what is wrong with the operator's journal.
    """

    halts: tuple[Latched, ...]
    sources: tuple[TermSource, ...]
    sessions: tuple[str, ...]
    rows: tuple[OperatorRow, ...]
    damage: str | None = None

    @property
    def halt_reason(self) -> str | None:
        """Why nothing more may be opened; None when nothing is latched."""
        if self.damage is not None:
            return self.damage
        return self.halts[0].reason if self.halts else None

    @property
    def in_force(self) -> Bounds:
        """The limits in force; those that bind nothing yet are None."""
        return tighter_of(source.bounds for source in self.sources)

    def of_session(self, session_id: str) -> Bounds | None:
        """What it began with, and was told meanwhile; None when its journal does not say."""
        return next((s.bounds for s in self.sources if s.session_id == session_id), None)

    def origin(self, name: str, value: Value, *, first: str | None = None) -> TermSource | None:
        """What made the limit so tight: the act of a person before a session, which may only have
        taken it over; of sessions the one asked for `first`, then the oldest.
        """
        found = [s for s in self.sources if getattr(s.bounds, name) == value]
        found.sort(key=lambda s: (s.session_id is not None, s.session_id != first))
        return next(iter(found), None)


def read_terms(
    journals: Path, *, account_id: int, trading_day: date, latched: Latched | None
) -> DayTerms:
    """`latched` is what the store has."""
    rows, damage = _acts(OperatorJournal(journals, account_id=account_id, trading_day=trading_day))
    released = released_halts(rows)
    halts = [latched] if latched is not None and latched.session_id not in released else []
    halts += halts_in_journals(
        journals, account_id=account_id, trading_day=trading_day, released=released
    )
    gone, acts = since_rearm(rows)
    opened = openings_in_journals(journals, account_id=account_id, trading_day=trading_day)
    counted = [one for one in opened if one.session_id not in gone]
    return DayTerms(
        halts=_one_a_session(halts),
        sources=_sources(acts, counted),
        sessions=tuple(one.session_id for one in opened),
        rows=rows,
        damage=damage,
    )


def _acts(journal: OperatorJournal) -> tuple[tuple[OperatorRow, ...], str | None]:
    """With damage there are none: what cannot be read has released nothing."""
    try:
        return journal.rows(), None
    except ProtocolError as error:
        return (), str(error)


def _one_a_session(halts: list[Latched]) -> tuple[Latched, ...]:
    """The store and a journal may both hold it; the first one's words stay."""
    found: dict[str, Latched] = {}
    for one in halts:
        found.setdefault(one.session_id, one)
    return tuple(found.values())


def _sources(acts: tuple[OperatorRow, ...], opened: list[Opened]) -> tuple[TermSource, ...]:
    """In the order of our own clock, which matters for reading alone: the tightest one counts."""
    timed = [
        (
            one.wall,
            TermSource(
                what=f"session {one.session_id}", bounds=one.bounds, session_id=one.session_id
            ),
        )
        for one in opened
    ]
    for row in acts:
        bounds = bounds_in(row)
        if bounds is not None:
            done = "re-armed" if isinstance(row.act, Rearmed) else "tightened"
            timed.append((row.wall, TermSource(what=f"{done} by {row.who}", bounds=bounds)))
    return tuple(source for _, source in sorted(timed, key=lambda one: one[0]))
