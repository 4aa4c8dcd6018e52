"""The program's rules for an account: how much may be held, and how much may be lost.

Every rule is a value here and a judgement without side effects; `program_rules` carries them out.
Source: gateway reference, 6.1 to 6.4 and 6.7; they change often, so all of it is configuration.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

import msgspec

from pxcore.model import Contract, Misconfigured


class Lock(StrEnum):
    """Why an account may not trade: until the next trading day, or for good."""

    DAY = "day"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Amounts in USD; None switches a rule off. Ten micros count as one mini.

    `loss_usd_max` is the Maximum Loss Limit, `day_loss_usd_max` the Daily Loss Limit.
    `margin_usd` is wanted per micro held. `liquidation_fee_usd` is charged per contract that the
    venue closes. With `is_flat_daily` nothing is held or placed from 15:10 to 17:00 Chicago.
    """

    name: str
    account_name: str
    balance_usd: Decimal
    loss_usd_max: Decimal | None = None
    day_loss_usd_max: Decimal | None = None
    micros_max: int | None = None
    margin_usd: Decimal | None = None
    liquidation_fee_usd: Decimal = Decimal(10)
    is_flat_daily: bool = True


def _combine(thousands: int, loss: int, day_loss: int, minis: int) -> Program:
    return Program(
        name=f"{thousands}k",
        account_name=f"{thousands}KTC-V2-DLL-600001-90000001",
        balance_usd=Decimal(1000 * thousands),
        loss_usd_max=Decimal(loss),
        day_loss_usd_max=Decimal(day_loss),
        micros_max=10 * minis,
    )


# Reference, 6.2. A practice account keeps a Daily Loss Limit; its figures are not published, so
# those of the largest account stand in.
PROGRAMS = {
    "50k": _combine(50, 2000, 1000, 5),
    "100k": _combine(100, 3000, 2000, 10),
    "150k": _combine(150, 4500, 3000, 15),
    "practice": Program(
        name="practice",
        account_name="PRAC-V2-600001-40000002",
        balance_usd=Decimal(150_000),
        day_loss_usd_max=Decimal(3000),
        micros_max=150,
    ),
}


def program_named(name: str) -> Program:
    """Raises Misconfigured, naming those that exist."""
    try:
        return PROGRAMS[name.lower()]
    except KeyError:
        known = ", ".join(PROGRAMS)
        raise Misconfigured(f"no account program {name!r}; there are {known}") from None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where an account stands. `peak_usd` is the highest balance at any day's end."""

    day: date
    day_start_usd: Decimal
    peak_usd: Decimal
    lock: Lock | None = None


def begun(program: Program, day: date, balance_usd: Decimal) -> Standing:
    return Standing(
        day=day, day_start_usd=balance_usd, peak_usd=max(program.balance_usd, balance_usd)
    )


def next_standing(standing: Standing, day: date, balance_usd: Decimal) -> Standing:
    """After a day's end at this balance: the peak can rise, a day's lock falls, a failure stays."""
    return Standing(
        day=day,
        day_start_usd=balance_usd,
        peak_usd=max(standing.peak_usd, balance_usd),
        lock=Lock.FAILED if standing.lock is Lock.FAILED else None,
    )


def floor_usd(program: Program, standing: Standing) -> Decimal | None:
    """Balance with open profit and loss that must not be touched; it never falls.

    The lower of the start and the highest end-of-day balance less the limit (reference, 6.3).
    """
    if program.loss_usd_max is None:
        return None
    return min(program.balance_usd, standing.peak_usd - program.loss_usd_max)


def least_usd(program: Program, standing: Standing) -> Decimal | None:
    """The highest of the levels at which an account is locked; None when there is none."""
    day = program.day_loss_usd_max
    levels = [
        floor_usd(program, standing),
        None if day is None else standing.day_start_usd - day,
    ]
    return max((level for level in levels if level is not None), default=None)


def breach(program: Program, standing: Standing, equity_usd: Decimal) -> Lock | None:
    """Which lock this balance with open profit and loss calls for. Touching is a breach."""
    floor = floor_usd(program, standing)
    if floor is not None and equity_usd <= floor:
        return Lock.FAILED
    day = program.day_loss_usd_max
    if day is not None and equity_usd <= standing.day_start_usd - day:
        return Lock.DAY
    return None


def micros(contract: Contract) -> int:
    """How many micros one contract counts as: one, or ten for minis and full contracts."""
    return 1 if "Micro" in contract.description else 10
