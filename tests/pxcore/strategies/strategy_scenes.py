"""Days for one strategy: scripted to the tick, or made from a seed; with gaps, and late starts."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from pxcore.calendar.hours import chicago
from pxcore.engine.commands import Command, Denied, PlaceEntry
from pxcore.engine.config import EngineConfig, Limits
from pxcore.engine.engine import Engine
from pxcore.engine.events import Event, Hub, HubDown, HubUp
from pxcore.journal.rows import SCHEMA, Opening, RowKind
from pxcore.journal.writer import Journal
from pxcore.model import Bracket, Contract, MarketTrade, Quote, Side
from pxcore.paper.exchange import AccountSpec, Exchange, ExchangeConfig
from pxcore.paper.markets.catalogue import catalogue, find_contract
from pxcore.paper.markets.market import MarketStep, Tape
from pxcore.paper.markets.synthetic import synthetic
from pxcore.simulation.run import Backtest
from pxcore.strategies import choose_strategy

DAY = date(2026, 11, 20)
OPEN = chicago(DAY, time(8, 30))
MNQ = find_contract(catalogue(DAY), "MNQ")
LEAD_S = 3.0  # from the session's start to the window's
_PRINT_AFTER = timedelta(milliseconds=1)
_FAULTS: list[str] = []


def at(seconds: float) -> datetime:
    return OPEN + timedelta(seconds=seconds)


def after(moment: datetime) -> float:
    """Seconds since the window's start, to the hundredth."""
    return round((moment - OPEN).total_seconds(), 2)


def script(*prices: int, start_s: int = -2, contract: Contract = MNQ) -> Iterator[MarketStep]:
    """A price a second: a quote with it as the bid and one tick more as the ask, and a
    millisecond later a print of one contract at it.
    """
    for second, ticks in enumerate(prices, start_s):
        moment = at(second)
        yield Quote(
            at=moment,
            happened_at=moment,
            contract_id=contract.id,
            bid_ticks=ticks,
            ask_ticks=ticks + 1,
        )
        moment += _PRINT_AFTER
        yield MarketTrade(
            at=moment, happened_at=moment, contract_id=contract.id, price_ticks=ticks, size=1
        )


def day(
    strategy: str,
    params: dict[str, Any],
    *,
    tape: Tape | None = None,
    seed: int = 1,
    window_s: float = 60.0,
    start_s: float = -LEAD_S,
    gaps: tuple[tuple[float, float], ...] = (),
    bracket: tuple[int, int] = (16, 20),
    exchange: Exchange | None = None,
    venue: ExchangeConfig | None = None,
    kind: type[Backtest] = Backtest,
    **limits: Any,
) -> Any:
    """A day that is not run yet, of the kind of backtest asked for. `bracket` is stop and target
    in ticks; `gaps` are seconds from and to which the market hub is down and its data lost.
    """
    config = EngineConfig(
        session_id=f"px-{strategy}",
        account_id=1,
        contract=MNQ,
        trading_day=DAY,
        window_start=OPEN,
        window_end=at(window_s),
        size=1,
        bracket=Bracket(stop_loss_ticks=bracket[0], take_profit_ticks=bracket[1]),
        limits=Limits(**(_LIMITS | limits)),
    )
    start = at(start_s)
    market = tape or synthetic(MNQ, start=start, seed=seed)
    made = kind(
        Engine(config, choose_strategy(strategy, params).make()),
        exchange or _exchange(seed, venue or ExchangeConfig()),
        (step for step in market if step.at >= start and not _is_lost(step, gaps)),
        start=start,
    )
    for down_s, up_s in gaps:
        tell(made, HubDown(at=at(down_s), hub=Hub.MARKET, reason="gone"))
        tell(made, HubUp(at=at(up_s), hub=Hub.MARKET))
    return made


def _exchange(seed: int, config: ExchangeConfig) -> Exchange:
    account = AccountSpec(1, "PRAC", Decimal(50_000))
    return Exchange(contracts=[MNQ], accounts=[account], seed=seed, config=config)


_LIMITS: dict[str, Any] = {
    "loss_usd_max": Decimal(500),
    "trades_max": 20,
    "contracts_max": 5,
    "cooldown_s": 0.0,
    "stale_data_s": 5.0,
    "entry_deadline_s": 5.0,
    "unknown_grace_s": 20.0,
    "protection_deadline_s": 5.0,
    "settle_deadline_s": 2.0,
    "blind_limit_s": 30.0,
    "flatten_round_s": 10.0,
    "slippage_ticks": 4,
    "costs_usd_per_side": Decimal("2.50"),
}


def tell(made: Backtest, event: Event) -> None:
    """The engine will learn of it at its time."""
    made._timeline.later(event.at, partial(made._learn, event))


def _is_lost(step: MarketStep, gaps: tuple[tuple[float, float], ...]) -> bool:
    return any(at(down_s) <= step.at < at(up_s) for down_s, up_s in gaps)


def run(strategy: str, params: dict[str, Any], **more: Any) -> Any:
    finished = day(strategy, params, **more)
    finished.run()
    return finished


def commands(finished: Backtest, *wanted: type) -> list[Command]:
    return [c for _, said in finished.log for c in said if isinstance(c, wanted)]


def entries(finished: Backtest) -> list[tuple[float, Side]]:
    """When, in seconds since the window's start, and which way."""
    return [
        (after(event.at), command.side)
        for event, said in finished.log
        for command in said
        if isinstance(command, PlaceEntry)
    ]


def fills(finished: Backtest) -> list[tuple[Side, int]]:
    return [(fill.side, fill.price_ticks) for fill in finished.exchange.fills(1)]


def denials(finished: Backtest) -> list[str]:
    return [str(denied.gate) for denied in commands(finished, Denied)]


def journal_of(finished: Backtest, path: Path, strategy: str, params: dict[str, Any]) -> Path:
    """The day's journal, as a session with these settings writes it."""
    choice = choose_strategy(strategy, params)
    journal = Journal(path, on_fault=_FAULTS.append)
    journal.append(
        RowKind.OPENED,
        Opening(
            schema=SCHEMA,
            mode="paper",
            config=finished.engine.config,
            strategy=strategy,
            strategy_params=choice.recorded_params,
            paper_clock="",
            trading_day=DAY,
        ),
    )
    for event, said in finished.log:
        journal.append(RowKind.EVENT, event)
        for command in said:
            journal.append(RowKind.COMMAND, command)
    assert journal.close()
    return path
