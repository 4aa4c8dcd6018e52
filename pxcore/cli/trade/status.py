"""`px ping` and `px status`: is the gateway there, and how do we stand, there and here."""

import time
from contextlib import closing
from datetime import date

import msgspec
from msgspec.structs import replace

from pxcore.calendar.hours import trading_day_at
from pxcore.cli.output import Output
from pxcore.cli.trade.desk import Gateway
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.day.kill_switch import KillSwitch, kill_switch, local_kill_switch
from pxcore.day.settled import day_terms
from pxcore.gateway.rest import GatewayClient, Urgency
from pxcore.gateway.rest.budget import Left
from pxcore.host.courtesy import bounded
from pxcore.model import Misconfigured, PxError, Unavailable
from pxcore.ownership.holders import holder_of
from pxcore.ownership.home_lock import Household, find_household, started_elsewhere
from pxcore.ownership.world import world_of
from pxcore.venue.connect import connect

_SWITCH_S = 12.0  # as long as the store itself may take, and a little


def ping(desk: Gateway) -> int:
    """0 when the gateway answers. Raises Unavailable."""
    began = time.perf_counter()
    desk.client.ping()
    took_ms = (time.perf_counter() - began) * 1000
    url = desk.settings.hosts[0]
    desk.out.show(
        {"gateway": desk.settings.gateway, "url": url, "reply_ms": round(took_ms, 1)},
        f"gateway {desk.settings.gateway} at {url} answered in {took_ms:.1f} ms",
    )
    return 0


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """None where there is none, or it is not known: `unknown` names those of the second kind, and
    `problems` say what could not be read, and what of `px up` does not work. `happened` is what was
    wrong with that, and is fixed; `warnings` are no problems, but a person is to know them.
    """

    mode: str
    gateway: str
    url: str | None
    account_id: int | None
    at_venue: str | None
    held_by: str | None
    kill_switch: str | None
    trading_day: date
    halt: str | None
    requests_left: tuple[Left, ...]
    up: str | None
    happened: tuple[str, ...]
    unknown: tuple[str, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def show_status(settings: Settings, out: Output, before: tuple[str, ...] = ()) -> int:
    """1 when something of it could not be read, or does not work; also `before`. Sends nothing."""
    status = read_status(settings)
    status = replace(status, problems=(*before, *status.problems))
    out.show(status, *_lines(status))
    for text in (*status.problems, *status.warnings):
        out.warn(text)
    return 1 if status.problems else 0


def read_status(settings: Settings) -> Status:
    problems: list[str] = []
    paths = Paths(settings.home)
    account_id = settings.account_id
    url: str | None = None
    seen: str | None = None
    left: tuple[Left, ...] = ()
    try:
        url = settings.hosts[0]
        with closing(connect(settings)) as client:
            if account_id is not None:
                seen = _at_venue(client, settings, account_id)
            left = client.requests_left()
    except Misconfigured as error:
        problems += error.problems
    except PxError as error:
        problems.append(f"account {account_id}: {error}")
    unknown: list[str] = []
    before = len(problems)
    switch = _kill_switch(settings, problems)
    if switch is None and len(problems) > before:
        unknown.append("kill_switch")
    halt = None
    if account_id is not None:
        try:
            halt = bounded("the halt of the day", lambda: halt_of(settings, account_id))
        except Unavailable as error:
            problems.append(str(error))
            unknown.append("halt")
    there = _household(paths, problems, unknown)
    return Status(
        mode=settings.mode.value,
        gateway=settings.gateway.value,
        url=url,
        account_id=account_id,
        at_venue=seen,
        held_by=None
        if account_id is None
        else holder_of(paths.home, account_id, world_of(settings)),
        kill_switch=None if switch is None else str(switch),
        trading_day=trading_day_at(settings.clock.now()).day,
        halt=halt,
        requests_left=left,
        up=None if there is None else there.text,
        happened=() if there is None else there.happened,
        unknown=tuple(unknown),
        problems=tuple(problems),
        warnings=() if (others := started_elsewhere(there)) is None else (others,),
    )


def _household(paths: Paths, problems: list[str], unknown: list[str]) -> Household | None:
    """The `px up` that runs here; what of it does not work is a problem."""
    try:
        there = find_household(paths.home)
    except Unavailable as error:
        problems.append(str(error))
        unknown.append("up")
        return None
    problems += [] if there is None else there.troubles
    return there


def halt_of(settings: Settings, account_id: int) -> str | None:
    """Why nothing more may be opened this trading day, None when it is not halted.

    Raises Unavailable when the store cannot be read: that is not the same as "not halted".
    """
    day = trading_day_at(settings.clock.now()).day
    return day_terms(settings, account_id, day).halt_reason


def _kill_switch(settings: Settings, problems: list[str]) -> KillSwitch | None:
    """As far as it can be known while somebody waits."""
    try:
        return bounded("the kill switch", lambda: kill_switch(settings), limit_s=_SWITCH_S)
    except Unavailable as error:
        problems.append(f"kill switch: {error}")
    try:
        return bounded("the kill file", lambda: local_kill_switch(settings))
    except Unavailable as error:
        problems.append(str(error))
        return None


def _at_venue(client: GatewayClient, settings: Settings, account_id: int) -> str:
    day_start = trading_day_at(settings.clock.now()).opens_at
    look = client.snapshot(account_id, day_start=day_start, urgency=Urgency.URGENT)
    held = [f"{p.size:+d} {p.contract_id}" for p in look.positions if not p.is_flat]
    differ = "".join(f"; {one}" for one in look.disagreements())
    return f"holds {', '.join(held) or 'nothing'}, {len(look.orders)} orders alive{differ}"


def _lines(status: Status) -> list[str]:
    account = status.account_id or "none set (PX_ACCOUNT_ID)"
    facts = [
        ("mode", status.mode),
        ("gateway", f"{status.gateway} {status.url or ''}".strip()),
        ("account", str(account)),
        ("at the venue", status.at_venue or "not known"),
        ("held by", status.held_by or "nobody"),
        ("kill switch", _switch_told(status)),
        ("trading day", str(status.trading_day)),
        ("halt", _halt_told(status)),
    ]
    facts.append(("px up", _up_told(status)))
    facts += [("", one) for one in status.happened]
    for left in status.requests_left:
        paused = f", paused for {left.paused_s:.0f} s" if left.paused_s else ""
        facts.append(
            (
                f"requests ({left.lane})",
                f"{left.normal} left, {left.urgent} for flatten and cancel, of {left.of} in "
                f"{left.window_s:.0f} s{paused}",
            )
        )
    return [f"{name:<16} {value}" for name, value in facts]


def _switch_told(status: Status) -> str:
    if status.kill_switch is not None:
        return f"ENGAGED: {status.kill_switch}"
    return "NOT KNOWN, and taken for engaged" if "kill_switch" in status.unknown else "off"


def _up_told(status: Status) -> str:
    if status.up is not None:
        return status.up.removeprefix("`px up`, ")
    return "NOT KNOWN" if "up" in status.unknown else "does not run here"


def _halt_told(status: Status) -> str:
    if status.halt is not None:
        return f"HALTED for {status.trading_day}: {status.halt}"
    return "NOT KNOWN" if "halt" in status.unknown else "none"
