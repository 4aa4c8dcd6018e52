"""The kill switch: one latch in the store, one file, one setting, any of which keeps entries out.

It survives restarts and is released only by a person, with a reason. A session that kept entries
out for it, and runs still, enters again only if a person says so. What is open is closed for
it as well, unless it was engaged for entries only. The file is for whoever cannot reach anything
else (`echo reason > PX_HOME/KILL`), and for a store that is away.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.day.store_access import ask_store, has_store
from pxcore.host.bounded_files import read_start
from pxcore.host.courtesy import bounded
from pxcore.model import PxError, Unavailable
from pxcore.store.live.records import KillAct, KillLatch
from pxcore.text.plain import plain

if TYPE_CHECKING:
    from pxcore.store.database import Store

ENTRIES_ONLY = "entries only:"
LIMIT_S = 10.0
REASON_BYTES = 2000  # of the file: more than anybody says in a hurry


class KillSwitch(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing may be opened; whether what is open is closed for it."""

    reason: str
    flattens: bool = True

    def __str__(self) -> str:
        return self.reason if self.flattens else f"{self.reason} (entries only)"


def of_text(text: str) -> KillSwitch:
    """As a person writes it into the file or the setting: `entries only: …` leaves positions."""
    if text.lower().startswith(ENTRIES_ONLY):
        rest = text[len(ENTRIES_ONLY) :].strip()
        return KillSwitch(reason=rest or "no reason given", flattens=False)
    return KillSwitch(reason=text)


def read_kill_file(path: Path) -> KillSwitch | None:
    """None without the file. What cannot be read as one counts as engaged."""
    try:
        data = read_start(path, REASON_BYTES)
    except FileNotFoundError:
        if not path.is_symlink():
            return None
        return KillSwitch(reason=f"the file {path.name} cannot be read: it is a link to nowhere")
    except OSError as error:
        return KillSwitch(reason=f"the file {path.name} cannot be read: {error.strerror}")
    text = data.replace(b"\0", b"").decode("utf-8", "replace").strip()
    return of_text(plain(text) or f"the file {path.name} exists")


def local_kill_switch(settings: Settings) -> KillSwitch | None:
    """The setting's and the file's: what can be known without the store."""
    setting = of_text(settings.kill_switch) if settings.kill_switch else None
    return both_of(setting, read_kill_file(Paths(settings.home).kill_file))


def both_of(*switches: KillSwitch | None) -> KillSwitch | None:
    """The first one's reason; it flattens when one of them does."""
    engaged = [one for one in switches if one is not None]
    if not engaged:
        return None
    return KillSwitch(reason=engaged[0].reason, flattens=any(one.flattens for one in engaged))


def switch_of(latch: KillLatch | None) -> KillSwitch | None:
    if latch is None:
        return None
    return KillSwitch(reason=f"{latch.reason} ({latch.who})", flattens=latch.flattens)


def kill_switch(settings: Settings) -> KillSwitch | None:
    """All three. Raises Unavailable when the store cannot be read and neither other is engaged:
    that is not the same as released.
    """
    local = local_kill_switch(settings)
    if not has_store(settings):
        return local
    try:
        latch = ask_store(settings, _latch_in, limit_s=LIMIT_S)
    except Unavailable:
        if local is not None:
            return local
        raise
    return both_of(local, switch_of(latch))


class KillStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Each of the three, and the newest acts. `problem` says why the store could not be read."""

    setting: KillSwitch | None
    file: KillSwitch | None
    latch: KillLatch | None
    acts: tuple[KillAct, ...]
    problem: str | None

    @property
    def is_engaged(self) -> bool:
        return any(one is not None for one in (self.setting, self.file, self.latch))


def kill_status(settings: Settings) -> KillStatus:
    latch: KillLatch | None = None
    acts: tuple[KillAct, ...] = ()
    problem: str | None = None
    try:
        if bounded("the folder of the store", lambda: has_store(settings)):
            latch, acts = ask_store(settings, _latch_and_acts, limit_s=LIMIT_S)
    except PxError as error:
        problem = str(error)
    return KillStatus(
        setting=of_text(settings.kill_switch) if settings.kill_switch else None,
        file=file_in_time(settings),
        latch=latch,
        acts=acts,
        problem=problem,
    )


def file_in_time(settings: Settings) -> KillSwitch | None:
    """As `read_kill_file`, on a disk that may hang: that counts as engaged, too."""
    path = Paths(settings.home).kill_file
    try:
        return bounded(f"the file {path.name}", lambda: read_kill_file(path))
    except Unavailable as error:
        return KillSwitch(reason=f"the file {path.name} cannot be read: {error}")


def _latch_in(store: "Store") -> KillLatch | None:
    from pxcore.store.live.kill import read_kill_latch

    return read_kill_latch(store)


def _latch_and_acts(store: "Store") -> tuple[KillLatch | None, tuple[KillAct, ...]]:
    from pxcore.store.live.kill import kill_acts

    return _latch_in(store), tuple(kill_acts(store))
