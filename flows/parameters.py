"""What may be said of one run, in the form of Prefect's UI and on its API.

The strategy's own models are what the form shows: names, types, ranges, units and help. A run
without parameters trades what the settings say. Limits may be tighter than the settings, not
looser. Nothing here is secret: Prefect stores parameters and shows them in clear.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, create_model, field_validator

from pxcore.calendar.hours import CHICAGO, chicago, trading_day_at
from pxcore.config.accounts import account_of
from pxcore.config.bounds import Checked, WantedText
from pxcore.config.limit_fields import form_field_of
from pxcore.config.limits import limits_of
from pxcore.config.settings import AccountlessSettings, Mode, Settings, load_settings
from pxcore.config.sources import environ_with
from pxcore.config.texts import JSON_WANTED, json_object, json_text, time_in
from pxcore.engine.limit_table import LIMITS
from pxcore.engine.tightening import bounds_of, loosened, text_of
from pxcore.model import STOP_LOSS_TICKS_MIN, Misconfigured
from pxcore.strategies import BUILT_IN
from pxcore.strategies.registry import StrategyKind
from pxcore.text.plain import plain
from pxcore.text.typed import ID_MAX

REASON_MAX = 200  # characters, as a page shows them


class Form(Checked):
    """What every box of a form has in common: an unknown name is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def reason_in(given: Any) -> Any:
    """Any text is one, and what is beyond its bound is cut: none keeps a way to flat from going."""
    return plain(given)[:REASON_MAX] if isinstance(given, str) else given


def _choice(kind: StrategyKind) -> type[BaseModel]:
    """The strategy's parameters, and its name beside them, of which there is one."""
    title = "".join(part.capitalize() for part in kind.name.split("-"))
    name: Any = Literal[kind.name]
    return create_model(
        title,
        __base__=kind.params,
        __doc__=kind.summary,
        strategy=(name, Field(kind.name, description=kind.summary)),
    )


def _any_of(kinds: Iterable[StrategyKind]) -> Any:
    return Union[tuple(_choice(kind) for kind in kinds)]  # noqa: UP007 - of models made here


class OwnStrategy(Form):
    """A strategy of your own, or one that is installed."""

    module: str = Field(
        min_length=1,
        max_length=200,
        description="`module:Class`, or a name that `px strategies` lists",
    )
    params: Annotated[dict[str, Any], WantedText(JSON_WANTED)] = Field(
        {}, description="its parameters, by name"
    )

    @field_validator("params")
    @classmethod
    def _can_be_a_setting(cls, given: dict[str, Any]) -> dict[str, Any]:
        return json_object(json_text(given))


class SettingsStrategy(Form):
    """The strategy and the parameters of the settings."""

    use: Literal["settings"] = Field("settings", description="what `.env` says")


if TYPE_CHECKING:
    Traded = BaseModel
else:
    Traded = Union[SettingsStrategy, _any_of(BUILT_IN.values()), OwnStrategy]  # noqa: UP007


if TYPE_CHECKING:
    Tighter = Form
else:
    Tighter = create_model(
        "Tighter",
        __base__=Form,
        __doc__="Limits of this run. Each must be as tight as the settings', or tighter; empty "
        "keeps it.",
        **{name: form_field_of(name) for name in LIMITS},
    )


class Window(Form):
    """When this run may enter, Chicago time of the market's clock. Empty keeps the settings'."""

    start: time | None = Field(None, description="first entry, HH:MM")
    end: time | None = Field(None, description="no entry from here, flatten, HH:MM")
    minutes: float | None = Field(
        None, ge=0.1, le=1440, description="ends at the latest so many minutes after it began"
    )

    @field_validator("start", "end", mode="before")
    @classmethod
    def _is_chicago(cls, given: Any) -> Any:
        return given if given is None else time_in(given)


