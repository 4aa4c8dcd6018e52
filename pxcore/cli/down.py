"""`px down`: stop the `px up` of this home folder, in order."""

import sys
import time
from contextlib import suppress

import typer
from rich.console import Console

from pxcore.cli.output import NEEDS_YES, agrees
from pxcore.cli.verb_settings import warn_each
from pxcore.config.accounts import accounts
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.model import Misconfigured, Unavailable
from pxcore.ownership.holders import holder_of
from pxcore.ownership.home_lock import Stop, ask_to_stop, find_household
from pxcore.upkeep.old_home import elsewhere

_WAIT_S = 240.0
_POLL_S = 0.3
_REPEAT_S = 1.0  # of the wish: one to leave holds for three times as long


def bring_down(settings: Settings, console: Console, *, leaves: bool, is_agreed: bool) -> int:
    """0 once it has ended. Raises Unavailable when it has not in time."""
    home = Paths(settings.home).home
    there = find_household(home)
    if there is None:
        console.print(f"no `px up` runs in {home}{elsewhere(home)}", soft_wrap=True)
        return 0
    console.print(there.text, soft_wrap=True)
    held = [
        f"account {one_id} is held by {holder}"
        for one_id in _ids(settings)
        if one_id is not None and (holder := holder_of(home, one_id)) is not None
    ]
    for text in held:
        console.print(text)
    if held:
        console.print(
            "it will end and send nothing: what it holds stays under its bracket at the venue; "
            "one that is not protected flattens"
            if leaves
            else "it will flatten and end"
        )
        if not is_agreed:
            if not sys.stdin.isatty():
                raise Misconfigured(NEEDS_YES)
            if not agrees(console, "Stop?"):
                raise typer.Abort
    stop = Stop.LEAVE if leaves else Stop.FLATTEN
    ask_to_stop(home, there, stop)
    asked_at = time.monotonic()
    deadline = asked_at + _WAIT_S
    while find_household(home) is not None:
        now = time.monotonic()
        if now > deadline:
            raise Unavailable(f"`px up` has not ended within {_WAIT_S:g} s; see its terminal")
        if now > asked_at + _REPEAT_S:
            asked_at = now
            with suppress(Unavailable):  # it may have heard it before
                ask_to_stop(home, there, stop)
        time.sleep(_POLL_S)
    console.print("stopped")
    return 0


def _ids(settings: Settings) -> set[int | None]:
    """An accounts.toml that is wrong is told, and keeps nobody from stopping."""
    try:
        return {one.id or settings.account_id for one in accounts(settings)}
    except Misconfigured as error:
        warn_each(error.problems)
        return {settings.account_id}
