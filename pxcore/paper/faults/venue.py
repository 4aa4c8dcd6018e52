"""Faults of the exchange itself: what a venue does to orders on a bad day. Pure values.

Most were met by somebody (gateway reference, 6.7, 7.2, 7.5, 7.11 and 8); each docstring says when
it has its occasion.
"""

from typing import Literal

from pxcore.model import OrderType, Side
from pxcore.paper.faults.base import Fault, Timed

LegName = Literal["stop_loss", "take_profit"]


class OrderPending(Fault, frozen=True, kw_only=True, tag_field="fault", tag="order_pending"):
    """A good instruction is answered "still being processed"; it may have been taken.

    Occasion: an instruction `on` place, modify, cancel or close (partial closes included) that
    would have been accepted. `took_effect` says whether it was carried out all the same.
    """

    on: Literal["place", "modify", "cancel", "close"] = "place"
    took_effect: bool = True


class AsyncReject(Fault, frozen=True, kw_only=True, tag_field="fault", tag="async_reject"):
    """An accepted order is rejected milliseconds later, on the stream, without a reason.

    Occasion: an accepted order begins to work. Its bracket legs are cancelled.
    """


class PartialFill(Fault, frozen=True, kw_only=True, tag_field="fault", tag="partial_fill"):
    """An execution is of `size` contracts only; the rest follows `rest_after_ms` later.

    Occasion: an execution of more than `size`. Without `rest_after_ms` nothing brings the rest:
    a market order stays open and partly filled, a limit order waits for the market.
    """

    size: int = 1
    rest_after_ms: float | None = 500.0


class FillDelayed(Fault, frozen=True, kw_only=True, tag_field="fault", tag="fill_delayed"):
    """An order takes `ms` longer until it works. Occasion: an order is accepted."""

    ms: float = 2000.0


class BracketsRefused(Fault, frozen=True, kw_only=True, tag_field="fault", tag="brackets_refused"):
    """The account is taken to be in Position Brackets mode. Occasion: an order with brackets."""


class LegMissing(Fault, frozen=True, kw_only=True, tag_field="fault", tag="leg_missing"):
    """One leg is never born, and nobody says so. Occasion: an accepted order with that leg."""

    leg: LegName = "stop_loss"


class LegRefused(Fault, frozen=True, kw_only=True, tag_field="fault", tag="leg_refused"):
    """A leg is rejected in a fast market when its entry has filled. Occasion: it would start."""

    leg: LegName = "stop_loss"


class SiblingSurvives(Fault, frozen=True, kw_only=True, tag_field="fault", tag="sibling_survives"):
    """A filled leg does not cancel the other one. Occasion: a leg has filled."""


class ForcedLiquidation(
    Timed, frozen=True, kw_only=True, tag_field="fault", tag="forced_liquidation"
):
    """The venue cancels and closes everything on an account, then lets nobody trade on it.

    `account_id` None means every account; `lock` is until the next trading day, or for good.
    """

    account_id: int | None = None
    lock: Literal["day", "failed"] = "day"


class BracketModeSwitched(
    Timed, frozen=True, kw_only=True, tag_field="fault", tag="bracket_mode_switched"
):
    """A person switches the account's bracket mode on the platform, in the middle of the day.

    `account_id` None means every account. What the venue does to a position that is held then was
    never recorded: here its own brackets come, or go.
    """

    account_id: int | None = None
    to: Literal["auto_oco", "position"] = "position"


class ForeignOrder(Timed, frozen=True, kw_only=True, tag_field="fault", tag="foreign_order"):
    """An order that no client of ours placed: the platform, a copier, another bot.

    `contract_id` None means the first contract with a market, `account_id` None the first account.
    `ticks_away` is a limit or stop order's distance from the market, on its passive side.
    """

    account_id: int | None = None
    contract_id: str | None = None
    side: Side = Side.BUY
    size: int = 1
    type: OrderType = OrderType.MARKET
    ticks_away: int = 20
    tag: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.type not in (OrderType.MARKET, OrderType.LIMIT, OrderType.STOP) or self.size < 1:
            raise ValueError(
                f"type {self.type} must be market, limit or stop, size {self.size} above 0"
            )


VenueFault = (
    OrderPending
    | AsyncReject
    | PartialFill
    | FillDelayed
    | BracketsRefused
    | LegMissing
    | LegRefused
    | SiblingSurvives
    | ForcedLiquidation
    | BracketModeSwitched
    | ForeignOrder
)
