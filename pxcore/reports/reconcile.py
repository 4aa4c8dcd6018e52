"""Our record against the venue's: orders, fills, profit and loss, fees, balance, flatness.

Three accounts of the same session: what the engine's own ledger made it, what the stream showed,
and what the venue's REST lists now. Pure: they go in, typed differences come out, to the cent.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

import msgspec

from pxcore.engine.limits import realised_usd
from pxcore.model import Contract, Fill, Order, OrderType, Snapshot
from pxcore.reports.outages import Outages
from pxcore.reports.record import Record
from pxcore.reports.verdict import Difference, DifferenceKind, Reconciliation


class VenueDay(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue reports at the day's end: a snapshot, and every order of the day."""

    closing: Snapshot
    orders: tuple[Order, ...]


def reconcile(
    record: Record, *, opening: Snapshot, last_order_id: int, venue: VenueDay
) -> Reconciliation:
    """Compares what happened since `opening`, whose fills and orders up to `last_order_id`
    belong to earlier sessions of the day.
    """
    before = {f.id for f in opening.fills}
    reported = {f.id: f for f in venue.closing.fills if f.id not in before}
    seen = {i: f for i, f in record.fills.items() if i not in before}
    by_rest = {i: f for i, f in record.fills_by_rest.items() if i not in before}
    orders = {o.id: o for o in venue.orders if o.id > last_order_id}
    sent = _sent_by_us(record, orders.values())
    unheard = {
        i: f
        for i, f in reported.items()
        if i not in seen and i not in by_rest and f.order_id in sent and _is_unheard(record, f)
    }
    outages = Outages(record, orders, reported.values(), sent=sent)
    lost = {i: f for i, f in reported.items() if i not in seen and i not in by_rest}
    lost = {i: f for i, f in lost.items() if i not in unheard and outages.explain_fill(f)}
    others = _closed_by_others(record, orders.values(), sent, venue.closing.fills)
    theirs = {i: f for i, f in reported.items() if f.order_id in others}
    found = [
        *_fills(seen | theirs, by_rest, reported, unheard, outages),
        *_orders(record, orders, last_order_id, others, outages),
        *_strangers(record, orders.values(), sent, others),
        *_money(
            lost | unheard | theirs | by_rest | seen,
            reported.values(),
            record.opening.config.contract,
        ),
        *_end(opening, venue.closing, reported.values()),
        *_ledger(record, venue.closing, lost),
    ]
    found += _damage(record.damage)
    return Reconciliation(differences=tuple(found), fills=len(reported), orders=len(orders))


def _damage(what: str | None) -> Iterable[Difference]:
    if what is not None:
        yield Difference(
            kind=DifferenceKind.JOURNAL_DAMAGED, what="our journal", ours=what, venues="-"
        )


def without_sessions(venue: VenueDay, *, damage: str | None = None) -> Reconciliation:
    """A day on which we traded nothing: whatever the venue lists is somebody else's, and what is
    held or alive is named. `damage` is of journals that do not even say whose they are.
    """
    fills = [f for f in venue.closing.fills if not f.is_voided]
    found = [
        Difference(
            kind=DifferenceKind.FILL_NOT_SEEN, what=f"fill {f.id}", ours="-", venues=_say_fill(f)
        )
        for f in fills
    ]
    found += [
        Difference(
            kind=DifferenceKind.ORDER_NOT_SENT,
            what=f"order {o.id}",
            ours="-",
            venues=f"{_say_order(o)}, tag {o.tag or 'none'}",
        )
        for o in venue.orders
    ]
    found += _left_over(venue.closing)
    found += _damage(damage)
    return Reconciliation(differences=tuple(found), fills=len(fills), orders=len(venue.orders))


def _is_unheard(record: Record, fill: Fill) -> bool:
    """It happened when a session of ours had died, and the next had not begun to listen."""
    at = fill.happened_at
    return any(
        since - _STREAM_LAG <= at and (until is None or at <= until)
        for since, until in record.silences
    )


def _fills(
    seen: dict[int, Fill],
    by_rest: dict[int, Fill],
    reported: dict[int, Fill],
    unheard: dict[int, Fill],
    outages: Outages,
) -> Iterable[Difference]:
    for fill_id, theirs in reported.items():
        ours = seen.get(fill_id) or by_rest.get(fill_id)
        if ours is not None and _key(ours) != _key(theirs):
            yield Difference(
                kind=DifferenceKind.FILL_DIFFERS,
                what=f"fill {fill_id}",
                ours=_say_fill(ours),
                venues=_say_fill(theirs),
            )
        elif fill_id not in seen:
            kind = (
                DifferenceKind.FILL_SEEN_BY_REST
                if ours is not None
                else DifferenceKind.FILL_NOT_SEEN
            )
            away = outages.explain_fill(theirs) if kind is DifferenceKind.FILL_NOT_SEEN else None
            if fill_id in unheard:
                kind = DifferenceKind.FILL_AFTER_DEATH
            elif away is not None:
                kind = DifferenceKind.FILL_IN_OUTAGE
            yield Difference(
                kind=kind, what=f"fill {fill_id}", ours=away or "-", venues=_say_fill(theirs)
            )
    for fill_id in sorted((seen.keys() | by_rest.keys()) - reported.keys()):
        ours = seen.get(fill_id) or by_rest[fill_id]
        yield Difference(
            kind=DifferenceKind.FILL_NOT_REPORTED,
            what=f"fill {fill_id}",
            ours=_say_fill(ours),
            venues="-",
        )


