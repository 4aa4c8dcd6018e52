"""Every setting, once: its name, default, unit and range.

Read from the environment and `.env`, prefix `PX_`. Absent settings mean paper. A real gateway
needs its name, an account id and credentials; it trades only with `PX_TRADING=armed` besides,
and is otherwise in shadow: everything but sending orders.
"""

import os
from datetime import time
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from pxcore.clock import Clock, ShiftedClock, WallClock
from pxcore.clock_file import PublishedClock
from pxcore.masking import password_in_url, secrets_in_url
from pxcore.model import (
    STOP_LOSS_TICKS_MIN,
    Foreign,
    Leftovers,
    Misconfigured,
    ProtocolError,
    Unavailable,
)
from pxcore.own_home import default_home
from pxcore.plain_text import plain
from pxcore.program_hours import flat_time, latest_flat_by
from pxcore.setting_sources import PREFIX, facts_in, require_text, why_no_facts
from pxcore.setting_texts import json_object, stretches_in, urls_in, wall_time

ENV_FILE = Path(".env")


class GatewayName(StrEnum):
    PAPER = "paper"
    TOPSTEPX = "topstepx"


class Mode(StrEnum):
    """What a session may do: trade the paper gateway, watch a real one, or trade a real one."""

    PAPER = "paper"
    SHADOW = "shadow"
    LIVE = "live"


_SECRETS = frozenset(("API_KEY", "PAPER_KEY", "DATABASE_URL", "ALERT_URLS"))
# Base of REST and of the hubs. Source: gateway reference, 1.1.
PAPER_USER = "paper"
_HOSTS = {GatewayName.TOPSTEPX: ("https://api.topstepx.com", "https://rtc.topstepx.com")}


_OWN_HOME = Path()  # stands for the user's own
# By whatever takes risk off or only looks: without these it would act on something else.
NEEDED = frozenset(
    (
        *("home", "database_url", "gateway", "trading", "account_id", "username", "api_key"),
        *("paper_url", "paper_key", "paper_clock", "foreign", "contract", "alert_urls"),
        *("connect_timeout_s", "reply_timeout_s", "unknown_grace_s", "kill_switch"),
    )
)


class Refusal(NamedTuple):
    """A sentence, and the settings that are left out for it; none when it is about a needed one."""

    text: str
    names: tuple[str, ...] = ()

    @property
    def may_be_left_out(self) -> bool:
        return bool(self.names) and not NEEDED.intersection(self.names)


