"""Our record of a session, folded from its journal in one pass."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

from pxcore.engine.book import advance
from pxcore.engine.commands import (
    ClosePosition,
    Denied,
    FallSeen,
    Level,
    Notice,
    PeakSeen,
    PlaceEntry,
    PlaceStop,
)
from pxcore.engine.config import EngineConfig
from pxcore.engine.events import (
    CloseAnswered,
    Event,
    FillSeen,
    Hub,
    HubDown,
    HubUp,
    LimitsTightened,
    OrderSeen,
    RecordSkipped,
    SnapshotTaken,
)
from pxcore.engine.limits import Extremes, extremes_of
from pxcore.engine.tightening import bounds_of, not_tighter, tightest
from pxcore.journal.bulk import EventRow, Part, read_whole
from pxcore.journal.reader import (
    decode_answer,
    decode_closing,
    decode_command,
    decode_event,
    decode_gap,
    decode_request,
    decode_timing,
    read_opening,
)
from pxcore.journal.rows import Opening, Row, RowKind
from pxcore.model import PxError
from pxcore.reports.measures import Meter, is_market
from pxcore.reports.record import NO_CLOSE, Incident, Record, SentOrder


def read_record(path: Path, opening: Opening) -> Record:
    """Folds the journal as far as it can be read; what cannot is told in `damage`.

    `opening` is what the session's plan says: the days on which a journal is damaged are those
    that need a report most.
    """
    try:
        opening = read_opening(path)
    except PxError as error:
        return Recorder(opening).finished(damage=str(error))
    recorder, damage = read_whole(path, lambda: Recorder(opening))
    return recorder.finished(damage=damage)


class Recorder:
    """Reads a journal part by part, in order."""

    def __init__(self, opening: Opening) -> None:
        config = opening.config
        self._record = Record(opening=opening, extremes=_extremes_before(config))
        limits = config.limits
        self._meter = Meter(
            config.contract, stale_s=limits.stale_data_s, time_scale=limits.time_scale
        )
        self._at: datetime | None = None  # of the last event
        self._unprotected_since: datetime | None = None
        self._away_since: datetime | None = None  # the user hub

    def read(self, part: Part) -> None:
        record = self._record
        first, last = (part, part) if isinstance(part, Row) else (part[0], part[-1])
        record.began = record.began or first.wall
        record.journal_hash = last.hash
        if isinstance(part, Row):
            self._read_row(part)
        else:
            self._read_events(part)

    def finished(self, *, damage: str | None = None) -> Record:
        """The record so far, and since when nobody listened where its session has died."""
        record = self._record
        record.damage = damage or record.damage
        record.measures = self._meter.measures()
        record.has_died = record.closing is None
        if self._away_since is not None:
            record.outages += ((self._away_since, None),)
            self._away_since = None
        if record.has_died and record.heard is not None:
            record.silences = ((record.heard[1], None),)
        return record

    def _read_events(self, rows: list[EventRow]) -> None:
        events = [row.body for row in rows]
        if is_market(events):
            self._meter.see_market(events, rows[-1].wall)
            self._hear(events[0].at, events[-1].at)
            return
        for row in rows:
            self._see_event(row.body, row.wall)

    def _read_row(self, row: Row) -> None:
        record, meter = self._record, self._meter
        match row.kind:
            case RowKind.EVENT:
                self._see_event(decode_event(row), row.wall)
            case RowKind.COMMAND if self._at is not None:
                command = decode_command(row)
                self._unprotected_since = _note_protection(
                    record, command, self._at, self._unprotected_since
                )
                _note_command(record, command, self._at)
                meter.see_command(command, row.wall)
            case RowKind.REQUEST:
                meter.see_request(decode_request(row), row.wall)
            case RowKind.ANSWER:
                meter.see_answer(decode_answer(row))
            case RowKind.TIMING:
                meter.see_timing(decode_timing(row))
            case RowKind.GAP:
                lost = decode_gap(row)
                record.damage = f"{lost.rows} rows are missing before row {row.seq}: {lost.why}"
            case RowKind.CLOSED:
                record.closing = decode_closing(row)
            case _:
                pass

    def _see_event(self, event: Event, wall: datetime) -> None:
        record = self._record
        self._hear(event.at, event.at)
        self._meter.see_event(event, wall)
        match event:
            case OrderSeen(order=order):
                known = record.orders.get(order.id)
                record.orders[order.id] = advance(known, order) if known else order
            case FillSeen(fill=fill):
                record.fills[fill.id] = fill
            case SnapshotTaken(snapshot=snapshot):
                record.first_look = record.first_look or snapshot
                record.fills_by_rest |= {f.id: f for f in snapshot.fills}
            case HubDown(hub=Hub.USER, at=at):
                self._away_since = self._away_since or at
            case HubUp(hub=Hub.USER, at=at) if self._away_since is not None:
                record.outages += ((self._away_since, at),)
                self._away_since = None
            case RecordSkipped(hub=Hub.USER, at=at):
                record.outages += ((at, at),)
            case CloseAnswered(contract_id=contract_id, answer=answer) if answer in NO_CLOSE:
                record.closes_sent[contract_id] -= 1
            case LimitsTightened(bounds=bounds):
                if not not_tighter(bounds_of(record.limits), bounds):  # as the engine judged it
                    record.tightened = tightest(bounds, record.limits)
            case _:
                pass

    def _hear(self, first: datetime, last: datetime) -> None:
        """Events came, from the first moment to the last."""
        self._at = last
        heard = self._record.heard
        self._record.heard = (first if heard is None else heard[0], last)


def _extremes_before(config: EngineConfig) -> Extremes | None:
    """None of a session whose engine did not tell them."""
    if config.fall_usd is None:
        return None
    return Extremes(
        peak_usd=config.peak_usd,
        fall_usd=config.fall_usd,
        headroom_usd=config.headroom_usd_min,
    )


def _note_command(record: Record, command: object, at: datetime) -> None:
    match command:
        case PlaceEntry():
            record.sent.append(SentOrder(at=at, entry=command))
        case PlaceStop(tag=tag):
            record.own_stops.add(tag)
        case ClosePosition(contract_id=contract_id):
            record.closes_sent[contract_id] += 1
        case PeakSeen() | FallSeen() if record.extremes is not None:
            record.extremes = record.extremes.and_of(extremes_of(command))
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
