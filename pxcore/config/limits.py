"""The limits that the settings ask for, and what of them the day allows."""

from typing import Any

from msgspec.structs import replace

from pxcore.config.settings import Settings, value_of
from pxcore.config.sources import PREFIX
from pxcore.engine.config import Limits
from pxcore.engine.limit_table import LIMITS
from pxcore.engine.tightening import Bounds, at_clock_speed, loosened, tightest
from pxcore.model import Misconfigured
from pxcore.text.typed import shown


def limits_of(settings: Settings) -> Limits:
    """What guards against our own slowness runs at our own clock's speed."""
    speed = settings.clock.speed
    found: dict[str, Any] = {}
    for name in LIMITS:
        value = getattr(settings, name)
        found[name] = None if value is None else at_clock_speed(name, value, speed)
    round_s = 2 * settings.reply_timeout_s * speed
    return Limits(**found, flatten_round_s=round_s, time_scale=speed)


def allowed(settings: Settings, in_force: Bounds) -> tuple[Limits, tuple[str, ...]]:
    """The limits of a session that begins now, and a sentence for each setting not used."""
    wanted = limits_of(settings)
    held = tuple(
        f"setting {one} and stays so today: see `px limits`" for one in loosened(in_force, wanted)
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
        if not equals or name not in LIMITS:
            problems.append(f"{shown(wish)} is not NAME=VALUE with one of {', '.join(LIMITS)}")
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
