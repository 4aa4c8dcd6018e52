"""Is the position guarded? Judges its stop and its target against what is held."""

from collections.abc import Collection, Iterable

import msgspec

from pxcore.model import Bracket, Order, OrderStatus, OrderType, Side

STOPS = (OrderType.STOP, OrderType.TRAILING_STOP)


class Protection(msgspec.Struct, frozen=True, kw_only=True):
    """The legs as seen, and what is wrong with each (None when it is as it must be).

    `is_doubled`: more than one stop is alive, and both filling would open the other way.
    """

    stop: Order | None
    target: Order | None
    stop_problem: str | None
    target_problem: str | None
    is_doubled: bool = False

    @property
    def problem(self) -> str | None:
        return self.stop_problem or self.target_problem

    @property
    def is_whole(self) -> bool:
        return self.problem is None


def leg_tags(tag: str) -> tuple[str, str]:
    """What the venue calls the legs of the entry with this tag: its stop and its target."""
    return f"{tag}-SL", f"{tag}-TP"


def legs_of(
    orders: Iterable[Order], *, entry_id: int | None, tag: str, stop_tag: str | None = None
) -> list[Order]:
    """The entry's legs: by parent where the venue names it, else by our tag with its suffix.

    `stop_tag` is that of a stop of our own.
    """
    tags = (*leg_tags(tag), stop_tag) if stop_tag is not None else leg_tags(tag)
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
    needs_target: bool = True,
) -> Protection:
    """Both legs working, on the closing side, for all that is held, at the agreed distance.

    The stop may also be at one of the levels, in ticks, to which we asked to move it. The price
    is held against the entry's fill when that is known (gateway reference, 7.3).
    """
    alive = [o for o in legs if o.is_alive]
    stops = [o for o in alive if o.type in STOPS]
    stop = stops[0] if stops else None
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
    others = len(alive) - sum(leg is not None for leg in (stop, target))
    if others:
        stop_problem = f"{others} orders more than a stop and a target are alive"
    return Protection(
        stop=stop,
        target=target,
        stop_problem=stop_problem,
        target_problem=target_problem if needs_target or target is not None else None,
        is_doubled=len(stops) > 1,
    )
