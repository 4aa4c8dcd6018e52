"""The legs of a bracket: they wake when their entry fills, and end when their sibling does.

Source: gateway reference, 7.3 to 7.6.
"""

from functools import partial

from msgspec.structs import replace

from pxcore.model import Order, OrderStatus, OrderType
from pxcore.paper.exchange.executions import Execution
from pxcore.paper.exchange.floor import Floor
from pxcore.paper.exchange.messages import LegsAfterClose
from pxcore.paper.exchange.order_desk import OrderDesk
from pxcore.paper.faults.venue import LegName, LegRefused, SiblingSurvives


class BracketLegs:
    def __init__(self, floor: Floor, desk: OrderDesk) -> None:
        self._orders = floor.orders
        self._books = floor.books
        self._agenda = floor.agenda
        self._config = floor.config
        self._faults = floor.faults
        self._desk = desk

    def follow(self, execution: Execution) -> None:
        """The legs of what traded wake up, its sibling goes after a while."""
        self._wake(execution)
        self._end_sibling(execution.after, execution.size)

    def end_leftovers(self, order: Order) -> None:
        """After an execution that left the account flat; only where the venue is set so."""
        if self._config.leftovers is not LegsAfterClose.CANCELLED:
            return
        if self._books.held(order.account_id, order.contract_id):
            return
        for other in self._orders.alive(order.account_id):
            if other.parent_id is not None and other.contract_id == order.contract_id:
                self._end_later(other.id)

    def resume(self, order: Order) -> None:
        """After a restart: its entry or its sibling may have filled just before."""
        if order.status is OrderStatus.SUSPENDED:
            entry = self._orders.row(order.parent_id or 0).order
            if entry.filled_size:
                ticks = self._orders.filled_cost[entry.id] // entry.filled_size
                action = partial(self._activate, order.id, ticks, entry.filled_size)
                self._agenda.later(self._config.latencies.target_ms, action)
        for sibling_id in self._orders.siblings(order):
            if self._orders.row(sibling_id).order.status is OrderStatus.FILLED:
                self._end_later(order.id)

    def _wake(self, execution: Execution) -> None:
        """Legs take their price from the first execution, which lies on the grid."""
        latencies, size = self._config.latencies, execution.size
        for leg_id in self._orders.legs(execution.before.id):
            is_target = self._orders.row(leg_id).order.type is OrderType.LIMIT
            after_ms = latencies.target_ms if is_target else latencies.stop_loss_ms
            action = (
                partial(self._grow, leg_id, size)
                if execution.before.filled_size
                else partial(self._activate, leg_id, execution.price_ticks, size)
            )
            self._agenda.later(after_ms, action)

    def _activate(self, leg_id: int, entry_ticks: int, size: int) -> None:
        """A suspended leg gets its price from the entry's fill and starts to work."""
        row = self._orders.row(leg_id)
        if row.order.status is not OrderStatus.SUSPENDED or row.offset_ticks is None:
            return
        level, type_ = entry_ticks + row.offset_ticks, row.order.type
        leg: LegName = "take_profit" if type_ is OrderType.LIMIT else "stop_loss"
        if self._faults.bites(LegRefused, self._agenda.now, lambda fault: fault.leg == leg):
            self._desk.put(replace(row.order, status=OrderStatus.REJECTED))
            return
        order = replace(
            row.order,
            status=OrderStatus.OPEN,
            size=size,
            stop_ticks=level if type_ is OrderType.STOP else None,
            limit_ticks=level if type_ is OrderType.LIMIT else None,
        )
        is_trailing = type_ is OrderType.TRAILING_STOP
        self._desk.put(order, trail_ticks=abs(row.offset_ticks) if is_trailing else None)
        if is_trailing:
            order = self._orders.set_level(leg_id, level)
        self._desk.fill_if_marketable(order)

    def _grow(self, leg_id: int, size: int) -> None:
        """More of the entry has filled: its legs protect that too (unrecorded: reference, 7.3)."""
        order = self._orders.row(leg_id).order
        if order.is_working:
            self._desk.put(replace(order, size=order.size + size))

    def _end_sibling(self, leg: Order, size: int) -> None:
        siblings = self._orders.siblings(leg)
        if not siblings or self._faults.bites(SiblingSurvives, self._agenda.now):
            return
        for sibling_id in siblings:
            if leg.is_alive:
                action = partial(self._shrink, sibling_id, size)
                self._agenda.later(self._config.latencies.oco_ms, action)
            else:
                self._end_later(sibling_id)

    def _shrink(self, leg_id: int, size: int) -> None:
        """The sibling has filled in part: so much less is left to protect (unrecorded)."""
        order = self._orders.row(leg_id).order
        if order.is_working and order.size - size > order.filled_size:
            self._desk.put(replace(order, size=order.size - size))
        elif order.is_alive:
            self._desk.cancel(leg_id)

    def _end_later(self, leg_id: int) -> None:
        action = partial(self._desk.cancel, leg_id)
        self._agenda.later(self._config.latencies.oco_ms, action)
