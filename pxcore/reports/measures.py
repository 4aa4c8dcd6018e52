"""What a session's rows say beyond its fills: equity, prices, excursions, latencies, gaps.

Folded in one pass. Walls are our own clock's, so that latencies are real time whatever the market's
clock is; the curves run on the session's. Prices are those that the engine believed: one that it
left out is no excursion, no point of a curve and no price at decision.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from pxcore.engine.commands import Command, PlaceEntry
from pxcore.engine.events import ClockTick, Event, FillSeen, Hub, HubDown, OrderSeen, SnapshotTaken
from pxcore.engine.market import Market
from pxcore.journal.rows import Answer, Request, Timing
from pxcore.model import Contract, DepthLevel, Fill, MarketTrade, OrderStatus, Quote

_SAMPLE = timedelta(seconds=1)
_POINTS_MAX = 4000  # of a curve: more than a screen has columns
_PLACE = "/api/Order/place"


class Point(msgspec.Struct, frozen=True, array_like=True):
    """Of a curve: USD of the day, or a price in ticks."""

    at: datetime
    value: float


class Excursion(msgspec.Struct, frozen=True, kw_only=True):
    """How far the market went with and against a trade, in ticks from its entry, both from zero
    up; `entry_slip_ticks` is what the entry filled worse than the price at decision.
    """

    adverse_ticks: Decimal
    favourable_ticks: Decimal
    entry_slip_ticks: Decimal | None


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Of one stretch of an entry's way, in milliseconds of real time."""

    stretch: str
    count: int
    p50_ms: float
    p99_ms: float
    max_ms: float


class DataGap(msgspec.Struct, frozen=True, kw_only=True):
    """No quote between the two, for longer than an entry would have accepted."""

    since: datetime
    until: datetime


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    equity: tuple[Point, ...] = ()
    prices: tuple[Point, ...] = ()
    excursions: dict[int, Excursion] = {}  # by the entry's order
    latencies: tuple[Latency, ...] = ()
    gaps: tuple[DataGap, ...] = ()


class _Entry:
    """One entry on its way; moments are walls."""

    def __init__(self, decided: datetime, price: int | None) -> None:
        self.decided = decided
        self.price_ticks = price
        self.sent: datetime | None = None
        self.number = 0
        self.acknowledged: datetime | None = None
        self.filled: datetime | None = None
        self.timing: Timing | None = None

    def decided_ms(self) -> float | None:
        """From the price's arrival at our socket."""
        return None if self.timing is None else self.timing.decided_us / 1000

    def sent_ms(self) -> float | None:
        """To the bytes of the order there. One that did not leave at once has its request's row for
        that.
        """
        timing = self.timing
        if timing is None:
            return None
        if timing.sent_us is not None:
            return timing.sent_us / 1000
        waited = _ms(self.decided, self.sent)
        return None if waited is None else timing.decided_us / 1000 + waited

    def answered_ms(self) -> float | None:
        """From the bytes at our socket to the venue's answer read."""
        timing = self.timing
        if timing is None or timing.sent_us is None:
            return _ms(self.sent, self.acknowledged)
        return (timing.answered_us - timing.sent_us) / 1000


class _Held:
    """The position as far as fills tell, and its way so far."""

    def __init__(self) -> None:
        self.size = 0
        self.average_ticks = Decimal(0)
        self.order_id = 0
        self.adverse = self.favourable = Decimal(0)

    def watch(self, exit_ticks: int) -> None:
        moved = exit_ticks - self.average_ticks
        gained = moved if self.size > 0 else -moved
        self.adverse = max(self.adverse, -gained)
        self.favourable = max(self.favourable, gained)


_MARKET = frozenset({Quote, MarketTrade, DepthLevel, ClockTick})


def is_market(events: Sequence[Event]) -> bool:
    """Nothing but the market's and the clock's: many a second, and none of them about us."""
    return _MARKET.issuperset(map(type, events))


