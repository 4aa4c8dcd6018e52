"""A whole trading day of one account: every session of it, and days without one, as one record."""

from collections.abc import Iterable

from msgspec.structs import replace

from pxcore.engine.limits import realised_usd
from pxcore.model import Snapshot
from pxcore.reports.record import Record


def merged(records: Iterable[Record]) -> Record | None:
    """What the day's sessions saw and sent, oldest first; None when there was none.

    A later session's word on an order or a fill takes the place of an earlier one's. The ledger
    is the last session's: each counts the whole day.
    """
    whole: Record | None = None
    for one in records:
        if whole is None:
            whole = Record(opening=one.opening)
        whole.closing = one.closing
        whole.extremes = one.extremes
        if one.heard is not None:
            began = one.heard[0]
            whole.silences = tuple((since, until or began) for since, until in whole.silences)
            whole.outages = tuple((since, until or began) for since, until in whole.outages)
        whole.silences += one.silences
        whole.outages += one.outages
        whole.sent += one.sent
        whole.orders |= one.orders
        whole.fills |= one.fills
        whole.fills_by_rest |= one.fills_by_rest
        whole.denials += one.denials
        whole.incidents += one.incidents
        whole.protected_count += one.protected_count
        whole.closes_sent += one.closes_sent
        whole.closes_outside += one.closes_outside
        whole.own_stops |= one.own_stops
        whole.unprotected_s += one.unprotected_s
        whole.damage = whole.damage or one.damage
        whole.has_died = whole.has_died or one.has_died
        if not one.has_died:
            whole.tags_of_living |= one.tags
            whole.seen_by_living |= one.orders.keys()
        whole.first_look = whole.first_look or one.first_look
    return whole


def start_of_day(closing: Snapshot, first_look: Snapshot | None) -> Snapshot:
    """The account before its first fill of the day, by the first look that a session took.

    Without a session nobody looked then: the balance is what it must have been, and proves nothing.
    """
    look = first_look or closing
    net = realised_usd(look.fills)
    account = replace(look.account, balance_usd=look.account.balance_usd - net)
    return replace(look, account=account, orders=(), positions=(), fills=())