class Run(Form):
    """One run of the trading day."""

    account: int | None = Field(
        None, ge=1, le=ID_MAX, title="account id", description="instead of the settings' account"
    )
    trades: Traded = Field(SettingsStrategy(), title="strategy", description="what is traded")
    contract: str | None = Field(
        None, min_length=1, max_length=100, description="symbol, contract name or id"
    )
    size: int | None = Field(None, ge=1, le=150, description="contracts an entry")
    stop_loss_ticks: int | None = Field(
        None, ge=STOP_LOSS_TICKS_MIN, le=1000, description="ticks from the fill to the stop"
    )
    take_profit_ticks: int | None = Field(
        None, ge=1, le=1000, description="ticks from the fill to the target"
    )
    limits: Tighter = Field(Tighter(), description="tighter limits than the settings'")
    window: Window = Field(Window(), description="a shorter window than the settings'")
    mode: Literal["as set", "paper", "live", "shadow"] = Field(
        "as set",
        description="`shadow` is a dry run that sends no order; `paper` and `live` refuse to "
        "start when the settings say something else",
    )


_PLAIN = ("contract", "size", "stop_loss_ticks", "take_profit_ticks")


def settings_of(run: Run) -> dict[str, str]:
    """The run's wishes as settings, but for the window, which depends on when it begins."""
    wanted = _strategy_of(run)
    for name in _PLAIN:
        value = getattr(run, name)
        if value is not None:
            wanted[f"PX_{name.upper()}"] = str(value)
    for name, value in run.limits.model_dump(exclude_none=True).items():
        wanted[f"PX_{name.upper()}"] = text_of(value)
    if run.mode == "shadow":
        wanted["PX_TRADING"] = "shadow"
    return wanted


def _strategy_of(run: Run) -> dict[str, str]:
    chosen = run.trades
    if isinstance(chosen, SettingsStrategy):
        return {}
    if isinstance(chosen, OwnStrategy):
        name, params = chosen.module, chosen.params
    else:
        params = chosen.model_dump(mode="json")
        name = params.pop("strategy")
    return {"PX_STRATEGY": name, "PX_STRATEGY_PARAMS": json.dumps(params)}


def window_settings(window: Window, settings: Settings, now: datetime) -> dict[str, str]:
    """The shorter of the two windows. Raises Misconfigured for one that is not within the other."""
    start = window.start if window.start is not None else settings.window_start
    end = window.end if window.end is not None else settings.window_end
    if start < settings.window_start or end > settings.window_end:
        raise Misconfigured(
            f"the window {start:%H:%M} to {end:%H:%M} is not within that of the settings, "
            f"{settings.window_start:%H:%M} to {settings.window_end:%H:%M}"
        )
    if window.minutes is not None:
        day = trading_day_at(now).day
        began = max(now, chicago(day, start))
        last = (began + timedelta(minutes=window.minutes)).astimezone(CHICAGO)
        if last < chicago(day, end):
            end = last.time().replace(microsecond=0)
    wanted = {"PX_WINDOW_START": start.isoformat()}
    if end != settings.window_end:  # what nobody said stays a default, which moves with the close
        wanted["PX_WINDOW_END"] = end.isoformat()
    return wanted


@contextmanager
def in_force(run: Run) -> Iterator[Settings]:
    """Meanwhile the settings of this process, and of what it starts, are those of the run.

    Raises Misconfigured for a run that would loosen a limit, widen the window, or trade in another
    mode than the settings'.
    """
    account = account_of(load_settings(kind=AccountlessSettings), run.account)
    with account.in_force():
        base = load_settings()
        if run.mode in ("paper", "live") and base.mode is not Mode(run.mode):
            raise Misconfigured(f"the run asks for {run.mode}, the settings say {base.mode}")
        wanted = settings_of(run) | window_settings(run.window, base, base.clock.now())
        with environ_with(wanted, "in the run's form"):
            settings = load_settings()
            looser = loosened(bounds_of(limits_of(base)), limits_of(settings))
            if looser:
                raise Misconfigured(*(f"the run's limits loosen: {one}" for one in looser))
            yield settings
