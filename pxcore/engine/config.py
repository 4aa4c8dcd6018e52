"""What the engine is told before the first event. Journalled first, so that a replay has it."""

from datetime import date, datetime
from decimal import Decimal

import msgspec

from pxcore.model import Bracket, Contract


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Hard limits and deadlines. USD, ticks, contracts, and seconds of the engine's time.

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
    venue_refusals_max: int = 3
    strategy_errors_max: int = 3


class EngineConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One session's terms. Times are UTC; the caller has held them against the calendar.

    `window_start` to `window_end` is when entries may happen; at `window_end` the session
    flattens. `size` is contracts an entry, unless `risk_usd_per_trade` says how many USD the
    stop may cost. `sends_orders` is false in shadow: everything happens but instructions.
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
