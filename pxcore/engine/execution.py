"""From a signal to an order: how many contracts, and what is sent. Two small protocols.

The gates stand between the two: what a `RiskManager` wants is reviewed, and only an `Approved`
reaches the `ExecutionPolicy`.
"""

from decimal import Decimal
from typing import Protocol

from pxcore.engine.commands import PlaceEntry
from pxcore.engine.config import EngineConfig
from pxcore.engine.gates import Approved
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


class FixedRisk:
    """As many contracts as lose at most `usd` at the stop, slippage and costs included."""

    def __init__(
        self, usd: Decimal, *, slippage_ticks: int, costs_usd_per_side: Decimal, contracts_max: int
    ) -> None:
        self._usd = usd
        self._slippage_ticks = slippage_ticks
        self._costs_usd_per_side = costs_usd_per_side
        self._contracts_max = contracts_max

    def size(self, signal: Enter, bracket: Bracket, view: MarketView) -> int:
        ticks = bracket.stop_loss_ticks + self._slippage_ticks
        each_usd = view.contract.usd(ticks) + 2 * self._costs_usd_per_side
        return min(int(self._usd // each_usd), self._contracts_max)


def make_risk_manager(config: EngineConfig) -> RiskManager:
    """What the session's terms say."""
    if config.risk_usd_per_trade is None:
        return FixedSize(config.size)
    limits = config.limits
    return FixedRisk(
        config.risk_usd_per_trade,
        slippage_ticks=limits.slippage_ticks,
        costs_usd_per_side=limits.costs_usd_per_side,
        contracts_max=limits.contracts_max,
    )


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
