"""The order desk: how orders are taken, work, trade and end.

    place ─► Pending ─► Open ─► Filled          a market order skips Open unless it fills in parts
                │         └───► Cancelled
    leg  ─► Suspended ─(entry fills)─► Open ─► Filled, its sibling Cancelled 12 ms later
                └─(entry cancelled)─► Cancelled

What an execution does to legs and siblings is `bracket_legs`, what the venue does of itself
`program_rules` and `protection`: all above, and told by `on_execution`. The order of events and
the delays are those of the gateway reference, 7.1 to 7.9; where it has no record, as of partial
fills, the docstring says what was chosen.
"""

import dataclasses
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import partial

from msgspec.structs import replace

from pxcore.model import Contract, MarketTrade, Order, OrderStatus, OrderType, Quote
from pxcore.paper.exchange.executions import Execution, Executions
from pxcore.paper.exchange.floor import Floor
from pxcore.paper.exchange.matching import Top, arrival_price, is_reached, resting_price
from pxcore.paper.exchange.messages import Change, PlaceRequest, Sibling
from pxcore.paper.exchange.order_factory import closing_request, new_entry, new_rejected
from pxcore.paper.faults.venue import AsyncReject, FillDelayed, LegMissing
from pxcore.paper.markets.market import TradingHalt

IsOpen = Callable[[Contract, datetime], bool]
_NO_FEE = Decimal(0)
# Asked of every resting order at every quote: to read an enum's member by name costs more.
_TRAILING_STOP, _STOP_LIMIT = OrderType.TRAILING_STOP, OrderType.STOP_LIMIT


def always_open(contract: Contract, at: datetime) -> bool:
    return True


