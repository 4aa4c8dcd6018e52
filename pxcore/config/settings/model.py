"""The settings as a whole: what must hold between them, and what follows from them.

Read from the environment and `.env`, prefix `PX_`. Absent settings mean paper. A real gateway
needs its name, an account id and credentials; it trades only with `PX_TRADING=armed` besides,
and is otherwise in shadow: everything but sending orders.
"""

from collections.abc import Mapping
from datetime import time
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import (
    ModelWrapValidatorHandler,
    PrivateAttr,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource

from pxcore.calendar.program_hours import flat_time, latest_flat_by
from pxcore.clock.clocks import Clock, ShiftedClock, WallClock
from pxcore.clock.published import PublishedClock
from pxcore.config.masking import password_in_url, secrets_in_url
from pxcore.config.settings.fields import Fields, GatewayName
from pxcore.config.settings.refusals import (
    NEEDED,
    NEEDED_TO_KILL,
    SettingsRefused,
    field_of,
    may_be_left_out,
    refusals_of,
)
from pxcore.config.sources import Given, RefusedSetting, given_in_environ, why_no_facts
from pxcore.config.texts import stretches_in
from pxcore.model import Misconfigured


class Mode(StrEnum):
    """What a session may do: trade the paper gateway, watch a real one, or trade a real one."""

    PAPER = "paper"
    SHADOW = "shadow"
    LIVE = "live"


# Base of REST and of the hubs. Source: gateway reference, 1.1.
PAPER_USER = "paper"
_HOSTS = {GatewayName.TOPSTEPX: ("https://api.topstepx.com", "https://rtc.topstepx.com")}


class Settings(Fields):
    """All of them, that agree with each other."""

    needs_account: ClassVar[bool] = True  # of a real gateway
    is_lenient: ClassVar[bool] = False  # what is not `needed` may be wrong, and is left out
    needed: ClassVar[frozenset[str]] = NEEDED
    _refused: tuple[RefusedSetting, ...] = PrivateAttr(())  # and left out
    _from_paper: frozenset[str] = PrivateAttr(frozenset())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is handed over, and then the environment as we read it."""
        given, _refusals = given_in_environ()
        known = {
            field_of(name): one.value
            for name, one in given.items()
            if field_of(name) in settings_cls.model_fields
        }
        return init_settings, InitSettingsSource(settings_cls, init_kwargs=known)

    @classmethod
    def of(cls, given: Mapping[str, Given], **told: Any) -> Self:
        """Of these and, where they say nothing, of the environment. Raises SettingsRefused."""
        return cls(**{name: one.value for name, one in given.items()} | told)

    @model_validator(mode="wrap")
    @classmethod
    def _whole(cls, data: Any, build: ModelWrapValidatorHandler[Self]) -> Self:
        """Collects every problem, of single values and between them, into one Misconfigured; or
        builds without those that are not needed.
        """
        refusals: list[RefusedSetting] = []
        try:
            settings = build(data)
        except ValidationError as error:
            refusals = refusals_of(cls.model_fields, error)
            refused = {str(one["loc"][0]) for one in error.errors() if one["loc"]}
            settings = build(_without(data, refused))
        refusals += settings._disagreements({name for one in refusals for name in one.names})
        if any(not (cls.is_lenient and may_be_left_out(one, cls.needed)) for one in refusals):
            raise SettingsRefused(refusals)
        if refusals:
            settings = build(_without(data, {name for one in refusals for name in one.names}))
            settings._refused = tuple(refusals)
        return settings

    def _disagreements(self, refused: set[str]) -> list[RefusedSetting]:
        """Between what was given; `refused` are left at their defaults, which nobody chose."""
        late = self._times_too_late()
        gone = refused | {name for one in late for name in one.names}
        found = self._times_in_disorder(gone) + late
        if self.size > self.contracts_max:
            text = f"PX_SIZE {self.size} is above PX_CONTRACTS_MAX {self.contracts_max}"
            found.append(RefusedSetting(text, ("size", "contracts_max")))
        if self.gateway is not GatewayName.PAPER:
            found += self._missing_for_a_real_gateway()
        return found

    def _times_in_disorder(self, gone: set[str]) -> list[RefusedSetting]:
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
        return [RefusedSetting(text, names)]

    def _times_too_late(self) -> list[RefusedSetting]:
        latest = latest_flat_by(self.contract)
        times = (("window_end", self.window_end), ("flat_by", self.flat_by))
        return [
            RefusedSetting(
                f"PX_{name.upper()} {at} is refused: the program closes {self.contract} by itself "
                f"at {flat_time(self.contract):%H:%M} Chicago, so {latest:%H:%M} is the latest",
                (name,),
            )
            for name, at in times
            if at > latest and name in self.model_fields_set
        ]

    def _missing_for_a_real_gateway(self) -> list[RefusedSetting]:
        missing = {
            "account_id": self.needs_account and self.account_id is None,
            "username": not self.username,
            "api_key": not self.api_key.get_secret_value(),
        }
        problems = [
            RefusedSetting(
                f"PX_{name.upper()} is missing: gateway {self.gateway} needs it", (name,)
            )
            for name, is_missing in missing.items()
            if is_missing
        ]
        if self.paper_clock:
            problems.append(
                RefusedSetting("PX_PAPER_CLOCK is for the paper gateway alone", ("paper_clock",))
            )
        return problems

    @property
    def left_out(self) -> tuple[str, ...]:
        """What was refused and is not needed, a sentence each."""
        return tuple(one.text for one in self._refused)

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
                "PX_PAPER_URL is missing, and no paper gateway of this home folder runs: start one "
                "with `px up` (everything) or `px paper` (the gateway alone)"
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
    """Both: for what only looks."""

    is_lenient: ClassVar[bool] = True


class KillSettings(LenientAccountlessSettings):
    """For `px kill on`, which asks no gateway."""

    needed: ClassVar[frozenset[str]] = NEEDED_TO_KILL


class DownSettings(KillSettings):
    """For `px down`, which says on which account a session flattens before it asks."""

    needed: ClassVar[frozenset[str]] = NEEDED_TO_KILL | {"account_id"}


@cache
def _published(path: Path) -> PublishedClock:
    """One a process, so that time never goes back in it."""
    return PublishedClock(path)


def _without(data: Any, names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in names}
