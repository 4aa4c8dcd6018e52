"""The store's schema, brought up to date whenever it is opened: alembic, imported only for that.

The first release begins at 0003. A store that is older was made by a checkout of before it, and is
left as it is: today's halt may stand in it alone.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from pxcore.model import Misconfigured

HEAD = "0003"
_UNNUMBERED = "0001"  # of before there were migrations: it has no number and these tables
_UNRELEASED = (_UNNUMBERED, "0002")
_MIGRATED_S = 30  # who opens it meanwhile waits for so long
MIGRATING = 0x7078_5EC0  # of PostgreSQL's advisory locks, ours alone
_IN_THIS_PROCESS = threading.Lock()  # alembic keeps what it migrates in globals


def bring_up_to_date(engine: Engine) -> None:
    """One process at a time; the others find it done. Raises Misconfigured when it is newer, or of
    before the first release.
    """
    with engine.connect() as connection:
        found = version_of(connection)
    if found == HEAD:
        return
    if found is not None:
        raise Misconfigured(_other_version(engine, found))
    with _one_at_a_time(engine) as connection:
        if version_of(connection) != HEAD:
            with _IN_THIS_PROCESS:
                _migrate(connection)


def place_of(engine: Engine) -> str:
    """Without the password, which may stand among the options too."""
    return engine.url.set(query={}).render_as_string(hide_password=True)


def _other_version(engine: Engine, found: str) -> str:
    store = f"the store {place_of(engine)} is at version {found}"
    if found in _UNRELEASED:
        return (
            f"{store}, made before the first release; this one begins at {HEAD} and leaves it as "
            "it is. A halt of today may stand in it alone: when the trading day is over and "
            "nothing runs, move it away, or name an empty database, and type `px journal rebuild`"
        )
    return f"{store}, which a newer version of this program made; this one knows {HEAD}"


def version_of(connection: Connection) -> str | None:
    """The last migration that was run; None for an empty database."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return _UNNUMBERED if "halts" in tables else None


@contextmanager
def _one_at_a_time(engine: Engine) -> Iterator[Connection]:
    """A transaction, of tables too, that no other process migrates beside."""
    with engine.connect() as connection:
        connection.detach()  # what is changed about it is for this once
        if engine.dialect.name == "sqlite":
            # The driver would begin by itself, and late: two might both see an old version.
            connection.connection.dbapi_connection.isolation_level = None  # type: ignore[union-attr]
            connection.exec_driver_sql(f"PRAGMA busy_timeout={_MIGRATED_S * 1000}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("SELECT pg_advisory_xact_lock(:of)"), {"of": MIGRATING})
        yield connection
        connection.commit()


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
