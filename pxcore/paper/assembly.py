"""Puts a paper gateway's exchange and market together from its configuration."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from pxcore.model import Contract, MarketTrade, Misconfigured, Quote
from pxcore.paper.config import PaperConfig, Recording
from pxcore.paper.exchange import Exchange, ExchangeState
from pxcore.paper.exchange.order_desk import IsOpen, always_open
from pxcore.paper.hours import is_exchange_open
from pxcore.paper.markets.bars import BarStore, made_up_minutes
from pxcore.paper.markets.catalogue import catalogue, find_contract, plausible_ticks
from pxcore.paper.markets.market import MarketStep, Tape, merged
from pxcore.paper.markets.recorded_bars import read_recording
from pxcore.paper.markets.replay import cut, replay
from pxcore.paper.markets.script import read_script, scripted
from pxcore.paper.markets.synthetic import MNQ_SHAPE, shape_named, synthetic


@dataclass(frozen=True, slots=True)
class PaperMarket:
    """The exchange, what will happen in it, and the bars from before that."""

    exchange: Exchange
    tape: Tape
    bars: BarStore


def build_market(
    config: PaperConfig, start: datetime, state: ExchangeState | None = None
) -> PaperMarket:
    """The market of a configuration; its tape begins at `start`. Raises Misconfigured."""
    start = start.astimezone(UTC)
    listed = catalogue(start.date())
    contracts = list(dict.fromkeys(find_contract(listed, symbol) for symbol in config.symbols))
    if not contracts:
        raise Misconfigured("a paper market needs at least one symbol")
    is_open = is_exchange_open if config.hours == "exchange" else always_open
    exchange = Exchange(
        contracts=listed,
        accounts=(config.account(),),
        seed=config.seed,
        config=config.exchange,
        is_open=is_open,
        state=state,
    )
    bars = BarStore()
    tapes = [
        _with_history(tape, bars, config.seed, contract, start)
        for tape, contract in zip(_tapes(config, contracts, start), contracts, strict=True)
    ]
    return PaperMarket(exchange, while_open(merged(*tapes), contracts, is_open), bars)


def while_open(tape: Tape, contracts: list[Contract], is_open: IsOpen) -> Tape:
    """The tape without what would happen while the exchange is closed."""
    if is_open is always_open:
        return tape
    return _open_steps(tape, {contract.id: contract for contract in contracts}, is_open)


def _open_steps(
    tape: Tape, contracts: dict[str, Contract], is_open: IsOpen
) -> Iterator[MarketStep]:
    """Asks once a minute: every closing hour is on a whole one."""
    minute, verdict = -1, False
    for step in tape:
        at = step.at.minute + 60 * step.at.hour + 1440 * step.at.toordinal()
        if at != minute:
            minute, verdict = at, is_open(contracts[step.contract_id], step.at)
        if verdict:
            yield step


def _tapes(config: PaperConfig, contracts: list[Contract], start: datetime) -> list[Tape]:
    shape = shape_named(config.shape)
    tapes: list[Tape] = [
        synthetic(contract, start=start, seed=config.seed, shape=shape, opens_at=config.opens_at)
        for contract in contracts
    ]
    if config.recording is not None:
        tapes[0] = _replayed(config.recording, contracts[0], start)
    elif config.script is not None:
        tapes[0] = scripted(read_script(Path(config.script)), contracts, start=start)
    return tapes


def _with_history(
    tape: Tape, bars: BarStore, seed: int, contract: Contract, start: datetime
) -> Tape:
    """The same tape; the bars now hold a day that leads to its first price."""
    first = next(tape, None)
    if first is None:
        return tape
    level: int | None = None
    if isinstance(first, MarketTrade):
        level = first.price_ticks
    elif isinstance(first, Quote):
        level = first.bid_ticks
    minutes = made_up_minutes(
        contract,
        before=start,
        seed=seed,
        last_ticks=plausible_ticks(contract) if level is None else level,
        volatility_ticks=MNQ_SHAPE.volatility_ticks,
    )
    bars.remember(contract.id, minutes)
    return chain([first], tape)


def _replayed(recording: Recording, contract: Contract, start: datetime) -> Tape:
    trades = read_recording(Path(recording.path), contract)
    first, last = recording.start or trades[0].at, recording.end or trades[-1].at
    try:
        stretch = cut(trades, start=first, end=last, speed=1.0)
    except Misconfigured as error:
        raise Misconfigured(f"{recording.path}: {error}") from error
    return replay(stretch, contract, market_start=start)
