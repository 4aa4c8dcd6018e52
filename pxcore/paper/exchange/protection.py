"""Position Brackets mode: the venue protects the net position, in dollars (reference, 7.2).

Two untagged orders follow each position: born after its fill, as large as it is, priced from its
average, cancelled when it is flat. How the venue words and times them was never recorded.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from msgspec.structs import replace

from pxcore.model import Contract, Order, OrderStatus, OrderType, Side
from pxcore.paper.exchange.books import HeldPosition
from pxcore.paper.exchange.messages import PositionBrackets
from pxcore.paper.exchange.orders import OrderRegister


class PositionBracketOrders:
    """Which two orders protect what."""

    def __init__(self, orders: OrderRegister) -> None:
        self._orders = orders
        self.ids: dict[tuple[int, str], tuple[int, int]] = {}  # stop loss, take profit

    def ids_of(self, account_id: int) -> tuple[int, ...]:
        """The newest ones of each of the account's contracts, alive or not."""
        mine = (ids for (owner_id, _), ids in self.ids.items() if owner_id == account_id)
        return tuple(order_id for ids in mine for order_id in ids)

    def orders(
        self,
        now: datetime,
        account_id: int,
        contract: Contract,
        holding: HeldPosition | None,
        brackets: PositionBrackets,
    ) -> Iterable[Order]:
        """The orders as they must be now, those alone that are not so already."""
        key = (account_id, contract.id)
        alive = [
            order
            for order_id in self.ids.get(key, ())
            if (order := self._orders.row(order_id).order).is_alive
        ]
        side = _exit_side(holding)
        if holding is None or any(order.side is not side for order in alive):
            for order in alive:
                yield replace(order, status=OrderStatus.CANCELLED)
            alive = []
        if holding is None:
            return
        if len(alive) < 2:
            yield from (replace(order, status=OrderStatus.CANCELLED) for order in alive)
            alive = [self._new(now, holding, type_) for type_ in (OrderType.STOP, OrderType.LIMIT)]
            self.ids[key] = (alive[0].id, alive[1].id)
        yield from (
            wanted
            for order in alive
            if (wanted := _sized(order, holding, contract, brackets)) != order
        )

    def _new(self, now: datetime, holding: HeldPosition, type_: OrderType) -> Order:
        return Order(
            id=self._orders.next_id(),
            account_id=holding.position.account_id,
            contract_id=holding.position.contract_id,
            status=OrderStatus.OPEN,
            type=type_,
            side=_exit_side(holding),
            size=abs(holding.position.size),
            created_at=now,
        )


def _exit_side(holding: HeldPosition | None) -> Side:
    return Side.SELL if holding is not None and holding.position.size > 0 else Side.BUY


def _sized(
    order: Order, holding: HeldPosition, contract: Contract, brackets: PositionBrackets
) -> Order:
    """As large as the position, and as far from its average as the dollars for it allow."""
    size = abs(holding.position.size)
    is_stop = order.type is OrderType.STOP
    level = _level(holding, contract, -brackets.loss_usd if is_stop else brackets.profit_usd)
    return replace(
        order,
        size=size + order.filled_size,
        stop_ticks=level if is_stop else None,
        limit_ticks=None if is_stop else level,
    )


def _level(holding: HeldPosition, contract: Contract, gain_usd: Decimal) -> int:
    """The whole tick at which the position has gained so much, rounded towards its average."""
    per_tick = Fraction(contract.tick_value) * holding.position.size
    return int(holding.average_ticks + Fraction(gain_usd) / per_tick)
