"""The checks that ask the gateway. Questions alone: none of them sends or changes an order."""

from collections.abc import Callable
from contextlib import suppress

from msgspec.structs import replace

from pxcore.calendar.expiry import Expiry, Stage, expiry_of
from pxcore.calendar.hours import trading_day_at
from pxcore.config.paths import Paths
from pxcore.config.settings import GatewayName, Mode, Settings
from pxcore.engine.config import Limits
from pxcore.engine.execution import size_for_risk
from pxcore.engine.limits import worst_case_usd
from pxcore.engine.start_check import Item, OrphanRemedy, found_in, remedy_for
from pxcore.flatten.recovery import our_sessions
from pxcore.gateway.rest import ClockReading, GatewayClient, OverBudget
from pxcore.host.proxies import proxy_to
from pxcore.model import Account, Contract, Foreign, Misconfigured, Unavailable
from pxcore.ownership.holders import holder_of
from pxcore.ownership.world import world_of
from pxcore.preflight.checks import CheckResult, CheckVerdict, NotLookedAt, fails, ok, warning
from pxcore.venue.resolve import resolve_account, resolve_contract, take_snapshot

_APART_S, _TOO_FAR_APART_S = 2.0, 30.0
_FEW_LEFT = 0.2  # of a limit's requests


class VenueChecks:
    """In the order of the methods: each keeps what those after it need."""

    def __init__(self, settings: Settings, client: GatewayClient | None, limits: Limits) -> None:
        self._settings = settings
        self._client = client
        self._limits = limits
        self._reading: ClockReading | None = None
        self._has_answered = self._is_logged_in = False
        self._account: Account | None = None
        self._contract: Contract | None = None

    def reach(self) -> CheckResult:
        """It answers, and takes our login."""
        settings = self._settings
        url, _ = settings.hosts  # raises what is wrong with the address where there is no client
        way = way_told(settings)  # and with the proxy
        if self._client is None:
            raise NotLookedAt("settings", "there is no client of the gateway")
        self._reading = self._client.clock_reading()
        self._has_answered = True
        try:
            self._client.login()
        except Misconfigured as error:
            return fails(
                "; ".join(error.problems), "correct PX_USERNAME and PX_API_KEY, or do as it says"
            )
        self._is_logged_in = True
        return ok(f"{settings.gateway} at {url} answers{way}, login taken")

    def clock(self) -> CheckResult:
        if not self._has_answered:
            raise NotLookedAt("gateway", "no answer of the gateway")
        return judge_clock(self._reading)

    def account(self) -> CheckResult:
        """Of PX_ACCOUNT_ID, there, visible, free to trade, and not a live-funded one."""
        settings, client = self._settings, self._logged_in()
        account = resolve_account(client, settings)
        if client.is_visible(account.id) is False:
            return fails(
                f"account {account.id} {account.name} is hidden or retired",
                "set PX_ACCOUNT_ID to an account that the platform shows",
            )
        self._account = account
        told = f"{account.id} {account.name} may trade, balance {account.balance_usd:,.2f} USD"
        if account.is_simulated is None:
            return warning(
                f"{told}; the venue does not say whether it is simulated",
                "make sure on the platform that it is not a live-funded one",
            )
        return ok(f"{told}, simulated")

    def contract(self) -> CheckResult:
        """One that is active and has time left, of which an entry is possible within the limits."""
        settings = self._settings
        contract = resolve_contract(self._logged_in(), settings)
        self._contract = contract
        today = trading_day_at(settings.clock.now()).day
        aged = judge_expiry(contract, expiry_of(contract, today))
        risked = judge_risk(contract, settings, self._limits)
        worst = risked if risked.verdict is CheckVerdict.FAILS else aged
        return replace(worst, text=f"{aged.text}; {risked.text}")

    def state(self) -> CheckResult:
        """What is held and alive on the account, whose it is, and who has the account now."""
        settings, account = self._settings, self._account
        if account is None:
            raise NotLookedAt("account", "no account")
        seen = take_snapshot(self._logged_in(), account, settings)
        holder = holder_of(Paths(settings.home).home, account.id, world_of(settings))
        if holder is not None:
            held = "flat" if seen.is_flat else "not flat"
            return warning(
                f"held by {holder}, {held}: no second session begins",
                "wait until it has ended, or end it with `px flatten`",
            )
        if seen.is_flat:
            counted = self._logged_in().miscounted
            if counted is not None:
                return warning(f"flat; {counted}", "see on the platform that no order is open")
            return ok("flat, no order alive")
        day_start = trading_day_at(settings.clock.now()).opens_at
        orders = self._logged_in().orders(account.id, start=day_start)
        return self._judge_state(found_in(seen, orders, sessions=our_sessions(settings)))

    def _judge_state(self, found: tuple[Item, ...]) -> CheckResult:
        settings = self._settings
        told = ", ".join(
            f"{item.text} ({'left by a session of ours' if item.is_ours else 'not ours'})"
            for item in found
        )
        if self._contract is None:
            return warning(told, "see what it is, and flatten it with `px flatten`")
        remedy = remedy_for(
            found,
            contract_id=self._contract.id,
            leftovers=settings.leftovers,
            foreign=settings.foreign,
            may_adopt=True,
        )
        if remedy is OrphanRemedy.NOTHING:
            return ok(f"{told}: in other contracts, left alone (PX_FOREIGN={Foreign.IGNORE})")
        if remedy is OrphanRemedy.REFUSE or settings.mode is Mode.SHADOW:
            return warning(
                f"{told}: a session would be refused",
                "flatten it with `px flatten`, or set PX_FOREIGN and PX_LEFTOVERS for it",
            )
        done = "flattens it first" if remedy is OrphanRemedy.FLATTEN else "takes the position over"
        return warning(
            f"{told}: the session's start {done}", "if that is not wanted, `px flatten` now"
        )

    def requests(self) -> CheckResult:
        """By our own count: how many the venue's limits still allow."""
        if self._client is None:
            raise NotLookedAt("gateway", "no client of the gateway")
        left = self._client.requests_left()
        told = ", ".join(f"{one.normal} of {one.of} {one.lane} left" for one in left)
        if any(one.paused_s for one in left):
            longest_s = max(one.paused_s for one in left)
            return warning(f"{told}, paused for {longest_s:.0f} s after a 429", _WAIT)
        if any(one.normal < _FEW_LEFT * one.of for one in left):
            return warning(told, _WAIT)
        return ok(told)

    def _logged_in(self) -> GatewayClient:
        if self._client is None or not self._is_logged_in:
            raise NotLookedAt("gateway", "no login")
        return self._client


