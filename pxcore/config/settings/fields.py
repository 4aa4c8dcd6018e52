"""Every setting, once: its name, default, unit and bounds.

What is beyond them is refused, each value by itself; what must hold between several of them is in
`model`.
"""

import re
from datetime import time
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from pxcore.clock.clocks import ShiftedClock
from pxcore.config.bounds import Checked, WantedText
from pxcore.config.limit_fields import OPTIONAL_LIMITS, setting_of
from pxcore.config.sources import PREFIX
from pxcore.config.texts import (
    JSON_WANTED,
    STRETCHES_WANTED,
    URLS_WANTED,
    json_object,
    stretches_in,
    time_in,
    urls_in,
)
from pxcore.host.own_home import default_home
from pxcore.model import STOP_LOSS_TICKS_MIN, Foreign, Leftovers, Misconfigured
from pxcore.text.plain import plain
from pxcore.text.typed import ID_MAX, TEXT_MAX, visible

OWN_HOME = Path()  # stands for the user's own
REASON_MAX = 2000  # characters of a kill switch: more than anybody says in a hurry
_PAPER_URL = re.compile(r"|http://127\.0\.0\.1:[0-9]{1,5}")


class GatewayName(StrEnum):
    PAPER = "paper"
    TOPSTEPX = "topstepx"


