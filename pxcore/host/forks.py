"""What a child that is forked must not keep: locks and sockets that are to end with their holder.

A program that is restarted (exec) has none of our descriptors. A fork without one, as
`multiprocessing` makes it for a pool of a strategy's, has all of them: it would hold an account's
lock long after the session that took it has died.
"""

import os
import threading
from contextlib import suppress
from typing import Protocol


class Closable(Protocol):
    def fileno(self) -> int: ...


_kept: dict[int, Closable] = {}
_changing = threading.Lock()


def close_in_children(one: Closable) -> None:
    """From now on no forked child of this process has it open."""
    with _changing:
        _kept[id(one)] = one


def keep_in_children(one: Closable) -> None:
    """It is closed, or given up: forget it."""
    with _changing:
        _kept.pop(id(one), None)


def _in_child() -> None:
    """Each of their numbers becomes one of nothing: the objects that know it may close it later."""
    if _kept:
        nothing = os.open(os.devnull, os.O_RDWR)
        for one in list(_kept.values()):
            with suppress(OSError, ValueError):
                os.dup2(nothing, one.fileno(), inheritable=False)
        os.close(nothing)
        _kept.clear()
    _changing.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_changing.acquire, after_in_parent=_changing.release, after_in_child=_in_child
    )
