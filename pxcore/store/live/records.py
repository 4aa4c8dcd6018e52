"""What the live part of the store holds, as values.

Imports no SQL: who has nothing to ask of the store is not held up by it.
"""

from datetime import datetime

import msgspec


class KillLatch(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing may be opened, since when, and whether what is open is closed for it."""

    reason: str
    who: str
    flattens: bool
    at: datetime


class KillAct(msgspec.Struct, frozen=True, kw_only=True):
    """`verb` is engage or release; or resume, when sessions that run were told to enter again."""

    at: datetime
    verb: str
    who: str
    reason: str
    flattens: bool


class LastAct(msgspec.Struct, frozen=True, kw_only=True):
    """The newest: its number and verb, and why and by whom, in words."""

    number: int
    verb: str
    said: str


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """As it stands in the store. `beaten_at` by the holder's own clock, for people."""

    account_id: int
    holder: str
    place: str
    pid: int
    beat: int
    loops: int
    phase: str
    exposure: int
    beaten_at: datetime
    is_held: bool

    def text(self) -> str:
        return f"{self.holder} (process {self.pid} at {self.place})"


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """What a heartbeat says of its session."""

    loops: int
    phase: str
    exposure: int


class WatchdogBeat(msgspec.Struct, frozen=True, kw_only=True):
    """A watchdog's own heartbeat."""

    account_id: int
    place: str
    pid: int
    beat: int
    beaten_at: datetime
    said: str
