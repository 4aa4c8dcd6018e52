"""Position Brackets mode: the venue protects the net position, in dollars (reference, 7.2).

Two untagged orders follow each position: born after its fill, as large as it is, priced from its
average, cancelled when it is flat. How the venue words and times them was never recorded.
"""

import dataclasses
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from functools import partial

from msgspec.structs import replace

from pxcore.model import Contract, Order, OrderStatus, OrderType, Side
from pxcore.paper.exchange.books import HeldPosition
from pxcore.paper.exchange.floor import Floor
from pxcore.paper.exchange.messages import AccountSpec, BracketMode, PositionBrackets
from pxcore.paper.exchange.order_desk import OrderDesk


class PositionBracketOrders:
    """Which two orders protect what, and which mode each account is in.

    `ids` are the newest two by account and contract, stop loss and take profit, alive or not.
    """

    def __init__(self, specs: Iterable[AccountSpec], floor: Floor, desk: OrderDesk) -> None:
        self.ids: dict[tuple[int, str], tuple[int, int]] = {}
        self._specs = {spec.id: spec for spec in specs}
        self._contracts = floor.contracts
        self._orders = floor.orders
        self._books = floor.books
        self._agenda = floor.agenda
        self._config = floor.config
        self._desk = desk

    def mode(self, account_id: int) -> BracketMode | None:
        """None for an account that does not exist."""
        spec = self._specs.get(account_id)
        return spec.bracket_mode if spec else None

    def switch(self, account_id: int, mode: BracketMode) -> None:
        """Position Brackets come for what is held, and go with their mode."""
        spec = self._specs[account_id]
        self._specs[account_id] = dataclasses.replace(spec, bracket_mode=mode)
        if mode is BracketMode.AUTO_OCO:
            for order_id in self._ids_of(account_id):
                self._desk.cancel(order_id)
            return
        for position in self._books.positions(account_id):
            self._protect_later(account_id, position.contract_id)

    def follow(self, order: Order) -> None:
        """After an execution of this order."""
        spec = self._specs[order.account_id]
        if spec.bracket_mode is BracketMode.POSITION and spec.position_brackets:
            self._protect_later(order.account_id, order.contract_id)

    def resume(self) -> None:
        """After a restart: wherever Position Brackets are, or must be."""
        held = [
            (held.position.account_id, held.position.contract_id)
            for held in self._books.holdings
            if self.mode(held.position.account_id) is BracketMode.POSITION
        ]
        for account_id, contract_id in dict.fromkeys([*held, *self.ids]):
            self._protect_later(account_id, contract_id)

    def _ids_of(self, account_id: int) -> tuple[int, ...]:
        mine = (ids for (owner_id, _), ids in self.ids.items() if owner_id == account_id)
        return tuple(order_id for ids in mine for order_id in ids)

    def _protect_later(self, account_id: int, contract_id: str) -> None:
        action = partial(self._protect, account_id, contract_id)
        self._agenda.later(self._config.latencies.target_ms, action)

    def _protect(self, account_id: int, contract_id: str) -> None:
        """The venue's own two orders follow the position."""
        spec = self._specs[account_id]
        brackets = spec.position_brackets
        if brackets is None or spec.bracket_mode is not BracketMode.POSITION:
            return
        held = self._books.holding(account_id, contract_id)
        for order in self._orders_to_put((account_id, contract_id), held, brackets):
            self._desk.put(order)
            if order.is_working:
                self._desk.fill_if_marketable(order)

    def _orders_to_put(
        self, key: tuple[int, str], held: HeldPosition | None, brackets: PositionBrackets
    ) -> Iterable[Order]:
        """The orders as they must be now, those alone that are not so already."""
        alive = [
            order
            for order_id in self.ids.get(key, ())
            if (order := self._orders.row(order_id).order).is_alive
        ]
        side = _exit_side(held)
        if held is None or any(order.side is not side for order in alive):
            for order in alive:
                yield replace(order, status=OrderStatus.CANCELLED)
            alive = []
        if held is None:
            return
        if len(alive) < 2:
            yield from (replace(order, status=OrderStatus.CANCELLED) for order in alive)
            alive = [self._new(held, type_) for type_ in (OrderType.STOP, OrderType.LIMIT)]
            self.ids[key] = (alive[0].id, alive[1].id)
        contract = self._contracts[held.position.contract_id]
        yield from (
            wanted
            for order in alive
            if (wanted := _sized(order, held, contract, brackets)) != order
        )

    def _new(self, held: HeldPosition, type_: OrderType) -> Order:
        return Order(
            id=self._orders.next_id(),
            account_id=held.position.account_id,
            contract_id=held.position.contract_id,
            status=OrderStatus.OPEN,
            type=type_,
            side=_exit_side(held),
            size=abs(held.position.size),
            created_at=self._agenda.now,
        )


def _exit_side(held: HeldPosition | None) -> Side:
    return Side.SELL if held is not None and held.position.size > 0 else Side.BUY


def _sized(
    order: Order, held: HeldPosition, contract: Contract, brackets: PositionBrackets
) -> Order:
    """As large as the position, and as far from its average as the dollars for it allow."""
    size = abs(held.position.size)
    is_stop = order.type is OrderType.STOP
    level = _level(held, contract, -brackets.loss_usd if is_stop else brackets.profit_usd)
    return replace(
        order,
        size=size + order.filled_size,
        stop_ticks=level if is_stop else None,
        limit_ticks=None if is_stop else level,
    )


def _level(held: HeldPosition, contract: Contract, gain_usd: Decimal) -> int:
    """The whole tick at which the position has gained so much, rounded towards its average."""
    per_tick = Fraction(contract.tick_value) * held.position.size
    return int(held.average_ticks + Fraction(gain_usd) / per_tick)
