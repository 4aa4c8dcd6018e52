"""A strategy tried out in virtual time on a made-up market: an hour of trading in seconds.

The engine, its gates and the exchange are those of a paper session, the limits those of the
settings' defaults. What it earns on a random walk says nothing; that it does what it was meant
to do, and is denied what it should be, does.
"""

from collections.abc import Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from pxcore.calendar.hours import chicago
from pxcore.config.settings import Settings
from pxcore.engine.commands import Notice
from pxcore.engine.config import EngineConfig, Limits
from pxcore.engine.engine import Engine
from pxcore.engine.limit_table import LIMITS
from pxcore.engine.rounds import Round
from pxcore.engine.strategy import Strategy
from pxcore.model import Bracket, Contract
from pxcore.paper.exchange import AccountSpec, Exchange
from pxcore.paper.markets.catalogue import catalogue, find_contract
from pxcore.paper.markets.synthetic import synthetic
from pxcore.simulation.run import Backtest

_DAY = date(2026, 11, 2)  # a regular one, always the same
_OPEN = chicago(_DAY, time(8, 30))
_LEAD = timedelta(seconds=8)  # from the session's start to the window's
_BALANCE_USD = Decimal(50_000)
_ACCOUNT_ID = 1


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True):
    """How it went. `denials` by gate; `errors` are what the strategy raised, or its nonsense."""

    contract: Contract
    trades: tuple[Round, ...]
    net_usd: Decimal
    denials: dict[str, int]
    errors: tuple[str, ...]
    ended: str
    is_flat: bool

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        flat = "flat" if self.is_flat else "NOT FLAT"
        yield f"{flat}, {self.ended}: {len(self.trades)} trades, {self.net_usd:+.2f} USD net"
        for trade in self.trades:
            yield (
                f"  {trade.opened_at:%H:%M:%S} {trade.side:<4} {trade.size} at "
                f"{self.contract.tick_size * trade.entry_ticks:f}, {trade.net_usd:+.2f} USD"
            )
        for gate, count in sorted(self.denials.items()):
            yield f"  {count} denied: {gate}"
        for error in self.errors:
            yield f"  error: {error}"


def rehearse(
    strategy: Strategy,
    *,
    seed: int = 1,
    minutes: float = 30.0,
    symbol: str = "MNQ",
    bracket: Bracket | None = None,
    **limits: Any,
) -> Rehearsal:
    """The whole window, from the open on, to its flatten. `limits` change the defaults.

    Raises Misconfigured for a symbol that is not listed.
    """
    contract = find_contract(catalogue(_DAY), symbol)
    config = EngineConfig(
        fall_usd=Decimal(0),
        session_id="px-rehearsal",
        account_id=_ACCOUNT_ID,
        contract=contract,
        trading_day=_DAY,
        window_start=_OPEN,
        window_end=_OPEN + timedelta(minutes=minutes),
        size=1,
        bracket=bracket or _bracket(),
        limits=Limits(**(_limits() | limits)),
    )
    account = AccountSpec(_ACCOUNT_ID, "REHEARSAL", _BALANCE_USD)
    exchange = Exchange(contracts=[contract], accounts=[account], seed=seed)
    start = _OPEN - _LEAD
    engine = Engine(config, strategy)
    day = Backtest(engine, exchange, synthetic(contract, start=start, seed=seed), start=start)
    day.run()
    said = (command for _, commands in day.log for command in commands)
    return Rehearsal(
        contract=contract,
        trades=engine.state.book.rounds,
        net_usd=engine.state.book.realised_usd,
        denials=dict(engine.denials),
        errors=tuple(c.text for c in said if isinstance(c, Notice) and c.code == "strategy.error"),
        ended=engine.ending or "over",
        is_flat=exchange.is_flat,
    )


def _default(name: str) -> Any:
    return Settings.model_fields[name].default


def _bracket() -> Bracket:
    return Bracket(
        stop_loss_ticks=_default("stop_loss_ticks"),
        take_profit_ticks=_default("take_profit_ticks"),
    )


def _limits() -> dict[str, Any]:
    round_s = 2 * _default("reply_timeout_s")
    return {n: kind.default for n, kind in LIMITS.items()} | {"flatten_round_s": round_s}
