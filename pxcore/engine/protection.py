"""Is the position guarded? Judges the two legs of an entry's bracket against what is held."""

from collections.abc import Collection, Iterable

import msgspec

from pxcore.model import Bracket, Order, OrderStatus, OrderType, Side


class Protection(msgspec.Struct, frozen=True, kw_only=True):
    """The legs as seen, and what is wrong with them (None when both are as they must be)."""

    stop: Order | None
    target: Order | None
    problem: str | None

    @property
    def is_whole(self) -> bool:
        return self.problem is None


def legs_of(orders: Iterable[Order], *, entry_id: int | None, tag: str) -> list[Order]:
    """The entry's legs: by parent where the venue names it, else by our tag with its suffix."""
    tags = (f"{tag}-SL", f"{tag}-TP")
    return [
        o for o in orders if (entry_id is not None and o.parent_id == entry_id) or o.tag in tags
    ]


def judge_protection(
    legs: Iterable[Order],
    *,
    exposure: int,
    entry_ticks: int | None,
    bracket: Bracket,
    asked_stops: Collection[int] = (),
) -> Protection:
    """Both legs working, on the closing side, for all that is held, at the agreed distance.

    The stop may also be at one of the levels, in ticks, to which we asked to move it. The price
    is held against the entry's fill when that is known (gateway reference, 7.3).
    """
    alive = [o for o in legs if o.is_alive]
    stop = next((o for o in alive if o.type in (OrderType.STOP, OrderType.TRAILING_STOP)), None)
    target = next((o for o in alive if o.type is OrderType.LIMIT), None)
    closing = Side.SELL if exposure > 0 else Side.BUY
    away = 1 if exposure > 0 else -1

    def problem(name: str, leg: Order | None, price: int | None, distance: int) -> str | None:
        if leg is None:
            return f"no {name} leg"
        if leg.status is not OrderStatus.OPEN:
            return f"{name} leg is {leg.status}"
        if leg.side is not closing:
            return f"{name} leg is on the {leg.side} side of a position of {exposure}"
        if leg.size - leg.filled_size != abs(exposure):
            return f"{name} leg is for {leg.size - leg.filled_size} of {abs(exposure)}"
        is_moved = leg is stop and price in asked_stops
        if entry_ticks is not None and not is_moved and price != entry_ticks + distance:
            return f"{name} leg is at {price} ticks, agreed was {entry_ticks + distance}"
        return None

    stop_problem = problem(
        "stop", stop, stop.stop_ticks if stop else None, -away * bracket.stop_loss_ticks
    )
    target_problem = problem(
        "target", target, target.limit_ticks if target else None, away * bracket.take_profit_ticks
    )
    return Protection(stop=stop, target=target, problem=stop_problem or target_problem)