_WAIT = "wait a minute, and see what else asks the gateway for this user"


def answered(look: Callable[[], CheckResult], *, remedy: str) -> CheckResult:
    """What the look found; a question that went unanswered fails with this remedy."""
    try:
        return look()
    except OverBudget as error:
        return fails(str(error), _WAIT)
    except Unavailable as error:
        return fails(str(error), remedy)


def remedy_when_away(settings: Settings) -> str:
    """For a gateway that does not answer."""
    if settings.gateway is GatewayName.PAPER:
        return (
            "run `px up` in another terminal, then look again; or `px paper`, with the settings "
            "that it prints"
        )
    with suppress(Misconfigured):  # said by the check itself
        if way := way_told(settings):
            return (
                f"it is asked for{way}: see whether the proxy and the gateway are up, then look "
                "again; NO_PROXY with the gateway's host goes past it"
            )
    return "see whether this machine's network and the gateway are up, then look again"


def way_told(settings: Settings) -> str:
    """Through which proxy the gateway is reached; empty where it is reached directly. Raises
    Misconfigured for one that cannot be used.
    """
    ways = [proxy_to(url) for url in settings.hosts]
    if ways == [None, None]:
        return ""
    rest, hubs = ("directly" if way is None else f"through the proxy {way}" for way in ways)
    return f" {rest}" if rest == hubs else f" {rest}, its streams {hubs}"


def judge_clock(reading: ClockReading | None) -> CheckResult:
    """More than 2 s apart spoils the ages of quotes, more than 30 s the trading window."""
    remedy = "set this machine's clock by NTP"
    if reading is None:
        return warning("the gateway does not say its time", f"{remedy}, and see that it is right")
    way = "ahead of" if reading.ahead_s > 0 else "behind"
    told = f"ours is {abs(reading.ahead_s):.1f} s {way} the gateway's, to within a second"
    if reading.apart_s > _TOO_FAR_APART_S:
        return fails(told, remedy)
    if reading.apart_s > _APART_S:
        return warning(told, remedy)
    return ok(told)


def judge_expiry(contract: Contract, expiry: Expiry) -> CheckResult:
    """Has the contract time left, and does its market still trade it?"""
    following = expiry.next_name or "the next one"
    trade_next = f"trade {following}: see PX_CONTRACT and `px contracts`"
    month = f"{expiry.month:%b %Y}" if expiry.month else ""
    if expiry.stage is Stage.UNKNOWN:
        return warning(
            f"{contract.id} does not say its month", "see on the platform when it expires"
        )
    if expiry.ends_on is None or expiry.rolls_on is None:
        if expiry.stage is Stage.CURRENT:
            return ok(f"{contract.name}, {month}")
        return warning(f"{contract.name}: {month} has begun", trade_next)
    told = f"{contract.name}, {month}, expires {expiry.ends_on}"
    if expiry.stage is Stage.OVER:
        return fails(f"{told}: over", trade_next)
    if expiry.stage is Stage.ROLLING:
        return warning(f"{told}, its market moves to {following} on {expiry.rolls_on}", trade_next)
    return ok(told)


def judge_risk(contract: Contract, settings: Settings, limits: Limits) -> CheckResult:
    """May one entry at its stop lose no more than the day? Else every entry would be denied."""
    stop_ticks, risk_usd = settings.stop_loss_ticks, settings.risk_usd_per_trade
    size = settings.size
    if risk_usd is not None:
        size = size_for_risk(contract, limits, stop_ticks=stop_ticks, risk_usd=risk_usd)
    if size < 1:
        return fails(
            f"PX_RISK_USD_PER_TRADE {risk_usd} does not pay for one contract's stop",
            "raise PX_RISK_USD_PER_TRADE or lower PX_STOP_LOSS_TICKS",
        )
    worst_usd = worst_case_usd(contract, limits, stop_ticks=stop_ticks, size=size)
    told = f"an entry of {size} risks {worst_usd:.2f} USD of the day's {limits.loss_usd_max}"
    if worst_usd > limits.loss_usd_max:
        return fails(told, "lower PX_SIZE or PX_STOP_LOSS_TICKS, or raise PX_LOSS_USD_MAX")
    return ok(told)
