"""What in the store is no projection: latches, leases and who is active now.

Written the moment it happens and by whom it concerns; no rebuilding of the store takes any of it
away. Times are of the writer's own clock, UTC, for people to read: nothing is decided by them,
since two machines' clocks differ. A beat is a number that grows.
"""

from datetime import date, datetime

from sqlalchemy.orm import Mapped, mapped_column

from pxcore.store.projection.tables import Base


class HaltRow(Base):
    """No more entries on this account for this trading day. A latch, the first reason stays."""

    __tablename__ = "halts"
    account_id: Mapped[int] = mapped_column(primary_key=True)
    trading_day: Mapped[date] = mapped_column(primary_key=True)
    reason: Mapped[str]
    session_id: Mapped[str]
    at: Mapped[datetime]  # by our own clock


class LeaseRow(Base):
    """Who may send orders on the account, on whichever machine. `place` is a machine's home
    folder: within one, an OS lock is the judge. `loops` grows only while the session's engine
    goes on; `beat` while its process lives. Null `released_at`: it is held.
    """

    __tablename__ = "leases"
    account_id: Mapped[int] = mapped_column(primary_key=True)
    holder: Mapped[str]
    place: Mapped[str]
    pid: Mapped[int]
    beat: Mapped[int]
    loops: Mapped[int]
    phase: Mapped[str]
    exposure: Mapped[int]
    taken_at: Mapped[datetime]
    beaten_at: Mapped[datetime]
    released_at: Mapped[datetime | None]


class KillLatchRow(Base):
    """The kill switch, one row while it is engaged. `flattens` is false for one that only keeps
    entries out.
    """

    __tablename__ = "kill_latch"
    one: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[str]
    who: Mapped[str]
    flattens: Mapped[bool]
    at: Mapped[datetime]


class KillActRow(Base):
    """Every time that it was engaged or released, or sessions were told to enter again, by whom and
    why.
    """

    __tablename__ = "kill_acts"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    verb: Mapped[str]  # engage, release, resume
    who: Mapped[str]
    reason: Mapped[str]
    flattens: Mapped[bool]


class WatchdogRow(Base):
    """A watchdog running for an account, at a place. `beat` grows while it goes on."""

    __tablename__ = "watchdogs"
    account_id: Mapped[int] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)
    pid: Mapped[int]
    beat: Mapped[int]
    beaten_at: Mapped[datetime]
    said: Mapped[str]
