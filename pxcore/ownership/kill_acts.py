"""What a person does with the kill switch: engage it, release it, have sessions enter again.

Sessions of this machine are told by their sockets, at once and without a disk; others, and those
that begin later, read the file and the store. What needs SQL is imported after the sockets and the
file: whoever hears of the switch at once has not waited for it.
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pxcore.calendar.hours import CHICAGO
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.day.kill_switch import ENTRIES_ONLY, LIMIT_S, file_in_time, read_kill_file
from pxcore.day.store_access import ask_store
from pxcore.host.bounded_files import write_file
from pxcore.host.courtesy import bounded, reason_of
from pxcore.journal.operator import operator_name
from pxcore.model import Misconfigured, PxError, Unavailable
from pxcore.ownership.control_socket import Call, Wish, accounts_held, call
from pxcore.ownership.world import world_of

if TYPE_CHECKING:
    from pxcore.store.database import Store


class Engaged(msgspec.Struct, frozen=True, kw_only=True):
    """`problems` say where it could not be written. `told` are sessions that heard of it at once,
    without a disk. When it `is_kept` nowhere, those that begin later do not know of it.
    """

    problems: tuple[str, ...]
    told: tuple[str, ...]
    is_kept: bool


def engage(settings: Settings, *, reason: str, flattens: bool, who: str = "") -> Engaged:
    """It is engaged when this returns, for those that live at the least.

    Sessions of this machine are told first, by their sockets; then the file is written, then the
    store, each with a bound. Raises Unavailable when nobody was told and nothing could be written:
    then nothing is engaged.
    """
    by = who or operator_name()
    wish = Call(wish=Wish.KILL, why=f"{reason} ({by})", flattens=flattens)
    told = _tell_sessions(settings, wish)
    problems = [*_write_file(settings, reason=reason, flattens=flattens, who=by)]

    def latch(store: "Store") -> None:
        from pxcore.store.live.kill import engage_kill_latch

        engage_kill_latch(store, reason=reason, who=by, flattens=flattens)

    try:
        ask_store(settings, latch, limit_s=LIMIT_S)
    except PxError as error:
        problems.append(f"not in the store: {error}")
    is_kept = len(problems) < 2
    if not is_kept and not told:
        raise Unavailable(f"the kill switch is NOT engaged: {'; '.join(problems)}")
    return Engaged(problems=tuple(problems), told=told, is_kept=is_kept)


def _tell_sessions(settings: Settings, wish: Call) -> tuple[str, ...]:
    """Those that took it: of this home, and of the user's others at the same gateway."""
    places = (Paths(settings.home).home, world_of(settings))
    peers = [
        call(where, account_id, wish)
        for where in places
        if where is not None
        for account_id in accounts_held(where)
    ]
    return tuple({peer.holder: None for peer in peers if peer is not None and peer.is_taken})


def release(settings: Settings, *, reason: str, who: str = "") -> bool:
    """Releases the latch and the file; False when neither was engaged.

    Raises Unavailable when the store cannot be had: all stays as it is. Raises Misconfigured
    while the setting says otherwise, which no command can change.
    """
    if settings.kill_switch:
        raise Misconfigured("PX_KILL_SWITCH is set: take it away first; nothing was released")
    by = who or operator_name()
    path = Paths(settings.home).kill_file
    had_file = file_in_time(settings) is not None

    def let_go(store: "Store") -> bool:
        from pxcore.store.live.kill import engage_kill_latch, read_kill_latch, release_kill_latch

        if had_file and read_kill_latch(store) is None:  # an act of its own, and recorded
            engage_kill_latch(store, reason="the file", who=by, flattens=True)
        return release_kill_latch(store, reason=reason, who=by)

    was_latched = ask_store(settings, let_go, limit_s=LIMIT_S)
    _tell_sessions(settings, Call(wish=Wish.RELEASE, why=f"{reason} ({by})"))
    if had_file:
        try:
            bounded(f"the file {path.name}", lambda: path.unlink(missing_ok=True))
        except (OSError, Unavailable) as error:
            raise Unavailable(
                f"{path} cannot be removed ({reason_of(error)}): it is engaged by it still"
            ) from error
    return was_latched or had_file


class RunningSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session that has an account, on whichever machine."""

    session_id: str
    account_id: int

    def __str__(self) -> str:
        return f"{self.session_id}, which has account {self.account_id},"


def holders(settings: Settings) -> tuple[RunningSession, ...]:
    """By their leases in the store. Raises Unavailable when it cannot be read."""
    from pxcore.store.live.leases import read_leases

    leases = ask_store(settings, read_leases, limit_s=LIMIT_S)
    return tuple(
        RunningSession(session_id=one.holder, account_id=one.account_id)
        for one in leases
        if one.is_held
    )


def resume(settings: Settings, *, reason: str, who: str = "") -> None:
    """Sessions that run may enter again after a switch that was released; one that is engaged
    keeps entries out all the same.

    Raises Unavailable when the store cannot be had: then nobody was told.
    """
    from pxcore.store.live.kill import resume_after_kill

    by = who or operator_name()
    ask_store(
        settings, lambda store: resume_after_kill(store, reason=reason, who=by), limit_s=LIMIT_S
    )
    _tell_sessions(settings, Call(wish=Wish.RESUME, why=f"{reason} ({by})"))


def _write_file(settings: Settings, *, reason: str, flattens: bool, who: str) -> list[str]:
    """Why it could not be written, with a bound; nothing when it is there."""
    path = Paths(settings.home).kill_file
    words = f"{reason} ({who}, {datetime.now(CHICAGO):%Y-%m-%d %H:%M:%S} Chicago)"
    text = words if flattens else f"{ENTRIES_ONLY} {words}"
    try:
        bounded(f"the file {path.name}", lambda: _put(path, text, flattens=flattens))
    except (OSError, Unavailable) as error:
        return [f"no file {path}: {reason_of(error)}"]
    return []


def _put(path: Path, text: str, *, flattens: bool) -> None:
    """Whole or not at all."""
    if path.exists() and (flattens is False or _flattens(path)):
        return  # a person's own words stay
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, text.encode("utf-8", "replace"))


def _flattens(path: Path) -> bool:
    found = read_kill_file(path)
    return found is not None and found.flattens
