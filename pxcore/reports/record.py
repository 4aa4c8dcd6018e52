"""Our record of a session, read back from its journal: what we saw, sent and refused."""

from collections import Counter
from datetime import datetime
from decimal import Decimal

import msgspec

from pxcore.engine.commands import (
    Level,
    PlaceEntry,
)
from pxcore.engine.config import Limits
from pxcore.engine.events import SendOutcome
from pxcore.engine.limits import Extremes
from pxcore.journal.rows import Closing, Opening
from pxcore.model import Fill, Order, Snapshot
from pxcore.reports.measures import Measures

# A close so answered made no order: it stands for nobody else's.
NO_CLOSE = (SendOutcome.NOT_SENT, SendOutcome.GONE)


Stretch = tuple[datetime, datetime | None]  # None: to the end


class SentOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that we sent, and when the engine decided it."""

    at: datetime
    entry: PlaceEntry


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    level: Level
    code: str
    text: str


class Record(msgspec.Struct, kw_only=True):
    """`fills` came by the stream, `fills_by_rest` in a snapshot; `closing` is None for a session
    that was killed. Orders are as last seen. `tightened` are the limits after the last tightening,
    if there was one. `damage` says what of the journal could not be read.
    """

    opening: Opening
    closing: Closing | None = None
    sent: list[SentOrder] = msgspec.field(default_factory=list)
    orders: dict[int, Order] = msgspec.field(default_factory=dict)
    fills: dict[int, Fill] = msgspec.field(default_factory=dict)
    fills_by_rest: dict[int, Fill] = msgspec.field(default_factory=dict)
    denials: Counter[str] = msgspec.field(default_factory=Counter)
    incidents: list[Incident] = msgspec.field(default_factory=list)
    protected_count: int = 0
    closes_sent: Counter[str] = msgspec.field(default_factory=Counter)  # by contract
    closes_outside: Counter[str] = msgspec.field(default_factory=Counter)  # by sessionless flattens
    began: datetime | None = None  # by our own clock
    own_stops: set[str] = msgspec.field(default_factory=set)  # tags
    damage: str | None = None
    journal_hash: str | None = None  # of its last row
    unprotected_s: Decimal = Decimal(0)
    tightened: Limits | None = None
    first_look: Snapshot | None = None
    measures: Measures = Measures()
    extremes: Extremes | None = None  # of the day until its end, as its engine saw them
    has_died: bool = False  # a session ended without its last row
    # Of a day's sessions that did not: what they sent, and the orders that they saw.
    tags_of_living: set[str] = msgspec.field(default_factory=set)
    seen_by_living: set[int] = msgspec.field(default_factory=set)
    heard: tuple[datetime, datetime] | None = None  # when the first and the last event came
    # Nobody of ours was listening: from the last word of a session that died to the next one's
    # first, in the market's time.
    silences: tuple[Stretch, ...] = ()
    outages: tuple[Stretch, ...] = ()  # of the user hub, as the session noticed them

    @property
    def tags(self) -> set[str]:
        """Of every order that we asked for: entries, their legs, stops of our own."""
        entries = {sent.entry.tag for sent in self.sent}
        return entries | {f"{t}{leg}" for t in entries for leg in ("-SL", "-TP")} | self.own_stops

    @property
    def limits(self) -> Limits:
        """Those in force at the end."""
        return self.tightened or self.opening.config.limits
