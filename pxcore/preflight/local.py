"""May the trading day begin? A list of checks, gone through before a session: it sends no order.

Every check is looked at, whatever became of the others; what needs one that failed says so. It
asks the gateway a dozen questions, logs in, and makes the home folder and the store where they
are missing, as a session does.
"""

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import msgspec

from pxcore.alerts.occasions import act_of
from pxcore.alerts.send import Alert, Alerts
from pxcore.calendar.holidays import FIRST_DAY, LAST_DAY
from pxcore.calendar.hours import CHICAGO, DayKind, TradingDay, trading_day_at
from pxcore.config.limits import allowed, limits_of
from pxcore.config.masking import Masker
from pxcore.config.paths import Paths
from pxcore.config.settings import Mode, Settings
from pxcore.day.kill_switch import kill_switch
from pxcore.day.settled import day_terms
from pxcore.day.store_access import ask_store
from pxcore.day.window import NotNow, window_of
from pxcore.engine.config import Limits
from pxcore.gateway.rest import GatewayClient
from pxcore.gateway.wire.codes import BRACKETS_REMEDY
from pxcore.journal.latches import halts_in_journals
from pxcore.journal.operator import released_in
from pxcore.journal.reader import decode_closing, read_last_row, read_opening
from pxcore.journal.rows import RowKind
from pxcore.journal.segments import session_of, sessions_in
from pxcore.journal.terms import DayTerms
from pxcore.model import Misconfigured, PxError
from pxcore.ownership.home_lock import household_of
from pxcore.ownership.lease import place_of
from pxcore.preflight.checks import (
    Check,
    CheckResult,
    CheckVerdict,
    NotLookedAt,
    checked,
    fails,
    ok,
    warning,
)
from pxcore.preflight.machine import look_at_machine
from pxcore.preflight.venue import VenueChecks, answered, remedy_when_away
from pxcore.store.database import Store
from pxcore.store.live.leases import read_watchdogs
from pxcore.strategies import make_strategy
from pxcore.text.escaping import for_alert
from pxcore.venue.connect import connect

FAILED = "preflight.failed"
KILL_SWITCH, HALT, GATEWAY, UP = "kill switch", "halt", "gateway", "px up"
WATCHDOG_SILENT_S = 30.0  # it beats every 5 s
_TABLE_DAYS_LEFT = 30
_LOOK_BACK_DAYS = 7
_GB = 10**9
_FREE_FEW, _FREE_TOO_FEW = 2 * _GB, _GB // 2  # bytes


class Preflight(msgspec.Struct, frozen=True, kw_only=True):
    """Fit when nothing fails: a warning is for a person to know."""

    checks: tuple[Check, ...]

    @property
    def failures(self) -> tuple[Check, ...]:
        return tuple(c for c in self.checks if c.verdict is CheckVerdict.FAILS)

    @property
    def warnings(self) -> tuple[Check, ...]:
        return tuple(c for c in self.checks if c.verdict is CheckVerdict.WARNING)

    @property
    def is_fit(self) -> bool:
        return not self.failures


