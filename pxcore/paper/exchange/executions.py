"""Executions: how much of an order trades, at what price, and what that moves in the books.

What an execution brings about is for those above: they get it as a value, an `Execution`.
"""

import random
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial

from msgspec.structs import replace

from pxcore.model import Order, OrderStatus, OrderType
from pxcore.paper.exchange.books import Booked
from pxcore.paper.exchange.floor import Floor
from pxcore.paper.exchange.ledger import average_price
from pxcore.paper.exchange.messages import AccountChanged, FillMade, PositionChanged
from pxcore.paper.faults.venue import PartialFill


@dataclass(frozen=True, slots=True)
class Execution:
    """An order before and after `size` contracts of it traded.

    What is left is tried again after `rest_after_ms`; None when nothing is, or it rests.
    """

    before: Order
    after: Order
    size: int
    price_ticks: int
    rest_after_ms: float | None


class Executions:
    """The order's new row and its fills are told at once, position and account a while later.

    A stop slips by seeded dice of its own.
    """

    def __init__(self, floor: Floor, *, seed: int) -> None:
        self._contracts = floor.contracts
        self._orders = floor.orders
        self._books = floor.books
        self._agenda = floor.agenda
        self._config = floor.config
        self._faults = floor.faults
        self._tell = floor.tell
        self._slips = random.Random(f"{seed}/slippage")  # noqa: S311 - a market, no secret

    def execute(
        self, order_id: int, price_ticks: int, *, extra_fee_usd: Decimal
    ) -> Execution | None:
        """The order trades, whole or in part; None when it has ended already."""
        before = self._orders.row(order_id).order
        if not before.is_alive:
            return None
        size, rest_ms = self._clip(before.size - before.filled_size)
        price_ticks += self._slip(before)
        after = self._filled(before, size, price_ticks)
        self._book(after, size, price_ticks, extra_fee_usd)
        return Execution(before, after, size, price_ticks, rest_ms if after.is_working else None)

    def _clip(self, left: int) -> tuple[int, float | None]:
        """How much of what is left trades now, and after how many ms the rest is tried."""
        fault = self._faults.bites(PartialFill, self._agenda.now, lambda fault: fault.size < left)
        if fault is not None:
            return fault.size, fault.rest_after_ms
        clips = self._config.clips
        return (left, None) if clips is None else (min(left, clips.size), clips.gap_ms)

    def _slip(self, order: Order) -> int:
        most = self._config.stop_slippage_ticks_max
        is_stop = order.type in (OrderType.STOP, OrderType.TRAILING_STOP)
        return order.side.sign * self._slips.randint(0, most) if most and is_stop else 0

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

    def _book(self, after: Order, size: int, price_ticks: int, extra_fee_usd: Decimal) -> None:
        contract, now = self._contracts[after.contract_id], self._agenda.now
        average = Fraction(self._orders.filled_cost[after.id], after.filled_size)
        row = self._orders.put(
            now,
            after,
            updated_at=self._orders.row(after.id).updated_at,
            filled_price=average_price(contract, average),
        )
        self._tell(row)
        for booked in self._books.book(
            now, after, size, price_ticks, contract, extra_fee_usd=extra_fee_usd
        ):
            self._tell(FillMade(at=now, fill=booked.fill))
            self._agenda.later(
                self._config.latencies.position_ms, partial(self._tell_position, booked)
            )

    def _tell_position(self, booked: Booked) -> None:
        account = self._books.account(booked.account.id)
        can_trade = account.can_trade if account else booked.account.can_trade
        self._tell(PositionChanged(at=self._agenda.now, position=booked.position))
        told = replace(booked.account, can_trade=can_trade)
        self._tell(AccountChanged(at=self._agenda.now, account=told))
