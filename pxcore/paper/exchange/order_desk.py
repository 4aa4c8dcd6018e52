"""The trading floor: how orders work, fill and end, and what that moves.

The second of five layers: on top of `timeline`, below `wards` (what the venue does of itself),
`lasting` (restarts) and `machine` (instructions and questions).

    place ─► Pending ─► Open ─► Filled          a market order skips Open unless it fills in parts
                │         └───► Cancelled
    leg  ─► Suspended ─(entry fills)─► Open ─► Filled, its sibling Cancelled 12 ms later
                └─(entry cancelled)─► Cancelled

The order of events and the delays are those of the gateway reference, 7.1 to 7.9; where it has
no record, as of partial fills, the docstring says what was chosen.
"""

import dataclasses
import random
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import partial

from msgspec.structs import replace

from pxcore.model import Contract, MarketTrade, Order, OrderStatus, OrderType, Quote
from pxcore.paper.exchange.books import Booked, Books
from pxcore.paper.exchange.ledger import average_price
from pxcore.paper.exchange.matching import Top, arrival_price, is_reached, resting_price
from pxcore.paper.exchange.messages import (
    AccountChanged,
    AccountSpec,
    Change,
    ExchangeConfig,
    FillMade,
    PlaceRequest,
    PositionChanged,
    Sibling,
    VenueEvent,
)
from pxcore.paper.exchange.order_factory import new_entry, new_rejected
from pxcore.paper.exchange.orders import OrderRegister
from pxcore.paper.exchange.timeline import Agenda
from pxcore.paper.faults.base import Armory
from pxcore.paper.faults.venue import (
    AsyncReject,
    FillDelayed,
    LegMissing,
    LegName,
    LegRefused,
    PartialFill,
    SiblingSurvives,
)
from pxcore.paper.markets.market import Halt, MarketStep

IsOpen = Callable[[Contract, datetime], bool]
_NO_FEE = Decimal(0)


def always_open(contract: Contract, at: datetime) -> bool:
    return True


