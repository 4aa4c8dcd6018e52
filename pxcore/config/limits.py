"""The limits that the settings ask for, and what of them the day allows."""

from typing import Any

from msgspec.structs import replace

from pxcore.config.settings import Settings, value_of
from pxcore.config.sources import PREFIX
from pxcore.engine.config import Limits
from pxcore.engine.tightening import DIRECTIONS, Bounds, loosened, tightest
from pxcore.model import Misconfigured
from pxcore.text.typed import shown


def limits_of(settings: Settings) -> Limits:
    """What guards against our own slowness runs at our own clock's speed."""
    speed = settings.clock.speed
    return Limits(
        loss_usd_max=settings.loss_usd_max,
        trades_max=settings.trades_max,
        contracts_max=settings.contracts_max,
        cooldown_s=settings.cooldown_s,
        stale_data_s=settings.stale_data_s * speed,
        entry_deadline_s=settings.entry_deadline_s * speed,
        unknown_grace_s=settings.unknown_grace_s * speed,
        protection_deadline_s=settings.protection_deadline_s * speed,
        settle_deadline_s=settings.settle_deadline_s * speed,
        blind_limit_s=settings.blind_limit_s * speed,
        flatten_round_s=2 * settings.reply_timeout_s * speed,
        slippage_ticks=settings.slippage_ticks,
        costs_usd_per_side=settings.costs_usd_per_side,
        time_scale=speed,
        profit_usd_lock=settings.profit_usd_lock,
        drawdown_usd_max=settings.drawdown_usd_max,
        balance_usd_floor=settings.balance_usd_floor,
        losses_in_a_row_max=settings.losses_in_a_row_max,
        entries_per_minute_max=settings.entries_per_minute_max,
        spread_ticks_max=settings.spread_ticks_max,
        presence_s=None if settings.presence_s is None else settings.presence_s * speed,
    )


def allowed(settings: Settings, in_force: Bounds) -> tuple[Limits, tuple[str, ...]]:
    """The limits of a session that begins now, and a sentence for each setting not used."""
    wanted = limits_of(settings)
    held = tuple(
        f"the setting {one}, and is not used: see `px limits`" for one in loosened(in_force, wanted)
    )
    return tightest(in_force, wanted), held


def bounds_named(wishes: list[str]) -> Bounds:
    """Of `NAME=VALUE`, each as the setting of that name, with or without its prefix.

    Raises Misconfigured with every problem at once; a value must be in the setting's range.
    """
    problems: list[str] = []
    found: dict[str, Any] = {}
    for wish in wishes:
        name, equals, text = wish.partition("=")
        name = name.strip().lower().removeprefix(PREFIX.lower())
        if not equals or name not in DIRECTIONS or name not in Settings.model_fields:
            named = ", ".join(n for n in DIRECTIONS if n in Settings.model_fields)
            problems.append(f"{shown(wish)} is not NAME=VALUE with one of {named}")
        elif name in found:
            problems.append(f"{name} is given twice")
        else:
            try:
                found[name] = value_of(name, text.strip())
            except ValueError as error:
                problems.append(f"{name}={shown(text.strip())} is refused: {error}")
    if problems:
        raise Misconfigured(*problems)
    return replace(Bounds(), **found)
