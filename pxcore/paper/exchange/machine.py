"""The exchange: what happens at the venue when an order, a quote or a print arrives.

Everything is an event in time order. A call first runs what has become due before its own
moment, then does its part; the events pile up until `advance` or `feed` hands them out. So the
caller decides what time is, and the same calls give the same events for ever.

    place ─► Pending ─► Open ─► Filled          a market order skips Open
                │         └───► Cancelled
    leg  ─► Suspended ─(entry fills)─► Open ─► Filled, its sibling Cancelled 12 ms later
                └─(entry cancelled)─► Cancelled

The order of events and the delays are those of the gateway reference, 7.1 to 7.9. Not here yet:
partial fills, trailing stops, stop-limit and join orders, margin, the venue's own flatten.
"""

import heapq
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count

from msgspec.structs import replace

from pxcore.model import (
    Account,
    Contract,
    Fill,
    MarketTrade,
    Order,
    OrderStatus,
    OrderType,
    Position,
    Quote,
    Side,
)
from pxcore.paper.exchange.books import Booked, Books
from pxcore.paper.exchange.codes import (
    CancelCode,
    CloseCode,
    ModifyCode,
    PartialCloseCode,
    PlaceCode,
)
from pxcore.paper.exchange.matching import Top, arrival_price, resting_price
from pxcore.paper.exchange.orders import Orders
from pxcore.paper.exchange.refusals import Desk, modify_text, place_refusal
from pxcore.paper.exchange.terms import (
    AccountChanged,
    AccountSpec,
    Answered,
    Change,
    ExchangeConfig,
    FillMade,
    OrderChanged,
    PlaceRequest,
    PlaceResult,
    PositionChanged,
    VenueEvent,
)

IsOpen = Callable[[Contract, datetime], bool]
_DEFAULTS = ExchangeConfig()


def always_open(contract: Contract, at: datetime) -> bool:
    return True