class Settings(BaseSettings):
    """One name per thing; units are the last word of the name."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)
    needs_account: ClassVar[bool] = True  # of a real gateway
    is_lenient: ClassVar[bool] = False  # what is not `NEEDED` may be wrong, and is left out
    _left_out: tuple[str, ...] = PrivateAttr(())
    _from_paper: frozenset[str] = PrivateAttr(frozenset())

    home: Path = Field(
        _OWN_HOME,
        validate_default=True,
        description="folder of all state: journal, database, reports, Prefect's home; empty is the "
        "user's own, on Linux `~/.local/share/px-sessions`",
    )
    database_url: SecretStr = Field(
        SecretStr(""),
        description="the store, if not SQLite in the home folder: `postgresql://...`",
    )
    gateway: GatewayName = Field(GatewayName.PAPER, description="`paper` or `topstepx`")
    trading: Literal["", "armed", "shadow"] = Field(
        "",
        description="`armed` lets a real gateway trade; `shadow` sends no order, not even on paper",
    )
    account_id: int | None = Field(None, gt=0, description="the account, by the venue's own id")
    username: str = Field("", description="login name of a real gateway")
    api_key: SecretStr = Field(SecretStr(""), description="API key of a real gateway")
    paper_url: str = Field(
        "", pattern=r"^(|http://127\.0\.0\.1:\d+)$", description="where `px paper` listens"
    )
    paper_key: SecretStr = Field(
        SecretStr(""), description="what `px paper` asks for: it prints it"
    )
    paper_clock: str = Field(
        "",
        description="the paper market's clock: the file that its gateway keeps, or "
        "MARKET@WALL@SPEED; empty is the wall clock",
    )

    contract: str = Field("MNQ", min_length=1, description="symbol, contract name or id")
    strategy: str = Field(
        "timed-entry",
        min_length=1,
        description="a name that `px strategies` lists, or `module:Class` of your own",
    )
    strategy_params: Annotated[dict[str, Any], NoDecode] = Field(
        {}, description="its parameters, a JSON object; those left out have their defaults"
    )
    size: int = Field(1, ge=1, le=150, description="contracts an entry")
    risk_usd_per_trade: Decimal | None = Field(
        None, gt=0, le=100_000, description="USD that a stop may cost: sets the size instead"
    )
    stop_loss_ticks: int = Field(
        40, ge=STOP_LOSS_TICKS_MIN, le=1000, description="ticks from the fill to the stop"
    )
    take_profit_ticks: int = Field(
        60, ge=1, le=1000, description="ticks from the fill to the target"
    )

    break_even_ticks: int | None = Field(
        None, ge=1, le=1000, description="ticks of gain that move the stop to the entry's price"
    )
    trail_ticks: int | None = Field(
        None,
        ge=STOP_LOSS_TICKS_MIN,
        le=1000,
        description="ticks behind the best price to which the stop follows",
    )
    time_stop_s: float | None = Field(
        None, gt=0, le=86_400, description="seconds after which a position is closed"
    )

    window_start: time = Field(time(8, 30), description="first entry, Chicago time")
    window_end: time = Field(time(15, 0), description="no entry from here, flatten, Chicago time")
    flat_by: time = Field(time(15, 5), description="flat must be proven by, Chicago time")
    restarts_max: int = Field(
        2, ge=0, le=10, description="times a day that a session which crashed is started anew"
    )
    leftovers: Leftovers = Field(
        Leftovers.FLATTEN,
        description="what a session of ours left behind, at start: `flatten`, `adopt` or `refuse`",
    )
    foreign: Foreign = Field(
        Foreign.REFUSE,
        description="what others do on the account: `refuse`, `flatten`, `adopt` or `ignore`",
    )
    watchdog: Literal["flatten", "protect"] = Field(
        "flatten",
        description="what a session that died left behind: `flatten`, or `protect` it by a stop",
    )
    own_stop: bool = Field(
        False, description="place our own stop where the venue's leg is missing, before a flatten"
    )

    loss_usd_max: Decimal = Field(
        Decimal(500), gt=0, le=100_000, description="daily loss in USD: halt and flatten"
    )
    drawdown_usd_max: Decimal | None = Field(
        None,
        gt=0,
        le=100_000,
        description="USD below the day's highest profit: halt and flatten",
    )
    balance_usd_floor: Decimal | None = Field(
        None,
        description="balance in USD that must hold (a program's maximum loss): halt and flatten",
    )
    profit_usd_lock: Decimal | None = Field(
        None, gt=0, le=100_000, description="profit in USD at which the day is done: flatten, halt"
    )
    trades_max: int = Field(10, ge=1, le=1000, description="trades a trading day")
    losses_in_a_row_max: int | None = Field(
        None, ge=1, le=100, description="losing trades in a row after which nothing is opened"
    )
    entries_per_minute_max: int | None = Field(
        None, ge=1, le=60, description="entries sent in any minute"
    )
    spread_ticks_max: int | None = Field(
        None, ge=1, le=1000, description="widest spread at which an entry is sent, ticks"
    )
    no_entry: str = Field(
        "", description="Chicago times without entries, for news: 08:58-09:02,13:55-14:05"
    )
    presence_s: float | None = Field(
        None,
        ge=10,
        le=86_400,
        description="seconds that `px here` is good for: then no entries, twice that: flatten",
    )
    contracts_max: int = Field(5, ge=1, le=150, description="largest size of an entry, contracts")
    cooldown_s: float = Field(60.0, ge=0, le=86_400, description="seconds out after a loss")
    slippage_ticks: int = Field(
        4, ge=0, le=1000, description="ticks a stop may slip, for the headroom before an entry"
    )
    costs_usd_per_side: Decimal = Field(
        Decimal("2.50"),
        ge=0,
        le=100,
        description="USD of fees and commissions a contract and side, for that headroom",
    )
    stale_data_s: float = Field(
        10.0, gt=0, le=600, description="oldest quote and print for an entry, seconds"
    )
    entry_deadline_s: float = Field(
        5.0, gt=0, le=60, description="seconds from an entry's answer until it has filled or failed"
    )
    unknown_grace_s: float = Field(
        20.0,
        ge=5,
        le=300,
        description="seconds in which an order whose answer was lost may still reach the venue",
    )
    protection_deadline_s: float = Field(
        5.0, gt=0, le=60, description="seconds for both bracket legs to be seen working"
    )
    settle_deadline_s: float = Field(
        2.0, gt=0, le=60, description="seconds for orders, fills and position to agree"
    )
    blind_limit_s: float = Field(
        30.0, gt=0, le=600, description="seconds without a hub while holding before a flatten"
    )
    kill_switch: str = Field(
        "", description="any text is the reason why nothing may be opened; so is the file `KILL`"
    )

    connect_timeout_s: float = Field(3.0, gt=0, le=60, description="seconds to connect for REST")
    reply_timeout_s: float = Field(8.0, gt=0, le=60, description="seconds to wait for an answer")
    silence_limit_s: float = Field(
        30.0, gt=15, le=300, description="seconds without a byte before a hub counts as lost"
    )
    data_limit_s: float = Field(
        60.0,
        ge=20,
        le=3600,
        description="seconds without market data, while the exchange is open, that cost a hub",
    )
    depth: bool = Field(False, description="subscribe to the order book's depth as well")
    journal_compressed: bool = Field(
        False, description="journals are compressed (zstd), file by file, as they are done"
    )
    keep_journals_days: int = Field(
        400, ge=0, le=36_500, description="days after which a day's journals may go; 0 keeps all"
    )
    pack_journals_days: int = Field(
        7, ge=0, le=36_500, description="days after which journals are compressed; 0 never"
    )
    keep_logs_days: int = Field(
        90, ge=0, le=36_500, description="days that logs and reports are kept; 0 keeps all"
    )
    keep_backups: int = Field(
        8, ge=0, le=1000, description="copies of each database that are kept; 0 makes none"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="lowest level in the logs"
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="`text` for people, or `json`: one object a line"
    )
    alert_urls: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (), description="where alerts go, Apprise URLs, separated by blanks; empty sends none"
    )

    @field_validator(
        "account_id",
        "risk_usd_per_trade",
        "break_even_ticks",
        "trail_ticks",
        "time_stop_s",
        "drawdown_usd_max",
        "balance_usd_floor",
        "profit_usd_lock",
        "losses_in_a_row_max",
        "entries_per_minute_max",
        "spread_ticks_max",
        "presence_s",
        mode="before",
    )
    @classmethod
    def _may_be_empty(cls, given: Any) -> Any:
        return None if given == "" else given

    @field_validator("home", mode="before")
    @classmethod
    def _is_own_home(cls, given: Any) -> Any:
        return default_home() if given is _OWN_HOME or given == "" else given

    @field_validator("strategy_params", mode="before")
    @classmethod
    def _is_json_object(cls, given: Any) -> Any:
        """Only that: what the parameters mean is for the strategy, at the start of a session."""
        return json_object(given) if isinstance(given, str) else given

    @field_validator("alert_urls", mode="before")
    @classmethod
    def _are_urls(cls, given: Any) -> Any:
        return urls_in(given) if isinstance(given, str) else given

    @field_validator("paper_clock")
    @classmethod
    def _is_clock(cls, text: str) -> str:
        if text and not Path(text).is_absolute():
            try:
                ShiftedClock.parse(text)
            except Misconfigured as error:
                raise ValueError(str(error)) from None
        return text

    @field_validator("contract", mode="before")
    @classmethod
    def _is_one_word(cls, given: Any) -> Any:
        return given.strip() if isinstance(given, str) else given

    @field_validator("window_start", "window_end", "flat_by")
    @classmethod
    def _is_wall_time(cls, given: time) -> time:
        return wall_time(given)

    @field_validator("no_entry")
    @classmethod
    def _arestretches_in(cls, text: str) -> str:
        stretches_in(text)
        return text

    @model_validator(mode="wrap")
    @classmethod
    def _whole(cls, data: Any, build: ModelWrapValidatorHandler[Self]) -> Self:
        """Collects every problem, of single values and between them, into one Misconfigured; or
        builds without those that are not needed.
        """
        refusals: list[Refusal] = []
        try:
            settings = build(data)
        except ValidationError as error:
            refusals = [_refusal(one) for one in error.errors()]
            refused = {str(one["loc"][0]) for one in error.errors() if one["loc"]}
            settings = build(_without(data, refused))
        refusals += settings._disagreements({name for one in refusals for name in one.names})
        kept = [one for one in refusals if not (cls.is_lenient and one.may_be_left_out)]
        if kept:
            raise Misconfigured(*(one.text for one in refusals))
        if refusals:
            settings = build(_without(data, {name for one in refusals for name in one.names}))
            settings._left_out = tuple(one.text for one in refusals)
        return settings

    def _disagreements(self, refused: set[str]) -> list[Refusal]:
        """Between what was given; `refused` are left at their defaults, which nobody chose."""
        late = self._times_too_late()
        gone = refused | {name for one in late for name in one.names}
        found = self._times_in_disorder(gone if self.is_lenient else set()) + late
        if self.size > self.contracts_max:
            text = f"PX_SIZE {self.size} is above PX_CONTRACTS_MAX {self.contracts_max}"
            found.append(Refusal(text, ("size", "contracts_max")))
        if self.gateway is not GatewayName.PAPER:
            found += [Refusal(text) for text in self._missing_for_a_real_gateway()]
        return found

    def _times_in_disorder(self, gone: set[str]) -> list[Refusal]:
        """Without those that are `gone`. A time to be flat that agrees with the rest stays."""
        fields = type(self).model_fields
        default_end: time = fields["window_end"].default
        end = default_end if "window_end" in gone else self.window_end
        flat_by: time = fields["flat_by"].default if "flat_by" in gone else self.flat_by
        names: tuple[str, ...] = ()
        if end > flat_by and "window_end" not in gone:
            names, end = ("window_end", "flat_by"), default_end
        if self.window_start >= end:
            names += ("window_start",)
        if not names:
            return []
        text = (
            f"PX_WINDOW_START {self.window_start} must be before PX_WINDOW_END "
            f"{self.window_end}, and that not after PX_FLAT_BY {self.flat_by}"
        )
        return [Refusal(text, names)]

    def _times_too_late(self) -> list[Refusal]:
        latest = latest_flat_by(self.contract)
        times = (("window_end", self.window_end), ("flat_by", self.flat_by))
        return [
            Refusal(
                f"PX_{name.upper()} {at} is refused: the program closes {self.contract} by itself "
                f"at {flat_time(self.contract):%H:%M} Chicago, so {latest:%H:%M} is the latest",
                (name,),
            )
            for name, at in times
            if at > latest and name in self.model_fields_set
        ]

    def _missing_for_a_real_gateway(self) -> list[str]:
        missing = {
            "PX_ACCOUNT_ID": self.needs_account and self.account_id is None,
            "PX_USERNAME": not self.username,
            "PX_API_KEY": not self.api_key.get_secret_value(),
        }
        problems = [
            f"{name} is missing: gateway {self.gateway} needs it"
            for name, is_missing in missing.items()
            if is_missing
        ]
        if self.paper_clock:
            problems.append("PX_PAPER_CLOCK is for the paper gateway alone")
        return problems

    @property
    def left_out(self) -> tuple[str, ...]:
        """What was refused and is not needed, a sentence each."""
        return self._left_out

    @property
    def is_account_chosen(self) -> bool:
        """By a person; else it is none, or the first of the paper gateway that `px up` keeps."""
        return self.account_id is not None and "account_id" not in self._from_paper

    @property
    def mode(self) -> Mode:
        if self.trading == "shadow":
            return Mode.SHADOW
        if self.gateway is GatewayName.PAPER:
            return Mode.PAPER
        return Mode.LIVE if self.trading == "armed" else Mode.SHADOW

    @property
    def clock(self) -> Clock:
        """Raises Misconfigured when the paper gateway's file is not there."""
        if Path(self.paper_clock).is_absolute():
            return _published(Path(self.paper_clock))
        return ShiftedClock.parse(self.paper_clock) if self.paper_clock else WallClock()

    @property
    def recorded_clock(self) -> str:
        """For the record: MARKET@WALL@SPEED of now, empty for the wall clock. Names no file."""
        return str(self.clock) if self.paper_clock else ""

    @property
    def hosts(self) -> tuple[str, str]:
        """Base URL of REST and of the hubs. Raises Misconfigured when paper has no address."""
        if self.gateway is not GatewayName.PAPER:
            return _HOSTS[self.gateway]
        if not self.paper_url:
            raise Misconfigured(
                "PX_PAPER_URL is missing: start the paper gateway with `px paper`, which prints it"
                + why_no_facts(self.home)
            )
        return self.paper_url, self.paper_url

    @property
    def login(self) -> tuple[str, str]:
        """User name and key of the gateway. The paper gateway never sees those of a real one."""
        if self.gateway is GatewayName.PAPER:
            return PAPER_USER, self.paper_key.get_secret_value() or PAPER_USER
        return self.username, self.api_key.get_secret_value()

    @property
    def no_entry_times(self) -> tuple[tuple[time, time], ...]:
        """Chicago wall times, from and until."""
        return stretches_in(self.no_entry)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that may appear in no output: every secret setting, and what its URL holds."""
        found: list[str] = []
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                text = value.get_secret_value()
                found += (text, *password_in_url(text))
        for url in self.alert_urls:
            found += secrets_in_url(url.get_secret_value())
        return tuple(filter(None, found))


class AccountlessSettings(Settings):
    """For questions that concern no account, such as which accounts there are."""

    needs_account: ClassVar[bool] = False


class LenientSettings(Settings):
    """For what takes risk off: a mistake in what it does not need must not stop it."""

    is_lenient: ClassVar[bool] = True


class LenientAccountlessSettings(AccountlessSettings):
    """Both: for `px kill on`, and for what only looks."""

    is_lenient: ClassVar[bool] = True


def load_settings(env_file: Path = ENV_FILE, kind: type[Settings] = Settings) -> Settings:
    """Settings of this process. Raises Misconfigured with every problem at once.

    An unknown `PX_` name is a problem wherever it stands; in `.env` so is any other name. A lenient
    kind goes on without what is not needed: see `left_out`.
    """
    names = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    given = {name.upper() for name in os.environ if name.upper().startswith(PREFIX)}
    unknown = [_unknown(name) for name in sorted(given - names)]
    problems = [one.text for one in unknown]
    is_refused = not (kind.is_lenient and all(one.may_be_left_out for one in unknown))
    require_text(env_file)
    try:
        settings = kind(_env_file=env_file)
    except Misconfigured as error:
        raise Misconfigured(*problems, *error.problems) from None
    if problems and is_refused:
        raise Misconfigured(*problems, *settings.left_out)
    settings = _on_the_paper_gateway_here(settings, env_file, kind)
    settings._left_out = (*problems, *settings.left_out)
    return settings


def _on_the_paper_gateway_here(
    settings: Settings, env_file: Path, kind: type[Settings]
) -> Settings:
    """Where `px up` keeps a paper gateway, it is the one meant; what is set stays as it is set."""
    if settings.gateway is not GatewayName.PAPER or settings.paper_url:
        return settings
    try:
        facts = facts_in(settings.home)
    except (OSError, ProtocolError, Unavailable):
        return settings  # there is none, or none that can be read: see `hosts`
    gateways = facts.gateways
    first = gateways.get(str(facts.first), {})
    gateway = first if settings.account_id is None else gateways.get(str(settings.account_id))
    if gateway is None:  # no account of theirs: any of them will say so
        gateway = {n: first[n] for n in ("paper_url", "paper_key", "paper_clock") if n in first}
    given = {n: v for n, v in gateway.items() if n not in settings.model_fields_set}
    there = kind(_env_file=env_file, **given)
    there._from_paper = frozenset(given)
    return there


@cache
def _published(path: Path) -> PublishedClock:
    """One a process, so that time never goes back in it."""
    return PublishedClock(path)


_UNKNOWN = "{} is not a setting; .env.example lists those there are"


def _refusal(error: ErrorDetails) -> Refusal:
    """Of one value, or of a name in `.env` that is none of ours."""
    field = str(error["loc"][0])
    name = field.upper()
    if error["type"] == "extra_forbidden":
        return _unknown(name, field)
    given = "" if name in _SECRETS else f" {error['input']!r}"
    return Refusal(f"{PREFIX}{name}{given} is refused: {error['msg']}", (field,))


def _unknown(name: str, field: str = "") -> Refusal:
    """One that may be a needed setting, misspelt, is not left out: PX_GATEWY=topstepx would be
    paper.
    """
    text = _UNKNOWN.format(plain(name))
    near = get_close_matches(name.removeprefix(PREFIX).lower(), Settings.model_fields, n=1)
    if near and near[0] in NEEDED:
        return Refusal(f"{text}; is {PREFIX}{near[0].upper()} meant?", ())
    return Refusal(text, (field or name,))


def _without(data: Any, names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in names}