class OrderDesk:
    """`on_execution` is called after each execution, before the next one."""

    def __init__(
        self,
        floor: Floor,
        *,
        executions: Executions,
        is_open: IsOpen,
        on_execution: Callable[[Execution], None],
    ) -> None:
        self._contracts = floor.contracts
        self._tops = floor.tops
        self._orders = floor.orders
        self._books = floor.books
        self._agenda = floor.agenda
        self._config = floor.config
        self._faults = floor.faults
        self._tell = floor.tell
        self._executions = executions
        self._is_open = is_open
        self._on_execution = on_execution
        self._halted: set[str] = set()
        self._fees: dict[int, Decimal] = {}  # of orders that cost more than usual, per contract

    # The market

    def see(self, step: Quote | MarketTrade) -> None:
        """The market has moved: every resting order trades that may."""
        contract_id = step.contract_id
        top = self._tops[contract_id]
        top.see(step)
        for order in self._orders.resting(contract_id):
            self._match(order, top, step)

    def _match(self, order: Order, top: Top, step: Quote | MarketTrade) -> None:
        """Does a resting order trade on this step? It may have gone during the step."""
        if order.type is _TRAILING_STOP:
            order = self._orders.trail(order, top.last)
        elif order.type is _STOP_LIMIT and order.stop_ticks is not None:
            if is_reached(order, top, step):
                self.fill_if_marketable(self._orders.trigger(order.id))
            return
        price = resting_price(order, top, step, self._config.fill_rule)
        if price is not None:
            self._execute(order.id, price)

    def halt(self, halt: TradingHalt) -> None:
        """No trading from now on, or again; orders in flight wait for the end of the halt."""
        if halt.is_halted:
            self._halted.add(halt.contract_id)
            return
        self._halted.discard(halt.contract_id)
        after_ms = self._config.latencies.market_fill_ms
        for account in self._books.accounts:
            for order in self._orders.alive(account.id):
                is_here = order.contract_id == halt.contract_id
                if is_here and order.status is OrderStatus.PENDING:
                    self._agenda.later(after_ms, partial(self._work, order.id))

    def is_trading(self, contract: Contract) -> bool:
        """Open by its hours, and not halted."""
        is_halted = contract.id in self._halted
        return not is_halted and self._is_open(contract, self._agenda.now)

    # An order's life

    def accept(self, account_id: int, request: PlaceRequest, *, fee_usd: Decimal = _NO_FEE) -> int:
        """Takes an order without a question to any rule; returns its id.

        `fee_usd` is per contract, on top of what the product costs.
        """
        contract, now = self._contracts[request.contract_id], self._agenda.now
        request = self._without_a_leg(request)
        told = new_entry(self._orders, now, account_id, request, contract, self._tops[contract.id])
        for row in told:
            self._tell(row)
        entry_id = next(row.order.id for row in told if row.order.parent_id is None)
        if fee_usd:
            self._fees[entry_id] = fee_usd
        delayed = self._faults.bites(FillDelayed, now)
        after_ms = self._entry_ms(request) + (delayed.ms if delayed else 0.0)
        self._agenda.later(after_ms, partial(self._work, entry_id))
        return entry_id

    def send_closing(
        self, account_id: int, contract_id: str, size: int, *, fee_usd: Decimal = _NO_FEE
    ) -> None:
        """An untagged market order against the position, without a question to any rule."""
        held = self._books.held(account_id, contract_id)
        self.accept(account_id, closing_request(contract_id, held, size), fee_usd=fee_usd)

    def reject(self, account_id: int, request: PlaceRequest) -> int:
        """Leaves the row of a refused order; returns its id."""
        row = new_rejected(self._orders, self._agenda.now, account_id, request)
        self._tell(row)
        return row.order.id

    def _without_a_leg(self, request: PlaceRequest) -> PlaceRequest:
        """The request as it is, unless a fault keeps one of its legs from being born."""
        legs = {"stop_loss": request.stop_loss, "take_profit": request.take_profit}
        missing = self._faults.bites(
            LegMissing, self._agenda.now, lambda fault: legs[fault.leg] is not None
        )
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

    def _work(self, order_id: int) -> None:
        """The order starts to work, and trades at once if the market is already there."""
        order = self._orders.row(order_id).order
        if order.status is not OrderStatus.PENDING:
            return
        if order.contract_id in self._halted and order.type is OrderType.MARKET:
            return  # until the halt ends
        if self._faults.bites(AsyncReject, self._agenda.now):
            self.put(replace(order, status=OrderStatus.REJECTED))
            for leg_id in self._orders.legs(order_id):
                self.cancel(leg_id)
            return
        if order.type is not OrderType.MARKET:
            order = self._opened(order)
        self.fill_if_marketable(order)

    def _opened(self, order: Order) -> Order:
        """The order rests: a join order at the best price of now, a trailing stop at its level."""
        top = self._tops[order.contract_id]
        if order.type in (OrderType.JOIN_BID, OrderType.JOIN_ASK):
            level = top.bid if order.type is OrderType.JOIN_BID else top.ask
            order = replace(order, limit_ticks=level)
        self.put(replace(order, status=OrderStatus.OPEN))
        resting = self._orders.as_it_rests(order.id)
        return self._orders.trail(resting, top.last) if top.last is not None else resting

    def put(self, order: Order, *, trail_ticks: int | None = None) -> None:
        """The order is so from now on."""
        self._tell(self._orders.put(self._agenda.now, order, trail_ticks=trail_ticks))

    def amend(self, order_id: int, change: Change) -> None:
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
        trail_ticks, last = None, self._tops[contract.id].last
        if order.type is OrderType.TRAILING_STOP and change.trail_price is not None and last:
            trail_ticks = abs(last - contract.ticks(change.trail_price))
            self._orders.levels[order_id] = last + order.side.sign * trail_ticks
        self.put(order, trail_ticks=trail_ticks)
        self.fill_if_marketable(self._orders.as_it_rests(order_id))

    def cancel(self, order_id: int) -> None:
        """Ends an order. Legs that still wait for it go along, those of a part that filled stay."""
        order = self._orders.row(order_id).order
        if not order.is_alive:
            return
        self.put(replace(order, status=OrderStatus.CANCELLED))
        for leg_id in self._orders.legs(order_id) if not order.filled_size else ():
            self.cancel(leg_id)

    def cancel_by_hand(self, order_id: int) -> None:
        leg = self._orders.row(order_id).order
        self.cancel(order_id)
        if self._config.sibling is Sibling.CANCELLED:
            for sibling_id in self._orders.siblings(leg):
                self.cancel(sibling_id)

    def resume(self, order: Order) -> None:
        """After a restart: what was in flight starts to work, a market order's rest trades."""
        latencies = self._config.latencies
        if order.status is OrderStatus.PENDING:
            self._agenda.later(latencies.open_ms, partial(self._work, order.id))
        elif order.type is OrderType.MARKET:
            self._agenda.later(latencies.market_fill_ms, partial(self._go_on, order.id))

    # Executions

    def fill_if_marketable(self, order: Order) -> None:
        price = arrival_price(order, self._tops[order.contract_id])
        if price is not None:
            self._execute(order.id, price)

    def _go_on(self, order_id: int) -> None:
        """The rest of an order that filled in part: once triggered, a stop is a market order."""
        order = self._orders.as_it_rests(order_id)
        opposite = self._tops[order.contract_id].opposite(order.side)
        if not order.is_working or opposite is None:
            return
        if order.limit_ticks is not None:
            self.fill_if_marketable(order)
        else:
            self._execute(order_id, opposite)

    def _execute(self, order_id: int, price_ticks: int) -> None:
        fee_usd = self._fees.get(order_id, _NO_FEE)
        execution = self._executions.execute(order_id, price_ticks, extra_fee_usd=fee_usd)
        if execution is None:
            return
        if execution.rest_after_ms is not None:
            self._agenda.later(execution.rest_after_ms, partial(self._go_on, order_id))
        self._on_execution(execution)
