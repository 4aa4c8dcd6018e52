"""When a stop of our own is placed, and what is swept once the position is gone: see `own_stop`."""

from pxcore.engine.commands import CancelOrder, PlaceStop
from pxcore.engine.state import State
from pxcore.model import Side


class Sweeper:
    """Cancels, each once, what is alive on our contract when the position is gone."""

    def __init__(self) -> None:
        self._swept: set[int] = set()

    def sweep(self, state: State) -> list[CancelOrder]:
        contract_id, own = state.config.contract.id, state.own_stop
        left = {o.id for o in state.book.alive_orders() if o.contract_id == contract_id}
        if own is not None and own.order_id is not None and not own.is_over:
            left.add(own.order_id)
        fresh = sorted(left - self._swept)
        self._swept.update(fresh)
        return [CancelOrder(order_id=i, contract_id=contract_id) for i in fresh]


def wanted_stop(state: State) -> PlaceStop | None:
    """The stop that this position lacks, or None where only a flatten helps.

    Only for a settled position whose target is as it must be, and never at or beyond the market,
    by the last price that was believed: the venue would refuse it there (gateway reference, 2.9).
    """
    entry, holding, market = state.entry, state.book.holding, state.market
    if not state.config.places_stops or state.own_stop is not None or not holding.is_settled:
        return None
    if entry is None or not entry.is_over or state.is_reversed:
        return None
    guarded = state.protection()
    if guarded.stop is not None or guarded.target_problem is not None:
        return None
    direction = 1 if holding.exposure > 0 else -1
    opened = state.opened_ticks()
    price = market.exit_ticks(direction)
    if opened is None or price is None:
        return None
    level = opened - direction * entry.bracket.stop_loss_ticks
    if direction * (price - level) < 1 or not state.config.contract.can_be_at(level):
        return None
    return PlaceStop(
        tag=f"{entry.tag}-OS",
        contract_id=state.config.contract.id,
        side=Side.SELL if direction > 0 else Side.BUY,
        size=abs(holding.exposure),
        stop_ticks=level,
        reason=f"{guarded.stop_problem}",
    )
