"""A demo day in virtual time: the engine against the exchange on a synthetic market."""

from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from pxcore.calendar.hours import chicago
from pxcore.engine.config import EngineConfig, Limits
from pxcore.engine.engine import Engine
from pxcore.model import Bracket
from pxcore.paper.exchange import AccountSpec, Exchange, ExchangeConfig
from pxcore.paper.markets.catalogue import catalogue, find_contract
from pxcore.paper.markets.synthetic import synthetic
from pxcore.simulation.run import Backtest
from pxcore.strategies import make_strategy

DAY = date(2026, 11, 20)
OPEN = chicago(DAY, time(8, 30))
BALANCE = Decimal(50_000)


def demo_day(
    seed: int,
    *,
    window_s: float = 40.0,
    kind: type[Backtest] = Backtest,
    venue: ExchangeConfig | None = None,
    **changes: Any,
) -> Any:
    """Not run yet, of the kind of backtest asked for. `changes` are limits."""
    contract = find_contract(catalogue(DAY), "MNQ")
    limits = {
        "loss_usd_max": Decimal(100),
        "trades_max": 4,
        "contracts_max": 5,
        "cooldown_s": 3.0,
        "stale_data_s": 5.0,
        "entry_deadline_s": 5.0,
        "unknown_grace_s": 20.0,
        "protection_deadline_s": 5.0,
        "settle_deadline_s": 2.0,
        "blind_limit_s": 30.0,
        "flatten_round_s": 10.0,
        "slippage_ticks": 4,
        "costs_usd_per_side": Decimal("2.50"),
    } | changes
    config = EngineConfig(
        fall_usd=Decimal(0),
        session_id=f"px-seed-{seed}",
        account_id=1,
        contract=contract,
        trading_day=DAY,
        window_start=OPEN,
        window_end=OPEN + timedelta(seconds=window_s),
        size=1,
        bracket=Bracket(stop_loss_ticks=16, take_profit_ticks=20),
        limits=Limits(**limits),
    )
    exchange = Exchange(
        contracts=[contract],
        accounts=[AccountSpec(1, "PRAC", BALANCE)],
        seed=seed,
        config=venue or ExchangeConfig(),
    )
    start = OPEN - timedelta(seconds=8)
    engine = Engine(config, make_strategy("timed-entry", {"every_s": 4.0}))
    return kind(engine, exchange, synthetic(contract, start=start, seed=seed), start=start)