def run_preflight(
    settings: Settings,
    *,
    client: GatewayClient | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Preflight:
    """All checks, in order. Never raises for what it finds.

    Without a `client` it makes its own. It waits with `sleep` between attempts.
    """
    if client is not None:
        return Preflight(checks=_looked(settings, client, sleep))
    own: GatewayClient | None = None
    with suppress(Misconfigured):  # the check of the gateway says it
        own = connect(settings, sleep=sleep, waits_for_budget=True)
    try:
        return Preflight(checks=_looked(settings, own, sleep))
    finally:
        if own is not None:
            own.close()


def _looked(
    settings: Settings, client: GatewayClient | None, sleep: Callable[[float], None]
) -> tuple[Check, ...]:
    masker = Masker(settings.secrets)
    day = trading_day_at(settings.clock.now())
    terms = _terms_of(settings, day.day)
    limits = limits_of(settings)
    if isinstance(terms, DayTerms):
        limits = allowed(settings, terms.in_force)[0]
    venue = VenueChecks(settings, client, limits)
    away = remedy_when_away(settings)

    def asking(look: Callable[[], CheckResult]) -> Callable[[], CheckResult]:
        """A gateway that went away meanwhile is not fixed by another account or contract."""
        return lambda: answered(look, remedy=away)

    looks: tuple[tuple[str, Callable[[], CheckResult], str], ...] = (
        ("settings", lambda: _settings(settings, limits), "correct the settings: `px strategies`"),
        ("calendar", lambda: _calendar(settings, day), _NEWER),
        (GATEWAY, venue.reach, away),
        ("clock", venue.clock, away),
        ("account", asking(venue.account), _ACCOUNT),
        ("brackets", lambda: _brackets(settings, day.day), "look with `px journal verify --all`"),
        (
            "contract",
            asking(venue.contract),
            "correct PX_CONTRACT: `px contracts` lists what is tradable",
        ),
        ("account state", asking(venue.state), "look again: `px account check`"),
        (KILL_SWITCH, lambda: _killed(settings), _STORE),
        (HALT, lambda: _halted(day.day, terms), _STORE),
        ("machine", lambda: _machine(settings, sleep), _QUICKER),
        ("disk", lambda: _disk(settings), "see that PX_HOME can be written, and has room"),
        ("database", lambda: _database(settings), _STORE),
        ("requests", venue.requests, away),
        ("watchdog", lambda: _watched(settings), _STORE),
        (UP, lambda: _up(settings), _UP),
        ("alerts", lambda: _alerts(settings), "correct PX_ALERT_URLS: `px alerts test`"),
    )
    return tuple(checked(name, look, masker=masker, remedy=todo) for name, look, todo in looks)


_QUICKER = "end what else runs on it, or trade from a quicker one: `px check` measures it again"
_NEWER = "install a version of px whose calendar knows the days to come"
_STORE = "see that the store (PX_DATABASE_URL, or px.sqlite in PX_HOME) can be read and written"
_UP = "see what `px up` says, and PX_HOME/logs; a session trades without its server"
_ACCOUNT = (
    "set PX_ACCOUNT_ID to one of `px accounts` that may trade and is not live-funded; why one may "
    "not trade, the platform says"
)


def _terms_of(settings: Settings, day: date) -> DayTerms | Exception | None:
    """Why not, when they cannot be read: the check of the halt says it. None without an account."""
    if settings.account_id is None:
        return None
    try:
        return day_terms(settings, settings.account_id, day)
    except Exception as error:  # that check raises it
        return error


# -- what this machine knows ------------------------------------------------------------------


def _settings(settings: Settings, limits: Limits) -> CheckResult:
    """The strategy can be made, and its size passes the gate in force."""
    make_strategy(settings.strategy, settings.strategy_params)
    if settings.risk_usd_per_trade is None and settings.size > limits.contracts_max:
        return fails(
            f"PX_SIZE {settings.size} is above the {limits.contracts_max} contracts in force today",
            "lower PX_SIZE, or see `px limits`",
        )
    mode = settings.mode.upper() if settings.mode is Mode.LIVE else settings.mode.value
    account = settings.account_id or "none"
    return ok(f"{mode}, gateway {settings.gateway}, account {account}, {settings.strategy}")


def _calendar(settings: Settings, day: TradingDay) -> CheckResult:
    """The table knows the day, and goes on for a while."""
    if day.kind is DayKind.UNKNOWN:
        return fails(
            f"{day.day} is not in the table, which has {FIRST_DAY} to {LAST_DAY}: no session",
            _NEWER,
        )
    told = _told_of(settings, day)
    left = (LAST_DAY - day.day).days
    if left < _TABLE_DAYS_LEFT:
        return warning(f"{told}; the table ends in {left} days", _NEWER)
    return ok(told)


def _told_of(settings: Settings, day: TradingDay) -> str:
    name = f" ({day.name})" if day.name else ""
    if day.kind is DayKind.CLOSED:
        return f"{day.day}{name} closed: no session today"
    told = f"{day.day}{name} closes {day.closes_at.astimezone(CHICAGO):%H:%M} Chicago"
    if day.kind is DayKind.EARLY_CLOSE:
        told = f"{told}, early"
    try:
        window = window_of(settings, settings.clock.now())
    except NotNow as error:
        return f"{told}; no session: {error}"
    first, last, flat = (
        at.astimezone(CHICAGO) for at in (window.start, window.end, window.program_at)
    )
    return f"{told}, window {first:%H:%M} to {last:%H:%M}, the program closes {flat:%H:%M}"


def _brackets(settings: Settings, today: date) -> CheckResult:
    """The API does not tell the account's bracket mode: only a refusal that is on record does.

    Source: gateway reference, 7.2. A later session with fills has shown it to be fixed.
    """
    if settings.account_id is None:
        raise NotLookedAt("account", "no account")
    for back in range(_LOOK_BACK_DAYS):
        day = today - timedelta(days=back)
        refused = _refused_for_brackets(settings, settings.account_id, day)
        if refused is not None:
            return warning(f"{refused} was refused for the account's bracket mode", BRACKETS_REMEDY)
        traded = _traded(settings, settings.account_id, day)
        if traded is not None:
            return ok(f"not visible by the API; {traded} traded and was not refused")
    return ok("not visible by the API; a first refusal halts the day")


def _refused_for_brackets(settings: Settings, account_id: int, day: date) -> str | None:
    """The day's session that was halted for it, unless a person has cleared that halt."""
    journals = Paths(settings.home).journals
    released = released_in(journals, account_id=account_id, trading_day=day)
    halts = halts_in_journals(journals, account_id=account_id, trading_day=day, released=released)
    return next((one.session_id for one in halts if BRACKETS_REMEDY in one.reason), None)


def _traded(settings: Settings, account_id: int, day: date) -> str | None:
    """A session of the day that sent orders and ended with fills."""
    for path in sessions_in(Paths(settings.home).journals, trading_day=day):
        with suppress(PxError, OSError, msgspec.MsgspecError):  # says nothing of brackets
            last = read_last_row(path)
            if last is None or last.kind is not RowKind.CLOSED:
                continue
            opening, ledger = read_opening(path), decode_closing(last).ledger
            is_ours = opening.config.account_id == account_id and opening.config.sends_orders
            if is_ours and ledger is not None and ledger.fills:
                return session_of(path)
    return None


def _killed(settings: Settings) -> CheckResult:
    killed = kill_switch(settings)
    if killed is not None:
        return fails(
            f"kill switch engaged: {killed}",
            "release it with `px kill off --reason over`, once its own reason is gone",
        )
    return ok("off")


def _halted(day: date, terms: DayTerms | Exception | None) -> CheckResult:
    if terms is None:
        raise NotLookedAt("account", "no account")
    if isinstance(terms, Exception):
        raise terms
    if terms.halt_reason is not None:
        return fails(
            f"halted for {day}: {terms.halt_reason}",
            "stop for today, or clear it in writing: `px rearm --halt --reason checked`",
        )
    return ok(f"no halt of {day}")


def _watched(settings: Settings) -> CheckResult:
    """Does a watchdog of this machine beat? By our own clock, which is its, too."""
    account_id = settings.account_id
    if account_id is None:
        raise NotLookedAt("account", "no account")
    silence = watchdog_silence(settings, account_id)
    if silence is None:
        return ok("running")
    return warning(silence, "start `px watchdog`; `px up` keeps one running")


def watchdog_silence(settings: Settings, account_id: int) -> str | None:
    """Why the account is not watched from here, None when it is. Raises as the store does."""
    place, now = place_of(settings), datetime.now(UTC)
    found = ask_store(settings, lambda store: read_watchdogs(store, account_id))
    ages_s = [(now - one.beaten_at).total_seconds() for one in found if one.place == place]
    if ages_s and min(ages_s) < WATCHDOG_SILENT_S:
        return None
    last = f"its last beat was {min(ages_s):.0f} s ago" if ages_s else "none has ever been"
    return f"nobody watches account {account_id}: {last}"


def _up(settings: Settings) -> CheckResult:
    """What it keeps running for the schedule; a day by hand needs none of it."""
    there = household_of(settings.home)
    if there is None:
        return ok("does not run here")
    if there.troubles or there.happened:
        return warning("; ".join((*there.troubles, *there.happened)), _UP)
    return ok(f"process {there.pid}, all that it keeps answers")


def _machine(settings: Settings, sleep: Callable[[float], None]) -> CheckResult:
    """Only real money is refused: a slow machine may watch, and trade on paper."""
    looked = look_at_machine(settings, sleep=sleep)
    if looked.is_fit:
        return ok(looked.text)
    judged = fails if settings.mode is Mode.LIVE else warning
    return judged(looked.text, _QUICKER)


def _disk(settings: Settings) -> CheckResult:
    paths = Paths(settings.home)
    paths.make()
    return judge_disk(shutil.disk_usage(paths.home).free)


def judge_disk(free: int) -> CheckResult:
    """A day of journals is some hundred megabytes. In bytes."""
    told = f"{free / _GB:.1f} GB free under PX_HOME"
    if free < _FREE_TOO_FEW:
        return fails(told, "make room: a full disk lets nothing be entered")
    if free < _FREE_FEW:
        return warning(told, "make room")
    return ok(told)


def _database(settings: Settings) -> CheckResult:
    """Opened, which migrates it, and a row written and taken back."""

    def probe(store: Store) -> str:
        store.require_writable()
        return store.name

    return ok(f"{ask_store(settings, probe)} is up to date and can be written")


def _alerts(settings: Settings) -> CheckResult:
    count = len(settings.alert_urls)
    if count:
        return ok(f"{count} URL{'' if count == 1 else 's'}")
    if settings.mode is Mode.LIVE:
        return warning("none set: no alert reaches you", "set PX_ALERT_URLS, then `px alerts test`")
    return ok(f"none set, mode {settings.mode}")


# -- telling ----------------------------------------------------------------------------------


def alert_failures(settings: Settings, preflight: Preflight) -> None:
    """Who is not at the terminal is told of what fails; each run tells again."""
    if preflight.is_fit:
        return
    account = settings.account_id or 0
    lines = [f"{one.name}: {one.found}; {one.remedy}" for one in preflight.failures]
    alert = Alert(
        code=FAILED,
        about=act_of(account, datetime.now(UTC)),
        title=f"px: not fit to trade, account {account or 'none'} ({settings.mode})",
        text=for_alert(*lines),
    )
    Alerts(settings).send(alert)
