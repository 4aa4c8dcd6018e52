"""The SQL store: opened by its URL, brought up to date, and the one latch that lives in it.

SQLite under the home folder by default, PostgreSQL by URL. Halts are written the moment they
latch; everything else is a projection of the journals (`pxcore.store.projection.days`).
"""

import sqlite3
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, IntegrityError
from sqlalchemy.orm import Session

from pxcore.host.extras import install_line
from pxcore.journal.latches import Latched
from pxcore.model import Misconfigured
from pxcore.store.live.latch_tables import HaltRow
from pxcore.store.schema import bring_up_to_date, place_of

_CONNECT_S = 5
_AGAIN_S = 0.02
_LOCK_S = 5  # a server that somebody holds up is one that is away
_ANSWER_S = 20
_ENCODED = "in a password, @ is written %40, : %3A, / %2F and % %25"
_PROJECTING = 0x7078_0001  # of PostgreSQL's advisory locks, ours alone


class Store:
    """Opens, and makes where it is missing, the store at `url`.

    Raises Misconfigured for a URL that nothing can be made of, and for a store that a newer version
    of this program has written, or one of before the first release; SQLAlchemyError when the
    database is not to be had.
    """

    def __init__(self, url: str | URL) -> None:
        self.engine = _engine(store_url(url))
        try:
            bring_up_to_date(self.engine)
        except BaseException:
            self.engine.dispose()
            raise

    @property
    def name(self) -> str:
        """Where it is, without the password."""
        return place_of(self.engine)

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction: all of it, or nothing."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def take_turns(self, session: Session) -> None:
        """Nobody else writes a projection until this transaction ends. SQLite has one writer."""
        if self.engine.dialect.name != "sqlite":
            session.execute(text("SELECT pg_advisory_xact_lock(:of)"), {"of": _PROJECTING})

    def require_writable(self) -> None:
        """A row is written, as it is already, and taken back. Raises SQLAlchemyError."""
        with Session(self.engine) as session:
            session.execute(text("UPDATE alembic_version SET version_num = version_num"))
            session.rollback()

    def latch_halt(
        self,
        *,
        account_id: int,
        trading_day: date,
        reason: str,
        session_id: str,
        released: Collection[str] = (),
    ) -> None:
        """From here on no session of that account and day may enter. The first reason stays,
        unless it is of a session in `released`: that one was re-armed, and gives way.
        """
        halt = HaltRow(
            account_id=account_id,
            trading_day=trading_day,
            reason=reason,
            session_id=session_id,
            at=datetime.now(UTC),
        )
        try:
            self._latch(halt, released)
        except IntegrityError:  # a session and its supervisor both latch: one was first
            self._latch(halt, released)

    def _latch(self, halt: HaltRow, released: Collection[str]) -> None:
        with self.session() as session:
            row = session.get(HaltRow, (halt.account_id, halt.trading_day))
            stays = row is not None and row.session_id not in released
            if row is None or not (stays or halt.session_id in released):
                session.merge(halt)

    def latched(self, *, account_id: int, trading_day: date) -> Latched | None:
        """The halt of that day, whether or not it was re-armed since."""
        with self.session() as session:
            row = session.get(HaltRow, (account_id, trading_day))
            if row is None:
                return None
            return Latched(session_id=row.session_id, reason=row.reason)


def store_url(url: str | URL) -> URL:
    """The URL with the driver that we have. Its text is never part of an error: a password is.

    Raises Misconfigured as `Store` does.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # its words may be a part of the password
        raise Misconfigured(f"PX_DATABASE_URL is no database URL; {_ENCODED}") from None
    match parsed.get_backend_name():
        case "sqlite":
            if parsed.database in (None, "", ":memory:"):
                raise Misconfigured("PX_DATABASE_URL: a store in memory forgets every halt")
            path = file_of(parsed)
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            return parsed.set(drivername="sqlite")
        case "postgresql" | "postgres":
            if "@" in f"{parsed.host}{parsed.database}":  # what follows an @ within the password
                raise Misconfigured(f"PX_DATABASE_URL names no host; {_ENCODED}")
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise Misconfigured(f"PX_DATABASE_URL: sqlite or postgresql, not {other}")


def file_of(url: URL) -> Path | None:
    """A SQLite store's own file; None for a server's, and where SQLite takes a URI of its own."""
    name = str(url.database)
    is_file = url.get_backend_name() == "sqlite" and not name.startswith("file:")
    return Path(name) if is_file else None


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url)
        event.listen(engine, "connect", _set_pragmas)
        return engine
    options = {
        "connect_timeout": _CONNECT_S,
        "tcp_user_timeout": _ANSWER_S * 1000,
        "options": f"-c lock_timeout={_LOCK_S}s -c statement_timeout={_ANSWER_S}s",
        "client_encoding": "utf8",  # a server made without a locale would hand out bytes for text
    }
    try:
        return create_engine(url, connect_args=options, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise Misconfigured(
            f"PostgreSQL needs its driver; type: {install_line('postgres')}"
        ) from error


def _set_pragmas(connection: Any, record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_LOCK_S * 1000}")
    _set_wal(cursor)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _set_wal(cursor: Any) -> None:
    """For good, by the first who opens it. SQLite lets nobody wait for that, and may say so by
    the old mode alone: it is tried again.
    """
    deadline = time.monotonic() + _LOCK_S
    while True:
        try:
            if cursor.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",):
                return
            error: sqlite3.Error = sqlite3.OperationalError("database is locked")
        except sqlite3.OperationalError as refused:
            error = refused
        if time.monotonic() > deadline:
            raise error
        time.sleep(_AGAIN_S)
