"""What a comparison with the venue can find, and what it comes to."""

from enum import StrEnum

import msgspec


class DifferenceKind(StrEnum):
    FILL_NOT_SEEN = "fill not seen"
    FILL_SEEN_BY_REST = "fill seen by REST alone"
    FILL_NOT_REPORTED = "fill not reported"
    FILL_DIFFERS = "fill differs"
    ORDER_NOT_SEEN = "order not seen"
    ORDER_NOT_REPORTED = "order not reported"
    ORDER_DIFFERS = "order differs"
    PNL_DIFFERS = "profit and loss differ"
    FEES_DIFFER = "fees differ"
    BALANCE_DIFFERS = "balance differs"
    ORDER_NOT_SENT = "order not sent by us"
    CLOSED_BY_OTHERS = "position closed by the venue or by hand"
    ORDER_ALIVE = "order still alive"
    NOT_FLAT = "position not flat"
    ORDER_AFTER_DEATH = "order of a session that died"
    CLOSE_UNSEEN = "close that we sent and did not see"
    FILL_AFTER_DEATH = "fill of ours after our session died"
    FILL_IN_OUTAGE = "fill of ours while the user hub was away"
    ORDER_IN_OUTAGE = "order of ours that ended while the user hub was away"
    LEDGER_DIFFERS = "our ledger differs"
    LEDGER_BEHIND = "our ledger closed before a fill was known"
    JOURNAL_DAMAGED = "journal damaged"


_EXPLAINED = frozenset(
    (
        DifferenceKind.FILL_SEEN_BY_REST,
        DifferenceKind.ORDER_AFTER_DEATH,
        DifferenceKind.CLOSE_UNSEEN,
        DifferenceKind.FILL_AFTER_DEATH,
        DifferenceKind.FILL_IN_OUTAGE,
        DifferenceKind.ORDER_IN_OUTAGE,
        DifferenceKind.LEDGER_BEHIND,
        DifferenceKind.CLOSED_BY_OTHERS,
    )
)


class Verdict(StrEnum):
    CLEAN = "clean"
    EXPLAINED = "explained"
    BROKEN = "broken"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One disagreement, with both values."""

    kind: DifferenceKind
    what: str
    ours: str
    venues: str


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    differences: tuple[Difference, ...]
    fills: int
    orders: int

    @property
    def verdict(self) -> Verdict:
        if not self.differences:
            return Verdict.CLEAN
        if all(d.kind in _EXPLAINED for d in self.differences):
            return Verdict.EXPLAINED
        return Verdict.BROKEN
