"""Every order there ever was: its latest state, its legs, and which of them rest.

Orders are built here, so ids, tags and the family ties of a bracket (gateway reference, 7.3) have
one home. Tags are never given back: a rejected order keeps its own, legs theirs.
"""

import random
from collections.abc import Container
from datetime import datetime

from pxcore.model import Contract, Order, OrderStatus, OrderType
from pxcore.paper.exchange.refusals import order_tags
from pxcore.paper.exchange.terms import Leg, OrderChanged, PlaceRequest

_FIRST_ORDER_ID = 3_400_000_100
_ID_GAP_SHARE = 0.1  # of the ids that are followed by a gap


class Orders:
    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._last_id = _FIRST_ORDER_ID
        self._rows: dict[int, OrderChanged] = {}
        self._legs: dict[int, tuple[int, ...]] = {}
        self._resting: dict[str, dict[int, Order]] = {}
        self._tags: dict[int, set[str]] = {}

    def put(
        self,
        at: datetime,
        order: Order,
        *,
        updated_at: datetime | None = None,
        offset_ticks: int | None = None,
    ) -> OrderChanged:
        """The order is so from `at` on."""
        row = OrderChanged(
            at=at, order=order, updated_at=updated_at or at, offset_ticks=offset_ticks
        )
        self._rows[order.id] = row
        resting = self._resting.setdefault(order.contract_id, {})
        if order.is_working:
            resting[order.id] = order
        else:
            resting.pop(order.id, None)
        return row

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

    def resting(self, contract_id: str) -> tuple[Order, ...]:
        """Working orders in a contract, by seniority."""
        resting = self._resting.get(contract_id)
        return tuple(resting.values()) if resting else ()

    @property
    def is_any_alive(self) -> bool:
        return any(row.order.is_alive for row in self._rows.values())

    def legs(self, entry_id: int) -> tuple[int, ...]:
        return self._legs.get(entry_id, ())

    def siblings(self, leg: Order) -> tuple[int, ...]:
        """The other leg of the same bracket, if it has one."""
        family = () if leg.parent_id is None else self._legs[leg.parent_id]
        return tuple(leg_id for leg_id in family if leg_id != leg.id)

    def tags(self, account_id: int) -> Container[str]:
        return self._tags.get(account_id, ())

    def new_entry(
        self, at: datetime, account_id: int, request: PlaceRequest, contract: Contract
    ) -> list[OrderChanged]:
        """Books an accepted order and its legs, in the order they are told: stop, entry, target."""
        limit, stop = request.limit_price, request.stop_price
        entry = Order(
            id=self._next_id(),
            account_id=account_id,
            contract_id=contract.id,
            status=OrderStatus.PENDING,
            type=request.type,
            side=request.side,
            size=request.size,
            created_at=at,
            limit_ticks=(
                contract.ticks(limit) if limit and request.type is OrderType.LIMIT else None
            ),
            stop_ticks=contract.ticks(stop) if stop and request.type is OrderType.STOP else None,
            tag=request.tag,
        )
        self._use(account_id, *order_tags(request))
        stop_leg = request.stop_loss and self._new_leg(entry, request.stop_loss, "SL", None)
        target_leg = request.take_profit and self._new_leg(
            entry, request.take_profit, "TP", stop_leg.id if stop_leg else None
        )
        self._legs[entry.id] = tuple(leg.id for leg in (stop_leg, target_leg) if leg)
        told = []
        if stop_leg and request.stop_loss:
            told.append(self.put(at, stop_leg, offset_ticks=request.stop_loss.ticks))
        told.append(self.put(at, entry))
        if target_leg and request.take_profit:
            told.append(self.put(at, target_leg, offset_ticks=request.take_profit.ticks))
        return told

    def new_rejected(self, at: datetime, account_id: int, request: PlaceRequest) -> OrderChanged:
        """The row of a refused order. Its prices are left out: they may be off the grid."""
        if request.tag is not None:
            self._use(account_id, request.tag)
        order = Order(
            id=self._next_id(),
            account_id=account_id,
            contract_id=request.contract_id,
            status=OrderStatus.REJECTED,
            type=request.type,
            side=request.side,
            size=request.size,
            created_at=at,
            tag=request.tag,
        )
        return self.put(at, order)

    def _new_leg(self, entry: Order, leg: Leg, suffix: str, linked_id: int | None) -> Order:
        return Order(
            id=self._next_id(),
            account_id=entry.account_id,
            contract_id=entry.contract_id,
            status=OrderStatus.SUSPENDED,
            type=leg.type,
            side=entry.side.opposite,
            size=entry.size,
            created_at=entry.created_at,
            tag=None if entry.tag is None else f"{entry.tag}-{suffix}",
            parent_id=entry.id,
            linked_id=linked_id,
        )

    def _use(self, account_id: int, *tags: str) -> None:
        self._tags.setdefault(account_id, set()).update(tags)

    def _next_id(self) -> int:
        gap = self._rng.randint(1, 3) if self._rng.random() < _ID_GAP_SHARE else 0
        self._last_id += 1 + gap
        return self._last_id
