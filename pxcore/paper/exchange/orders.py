"""Every order there ever was: its latest state, its legs, and which of them rest.

What an order shows is its row; what matching needs and nobody is told lies beside it: how far a
trailing stop has come, and that a stop-limit order has been triggered.
"""

import random
from collections.abc import Container, Iterable
from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from pxcore.model import Order, OrderStatus, OrderType
from pxcore.paper.exchange.matching import trailed
from pxcore.paper.exchange.messages import OrderChanged

_FIRST_ORDER_ID = 3_400_000_100
_ID_GAP_SHARE = 0.1  # of the ids that are followed by a gap


class OrderRegister:
    def __init__(self, rng: random.Random) -> None:
        self.last_id = _FIRST_ORDER_ID
        self.levels: dict[int, int] = {}  # of trailing stops, in ticks
        self.triggered: set[int] = set()  # stop-limit orders that are limit orders now
        self.filled_cost: dict[int, int] = {}  # ticks times contracts, of what has filled
        self._rng = rng
        self._rows: dict[int, OrderChanged] = {}
        self._alive: dict[int, None] = {}
        self._legs: dict[int, list[int]] = {}
        self._resting: dict[str, dict[int, Order]] = {}
        self._tags: dict[int, set[str]] = {}

    def next_id(self) -> int:
        gap = self._rng.randint(1, 3) if self._rng.random() < _ID_GAP_SHARE else 0
        self.last_id += 1 + gap
        return self.last_id

    def put(
        self,
        at: datetime,
        order: Order,
        *,
        updated_at: datetime | None = None,
        offset_ticks: int | None = None,
        trail_ticks: int | None = None,
        filled_price: Decimal | None = None,
    ) -> OrderChanged:
        """The order is so from `at` on. What is not said of distances and price stays as it was."""
        before = self._rows.get(order.id)
        if before is not None:
            offset_ticks = before.offset_ticks if offset_ticks is None else offset_ticks
            trail_ticks = before.trail_ticks if trail_ticks is None else trail_ticks
            filled_price = before.filled_price if filled_price is None else filled_price
        row = OrderChanged(
            at=at,
            order=order,
            updated_at=updated_at or at,
            offset_ticks=offset_ticks,
            trail_ticks=trail_ticks,
            filled_price=filled_price,
        )
        self.keep(row)
        return row

    def keep(self, row: OrderChanged) -> None:
        """This row is the order's latest."""
        order = row.order
        if order.id not in self._rows and order.parent_id is not None:
            self._legs.setdefault(order.parent_id, []).append(order.id)
        self._rows[order.id] = row
        if order.is_alive:
            self._alive[order.id] = None
        else:
            self._alive.pop(order.id, None)
        resting = self._resting.setdefault(order.contract_id, {})
        if order.is_working:
            resting[order.id] = self._as_it_rests(order)
        else:
            resting.pop(order.id, None)

    def row(self, order_id: int) -> OrderChanged:
        return self._rows[order_id]

    def find(self, account_id: int, order_id: int) -> Order | None:
        row = self._rows.get(order_id)
        return row.order if row and row.order.account_id == account_id else None

    def rows(self, account_id: int, statuses: Container[OrderStatus]) -> tuple[OrderChanged, ...]:
        """By id, so oldest first; of every status when none is named."""
        rows = (row for row in self._rows.values() if row.order.account_id == account_id)
        wanted = (row for row in rows if not statuses or row.order.status in statuses)
        return tuple(sorted(wanted, key=lambda row: row.order.id))

    @property
    def all_rows(self) -> tuple[OrderChanged, ...]:
        return tuple(self._rows.values())

    def alive(self, account_id: int) -> tuple[Order, ...]:
        """Those that trade or may yet, oldest first."""
        orders = (self._rows[order_id].order for order_id in self._alive)
        return tuple(order for order in orders if order.account_id == account_id)

    @property
    def is_any_alive(self) -> bool:
        return bool(self._alive)

    # What rests

    def resting(self, contract_id: str) -> tuple[Order, ...]:
        """Working orders in a contract as matching sees them, by seniority."""
        resting = self._resting.get(contract_id)
        return tuple(resting.values()) if resting else ()

    def trail(self, order: Order, last_ticks: int | None) -> Order:
        """The trailing stop after a trade there, as it rests now."""
        distance = self._rows[order.id].trail_ticks
        if distance is None or last_ticks is None:
            return order
        level = trailed(order.side, self.levels.get(order.id), last_ticks, distance)
        return order if level == order.stop_ticks else self.set_level(order.id, level)

    def set_level(self, order_id: int, level: int) -> Order:
        self.levels[order_id] = level
        return self._refresh(order_id)

    def trigger(self, order_id: int) -> Order:
        """A stop-limit order is a limit order from now on."""
        self.triggered.add(order_id)
        return self._refresh(order_id)

    def as_it_rests(self, order_id: int) -> Order:
        return self._as_it_rests(self._rows[order_id].order)

    def _refresh(self, order_id: int) -> Order:
        order = self.as_it_rests(order_id)
        if order.is_working:
            self._resting[order.contract_id][order_id] = order
        return order

    def _as_it_rests(self, order: Order) -> Order:
        if order.type is OrderType.TRAILING_STOP:
            return replace(order, stop_ticks=self.levels.get(order.id))
        if order.id in self.triggered:
            return replace(order, stop_ticks=None)
        return order

    # Families and tags

    def legs(self, entry_id: int) -> tuple[int, ...]:
        return tuple(self._legs.get(entry_id, ()))

    def siblings(self, leg: Order) -> tuple[int, ...]:
        """The other leg of the same bracket, if it has one."""
        family = () if leg.parent_id is None else self.legs(leg.parent_id)
        return tuple(leg_id for leg_id in family if leg_id != leg.id)

    def tags(self, account_id: int) -> set[str]:
        return self._tags.setdefault(account_id, set())

    def use(self, account_id: int, tags: Iterable[str]) -> None:
        """These tags are taken for ever."""
        self.tags(account_id).update(tags)