class Exchange:
    """One venue with its accounts. Calls must not go back in time: that is a ValueError."""

    def __init__(
        self,
        *,
        contracts: Iterable[Contract],
        accounts: Iterable[AccountSpec],
        seed: int,
        config: ExchangeConfig = _DEFAULTS,
        is_open: IsOpen = always_open,
    ) -> None:
        specs = tuple(accounts)
        self._contracts = {contract.id: contract for contract in contracts}
        self._tops = {contract_id: Top() for contract_id in self._contracts}
        self._modes = {spec.id: spec.bracket_mode for spec in specs}
        self._books = Books(specs)
        self._orders = Orders(random.Random(seed))  # noqa: S311 - gaps between ids, no secret
        self._config = config
        self._is_open = is_open
        self._now = datetime.min.replace(tzinfo=UTC)
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._due_numbers = count()
        self._out: list[VenueEvent] = []

    # Time and market

    @property
    def now(self) -> datetime:
        """The latest moment that any call named."""
        return self._now

    def next_due(self) -> datetime | None:
        """When `advance` will next have something to do; None while nothing is under way."""
        if self._out:
            return self._now
        return self._due[0][0] if self._due else None

    def advance(self, now: datetime) -> list[VenueEvent]:
        """Everything that has happened up to now and was not handed out before, in order."""
        self._run_until(now)
        out, self._out = self._out, []
        return out

    def feed(self, step: Quote | MarketTrade) -> list[VenueEvent]:
        """One step of the market: what was due before it, the step itself, what it caused."""
        self._run_until(step.at)
        self._out.append(step)
        top = self._tops[step.contract_id]
        if isinstance(step, Quote):
            top.merge(step)
        for order in self._orders.resting(step.contract_id):
            price = resting_price(order, top, step, self._config.fill_rule)
            if price is not None:
                self._fill(order.id, price)
        return self.advance(step.at)

    # Instructions

    def place(self, now: datetime, account_id: int, request: PlaceRequest) -> PlaceResult:
        """Accepts for processing, or refuses. A code-2 refusal has a row, unless its tag was taken.

        Source: gateway reference, 2.9.
        """
        self._run_until(now)
        refusal = place_refusal(request, self._desk(account_id, request.contract_id))
        if refusal is None:
            return PlaceResult(self._accept(account_id, request), PlaceCode.SUCCESS)
        order_id = self._reject(account_id, request) if refusal.leaves_row else None
        return PlaceResult(order_id, refusal.code, refusal.text)

    def cancel(self, now: datetime, account_id: int, order_id: int) -> Answered[CancelCode]:
        """Cancels this order alone: a leg's sibling stays, an entry takes its waiting legs along.

        Success means taken for processing: a fill can still come first. Source: reference, 7.5.
        """
        self._run_until(now)
        if self.account(account_id) is None:
            return Answered(CancelCode.ACCOUNT_NOT_FOUND)
        order = self._orders.find(account_id, order_id)
        if order is None:
            return Answered(CancelCode.ORDER_NOT_FOUND)
        if not order.is_alive:
            return Answered(CancelCode.REJECTED, f"Order is already {order.status.value}.")
        if order.type is OrderType.MARKET:
            return Answered(CancelCode.PENDING)
        self._later(self._config.latencies.cancel_ms, partial(self._cancel, order_id))
        return Answered(CancelCode.SUCCESS)

    def modify(
        self, now: datetime, account_id: int, order_id: int, change: Change
    ) -> Answered[ModifyCode]:
        """Changes size or price of a working order; its id and its sibling stay as they are."""
        self._run_until(now)
        if self.account(account_id) is None:
            return Answered(ModifyCode.ACCOUNT_NOT_FOUND)
        order = self._orders.find(account_id, order_id)
        if order is None:
            return Answered(ModifyCode.ORDER_NOT_FOUND)
        if order.status is OrderStatus.PENDING:
            return Answered(ModifyCode.PENDING)
        if not order.is_working:
            return Answered(ModifyCode.REJECTED, f"Order is {order.status.value}.")
        contract = self._contracts[order.contract_id]
        text = modify_text(order, change, contract, self._tops[contract.id])
        if text is not None:
            return Answered(ModifyCode.REJECTED, text)
        self._later(self._config.latencies.modify_ms, partial(self._amend, order_id, change))
        return Answered(ModifyCode.SUCCESS)

    def close(self, now: datetime, account_id: int, contract_id: str) -> Answered[CloseCode]:
        """Sends an untagged market order against the whole position; bracket legs stay working.

        Source: gateway reference, 2.13 and 7.6.
        """
        self._run_until(now)
        problem = self._close_problem(account_id, contract_id)
        if problem is not None:
            return Answered(problem)
        size = abs(self._books.held(account_id, contract_id))
        is_sent = self._send_closing(account_id, contract_id, size)
        return Answered(CloseCode.SUCCESS if is_sent else CloseCode.ORDER_REJECTED)

    def partial_close(
        self, now: datetime, account_id: int, contract_id: str, size: int
    ) -> Answered[PartialCloseCode]:
        """As `close`, for a part or all of the position."""
        self._run_until(now)
        problem = self._close_problem(account_id, contract_id)
        if problem is not None:
            return Answered(PartialCloseCode[problem.name])
        if not 0 < size <= abs(self._books.held(account_id, contract_id)):
            return Answered(PartialCloseCode.INVALID_CLOSE_SIZE)
        is_sent = self._send_closing(account_id, contract_id, size)
        return Answered(PartialCloseCode.SUCCESS if is_sent else PartialCloseCode.ORDER_REJECTED)

    # Questions

    @property
    def contracts(self) -> tuple[Contract, ...]:
        return tuple(self._contracts.values())

    def contract(self, contract_id: str) -> Contract | None:
        return self._contracts.get(contract_id)

    @property
    def accounts(self) -> tuple[Account, ...]:
        return self._books.accounts

    def account(self, account_id: int) -> Account | None:
        return self._books.account(account_id)

    def order_rows(self, account_id: int, *statuses: OrderStatus) -> tuple[OrderChanged, ...]:
        """The latest state of each order, oldest first; of every status when none is named."""
        return self._orders.rows(account_id, statuses)

    def orders(self, account_id: int, *statuses: OrderStatus) -> tuple[Order, ...]:
        return tuple(row.order for row in self._orders.rows(account_id, statuses))

    def positions(self, account_id: int) -> tuple[Position, ...]:
        """Those that are open."""
        return self._books.positions(account_id)

    def fills(self, account_id: int) -> tuple[Fill, ...]:
        """Oldest first; none for an account that does not exist."""
        return self._books.fills(account_id)

    @property
    def is_flat(self) -> bool:
        """No account holds anything or has an order alive."""
        return not self._books.is_anything_held and not self._orders.is_any_alive

    # What becomes due

    def _run_until(self, now: datetime) -> None:
        if now < self._now:
            raise ValueError(f"the exchange is at {self._now}, asked to go back to {now}")
        while self._due and self._due[0][0] <= now:
            self._now, _, action = heapq.heappop(self._due)
            action()
        self._now = now

    def _later(self, after_ms: float, action: Callable[[], None]) -> None:
        at = self._now + timedelta(milliseconds=after_ms)
        heapq.heappush(self._due, (at, next(self._due_numbers), action))

    def _put(self, order: Order) -> None:
        self._out.append(self._orders.put(self._now, order))

    def _accept(self, account_id: int, request: PlaceRequest) -> int:
        contract = self._contracts[request.contract_id]
        told = self._orders.new_entry(self._now, account_id, request, contract)
        self._out += told
        entry_id = next(row.order.id for row in told if row.order.parent_id is None)
        self._later(self._entry_ms(request), partial(self._work, entry_id))
        return entry_id

    def _entry_ms(self, request: PlaceRequest) -> float:
        latencies = self._config.latencies
        if request.type is not OrderType.MARKET:
            return latencies.open_ms
        has_legs = request.stop_loss is not None or request.take_profit is not None
        return latencies.bracketed_fill_ms if has_legs else latencies.market_fill_ms

    def _reject(self, account_id: int, request: PlaceRequest) -> int:
        row = self._orders.new_rejected(self._now, account_id, request)
        self._out.append(row)
        return row.order.id

    def _desk(self, account_id: int, contract_id: str) -> Desk:
        contract = self._contracts.get(contract_id)
        return Desk(
            account=self.account(account_id),
            bracket_mode=self._modes.get(account_id),
            contract=contract,
            top=self._tops.get(contract_id, Top()),
            tags=self._orders.tags(account_id),
            is_open=contract is not None and self._is_open(contract, self._now),
        )

    def _close_problem(self, account_id: int, contract_id: str) -> CloseCode | None:
        if self.account(account_id) is None:
            return CloseCode.ACCOUNT_NOT_FOUND
        if contract_id not in self._contracts:
            return CloseCode.CONTRACT_NOT_FOUND
        if not self._books.held(account_id, contract_id):
            return CloseCode.POSITION_NOT_FOUND
        return None

    def _send_closing(self, account_id: int, contract_id: str, size: int) -> bool:
        """True when the market order went out; a refused one leaves its rejected row."""
        held = self._books.held(account_id, contract_id)
        side = Side.SELL if held > 0 else Side.BUY
        request = PlaceRequest(contract_id=contract_id, type=OrderType.MARKET, side=side, size=size)
        if not self._is_open(self._contracts[contract_id], self._now):
            self._reject(account_id, request)
            return False
        self._accept(account_id, request)
        return True

    def _work(self, order_id: int) -> None:
        """The order starts to work, and trades at once if the market is already there."""
        order = self._orders.row(order_id).order
        if not order.is_alive:
            return
        if order.type is not OrderType.MARKET:
            order = replace(order, status=OrderStatus.OPEN)
            self._put(order)
        self._fill_if_marketable(order)

    def _activate(self, leg_id: int, entry_ticks: int) -> None:
        """A suspended leg gets its price from the entry's fill and starts to work."""
        row = self._orders.row(leg_id)
        if row.order.status is not OrderStatus.SUSPENDED or row.offset_ticks is None:
            return
        level = entry_ticks + row.offset_ticks
        is_stop = row.order.type is OrderType.STOP
        order = replace(
            row.order,
            status=OrderStatus.OPEN,
            stop_ticks=level if is_stop else None,
            limit_ticks=None if is_stop else level,
        )
        self._put(order)
        self._fill_if_marketable(order)

    def _amend(self, order_id: int, change: Change) -> None:
        order = self._orders.row(order_id).order
        if not order.is_working:
            return
        contract = self._contracts[order.contract_id]
        if change.size is not None:
            order = replace(order, size=change.size)
        if order.type is OrderType.LIMIT and change.limit_price is not None:
            order = replace(order, limit_ticks=contract.ticks(change.limit_price))
        if order.type is OrderType.STOP and change.stop_price is not None:
            order = replace(order, stop_ticks=contract.ticks(change.stop_price))
        self._put(order)
        self._fill_if_marketable(order)

    def _cancel(self, order_id: int) -> None:
        order = self._orders.row(order_id).order
        if not order.is_alive:
            return
        self._put(replace(order, status=OrderStatus.CANCELLED))
        for leg_id in self._orders.legs(order_id):
            self._cancel(leg_id)

    def _fill_if_marketable(self, order: Order) -> None:
        price = arrival_price(order, self._tops[order.contract_id])
        if price is not None:
            self._fill(order.id, price)

    def _fill(self, order_id: int, price_ticks: int) -> None:
        """The whole order trades; legs of its own wake up, a sibling is cancelled after a while."""
        row, latencies = self._orders.row(order_id), self._config.latencies
        order = replace(
            row.order,
            status=OrderStatus.FILLED,
            filled_size=row.order.size,
            filled_ticks=price_ticks,
        )
        self._out.append(self._orders.put(self._now, order, updated_at=row.updated_at))
        contract = self._contracts[order.contract_id]
        for booked in self._books.book(self._now, order, price_ticks, contract):
            self._out.append(FillMade(at=self._now, fill=booked.fill))
            self._later(latencies.position_ms, partial(self._tell, booked))
        for leg_id in self._orders.legs(order_id):
            is_stop = self._orders.row(leg_id).order.type is OrderType.STOP
            after_ms = latencies.stop_loss_ms if is_stop else latencies.target_ms
            self._later(after_ms, partial(self._activate, leg_id, price_ticks))
        for leg_id in self._orders.siblings(order):
            self._later(latencies.oco_ms, partial(self._cancel, leg_id))

    def _tell(self, booked: Booked) -> None:
        self._out.append(PositionChanged(at=self._now, position=booked.position))
        self._out.append(AccountChanged(at=self._now, account=booked.account))
