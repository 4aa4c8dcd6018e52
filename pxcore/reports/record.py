"""Our record of a session, read back from its journal: what we saw, sent and refused."""

from collections import Counter
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
from pxcore.engine.events import FillSeen, LimitsTightened, OrderSeen, SnapshotTaken
from pxcore.engine.tightening import bounds_of, not_tighter, tightest
from pxcore.journal import (
    Closing,
    Opening,
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
from pxcore.model import Fill, Order, ProtocolError, Snapshot
from pxcore.reports.measures import Measures, Meter


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
    record = Record(opening=opening)
    try:
        record.opening = read_opening(path)
        _fold(path, record)
    except (OSError, ProtocolError, msgspec.MsgspecError) as error:
        record.damage = str(error)
    record.has_died = record.closing is None
    if record.has_died and record.heard is not None:
        record.silences = ((record.heard[1], None),)
    return record


def _fold(path: Path, record: Record) -> None:
    at: datetime | None = None
    unprotected_since: datetime | None = None
    config = record.opening.config
    stale_s = config.limits.stale_data_s
    meter = Meter(config.contract, stale_s=stale_s)
    for row in read_rows(path):
        record.journal_hash = row.hash
        record.began = record.began or row.wall
        match row.kind:
            case RowKind.EVENT:
                event = decode_event(row)
                at = event.at
                record.heard = (record.heard[0] if record.heard else at, at)
                meter.see_event(event, row.wall)
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
                        if not not_tighter(
                            bounds_of(record.limits), bounds
                        ):  # as the engine judged it
                            record.tightened = tightest(bounds, record.limits)
                    case _:
                        pass
            case RowKind.COMMAND if at is not None:
                command = decode_command(row)
                unprotected_since = _note_protection(record, command, at, unprotected_since)
                _note_command(record, command, at)
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
    record.measures = meter.measures()


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