def _orders(
    record: Record,
    venues: dict[int, Order],
    last_order_id: int,
    others: set[int],
    outages: Outages,
) -> Iterable[Difference]:
    """What became of an order of ours after its session had died, or while the user hub was away,
    nobody saw: REST says it. One that was over before, or that a session which lived and listened
    should have seen, has no such excuse.
    """
    mine = {i: o for i, o in record.orders.items() if i > last_order_id}
    tags = record.tags - record.tags_of_living if record.has_died else set()
    outside = Counter(record.closes_outside)
    if record.has_died:  # it may have died between a close and the sight of it
        seen_closes = Counter(o.contract_id for o in mine.values() if _is_close(o))
        outside += record.closes_sent - seen_closes
    for order_id in sorted((mine.keys() | venues.keys()) - (others - mine.keys())):
        seen, reported = mine.get(order_id), venues.get(order_id)
        if seen is not None and reported is not None:
            if (seen.status, seen.filled_size) == (reported.status, reported.filled_size):
                continue
            kind = DifferenceKind.ORDER_DIFFERS
        else:
            kind = (
                DifferenceKind.ORDER_NOT_SEEN if seen is None else DifferenceKind.ORDER_NOT_REPORTED
            )
        is_ours = reported is not None and reported.tag in tags
        is_orphan = record.has_died and seen is not None and order_id not in record.seen_by_living
        is_open = seen is None or seen.is_alive
        if reported is not None and not reported.is_alive and is_open and (is_ours or is_orphan):
            kind = DifferenceKind.ORDER_AFTER_DEATH
        elif (
            seen is None
            and reported is not None
            and _is_close(reported)
            and outside[reported.contract_id] > 0
        ):
            outside[reported.contract_id] -= 1
            kind = DifferenceKind.CLOSE_UNSEEN
        ours = _say_order(seen)
        away = outages.explain_end(reported) if reported is not None and is_open else None
        if away is not None and kind in (
            DifferenceKind.ORDER_DIFFERS,
            DifferenceKind.ORDER_NOT_SEEN,
        ):
            kind, ours = DifferenceKind.ORDER_IN_OUTAGE, f"{ours}; {away}"
        yield Difference(
            kind=kind,
            what=f"order {order_id}",
            ours=ours,
            venues=_say_order(reported),
        )


def _sent_by_us(record: Record, venues: Iterable[Order]) -> set[int]:
    """The orders that must be ours: an entry, one of its legs, a stop, or a close.

    A close carries no tag: as many untagged market orders in a contract are ours as closes we
    sent there.
    """
    tags = record.tags
    closes_left = record.closes_sent + record.closes_outside
    sent: set[int] = set()
    for order in venues:
        if order.tag in tags:
            sent.add(order.id)
        elif _is_close(order) and closes_left[order.contract_id] > 0:
            closes_left[order.contract_id] -= 1
            sent.add(order.id)
    return sent


def _closed_by_others(
    record: Record, venues: Iterable[Order], sent: set[int], fills: Iterable[Fill]
) -> set[int]:
    """Orders without a tag, not ours, that did nothing but close what we held: the venue liquidates
    so, and a person closes so. In shadow nothing is ours to close.
    """
    if record.opening.mode == "shadow":
        return set()
    closing = _only_closing(fills)
    return {o.id for o in venues if o.id not in sent and o.tag is None and o.id in closing}


def _strangers(
    record: Record, venues: Iterable[Order], sent: set[int], others: set[int]
) -> Iterable[Difference]:
    """In shadow we send nothing, and whatever there is belongs to a person."""
    if record.opening.mode == "shadow":
        return
    for order in venues:
        if order.id not in sent:
            yield Difference(
                kind=DifferenceKind.CLOSED_BY_OTHERS
                if order.id in others
                else DifferenceKind.ORDER_NOT_SENT,
                what=f"order {order.id}",
                ours="-",
                venues=f"{_say_order(order)}, tag {order.tag or 'none'}",
            )


def _only_closing(fills: Iterable[Fill]) -> set[int]:
    """Orders of which every fill made a position smaller, by the day's fills in their order."""
    net: Counter[str] = Counter()
    closing: set[int] = set()
    opening: set[int] = set()
    for fill in sorted((f for f in fills if not f.is_voided), key=lambda f: (f.happened_at, f.id)):
        held = net[fill.contract_id]
        is_smaller = held * fill.signed_size < 0 and fill.size <= abs(held)
        (closing if is_smaller else opening).add(fill.order_id)
        net[fill.contract_id] += fill.signed_size
    return closing - opening