class Meter:
    """Fed every row in order; `measures` at the end."""

    def __init__(self, contract: Contract, *, stale_s: float, time_scale: float = 1.0) -> None:
        self._contract = contract
        self._stale = timedelta(seconds=stale_s)
        self._market = Market(contract, time_scale=time_scale)
        self._quoted_at: datetime | None = None
        self._sample_at: datetime | None = None  # when the curves' next point is due
        self._entries: dict[str, _Entry] = {}
        self._tags: dict[int, str] = {}  # by order
        self._held = _Held()
        self._realised = Decimal(0)
        self._seen: set[int] = set()
        self._equity: list[Point] = []
        self._prices: list[Point] = []
        self._excursions: dict[int, tuple[Decimal, Decimal, Decimal]] = {}
        self._gaps: list[DataGap] = []

    # -- rows ---------------------------------------------------------------------------------

    def see_event(self, event: Event, wall: datetime) -> None:
        match event:
            case Quote() if event.contract_id == self._contract.id:
                self._see_quote(event)
            case MarketTrade() if event.contract_id == self._contract.id:
                self._see_print(event)
            case HubDown(hub=Hub.MARKET):
                self._market.forget()
            case FillSeen(fill=fill):
                self._see_fill(fill, event.at, wall)
            case OrderSeen(order=order) if order.tag in self._entries:
                self._tags[order.id] = order.tag or ""
                if order.status is OrderStatus.FILLED:
                    self._note_filled(order.id, wall)
            case SnapshotTaken(snapshot=snapshot):
                new = [f for f in snapshot.fills if f.id not in self._seen]
                for fill in sorted(new, key=lambda f: (f.happened_at, f.id)):
                    self._count_fill(fill)
                if new:  # of earlier sessions, or missed: what they came to, not their way there
                    self._note_equity(event.at)
            case _:
                pass

    def see_market(self, events: Sequence[Event], wall: datetime) -> None:
        """As `see_event` for each, of events that `is_market` holds for; `wall` is the last's."""
        ours = self._contract.id
        for event in events:
            if type(event) is Quote:
                if event.contract_id == ours:
                    self._see_quote(event)
            elif type(event) is MarketTrade and event.contract_id == ours:
                self._see_print(event)

    def see_command(self, command: Command, wall: datetime) -> None:
        if isinstance(command, PlaceEntry):
            price = self._market.exit_ticks(-command.side.sign)
            self._entries[command.tag] = _Entry(wall, price)

    def see_request(self, request: Request, wall: datetime) -> None:
        body = request.body
        if request.path != _PLACE or not isinstance(body, dict):
            return
        entry = self._entries.get(str(body.get("customTag")))
        if entry is not None:  # the last counts: one before it was called off, or not taken
            entry.sent, entry.number = wall, request.number

    def see_answer(self, answer: Answer) -> None:
        for entry in self._entries.values():
            if entry.sent is not None and entry.number == answer.number:
                entry.acknowledged = entry.sent + timedelta(milliseconds=answer.took_ms)

    def see_timing(self, timing: Timing) -> None:
        entry = self._entries.get(timing.tag or "")
        if entry is not None:
            entry.timing = timing

    # -- the market ---------------------------------------------------------------------------

    def _see_quote(self, quote: Quote) -> None:
        before, self._quoted_at = self._quoted_at, quote.at
        if before is not None and quote.at - before > self._stale:
            self._gaps.append(DataGap(since=before, until=quote.at))
        self._market.see_quote(quote)
        self._watch(quote.at)

    def _see_print(self, trade: MarketTrade) -> None:
        """It may have confirmed a quote."""
        self._market.see_print(trade)
        if trade is self._market.confirmed_by:
            self._watch(trade.at)

    def _watch(self, at: datetime) -> None:
        bid, ask = self._market.bid_ticks, self._market.ask_ticks
        if bid is None or ask is None:
            return
        if self._held.size:
            self._held.watch(bid if self._held.size > 0 else ask)
        if self._sample_at is None or at >= self._sample_at:
            self._sample_at = at + _SAMPLE
            self._prices.append(Point(at, (bid + ask) / 2))
            self._note_equity(at)

    def _note_equity(self, at: datetime) -> None:
        open_usd = Decimal(0)
        held = self._held
        exit_ticks = self._market.exit_ticks(held.size)
        if held.size and exit_ticks is None:
            return
        if held.size and exit_ticks is not None:
            moved = exit_ticks - held.average_ticks
            open_usd = moved * held.size * self._contract.tick_value
        self._equity.append(Point(at, float(self._realised + open_usd)))

    # -- the account --------------------------------------------------------------------------

    def _see_fill(self, fill: Fill, at: datetime, wall: datetime) -> None:
        if fill.id in self._seen or fill.is_voided:
            return
        self._count_fill(fill)
        self._note_filled(fill.order_id, wall)
        self._note_equity(at)

    def _count_fill(self, fill: Fill) -> None:
        if fill.is_voided:
            return
        self._seen.add(fill.id)
        self._realised += fill.net_usd
        if fill.contract_id == self._contract.id:
            self._move_position(fill)

    def _move_position(self, fill: Fill) -> None:
        """Average cost; a fill that crosses zero ends one trade and begins the next."""
        held, added = self._held, fill.signed_size
        if held.size * added < 0:
            held.watch(fill.price_ticks)  # an exit is a price that it was at
            after = held.size + added
            if held.size * after > 0:
                held.size = after
                return
            self._close(held)
            self._held = held = _Held()
            added = after
        if not added:
            return
        if not held.size:
            held.order_id = fill.order_id
            self._excursions[fill.order_id] = (Decimal(0), Decimal(0), self._slip(fill))
        worth = held.average_ticks * held.size + fill.price_ticks * added
        held.size += added
        held.average_ticks = worth / held.size

    def _slip(self, fill: Fill) -> Decimal:
        entry = self._entries.get(self._tags.get(fill.order_id, ""))
        if entry is None or entry.price_ticks is None:
            return Decimal("NaN")
        return Decimal(fill.side.sign * (fill.price_ticks - entry.price_ticks))

    def _close(self, held: _Held) -> None:
        slip = self._excursions[held.order_id][2]
        self._excursions[held.order_id] = (held.adverse, held.favourable, slip)

    def _note_filled(self, order_id: int, wall: datetime) -> None:
        entry = self._entries.get(self._tags.get(order_id, ""))
        if entry is not None and entry.filled is None:
            entry.filled = wall

    # -- the end ------------------------------------------------------------------------------

    def measures(self) -> Measures:
        if self._held.size:
            self._close(self._held)
        return Measures(
            equity=_thinned(self._equity),
            prices=_thinned(self._prices),
            excursions={
                order_id: Excursion(
                    adverse_ticks=adverse,
                    favourable_ticks=favourable,
                    entry_slip_ticks=None if slip.is_nan() else slip,
                )
                for order_id, (adverse, favourable, slip) in self._excursions.items()
            },
            latencies=self._latencies(),
            gaps=tuple(self._gaps),
        )

    def _latencies(self) -> tuple[Latency, ...]:
        """As `make bench-latency` has them: from the arrival of what led to the entry."""
        entries = self._entries.values()
        stretches: dict[str, list[float | None]] = {
            "price to decision": [e.decided_ms() for e in entries],
            "price to order sent": [e.sent_ms() for e in entries],
            "order sent to answer": [e.answered_ms() for e in entries],
            "order sent to fill": [_ms(e.sent, e.filled) for e in entries],
        }
        found = []
        for stretch, all_ms in stretches.items():
            ms = sorted(one for one in all_ms if one is not None)
            if ms:
                found.append(
                    Latency(
                        stretch=stretch,
                        count=len(ms),
                        p50_ms=round(_quantile(ms, 0.5), 3),
                        p99_ms=round(_quantile(ms, 0.99), 3),
                        max_ms=round(ms[-1], 3),
                    )
                )
        return tuple(found)


def _ms(since: datetime | None, until: datetime | None) -> float | None:
    if since is None or until is None:
        return None
    return (until - since).total_seconds() * 1000


def _quantile(ordered: list[float], part: float) -> float:
    """The smallest value that so large a part of all does not exceed."""
    return ordered[min(len(ordered) - 1, max(0, -(-int(part * 1000) * len(ordered) // 1000) - 1))]


def _thinned(points: list[Point]) -> tuple[Point, ...]:
    """So many points at most, evenly; the first, the last and both extremes stay."""
    if len(points) <= _POINTS_MAX:
        return tuple(points)
    step = len(points) / _POINTS_MAX
    kept = {round(i * step) for i in range(_POINTS_MAX)} | {0, len(points) - 1}
    values = [p.value for p in points]
    kept |= {values.index(min(values)), values.index(max(values))}
    return tuple(points[i] for i in sorted(kept) if i < len(points))