class Floor(Agenda):
    def __init__(
        self,
        *,
        contracts: Iterable[Contract],
        accounts: Iterable[AccountSpec],
        seed: int,
        config: ExchangeConfig,
        is_open: IsOpen,
    ) -> None:
        super().__init__()
        self._specs = {spec.id: spec for spec in accounts}
        self._contracts = {contract.id: contract for contract in contracts}
        self._tops = {contract_id: Top() for contract_id in self._contracts}
        self._books = Books(self._specs.values())
        self._orders = OrderRegister(random.Random(seed))  # noqa: S311 - gaps, no secret
        self._slips = random.Random(f"{seed}/slippage")  # noqa: S311 - a market, no secret
        self._config = config
        self._is_open = is_open
        self._faults = Armory(seed)
        self._halted: set[str] = set()
        self._fees: dict[int, Decimal] = {}  # of orders that cost more than usual, per contract

    # The market

    def feed(self, step: MarketStep) -> list[VenueEvent]:
        """One step of the market: what was due before it, the step itself, what it caused."""
        self._run_until(step.at)
        if isinstance(step, Halt):
            self._halt(step)
            return self.advance(step.at)
        self._out.append(step)
        contract_id = step.contract_id
        top = self._tops[contract_id]
        top.see(step)
        for order in self._orders.resting(contract_id):
            self._match(order, top, step)
        self._after_step(contract_id, top)
        return self.advance(step.at)

    def _match(self, order: Order, top: Top, step: Quote | MarketTrade) -> None:
        """Does a resting order trade on this step? It may have gone during the step."""
        if order.type is OrderType.TRAILING_STOP:
            order = self._orders.trail(order, top.last)
        elif order.type is OrderType.STOP_LIMIT and order.stop_ticks is not None:
            if is_reached(order, top, step):
                self._fill_if_marketable(self._orders.trigger(order.id))
            return
        price = resting_price(order, top, step, self._config.fill_rule)
        if price is not None:
            self._execute(order.id, price)

    def _halt(self, halt: Halt) -> None:
        """No trading from now on, or again; orders in flight wait for the end of the halt."""
        if halt.is_halted:
            self._halted.add(halt.contract_id)
            return
        self._halted.discard(halt.contract_id)
        for account in self._books.accounts:
            for order in self._orders.alive(account.id):
                is_here = order.contract_id == halt.contract_id
                if is_here and order.status is OrderStatus.PENDING:
                    self._later(
                        self._config.latencies.market_fill_ms, partial(self._work, order.id)
                    )

    def _put(self, order: Order, *, trail_ticks: int | None = None) -> None:
        self._out.append(self._orders.put(self._now, order, trail_ticks=trail_ticks))

    def _top(self, contract_id: str) -> Top:
        return self._tops[contract_id]

    # An order's life

    def _accept(self, account_id: int, request: PlaceRequest, *, fee_usd: Decimal = _NO_FEE) -> int:
        contract = self._contracts[request.contract_id]
        request = self._without_a_leg(request)
        told = new_entry(
            self._orders, self._now, account_id, request, contract, self._top(contract.id)
        )
        self._out += told
        entry_id = next(row.order.id for row in told if row.order.parent_id is None)
        if fee_usd:
            self._fees[entry_id] = fee_usd
        delayed = self._faults.bites(FillDelayed, self._now)
        after_ms = self._entry_ms(request) + (delayed.ms if delayed else 0.0)
        self._later(after_ms, partial(self._work, entry_id))
        return entry_id

    def _without_a_leg(self, request: PlaceRequest) -> PlaceRequest:
        """The request as it is, unless a fault keeps one of its legs from being born."""
        legs = {"stop_loss": request.stop_loss, "take_profit": request.take_profit}
        missing = self._faults.bites(LegMissing, self._now, lambda f: legs[f.leg] is not None)
        if missing is None:
            return request
        if missing.leg == "stop_loss":
            return dataclasses.replace(request, stop_loss=None)
        return dataclasses.replace(request, take_profit=None)

    def _entry_ms(self, request: PlaceRequest) -> float:
        latencies = self._config.latencies
        if request.type is not OrderType.MARKET:
            return latencies.open_ms
        return latencies.bracketed_fill_ms if request.has_legs else latencies.market_fill_ms

    def _reject(self, account_id: int, request: PlaceRequest) -> int:
        row = new_rejected(self._orders, self._now, account_id, request)
        self._out.append(row)
        return row.order.id

    def _work(self, order_id: int) -> None:
        """The order starts to work, and trades at once if the market is already there."""
        order = self._orders.row(order_id).order
        if order.status is not OrderStatus.PENDING:
            return
        if order.contract_id in self._halted and order.type is OrderType.MARKET:
            return  # until the halt ends
        if self._faults.bites(AsyncReject, self._now):
            self._put(replace(order, status=OrderStatus.REJECTED))
            for leg_id in self._orders.legs(order_id):
                self._cancel(leg_id)
            return
        if order.type is not OrderType.MARKET:
            order = self._opened(order)
        self._fill_if_marketable(order)

    def _opened(self, order: Order) -> Order:
        """The order rests: a join order at the best price of now, a trailing stop at its level."""
        top = self._top(order.contract_id)
        if order.type in (OrderType.JOIN_BID, OrderType.JOIN_ASK):
            level = top.bid if order.type is OrderType.JOIN_BID else top.ask
            order = replace(order, limit_ticks=level)
        self._put(replace(order, status=OrderStatus.OPEN))
        resting = self._orders.as_it_rests(order.id)
        return self._orders.trail(resting, top.last) if top.last is not None else resting

    def _activate(self, leg_id: int, entry_ticks: int, size: int) -> None:
        """A suspended leg gets its price from the entry's fill and starts to work."""
        row = self._orders.row(leg_id)
        if row.order.status is not OrderStatus.SUSPENDED or row.offset_ticks is None:
            return
        level, type_ = entry_ticks + row.offset_ticks, row.order.type
        leg: LegName = "take_profit" if type_ is OrderType.LIMIT else "stop_loss"
        if self._faults.bites(LegRefused, self._now, lambda fault: fault.leg == leg):
            self._put(replace(row.order, status=OrderStatus.REJECTED))
            return
        order = replace(
            row.order,
            status=OrderStatus.OPEN,
            size=size,
            stop_ticks=level if type_ is OrderType.STOP else None,
            limit_ticks=level if type_ is OrderType.LIMIT else None,
        )
        is_trailing = type_ is OrderType.TRAILING_STOP
        self._put(order, trail_ticks=abs(row.offset_ticks) if is_trailing else None)
        if is_trailing:
            order = self._orders.set_level(leg_id, level)
        self._fill_if_marketable(order)

    def _grow(self, leg_id: int, size: int) -> None:
        """More of the entry has filled: its legs protect that too (unrecorded: reference, 7.3)."""
        order = self._orders.row(leg_id).order
        if order.is_working:
            self._put(replace(order, size=order.size + size))

    def _shrink(self, leg_id: int, size: int) -> None:
        """The sibling has filled in part: so much less is left to protect (unrecorded)."""
        order = self._orders.row(leg_id).order
        if order.is_working and order.size - size > order.filled_size:
            self._put(replace(order, size=order.size - size))
        elif order.is_alive:
            self._cancel(leg_id)

    def _amend(self, order_id: int, change: Change) -> None:
        order = self._orders.row(order_id).order
        if not order.is_working:
            return
        contract = self._contracts[order.contract_id]
        if change.size is not None and change.size > order.filled_size:
            order = replace(order, size=change.size)
        if order.limit_ticks is not None and change.limit_price is not None:
            order = replace(order, limit_ticks=contract.ticks(change.limit_price))
        if order.stop_ticks is not None and change.stop_price is not None:
            order = replace(order, stop_ticks=contract.ticks(change.stop_price))
        trail_ticks, last = None, self._top(contract.id).last
        if order.type is OrderType.TRAILING_STOP and change.trail_price is not None and last:
            trail_ticks = abs(last - contract.ticks(change.trail_price))
            self._orders.levels[order_id] = last + order.side.sign * trail_ticks
        self._put(order, trail_ticks=trail_ticks)
        self._fill_if_marketable(self._orders.as_it_rests(order_id))

    def _cancel(self, order_id: int) -> None:
        """Ends an order. Legs that still wait for it go along, those of a part that filled stay."""
        order = self._orders.row(order_id).order
        if not order.is_alive:
            return
        self._put(replace(order, status=OrderStatus.CANCELLED))
        for leg_id in self._orders.legs(order_id) if not order.filled_size else ():
            self._cancel(leg_id)

    def _cancel_by_hand(self, order_id: int) -> None:
        leg = self._orders.row(order_id).order
        self._cancel(order_id)
        if self._config.sibling is Sibling.CANCELLED:
            for sibling_id in self._orders.siblings(leg):
                self._cancel(sibling_id)

    # Executions

    def _fill_if_marketable(self, order: Order) -> None:
        price = arrival_price(order, self._top(order.contract_id))
        if price is not None:
            self._execute(order.id, price)

    def _go_on(self, order_id: int) -> None:
        """The rest of an order that filled in part: once triggered, a stop is a market order."""
        order = self._orders.as_it_rests(order_id)
        opposite = self._top(order.contract_id).opposite(order.side)
        if not order.is_working or opposite is None:
            return
        if order.limit_ticks is not None:
            self._fill_if_marketable(order)
        else:
            self._execute(order_id, opposite)

    def _execute(self, order_id: int, price_ticks: int) -> None:
        """The order trades, whole or in part; its legs wake up, its sibling goes after a while."""
        row = self._orders.row(order_id)
        before = row.order
        if not before.is_alive:
            return
        size, rest_ms = self._clip(before.size - before.filled_size)
        price_ticks += self._slip(before)
        after = self._filled(before, size, price_ticks)
        contract = self._contracts[after.contract_id]
        average = Fraction(self._orders.filled_cost[order_id], after.filled_size)
        self._out.append(
            self._orders.put(
                self._now,
                after,
                updated_at=row.updated_at,
                filled_price=average_price(contract, average),
            )
        )
        fee = self._fees.get(order_id, _NO_FEE)
        for booked in self._books.book(
            self._now, after, size, price_ticks, contract, extra_fee_usd=fee
        ):
            self._out.append(FillMade(at=self._now, fill=booked.fill))
            self._later(self._config.latencies.position_ms, partial(self._tell, booked))
        if after.is_working and rest_ms is not None:
            self._later(rest_ms, partial(self._go_on, order_id))
        self._wake_legs(before, size, price_ticks)
        self._end_sibling(after, size)
        self._after_booking(after)

    def _filled(self, order: Order, size: int, price_ticks: int) -> Order:
        """The order after an execution. Its price is None when the average is between ticks."""
        filled = order.filled_size + size
        cost = self._orders.filled_cost.get(order.id, 0) + price_ticks * size
        self._orders.filled_cost[order.id] = cost
        return replace(
            order,
            status=OrderStatus.FILLED if filled == order.size else OrderStatus.OPEN,
            filled_size=filled,
            filled_ticks=None if cost % filled else cost // filled,
        )

    def _clip(self, left: int) -> tuple[int, float | None]:
        """How much of what is left trades now, and after how many ms the rest is tried."""
        fault = self._faults.bites(PartialFill, self._now, lambda fault: fault.size < left)
        if fault is not None:
            return fault.size, fault.rest_after_ms
        clips = self._config.clips
        return (left, None) if clips is None else (min(left, clips.size), clips.gap_ms)

    def _slip(self, order: Order) -> int:
        most = self._config.stop_slippage_ticks_max
        is_stop = order.type in (OrderType.STOP, OrderType.TRAILING_STOP)
        return order.side.sign * self._slips.randint(0, most) if most and is_stop else 0

    def _wake_legs(self, before: Order, size: int, price_ticks: int) -> None:
        """Legs take their price from the first execution, which lies on the grid."""
        latencies = self._config.latencies
        for leg_id in self._orders.legs(before.id):
            is_target = self._orders.row(leg_id).order.type is OrderType.LIMIT
            after_ms = latencies.target_ms if is_target else latencies.stop_loss_ms
            action = (
                partial(self._grow, leg_id, size)
                if before.filled_size
                else partial(self._activate, leg_id, price_ticks, size)
            )
            self._later(after_ms, action)

    def _end_sibling(self, leg: Order, size: int) -> None:
        siblings = self._orders.siblings(leg)
        if not siblings or self._faults.bites(SiblingSurvives, self._now):
            return
        for sibling_id in siblings:
            action = (
                partial(self._shrink, sibling_id, size)
                if leg.is_alive
                else partial(self._cancel, sibling_id)
            )
            self._later(self._config.latencies.oco_ms, action)

    def _tell(self, booked: Booked) -> None:
        account = self._books.account(booked.account.id)
        can_trade = account.can_trade if account else booked.account.can_trade
        self._out.append(PositionChanged(at=self._now, position=booked.position))
        told = replace(booked.account, can_trade=can_trade)
        self._out.append(AccountChanged(at=self._now, account=told))

    # What the layer above adds

    def _after_step(self, contract_id: str, top: Top) -> None:
        """The market has moved and every order has been matched."""

    def _after_booking(self, order: Order) -> None:
        """An execution of this order has been booked."""
