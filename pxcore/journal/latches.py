"""What earlier sessions of a trading day have settled for the later ones, by their journals.

A restart forgives nothing: a halt that is in a journal and perhaps nowhere else (its session was
killed before it could latch it), the limits that each session began with, how high the day's
profit stood, and which orders were sent without an answer and may still reach the venue.
"""

from collections.abc import Collection, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from pxcore.engine.commands import Command, Halt, PeakSeen, PlaceEntry, PlaceStop
from pxcore.engine.events import Event, LimitsTightened
from pxcore.engine.intents import unanswered_tags
from pxcore.engine.tightening import Bounds, bounds_of, tighter_of
from pxcore.journal.chain import decode_row
from pxcore.journal.reader import (
    decode_closing,
    decode_command,
    decode_event,
    is_closed,
    read_last_row,
    read_opening,
    read_rows,
)
from pxcore.journal.rows import Row, RowKind
from pxcore.journal.seal import read_seal
from pxcore.journal.segments import last_written, lines_of, session_of, sessions_in
from pxcore.model import PxError


class Latched(msgspec.Struct, frozen=True, kw_only=True):
    """A halt for the day, and the session that said it."""

    session_id: str
    reason: str


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A session of the day, when it began by our own clock, its limits then, and its contract."""

    session_id: str
    wall: datetime
    bounds: Bounds
    contract_id: str


def halts_in_journals(
    folder: Path, *, account_id: int, trading_day: date, released: Collection[str] = ()
) -> tuple[Latched, ...]:
    """Why that day is halted, by the journals of its sessions.

    One that ended properly says it in its last row. A journal of this day and account that cannot
    be read is itself a reason: what it decided is not known.
    Those of the sessions in `released` were re-armed, and are not looked at.
    """
    found = []
    for path in sessions_in(folder, trading_day=trading_day):
        if session_of(path) in released:
            continue
        try:
            reason = _halt_in(path, account_id)
        except (PxError, msgspec.MsgspecError) as error:
            reason = f"the journal of an earlier session today cannot be read: {error}"
        if reason is not None:
            found.append(Latched(session_id=session_of(path), reason=reason))
    return tuple(found)


def _halt_in(path: Path, account_id: int) -> str | None:
    if read_opening(path).config.account_id != account_id:
        return None
    last = read_last_row(path)
    if last is not None and last.kind is RowKind.CLOSED:
        return decode_closing(last).halt_reason
    if read_seal(path) is None:
        for _ in read_rows(path):  # nobody has vouched for it yet: any damage is a reason
            pass
    halts = (c for c in _commands(path, b'"halt"') if isinstance(c, Halt))
    first = next(halts, None)
    return None if first is None else first.reason


def openings_in_journals(folder: Path, *, account_id: int, trading_day: date) -> tuple[Opened, ...]:
    """The day's sessions of the account, but for journals that do not say of which they are:
    those are halts, see above.
    """
    found = []
    for path in sessions_in(folder, trading_day=trading_day):
        try:
            config = read_opening(path).config
        except (PxError, msgspec.MsgspecError):
            continue
        if config.account_id == account_id:
            began = next(read_rows(path)).wall
            bounds = tighter_of((bounds_of(config.limits), *_tightened(path)))
            found.append(
                Opened(
                    session_id=session_of(path),
                    wall=began,
                    bounds=bounds,
                    contract_id=config.contract.id,
                )
            )
    return tuple(found)


def _tightened(path: Path) -> Iterator[Bounds]:
    """What a session was told meanwhile: the operator's journal may be gone."""
    for row in _rows_with(path, b'"limits_tightened"'):
        event = decode_event(row) if row.kind is RowKind.EVENT else None
        if isinstance(event, LimitsTightened):
            yield event.bounds


def peak_in_journals(folder: Path, *, account_id: int, trading_day: date) -> Decimal:
    """The highest that the day's profit stood in any of its sessions, zero at the least.

    Of a journal that cannot be read to its end, as far as it can be.
    """
    peak = Decimal(0)
    for path in sessions_in(folder, trading_day=trading_day):
        try:
            if read_opening(path).config.account_id != account_id:
                continue
            for command in _commands(path, b'"peak"'):
                if isinstance(command, PeakSeen):
                    peak = max(peak, command.peak_usd)
        except (PxError, msgspec.MsgspecError):
            continue  # the halt that it may hold is what refuses the day: see above
    return peak


def unanswered_in_journals(
    folder: Path, *, account_id: int, trading_day: date
) -> dict[str, datetime]:
    """Orders of the day's dead sessions that have no answer there: by tag, when (our own clock,
    UTC) each was written down. One of them may still reach the venue.

    A journal that cannot be read counts as one that has just sent something, under its own name.
    """
    found: dict[str, datetime] = {}
    for path in sessions_in(folder, trading_day=trading_day):
        try:
            if read_opening(path).config.account_id != account_id or is_closed(path):
                continue
            found |= _unanswered(path)
        except (PxError, msgspec.MsgspecError):
            found[path.name] = last_written(path)
    return found


def _unanswered(path: Path) -> dict[str, datetime]:
    """When each of the session's orders without an answer was written down."""
    said: list[Event | Command] = []
    sent_at: dict[str, datetime] = {}
    for row in _rows_with(path, b'"place_', b'"tag"'):
        body = bytes(row.body)
        if row.kind is RowKind.COMMAND and b'"place_' in body:
            command = decode_command(row)
            said.append(command)
            if isinstance(command, PlaceEntry | PlaceStop):
                sent_at[command.tag] = row.wall
        elif row.kind is RowKind.EVENT and b'"tag"' in body:
            said.append(decode_event(row))
    return {tag: sent_at[tag] for tag in unanswered_tags(said)}


def _commands(path: Path, mark: bytes) -> Iterator[Command]:
    """The commands whose row holds the mark."""
    for row in _rows_with(path, mark):
        if row.kind is RowKind.COMMAND and mark in bytes(row.body):
            yield decode_command(row)


def _rows_with(path: Path, *marks: bytes) -> Iterator[Row]:
    """Whole rows that hold one of the marks. The others are not even decoded: a dead session's
    journal may have millions, and somebody waits. The chain is for `read_rows` to check.
    """
    for _, _, line in lines_of(path):
        if line.endswith(b"\n") and any(mark in line for mark in marks):
            yield decode_row(line)


def last_word_of_the_dead(folder: Path, *, account_id: int, trading_day: date) -> datetime | None:
    """When (our own clock, UTC) a session of the day without a last row wrote last; None when all
    have ended properly. A journal that cannot be read counts as one of them.
    """
    found: list[datetime] = []
    for path in sessions_in(folder, trading_day=trading_day):
        try:
            if read_opening(path).config.account_id != account_id or is_closed(path):
                continue
            row = read_last_row(path)
            found.append(last_written(path) if row is None else row.wall)
        except (PxError, msgspec.MsgspecError):
            found.append(last_written(path))
    return max(found, default=None)


def has_dead_session(folder: Path, *, account_id: int, trading_day: date) -> bool:
    """Did one of that account and day end without its last row? It may have left something."""
    found = last_word_of_the_dead(folder, account_id=account_id, trading_day=trading_day)
    return found is not None
