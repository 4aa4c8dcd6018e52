"""What the engine is told before the first event. Journalled first, so that a replay has it."""

from datetime import date, datetime
from decimal import Decimal

import msgspec

from pxcore.model import Bracket, Contract, Fill, Foreign, Scope


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """From `start` until before `end`, UTC."""

    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Hard limits and deadlines. USD, ticks, contracts, and seconds of the engine's time.

    A limit of None is not there. `drawdown_usd_max` is counted from the day's highest profit,
    `balance_usd_floor` is the balance under which the account must not fall, `presence_s` how
    long the operator may have been away.

    Deadlines that guard against slow machines or networks are given in the market's seconds:
    on a sped-up paper clock the caller multiplies them by its speed, and says it in `time_scale`.
    """

    loss_usd_max: Decimal
    trades_max: int
    contracts_max: int
    cooldown_s: float
    stale_data_s: float
    entry_deadline_s: float
    unknown_grace_s: float
    protection_deadline_s: float
    settle_deadline_s: float
    blind_limit_s: float
    flatten_round_s: float
    slippage_ticks: int
    costs_usd_per_side: Decimal
    time_scale: float = 1.0
    profit_usd_lock: Decimal | None = None
    drawdown_usd_max: Decimal | None = None
    balance_usd_floor: Decimal | None = None
    losses_in_a_row_max: int | None = None
    entries_per_minute_max: int | None = None
    spread_ticks_max: int | None = None
    presence_s: float | None = None
    venue_refusals_max: int = 3
    strategy_errors_max: int = 3


class ExitTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Ways out beyond the bracket; None is not there. Ticks of price, seconds of the market.

    `break_even_ticks` of gain move the stop to the entry's price, `trail_ticks` keep it so far
    behind the best price, after `time_stop_s` the position is closed.
    """

    break_even_ticks: int | None = None
    trail_ticks: int | None = None
    time_stop_s: float | None = None
    move_every_s: float = 1.0


class EngineConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One session's terms. Times are UTC; the caller has held them against the calendar.

    `window_start` to `window_end` is when entries may happen; at `window_end` the session
    flattens; in a stretch of `no_entry` nothing is opened. `size` is contracts an entry, unless
    `risk_usd_per_trade` says how many USD the stop may cost. `peak_usd` is the highest that the
    day's profit stood before this session, `fall_usd` the deepest that it stood below a peak (None
    in journals of before it was told), `headroom_usd_min` the least headroom of its sessions.
    `sends_orders` is false in shadow: everything happens but instructions. `limits` are what the
    session begins with; `limits_held` says where they are
    tighter than its settings, because they were so earlier in the day.

    `places_stops`: where the venue's stop leg is missing, one of our own takes its place.
    `adopts_opening`: contracts, signed, that the start found and chose to take over: so many at the
    most, on that side, are guarded like a position of the session's own. Zero for none.
    `opening_fills`: the day's fills that the start saw. They count for the day's limits though the
    session's own looks should leave them out.
    """

    session_id: str
    account_id: int
    contract: Contract
    trading_day: date
    window_start: datetime
    window_end: datetime
    size: int
    risk_usd_per_trade: Decimal | None = None
    bracket: Bracket
    limits: Limits
    sends_orders: bool = True
    halt_reason: str | None = None
    no_entry: tuple[Stretch, ...] = ()
    exits: ExitTerms = ExitTerms()
    peak_usd: Decimal = Decimal(0)
    fall_usd: Decimal | None = None
    headroom_usd_min: Decimal | None = None
    places_stops: bool = False
    adopts_opening: int = 0
    opening_fills: tuple[Fill, ...] = ()
    foreign: Foreign = Foreign.REFUSE
    limits_held: tuple[str, ...] = ()

    @property
    def scope(self) -> Scope:
        """What of the account this session judges and closes."""
        return self.foreign.scope(self.contract.id)
