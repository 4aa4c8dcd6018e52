"""Settings of this process, from its environment, `.env` and the paper gateway that runs here."""

from pathlib import Path

from pxcore.config.settings.fields import GatewayName
from pxcore.config.settings.model import Settings
from pxcore.config.settings.refusals import (
    SettingsRefused,
    field_of,
    may_be_left_out,
    placed,
    unknown,
)
from pxcore.config.sources import (
    PREFIX,
    Given,
    RefusedSetting,
    facts_in,
    given_in_environ,
    given_in_file,
)
from pxcore.host.courtesy import bounded
from pxcore.model import Misconfigured, ProtocolError, Unavailable

ENV_FILE = Path(".env")


def load_settings(env_file: Path = ENV_FILE, kind: type[Settings] = Settings) -> Settings:
    """Settings of this process. Raises Misconfigured with every problem at once, each with its
    place. The environment goes before the file.

    A line of the file that is not understood is a problem, and so is an unknown `PX_` name wherever
    it stands; in the file so is any other name. A lenient kind goes on without what is not needed:
    see `left_out`.
    """
    in_environ, refusals = given_in_environ()
    in_file, faults = given_in_file(env_file)
    refusals += faults
    given: dict[str, Given] = {}
    for name, one in (in_file | in_environ).items():
        if name.startswith(PREFIX) and field_of(name) in kind.model_fields:
            given[field_of(name)] = one
        else:
            refusals.append(unknown(name, one))
    try:
        settings = kind.of(given)
    except SettingsRefused as error:
        refusals += [placed(one, given) for one in error.refusals]
        raise Misconfigured(*(one.text for one in refusals)) from None
    refusals += [placed(one, given) for one in settings._refused]
    if not kind.is_lenient:  # which waits for no disk that it does not need
        refusals += _not_read(env_file, settings.home)
    if any(not (kind.is_lenient and may_be_left_out(one, kind.needed)) for one in refusals):
        raise Misconfigured(*(one.text for one in refusals))
    settings = _on_the_paper_gateway_here(settings, given, kind)
    settings._refused = tuple(refusals)
    return settings


def _not_read(env_file: Path, home: Path) -> list[RefusedSetting]:
    """A file of that name in the home folder is one that a person takes for the one that counts."""
    other = home / env_file.name

    def is_another() -> bool:
        return other.is_file() and not (env_file.exists() and other.samefile(env_file))

    try:
        if not bounded(f"the file {other}", is_another):
            return []
    except (OSError, Unavailable):
        return []  # whoever needs the folder says so
    text = f"{other} is not read: the {env_file.name} of the folder that px is started in is"
    return [RefusedSetting(f"{text}; move it there")]


def _on_the_paper_gateway_here(
    settings: Settings, given: dict[str, Given], kind: type[Settings]
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
    told = {n: v for n, v in gateway.items() if n not in settings.model_fields_set}
    there = kind.of(given, **told)
    there._from_paper = frozenset(told)
    return there
