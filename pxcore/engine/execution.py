"""From a signal to an order: how many contracts, and what is sent. Two small protocols.

The gates stand between the two: what a `RiskManager` wants is reviewed, and only an `Approved`
reaches the `ExecutionPolicy`.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

from pxcore.engine.commands import PlaceEntry
from pxcore.engine.config import EngineConfig, Limits
from pxcore.engine.gates import Approved
from pxcore.engine.limits import worst_case_usd
from pxcore.engine.strategy import Enter, MarketView
from pxcore.model import Bracket, Contract


class RiskManager(Protocol):
    def size(self, signal: Enter, bracket: Bracket, view: MarketView) -> int:
        """Contracts for this entry; below one is an entry that is not taken."""
        ...


class FixedSize:
    """The same number of contracts every time."""

    def __init__(self, contracts: int) -> None:
        self._contracts = contracts

    def size(self, signal: Enter, bracket: Bracket, view: MarketView) -> int:
        return self._contracts


def size_for_risk(contract: Contract, limits: Limits, *, stop_ticks: int, risk_usd: Decimal) -> int:
    """As many contracts as lose at most `risk_usd` at the stop; below one there is no entry."""
    each_usd = worst_case_usd(contract, limits, stop_ticks=stop_ticks, size=1)
    return min(int(risk_usd // each_usd), limits.contracts_max)


class FixedRisk:
    """As many contracts as lose at most `usd` at the stop, slippage and costs included.

    `limits` are asked for each time: they may have been tightened.
    """

    def __init__(self, usd: Decimal, limits: Callable[[], Limits]) -> None:
        self._usd = usd
        self._limits = limits

    def size(self, signal: Enter, bracket: Bracket, view: MarketView) -> int:
        limits = self._limits()
        return size_for_risk(
            view.contract, limits, stop_ticks=bracket.stop_loss_ticks, risk_usd=self._usd
        )


def make_risk_manager(config: EngineConfig, limits: Callable[[], Limits]) -> RiskManager:
    """What the session's terms say, within the limits of the moment."""
    if config.risk_usd_per_trade is None:
        return FixedSize(config.size)
    return FixedRisk(config.risk_usd_per_trade, limits)


class ExecutionPolicy(Protocol):
    def entry(self, approved: Approved, contract: Contract, *, tag: str) -> PlaceEntry:
        """The instruction that an approved entry becomes."""
        ...


class BracketedMarket:
    """At market, with both legs of the bracket on the venue's side from the first moment."""

    def entry(self, approved: Approved, contract: Contract, *, tag: str) -> PlaceEntry:
        return PlaceEntry(
            tag=tag,
            contract_id=contract.id,
            side=approved.signal.side,
            size=approved.size,
            bracket=approved.bracket,
            reason=approved.signal.reason,
        )
