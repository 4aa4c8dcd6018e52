"""The SQL store: sessions, halts, fills, denials and days, one SQLite file under the home folder.

Halts are written the moment they latch; the rest is a projection of journals and of the venue's
answers, and may be written twice: the second time changes nothing. Money is kept as text and
times as UTC ISO text, because SQLite keeps neither exactly.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Dialect, Engine, String, TypeDecorator, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from pxcore.journal.latches import Latched
from pxcore.model import Fill


class Money(TypeDecorator[Decimal]):
    """USD, exact to the digit."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Moment(TypeDecorator[datetime]):
    """An aware time, kept in UTC. A naive one is refused."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no zone")
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


class Base(DeclarativeBase):
    type_annotation_map = {Decimal: Money, datetime: Moment}  # noqa: RUF012


class HaltRow(Base):
    """No more entries on this account for this trading day."""

    __tablename__ = "halts"
    account_id: Mapped[int] = mapped_column(primary_key=True)
    trading_day: Mapped[date] = mapped_column(primary_key=True)
    reason: Mapped[str]
    session_id: Mapped[str]
    at: Mapped[datetime]


class SessionRow(Base):
    """One live run. `ended_reason` and `is_flat` are null until it has ended."""

    __tablename__ = "sessions"
    session_id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int]
    trading_day: Mapped[date]
    contract_id: Mapped[str]
    mode: Mapped[str]
    strategy: Mapped[str]
    started_at: Mapped[datetime]
    ended_reason: Mapped[str | None]
    is_flat: Mapped[bool | None]


class FillRow(Base):
    """One execution, as the venue reported it at the day's end."""

    __tablename__ = "fills"
    account_id: Mapped[int] = mapped_column(primary_key=True)
    fill_id: Mapped[int] = mapped_column(primary_key=True)
    trading_day: Mapped[date]
    contract_id: Mapped[str]
    order_id: Mapped[int]
    side: Mapped[str]
    size: Mapped[int]
    price_ticks: Mapped[int]
    pnl_usd: Mapped[Decimal | None]
    fees_usd: Mapped[Decimal]
    commissions_usd: Mapped[Decimal]
    happened_at: Mapped[datetime]


class DayRow(Base):
    """One session's day: what the report said."""

    __tablename__ = "days"
    session_id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int]
    trading_day: Mapped[date]
    verdict: Mapped[str]
    net_usd: Mapped[Decimal]
    costs_usd: Mapped[Decimal]
    trades: Mapped[int]
    denials: Mapped[int]
    report: Mapped[str]


class Store:
    """Opens, and makes where it is missing, the store at `path`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(f"sqlite:///{path}")
        event.listen(self._engine, "connect", _set_pragmas)
        Base.metadata.create_all(self._engine)

    @property
    def engine(self) -> Engine:
        return self._engine

    def close(self) -> None:
        self._engine.dispose()

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
        with self._session() as session:
            row = session.get(HaltRow, (account_id, trading_day))
            if row is not None and (row.session_id not in released or session_id in released):
                return
            session.merge(
                HaltRow(
                    account_id=account_id,
                    trading_day=trading_day,
                    reason=reason,
                    session_id=session_id,
                    at=datetime.now(UTC),
                )
            )

    def latched(self, *, account_id: int, trading_day: date) -> Latched | None:
        """The halt of that day, whether or not it was re-armed since."""
        with self._session() as session:
            row = session.get(HaltRow, (account_id, trading_day))
            if row is None:
                return None
            return Latched(session_id=row.session_id, reason=row.reason)

    def put(self, row: SessionRow | DayRow) -> None:
        """Writes the row, in place of one with the same key."""
        with self._session() as session:
            session.merge(row)

    def put_fills(self, fills: tuple[Fill, ...], *, trading_day: date) -> None:
        with self._session() as session:
            for fill in fills:
                session.merge(
                    FillRow(
                        account_id=fill.account_id,
                        fill_id=fill.id,
                        trading_day=trading_day,
                        contract_id=fill.contract_id,
                        order_id=fill.order_id,
                        side=fill.side.value,
                        size=fill.size,
                        price_ticks=fill.price_ticks,
                        pnl_usd=fill.pnl_usd,
                        fees_usd=fill.fees_usd,
                        commissions_usd=fill.commissions_usd,
                        happened_at=fill.happened_at,
                    )
                )

    @contextmanager
    def _session(self) -> Iterator[Session]:
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session


def _set_pragmas(connection: Any, record: Any) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=5000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
