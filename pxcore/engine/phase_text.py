"""What a phase means right now, in a sentence for a person."""

from pxcore.engine.phase import Phase
from pxcore.engine.protection import legs_of
from pxcore.engine.state import State
from pxcore.model import Order, OrderStatus, OrderType

_NAMES = {OrderType.STOP: "stop", OrderType.TRAILING_STOP: "stop", OrderType.LIMIT: "target"}


def describe(state: State, before: Phase) -> str:
    """Why the phase that `state` has just entered is the one it is in."""
    holding, contract = state.book.holding, state.config.contract
    match state.phase:
        case Phase.ENTERING:
            return "entry sent, waiting for its fill"
        case Phase.UNPROTECTED:
            return f"holding {holding.exposure:+d}: {state.protection().problem}"
        case Phase.PROTECTED:
            protection = state.protection()
            stop, target = protection.stop, protection.target
            stop_ticks = stop.stop_ticks if stop else None
            target_ticks = target.limit_ticks if target else None
            if stop_ticks is None or target_ticks is None:
                return "both legs working"
            return (
                f"both legs working: stop {contract.price(stop_ticks)}, "
                f"target {contract.price(target_ticks)}"
            )
        case Phase.SETTLING:
            return f"{_legs(state)}; waiting for the rest"
        case Phase.FLATTENING:
            return f"flattening from {before}"
        case Phase.FLAT:
            last = state.book.last_closed()
            net = f", last trade {last.net_usd:+.2f} USD net" if last is not None else ""
            legs = f"{_legs(state)}: " if state.entry is not None else ""
            return f"{legs}flat, no order alive{net}"


def _legs(state: State) -> str:
    entry = state.entry
    if entry is None:
        return "orders alive that this session did not send"
    legs = legs_of(state.book.orders.values(), entry_id=entry.order_id, tag=entry.tag)
    return ", ".join(_leg(leg, state) for leg in legs) or "no legs seen"


def _leg(leg: Order, state: State) -> str:
    name = _NAMES.get(leg.type, str(leg.type))
    if leg.status is OrderStatus.FILLED and leg.filled_ticks is not None:
        return f"{name} filled at {state.config.contract.price(leg.filled_ticks)}"
    return f"{name} {leg.status}"