def _money(
    ours: dict[int, Fill], venues: Iterable[Fill], contract: Contract
) -> Iterable[Difference]:
    """Our own arithmetic against the venue's sums. Over fills that net to nothing, what was
    paid and received for them is the profit and loss, whatever the averaging method.
    """
    mine = [f for f in ours.values() if not f.is_voided]
    theirs = [f for f in venues if not f.is_voided]
    traded = [f for f in mine if f.contract_id == contract.id]
    if sum(f.signed_size for f in traded) == 0:
        computed = contract.usd(-sum(f.signed_size * f.price_ticks for f in traded))
        gross = sum(
            (f.pnl_usd or Decimal(0) for f in theirs if f.contract_id == contract.id), Decimal(0)
        )
        if computed.quantize(_CENT) != gross.quantize(_CENT):
            yield Difference(
                kind=DifferenceKind.PNL_DIFFERS,
                what=f"gross profit and loss of {contract.name}, USD",
                ours=f"{computed:.2f}",
                venues=f"{gross:.2f}",
            )
    our_costs = sum((f.costs_usd for f in mine), Decimal(0))
    their_costs = sum((f.costs_usd for f in theirs), Decimal(0))
    if our_costs != their_costs:
        yield Difference(
            kind=DifferenceKind.FEES_DIFFER,
            what="fees and commissions, USD",
            ours=f"{our_costs:.2f}",
            venues=f"{their_costs:.2f}",
        )


def _ledger(record: Record, closing: Snapshot, lost: dict[int, Fill]) -> Iterable[Difference]:
    """The engine's day against the venue's, earlier sessions of the day included. It is behind
    when it is right as far as it goes: the last fills are missing, and nothing else.
    """
    ledger = record.closing.ledger if record.closing is not None else None
    if ledger is None:
        return  # the session was killed: it closed no books
    theirs = sorted(
        (f for f in closing.fills if not f.is_voided), key=lambda f: (f.happened_at, f.id)
    )
    known = record.fills | record.fills_by_rest | lost
    had = realised_usd(theirs[: ledger.fills])
    is_behind = ledger.fills < len(theirs) and ledger.realised_usd == had
    if is_behind and all(f.id in known for f in theirs):
        yield Difference(
            kind=DifferenceKind.LEDGER_BEHIND,
            what="fills of the day",
            ours=str(ledger.fills),
            venues=str(len(theirs)),
        )
        return
    net = realised_usd(theirs)
    for what, ours, venues in (
        ("fills of the day", str(ledger.fills), str(len(theirs))),
        ("realised of the day, USD", f"{ledger.realised_usd:.2f}", f"{net:.2f}"),
        ("contracts held at the end", str(sum(map(abs, ledger.held.values()))), "0"),
    ):
        is_held_too = what.startswith("contracts") and not closing.is_flat
        if ours != venues and not is_held_too:
            yield Difference(
                kind=DifferenceKind.LEDGER_DIFFERS, what=what, ours=ours, venues=venues
            )


def _end(opening: Snapshot, closing: Snapshot, fills: Iterable[Fill]) -> Iterable[Difference]:
    net = realised_usd(fills)
    expected = opening.account.balance_usd + net
    if expected.quantize(_CENT) != closing.account.balance_usd.quantize(_CENT):
        yield Difference(
            kind=DifferenceKind.BALANCE_DIFFERS,
            what="balance, USD",
            ours=f"{expected:.2f}",
            venues=f"{closing.account.balance_usd:.2f}",
        )
    yield from _left_over(closing)


def _left_over(closing: Snapshot) -> Iterable[Difference]:
    for order in closing.orders:
        yield Difference(
            kind=DifferenceKind.ORDER_ALIVE,
            what=f"order {order.id}",
            ours="none alive",
            venues=_say_order(order),
        )
    for position in closing.positions:
        if not position.is_flat:
            yield Difference(
                kind=DifferenceKind.NOT_FLAT,
                what=f"position {position.contract_id}",
                ours="0",
                venues=f"{position.size:+d}",
            )


def _is_close(order: Order) -> bool:
    """It may be one: the venue's own closes, ours among them, are market orders without a tag."""
    return order.tag is None and order.type is OrderType.MARKET


_CENT = Decimal("0.01")
_STREAM_LAG = timedelta(seconds=5)  # a fill that happened before the last word, and came after it


def _key(fill: Fill) -> tuple[object, ...]:
    return (
        fill.order_id,
        fill.side,
        fill.size,
        fill.price_ticks,
        fill.pnl_usd,
        fill.fees_usd,
        fill.commissions_usd,
        fill.is_voided,
    )


def _say_fill(fill: Fill) -> str:
    return f"{fill.side} {fill.size} at {fill.price_ticks} ticks, net {fill.net_usd:.2f} USD"


def _say_order(order: Order | None) -> str:
    return "-" if order is None else f"{order.type} {order.status}, filled {order.filled_size}"
