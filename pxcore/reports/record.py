"""Our record of a session, read back from its journal: what we saw, sent and refused."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from pxcore.engine.book import advance
from pxcore.engine.commands import (
    ClosePosition,
    Denied,
    Level,
    Notice,
    PlaceEntry,
    PlaceStop,
)
from pxcore.engine.config import Limits
from pxcore.engine.events import Event, FillSeen, LimitsTightened, OrderSeen, SnapshotTaken
from pxcore.engine.tightening import bounds_of, not_tighter, tightest
from pxcore.journal import (
    Closing,
    Opening,
    Row,
    RowKind,
    decode_answer,
    decode_closing,
    decode_command,
    decode_event,
    decode_gap,
    decode_request,
    read_opening,
    read_rows,
)
from pxcore.journal.bulk import EventRow, Part, read_parts
from pxcore.model import Fill, Order, PxError, Snapshot
from pxcore.reports.measures import Measures, Meter, is_market


class Sent(msgspec.Struct, frozen=True, kw_only=True):
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
    sent: list[Sent] = msgspec.field(default_factory=list)
    orders: dict[int, Order] = msgspec.field(default_factory=dict)
    fills: dict[int, Fill] = msgspec.field(default_factory=dict)
    fills_by_rest: dict[int, Fill] = msgspec.field(default_factory=dict)
    denials: Counter[str] = msgspec.field(default_factory=Counter)
    incidents: list[Incident] = msgspec.field(default_factory=list)
    protected_count: int = 0
    closes_sent: int = 0
    closes_outside: int = 0  # by flattens that no session made
    began: datetime | None = None  # by our own clock
    own_stops: set[str] = msgspec.field(default_factory=set)  # tags
    damage: str | None = None
    journal_hash: str | None = None  # of its last row
    unprotected_s: Decimal = Decimal(0)
    tightened: Limits | None = None
    first_look: Snapshot | None = None
    measures: Measures = Measures()
    has_died: bool = False  # a session ended without its last row
    # Of a day's sessions that did not: what they sent, and the orders that they saw.
    tags_of_living: set[str] = msgspec.field(default_factory=set)
    seen_by_living: set[int] = msgspec.field(default_factory=set)
    heard: tuple[datetime, datetime] | None = None  # when the first and the last event came
    # Nobody of ours was listening: from the last word of a session that died to the next one's
    # first, in the market's time.
    silences: tuple[tuple[datetime, datetime | None], ...] = ()

    @property
    def tags(self) -> set[str]:
        """Of every order that we asked for: entries, their legs, stops of our own."""
        entries = {sent.entry.tag for sent in self.sent}
        return entries | {f"{t}{leg}" for t in entries for leg in ("-SL", "-TP")} | self.own_stops

    @property
    def limits(self) -> Limits:
        """Those in force at the end."""
        return self.tightened or self.opening.config.limits


def read_record(path: Path, opening: Opening) -> Record:
    """Folds the journal as far as it can be read; what cannot is told in `damage`.

    `opening` is what the session's plan says: the days on which a journal is damaged are those
    that need a report most.
    """
    try:
        record = Record(opening=read_opening(path))
        _fold(read_parts(path), record)
    except (OSError, PxError, msgspec.MsgspecError, ValueError):
        return _read_by_rows(path, opening)
    return _judged(record)


def _read_by_rows(path: Path, opening: Opening) -> Record:
    """Slowly: all before the first damage, and where that is."""
    record = Record(opening=opening)
    try:
        record.opening = read_opening(path)
        _fold(read_rows(path), record)
    except (OSError, PxError, msgspec.MsgspecError, ValueError) as error:
        record.damage = str(error)
    return _judged(record)


def _judged(record: Record) -> Record:
    """Whether its session has died, and since when nobody listened then."""
    record.has_died = record.closing is None
    if record.has_died and record.heard is not None:
        record.silences = ((record.heard[1], None),)
    return record


class _Folding:
    """What the fold knows besides the record: the last event's time, and since when the position
    has been unprotected.
    """

    def __init__(self, record: Record) -> None:
        config = record.opening.config
        self.record = record
        self.meter = Meter(config.contract, stale_s=config.limits.stale_data_s)
        self.at: datetime | None = None
        self.unprotected_since: datetime | None = None

    def hear(self, first: datetime, last: datetime) -> None:
        """Events came, from the first moment to the last."""
        self.at = last
        heard = self.record.heard
        self.record.heard = (first if heard is None else heard[0], last)


def _fold(parts: Iterable[Part], record: Record) -> None:
    folding = _Folding(record)
    for part in parts:
        last = part if isinstance(part, Row) else part[-1]
        record.began = record.began or (part if isinstance(part, Row) else part[0]).wall
        record.journal_hash = last.hash
        if isinstance(part, Row):
            _fold_row(folding, part)
        else:
            _fold_events(folding, part)
    record.measures = folding.meter.measures()


def _fold_events(folding: _Folding, rows: list[EventRow]) -> None:
    events = [row.body for row in rows]
    if is_market(events):
        folding.meter.see_market(events, rows[-1].wall)
        folding.hear(events[0].at, events[-1].at)
        return
    for row in rows:
        _fold_event(folding, row.body, row.wall)


def _fold_row(folding: _Folding, row: Row) -> None:
    record, meter = folding.record, folding.meter
    match row.kind:
        case RowKind.EVENT:
            _fold_event(folding, decode_event(row), row.wall)
        case RowKind.COMMAND if folding.at is not None:
            command = decode_command(row)
            folding.unprotected_since = _note_protection(
                record, command, folding.at, folding.unprotected_since
            )
            _note_command(record, command, folding.at)
            meter.see_command(command, row.wall)
        case RowKind.REQUEST:
            meter.see_request(decode_request(row), row.wall)
        case RowKind.ANSWER:
            meter.see_answer(decode_answer(row))
        case RowKind.GAP:
            lost = decode_gap(row)
            record.damage = f"{lost.rows} rows are missing before row {row.seq}: {lost.why}"
        case RowKind.CLOSED:
            record.closing = decode_closing(row)
        case _:
            pass


def _fold_event(folding: _Folding, event: Event, wall: datetime) -> None:
    record = folding.record
    folding.hear(event.at, event.at)
    folding.meter.see_event(event, wall)
    match event:
        case OrderSeen(order=order):
            known = record.orders.get(order.id)
            record.orders[order.id] = advance(known, order) if known else order
        case FillSeen(fill=fill):
            record.fills[fill.id] = fill
        case SnapshotTaken(snapshot=snapshot):
            record.first_look = record.first_look or snapshot
            record.fills_by_rest |= {f.id: f for f in snapshot.fills}
        case LimitsTightened(bounds=bounds):
            if not not_tighter(bounds_of(record.limits), bounds):  # as the engine judged it
                record.tightened = tightest(bounds, record.limits)
        case _:
            pass


def _note_command(record: Record, command: object, at: datetime) -> None:
    match command:
        case PlaceEntry():
            record.sent.append(Sent(at=at, entry=command))
        case PlaceStop(tag=tag):
            record.own_stops.add(tag)
        case ClosePosition():
            record.closes_sent += 1
        case Denied(gate=gate):
            record.denials[gate] += 1
        case Notice(level=level, code=code, text=text) if level is not Level.INFO:
            record.incidents.append(Incident(at=at, level=level, code=code, text=text))
        case _:
            pass


def _note_protection(
    record: Record, command: object, at: datetime, since: datetime | None
) -> datetime | None:
    """Since when the position has been unprotected, after this command."""
    if not isinstance(command, Notice) or not command.code.startswith("phase."):
        return since
    phase = command.code.removeprefix("phase.")
    record.protected_count += phase == "protected"
    if phase == "unprotected":
        return since or at
    if since is not None:
        record.unprotected_s += Decimal(str((at - since).total_seconds()))
    return None
