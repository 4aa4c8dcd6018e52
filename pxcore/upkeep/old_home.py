"""The home folder of an earlier version: `.px` in whatever folder a command was typed in.

It holds halts, journals and perhaps a kill switch, which must not be lost by starting elsewhere: it
becomes the user's home where there is none yet, and is named where there is one.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr

from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.day.kill_switch import kill_switch
from pxcore.host.own_home import default_home
from pxcore.model import Misconfigured, PxError
from pxcore.ownership.control_socket import accounts_held
from pxcore.ownership.home_lock import household_of

OLD = Path(".px")
DEMO = Path(".px-demo")  # of `px demo`, in the folder that it is typed in


def old_home(home: Path) -> Path | None:
    """One that lies in this folder and is not used, because PX_HOME is not set."""
    is_default = home == Paths(default_home()).home
    return OLD.absolute() if is_default and _is_home(OLD) else None


def elsewhere(home: Path) -> str:
    """For whoever misses something in the user's own home: where else there is any, or nothing."""
    if home != Paths(default_home()).home:
        return ""
    told = ""
    with suppress(OSError):  # one that may not be looked into
        if (old := old_home(home)) is not None:
            told += (
                f"; {old} is the home of an earlier version: `px up` and `px run` move it here if "
                f"nothing is here yet, PX_HOME={old} uses it where it is"
            )
        if _is_home(DEMO):
            told += f"; those of `px demo` are in {DEMO}: PX_HOME={DEMO}"
    return told


def settle_old_home(settings: Settings, say: Callable[[str], None]) -> None:
    """Before anything is begun that could trade. Raises Misconfigured where it is in use, cannot be
    moved, or its kill switch is engaged, or may be.
    """
    new = Paths(settings.home).home
    old = old_home(new)
    if old is None:
        return
    if household_of(old) is not None or accounts_held(Paths(old).home):
        raise Misconfigured(f"{old} is in use still: `PX_HOME={old} px down` first")
    if _has_history(new):
        _refuse_if_killed(settings, old)
        say(f"{old} is the home of an earlier version; {new} is used, and nothing of the old one")
        return
    _move(old, new)
    say(f"{old}, the home of an earlier version, is now {new}")


def _refuse_if_killed(settings: Settings, old: Path) -> None:
    """By its file, or by its store alone. It is not lost where that of the new home is, too."""
    its_own = {"home": old, "kill_switch": "", "database_url": SecretStr("")}
    what = f"{old} is the home of an earlier version and"
    try:
        engaged = kill_switch(settings.model_copy(update=its_own))
        if engaged is None or kill_switch(settings) is not None:
            return
    except PxError as error:
        raise Misconfigured(
            f"{what} whether its kill switch is engaged is not known: {error}"
        ) from error
    raise Misconfigured(
        f"{what} its kill switch is engaged ({engaged}): `PX_HOME={old} px kill off` releases it, "
        f"or engage that of {Paths(settings.home).home} by `px kill on`"
    )


def _move(old: Path, new: Path) -> None:
    try:
        new.parent.mkdir(parents=True, exist_ok=True)
        if new.exists():
            new.rmdir()  # an empty one, or it is not moved
        old.rename(new)
    except OSError as error:
        raise Misconfigured(
            f"{old}, the home of an earlier version, cannot be moved to {new} ({error.strerror}): "
            f"move it by hand, or set PX_HOME={old}"
        ) from error


def _is_home(folder: Path) -> bool:
    little = any((folder / name).exists() for name in ("accounts.toml", "logs", "prefect"))
    return little or _has_history(folder)


def _has_history(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("px.sqlite", "journal", "KILL"))
