"""What the other sessions of the day have to say in a report of it: refusals, incidents, verdicts.

From each one's own report, or from its journal where it never came to one.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from pxcore.reports.record import Incident, Record
from pxcore.reports.verdict import Verdict


class OtherSession(msgspec.Struct, frozen=True, kw_only=True):
    """`verdict` is None for one that was never compared with the venue."""

    session_id: str
    verdict: str | None
    entries_sent: int
    protected: int
    unprotected_s: Decimal
    denials: dict[str, int]
    incidents: tuple[Incident, ...]


def of_record(session_id: str, record: Record) -> OtherSession:
    """One that left no report."""
    return OtherSession(
        session_id=session_id,
        verdict=None,
        entries_sent=len(record.sent),
        protected=record.protected_count,
        unprotected_s=record.unprotected_s,
        denials=dict(record.denials),
        incidents=tuple(record.incidents),
    )


def all_denials(own: dict[str, int], others: Iterable[OtherSession]) -> dict[str, int]:
    """Of the day, by gate."""
    total = Counter(own)
    for one in others:
        total.update(one.denials)
    return dict(sorted(total.items()))


def worst(own: str, others: Iterable[OtherSession]) -> str:
    """Of the day's verdicts. One that was never compared says nothing."""
    order = list(map(str, Verdict))
    found = [v for v in (own, *(one.verdict for one in others)) if v in order]
    return max(found, key=order.index, default=own)


def all_incidents(
    own_id: str, own: Sequence[Incident], others: Iterable[OtherSession]
) -> list[tuple[str, Incident]]:
    """In the order in which they happened, each with its session."""
    found = [(own_id, one) for one in own]
    found += [(other.session_id, one) for other in others for one in other.incidents]
    return sorted(found, key=lambda pair: pair[1].at)
