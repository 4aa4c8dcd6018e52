"""The engine's state and commands, put into words for a person."""

from datetime import datetime, timedelta

from pxcore.engine.commands import (
    Command,
    Denied,
    FlatProven,
    Gate,
    Halt,
    Level,
    Notice,
    PlaceEntry,
    PlaceStop,
)
from pxcore.engine.engine import Engine
from pxcore.journal.denial_text import denial_told
from pxcore.model import Contract
from pxcore.session.lines import Milestone, Progress
from pxcore.text.counting import counted

HALTED = "halted"  # code of the milestone whose text is why the day is halted


def progress_of(engine: Engine, now: datetime, *, market_late_s: float | None = None) -> Progress:
    """Where the session stands, prices in price units."""
    state, contract = engine.state, engine.config.contract
    market, book = state.market, state.book
    protection = state.protection() if book.holding.exposure else None
    stop = protection.stop if protection else None
    target = protection.target if protection else None
    money = state.money()

    def price(ticks: int | None) -> str | None:
        return None if ticks is None else str(contract.price(ticks))

    return Progress(
        at=now,
        phase=state.phase,
        exposure=book.holding.exposure,
        bid=price(market.bid_ticks),
        ask=price(market.ask_ticks),
        average_price=None
        if book.holding.average_price is None
        else str(book.holding.average_price),
        stop_price=price(stop.stop_ticks) if stop else None,
        target_price=price(target.limit_ticks) if target else None,
        day_usd=None if money is None else money.day_usd,
        headroom_usd=None if money is None else money.headroom_usd(state.limits),
        trades=book.trades_count,
        denials=sum(engine.denials.values()),
        ends_at=engine.config.window_end,
        market_late_s=market_late_s,
    )


class Narrator:
    """The commands that a person would want to read, as sentences.

    A strategy may ask on every price; each gate's refusal is told once in `denied_every_s`
    seconds of the session. The journal holds them all.
    """

    def __init__(self, contract: Contract, *, denied_every_s: float) -> None:
        self._contract = contract
        self._denied_every = timedelta(seconds=denied_every_s)
        self._denied_at: dict[Gate, datetime] = {}

    def line(self, command: Command, now: datetime) -> Milestone | None:
        if isinstance(command, Denied):
            told = self._denied_at.get(command.gate)
            if told is not None and now - told < self._denied_every:
                return None
            self._denied_at[command.gate] = now
        return _milestone_of(command, self._contract, now)


def _milestone_of(command: Command, contract: Contract, now: datetime) -> Milestone | None:
    """The command as a sentence, when a person would want to read it."""
    match command:
        case PlaceEntry():
            level, code = Level.INFO, "entry.sent"
            text = (
                f"{command.side} {command.size} {contract.name} at market, stop "
                f"{command.bracket.stop_loss_ticks} ticks, target "
                f"{command.bracket.take_profit_ticks} ticks ({command.reason}), {command.tag}"
            )
        case PlaceStop():
            level, code = Level.WARNING, "own_stop.sent"
            text = (
                f"stop {command.side} {command.size} {contract.name} at "
                f"{contract.price(command.stop_ticks)} ({command.reason}), {command.tag}"
            )
        case Denied():
            level, code = Level.INFO, f"denied.{command.gate}"
            text = f"{command.side} denied: {denial_told(command)}"
        case Notice():
            level, code, text = command.level, command.code, command.text
        case Halt(reason=reason):
            level, code, text = Level.ALARM, HALTED, reason
        case FlatProven():
            level, code = Level.INFO, "flat.proven"
            text = (
                f"flat by REST after {counted(command.attempts, 'attempt')}, "
                f"balance {command.balance_usd:.2f} USD"
            )
            if command.stream_differs:
                level = Level.WARNING
                text += f"; the stream did not say so: {', '.join(command.stream_differs)}"
        case _:
            return None
    return Milestone(at=now, level=level, code=code, text=text)