class Fields(Checked, BaseSettings):
    """One name per thing; units are the last word of the name."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        extra="forbid",
        frozen=True,
        defer_build=True,  # of six kinds a command uses one or two
    )

    home: Annotated[Path, WantedText(f"the path of a folder, up to {TEXT_MAX:,} characters")] = (
        Field(
            OWN_HOME,
            validate_default=True,
            description="folder of all state: journal, database, reports, Prefect's home; left out "
            "it is the user's own, on Linux `~/.local/share/px-sessions`",
        )
    )
    database_url: SecretStr = Field(
        SecretStr(""),
        max_length=2 * TEXT_MAX,
        description="the store, if not SQLite in the home folder: `postgresql://...`",
    )
    gateway: GatewayName = Field(GatewayName.PAPER, description="`paper` or `topstepx`")
    trading: Literal["", "armed", "shadow"] = Field(
        "",
        description="`armed` lets a real gateway trade; `shadow` sends no order, not even on paper",
    )
    account_id: int | None = Field(
        None, ge=1, le=ID_MAX, description="the account, by the venue's own id"
    )
    username: str = Field("", max_length=200, description="login name of a real gateway")
    api_key: SecretStr = Field(
        SecretStr(""), max_length=TEXT_MAX, description="API key of a real gateway"
    )
    paper_url: Annotated[str, WantedText("`http://127.0.0.1:PORT`, or empty")] = Field(
        "", description="where `px paper` listens"
    )
    paper_key: SecretStr = Field(
        SecretStr(""),
        max_length=TEXT_MAX,
        description="what `px paper` asks for: it prints it",
    )
    paper_clock: str = Field(
        "",
        max_length=TEXT_MAX,
        description="the paper market's clock: the file that its gateway keeps, or "
        "MARKET@WALL@SPEED; empty is the wall clock",
    )

    contract: str = Field(
        "MNQ", min_length=1, max_length=100, description="symbol, contract name or id"
    )
    strategy: str = Field(
        "timed-entry",
        min_length=1,
        max_length=200,
        description="a name that `px strategies` lists, or `module:Class` of your own",
    )
    strategy_params: Annotated[dict[str, Any], NoDecode, WantedText(JSON_WANTED)] = Field(
        {}, description="its parameters, a JSON object; those left out have their defaults"
    )
    size: int = Field(1, ge=1, le=150, description="contracts an entry")
    risk_usd_per_trade: Decimal | None = Field(
        None, ge=1, le=100_000, description="USD that a stop may cost: sets the size instead"
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
        None, ge=1, le=86_400, description="seconds after which a position is closed"
    )

    window_start: time = Field(time(8, 30), description="first entry, Chicago time")
    window_end: time = Field(time(15, 0), description="no entry from here, flatten, Chicago time")
    flat_by: time = Field(time(15, 5), description="flat must be proven by, Chicago time")
    restarts_max: int = Field(
        2, ge=0, le=10, description="times a day that a session which crashed is restarted"
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

    loss_usd_max: Decimal = setting_of("loss_usd_max")
    drawdown_usd_max: Decimal | None = setting_of("drawdown_usd_max")
    balance_usd_floor: Decimal | None = setting_of("balance_usd_floor")
    profit_usd_lock: Decimal | None = setting_of("profit_usd_lock")
    trades_max: int = setting_of("trades_max")
    losses_in_a_row_max: int | None = setting_of("losses_in_a_row_max")
    entries_per_minute_max: int | None = setting_of("entries_per_minute_max")
    spread_ticks_max: int | None = setting_of("spread_ticks_max")
    no_entry: Annotated[str, WantedText(STRETCHES_WANTED)] = Field(
        "", description="Chicago times without entries, for news: 08:58-09:02,13:55-14:05"
    )
    presence_s: float | None = setting_of("presence_s")
    contracts_max: int = setting_of("contracts_max")
    cooldown_s: float = setting_of("cooldown_s")
    slippage_ticks: int = setting_of("slippage_ticks")
    costs_usd_per_side: Decimal = setting_of("costs_usd_per_side")
    stale_data_s: float = setting_of("stale_data_s")
    entry_deadline_s: float = setting_of("entry_deadline_s")
    unknown_grace_s: float = setting_of("unknown_grace_s")
    protection_deadline_s: float = setting_of("protection_deadline_s")
    settle_deadline_s: float = setting_of("settle_deadline_s")
    blind_limit_s: float = setting_of("blind_limit_s")
    venue_refusals_max: int = setting_of("venue_refusals_max")
    strategy_errors_max: int = setting_of("strategy_errors_max")
    kill_switch: Annotated[
        str, WantedText(f"any text; what is beyond {REASON_MAX:,} characters is cut")
    ] = Field(
        "", description="any text is the reason why nothing may be opened; so is the file `KILL`"
    )

    connect_timeout_s: float = Field(3.0, ge=0.1, le=60, description="seconds to connect for REST")
    reply_timeout_s: float = Field(8.0, ge=0.1, le=60, description="seconds to wait for an answer")
    silence_limit_s: float = Field(
        30.0, ge=16, le=300, description="seconds without a byte before a hub counts as lost"
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
    alert_urls: Annotated[tuple[SecretStr, ...], NoDecode, WantedText(URLS_WANTED)] = Field(
        (), description="where alerts go, Apprise URLs, separated by blanks; empty sends none"
    )

    @field_validator(
        "account_id",
        "risk_usd_per_trade",
        "break_even_ticks",
        "trail_ticks",
        "time_stop_s",
        *OPTIONAL_LIMITS,
        mode="before",
    )
    @classmethod
    def _may_be_empty(cls, given: Any) -> Any:
        return None if given == "" else given

    @field_validator("home", mode="before")
    @classmethod
    def _is_own_home(cls, given: Any) -> Any:
        if given is OWN_HOME:
            return default_home()
        if isinstance(given, str):
            if not given.strip():
                raise ValueError("it is empty: leave it out for the folder of your own")
            if len(visible(given)) > TEXT_MAX:
                raise ValueError(f"it has {len(given):,} characters")
            return _expanded(Path(given))
        return given

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

    @field_validator("paper_url")
    @classmethod
    def _is_loopback(cls, url: str) -> str:
        if not _PAPER_URL.fullmatch(url):
            raise ValueError("the paper gateway is on this machine alone")
        return url

    @field_validator("kill_switch", mode="before")
    @classmethod
    def _is_a_reason(cls, given: Any) -> Any:
        """Any text is one, so that none is refused by whoever would keep entries out."""
        return plain(given)[:REASON_MAX] if isinstance(given, str) else given

    @field_validator("contract", mode="before")
    @classmethod
    def _is_one_word(cls, given: Any) -> Any:
        return given.strip() if isinstance(given, str) else given

    @field_validator("window_start", "window_end", "flat_by", mode="before")
    @classmethod
    def _is_wall_time(cls, given: Any) -> Any:
        return time_in(given)

    @field_validator("no_entry")
    @classmethod
    def _are_stretches(cls, text: str) -> str:
        stretches_in(text)
        return text


def _expanded(path: Path) -> Path:
    """`~` is the user's own folder, in `.env` as in a shell."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError("there is no such user's folder") from None
