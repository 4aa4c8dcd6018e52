"""The store's schema, brought up to date whenever it is opened: alembic, imported only for that.

A store of before there were migrations has the first one's tables, and is taken to be there.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from pxcore.model import Misconfigured

HEAD = "0003"
_FIRST = "0001"
_KNOWN = (_FIRST, "0002", HEAD)
_MIGRATED_S = 30  # who opens it meanwhile waits for so long
MIGRATING = 0x7078_5EC0  # of PostgreSQL's advisory locks, ours alone
_IN_THIS_PROCESS = threading.Lock()  # alembic keeps what it migrates in globals


def bring_up_to_date(engine: Engine) -> None:
    """One process at a time; the others find it done. Raises Misconfigured when it is newer."""
    with engine.connect() as connection:
        found = version_of(connection)
    if found == HEAD:
        return
    if found is not None and found not in _KNOWN:
        raise Misconfigured(
            f"the store is at version {found}, which a newer version of this program made; this "
            f"one knows {HEAD}"
        )
    with _one_at_a_time(engine) as connection:
        if version_of(connection) != HEAD:
            with _IN_THIS_PROCESS:
                _migrate(connection)


def version_of(connection: Connection) -> str | None:
    """The last migration that was run; None for an empty database."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return _FIRST if "halts" in tables else None


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
    has_tables = inspect(connection).has_table("halts")
    if has_tables and not inspect(connection).has_table("alembic_version"):
        command.stamp(config, _FIRST)
    command.upgrade(config, HEAD)
