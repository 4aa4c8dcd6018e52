"""The store of the settings, asked within a time limit: a database that hangs is one that is away.

Its own time limits hold for a server that answers. One that was stopped, or a disk that hangs,
answers nothing for ever; and whoever asks here has an account to keep flat. SQLAlchemy is
imported when a store is opened: a verb that takes risk off does not wait for it.
"""

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.host.courtesy import bounded
from pxcore.model import PxError, Unavailable
from pxcore.text.plain import plain

if TYPE_CHECKING:
    from pxcore.store.database import Store

T = TypeVar("T")
_LIMIT_S = 30.0


def has_store(settings: Settings) -> bool:
    """False where the default one was not made yet."""
    is_servers = bool(settings.database_url.get_secret_value())
    return is_servers or os.path.lexists(Paths(settings.home).store)  # a link to nowhere counts


def open_store(settings: Settings) -> "Store":
    """Made where it is missing; waits as long as it takes. Raises as `Store` does."""
    from sqlalchemy import URL

    from pxcore.store.database import Store

    url = settings.database_url.get_secret_value()
    return Store(url or URL.create("sqlite", database=str(Paths(settings.home).store)))


def store_file(settings: Settings) -> Path | None:
    """The store's own file; None for a server's."""
    given = settings.database_url.get_secret_value()
    if not given:
        return Paths(settings.home).store
    from pxcore.store.database import file_of, store_url

    path = file_of(store_url(given))
    return None if path is None else path.resolve()


def ask_store(settings: Settings, ask: "Callable[[Store], T]", *, limit_s: float = _LIMIT_S) -> T:
    """What `ask` makes of the store. Raises Unavailable when the store cannot be had, holds what
    nobody can read, or does not answer within `limit_s`: then it may still do what was asked,
    later. Other errors of ours as they are.
    """

    def run() -> T:
        with closing(open_store(settings)) as store:
            return ask(store)

    try:
        return bounded(_name(settings), run, limit_s=limit_s)
    except PxError:
        raise
    except Exception as error:
        raise store_away(settings, error) from error


def store_away(settings: Settings, error: Exception) -> Unavailable:
    """Nothing is opened while it is: what it would say is not known."""
    why = next(iter(str(error).splitlines()), "") or type(error).__name__
    return Unavailable(f"{_name(settings)} cannot be read: {plain(why)}")


def _name(settings: Settings) -> str:
    is_ours = not settings.database_url.get_secret_value()
    return str(Paths(settings.home).store) if is_ours else "the store of PX_DATABASE_URL"
