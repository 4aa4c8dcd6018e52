"""Every limit, once. Settings, the form of a run, their bounds, the docs, `px limits` and what may
only be tightened during a day are all made of this table; `Limits` is held against it by a test.

It lies with the engine, the lowest room that needs it.
"""

from decimal import Decimal
from enum import Enum
from typing import Final

import msgspec

Value = Decimal | int | float


class Direction(Enum):
    """On which side of two values the tighter one lies."""

    LOWER = "lower"
    HIGHER = "higher"


class LimitKind(msgspec.Struct, frozen=True):
    """`low` to `high` is what may be set, `default` of None is no limit.

    `is_at_clock_speed` marks seconds that guard against slow machines and networks: on a paper
    clock they are multiplied by its speed. The others are seconds of the market.
    """

    of: type[Value]
    default: Value | None
    low: int | float
    high: int | float
    tighter: Direction
    unit: str
    help: str
    is_at_clock_speed: bool = False

    @property
    def is_optional(self) -> bool:
        return self.default is None


_LOWER, _HIGHER = Direction.LOWER, Direction.HIGHER
_USD, _TICKS, _SECONDS = "USD", "ticks", "seconds"

LIMITS: Final[dict[str, LimitKind]] = {
    "loss_usd_max": LimitKind(
        Decimal, Decimal(500), 1, 100_000, _LOWER, _USD, "daily loss in USD: halt and flatten"
    ),
    "drawdown_usd_max": LimitKind(
        Decimal,
        None,
        1,
        100_000,
        _LOWER,
        _USD,
        "USD below the day's highest profit: halt and flatten",
    ),
    "balance_usd_floor": LimitKind(
        Decimal,
        None,
        -10_000_000,
        10_000_000,
        _HIGHER,
        _USD,
        "balance in USD that must hold (a program's maximum loss): halt and flatten",
    ),
    "profit_usd_lock": LimitKind(
        Decimal,
        None,
        1,
        100_000,
        _LOWER,
        _USD,
        "profit in USD at which the day is done: halt and flatten",
    ),
    "trades_max": LimitKind(int, 10, 1, 1000, _LOWER, "trades", "trades a trading day"),
    "losses_in_a_row_max": LimitKind(
        int, None, 1, 100, _LOWER, "trades", "losing trades in a row after which nothing is opened"
    ),
    "entries_per_minute_max": LimitKind(
        int, None, 1, 60, _LOWER, "entries a minute", "entries sent in any minute"
    ),
    "contracts_max": LimitKind(
        int, 5, 1, 150, _LOWER, "contracts", "largest size of an entry, in contracts"
    ),
    "spread_ticks_max": LimitKind(
        int, None, 1, 1000, _LOWER, _TICKS, "widest spread at which an entry is sent, in ticks"
    ),
    "presence_s": LimitKind(
        float,
        None,
        10,
        86_400,
        _LOWER,
        _SECONDS,
        "seconds that `px here` is good for: then no entries, twice that: flatten",
        is_at_clock_speed=True,
    ),
    "cooldown_s": LimitKind(
        float, 60.0, 0, 86_400, _HIGHER, _SECONDS, "seconds without an entry after a loss"
    ),
    "slippage_ticks": LimitKind(
        int, 4, 0, 1000, _HIGHER, _TICKS, "ticks a stop may slip, for the headroom before an entry"
    ),
    "costs_usd_per_side": LimitKind(
        Decimal,
        Decimal("2.50"),
        0,
        100,
        _HIGHER,
        _USD,
        "USD of fees and commissions a contract and side, for that headroom",
    ),
    "stale_data_s": LimitKind(
        float,
        10.0,
        0.1,
        600,
        _LOWER,
        _SECONDS,
        "oldest quote and print for an entry, in seconds",
        is_at_clock_speed=True,
    ),
    "entry_deadline_s": LimitKind(
        float,
        5.0,
        0.1,
        60,
        _LOWER,
        _SECONDS,
        "seconds from an entry's answer until it has filled or failed",
        is_at_clock_speed=True,
    ),
    "unknown_grace_s": LimitKind(
        float,
        20.0,
        5,
        300,
        _HIGHER,
        _SECONDS,
        "seconds in which an order whose answer was lost may still reach the venue",
        is_at_clock_speed=True,
    ),
    "protection_deadline_s": LimitKind(
        float,
        5.0,
        0.1,
        60,
        _LOWER,
        _SECONDS,
        "seconds for both bracket legs to be seen working",
        is_at_clock_speed=True,
    ),
    "settle_deadline_s": LimitKind(
        float,
        2.0,
        0.1,
        60,
        _LOWER,
        _SECONDS,
        "seconds for orders, fills and position to agree",
        is_at_clock_speed=True,
    ),
    "blind_limit_s": LimitKind(
        float,
        30.0,
        0.1,
        600,
        _LOWER,
        _SECONDS,
        "seconds without a hub while holding before a flatten",
        is_at_clock_speed=True,
    ),
    "venue_refusals_max": LimitKind(
        int,
        3,
        1,
        100,
        _LOWER,
        "entries",
        "entries that the venue rejects one after the other: halt",
    ),
    "strategy_errors_max": LimitKind(
        int, 3, 1, 100, _LOWER, "errors", "errors of the strategy in one session: halt"
    ),
}
