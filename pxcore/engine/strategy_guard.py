"""Asking user code what it wants, without letting it do harm: it may raise or talk nonsense."""

import msgspec

from pxcore.engine.events import Event
from pxcore.engine.execution import RiskManager
from pxcore.engine.strategy import Enter, Exit, MarketView, Strategy, Wait
from pxcore.model import Bracket, Side


class StrategyWish(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that a strategy wants, with its bracket and the size that the risk manager gave."""

    signal: Enter
    bracket: Bracket
    size: int


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """What it raised, or what was wrong with what it said."""

    error: str


def ask(
    strategy: Strategy, risk: RiskManager, event: Event, view: MarketView, bracket: Bracket
) -> StrategyWish | Exit | Wait | Failed | None:
    """What the strategy makes of the event. `bracket` is for an entry that names none."""
    try:
        signal = strategy.on_event(event, view)
        if signal is None:
            return None
        _require_sense(signal)
        if isinstance(signal, Exit | Wait):
            return signal
        bracket = signal.bracket or bracket
        size = risk.size(signal, bracket, view)
        if not isinstance(size, int):
            raise TypeError(f"a size must be a whole number, not {size!r}")
        return StrategyWish(signal=signal, bracket=bracket, size=size)
    except Exception as error:  # user code: whatever it is, it must not reach the engine
        return Failed(error=f"{strategy.name}: {error!r}")


def _require_sense(signal: object) -> None:
    """Raises TypeError: nothing checks what a strategy's author built."""
    if not isinstance(signal, Enter | Exit | Wait):
        raise TypeError(f"{signal!r} is neither Enter nor Exit nor Wait")
    if not isinstance(signal.reason, str):
        raise TypeError(f"a reason must be words, not {signal.reason!r}")
    if isinstance(signal, Exit | Wait):
        return
    if not isinstance(signal.side, Side):
        raise TypeError(f"a side must be buy or sell, not {signal.side!r}")
    bracket = signal.bracket
    if bracket is None:
        return
    distances = (bracket.stop_loss_ticks, bracket.take_profit_ticks)
    if not all(isinstance(ticks, int) for ticks in distances):
        raise TypeError(f"a bracket's distances must be whole ticks, not {distances!r}")
