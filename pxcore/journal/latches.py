"""What earlier sessions of a trading day have settled for the later ones, by their journals.

A restart forgives nothing: a halt that is in a journal and perhaps nowhere else (its session was
killed before it could latch it), the limits that each session began with, how high the day's
profit stood, and which orders were sent without an answer and may still reach the venue.

Whatever lies in the folder, each of these comes back, with a sentence for everything that could
not be read. What that decided or sent is not known, and taken for the worst: a halt holds, an
order is under way.
"""

from collections.abc import Collection, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from pxcore.engine.commands import (
    Command,
    FallSeen,
    Halt,
    PeakSeen,
    PlaceEntry,
    PlaceStop,
    tag_of,
)
from pxcore.engine.events import Event, LimitsTightened
from pxcore.engine.intents import unanswered_tags
from pxcore.engine.limits import Extremes, extremes_of
from pxcore.engine.tightening import Bounds, bounds_of, names_in, tighter_of
from pxcore.journal.day_look import DayLook, DayOfJournals
from pxcore.journal.reader import (
    decode_closing,
    decode_command,
    decode_event,
    is_closed,
    read_last_row,
    read_opening,
    read_rows,
)
from pxcore.journal.rows import RowKind
from pxcore.journal.seal import read_seal
from pxcore.journal.segments import last_touched, session_of
from pxcore.journal.slip import read_slip
from pxcore.model import ProtocolError

READ_S: Final = 10.0  # for a day's journals, where somebody waits to hear that an account is flat
_SECONDS_MAX = 86_400.0  # no limit of ours is longer
_AMOUNT_MAX = 10**12


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
    steady_s: float | None = None

    def set_forward_s(self, wall: datetime, steady_s: float) -> float:
        """By how much the wall clock, which says that it is `wall` now, was set forward since."""
        if self.steady_s is None:
            return 0.0
        by_wall_s = (wall - self.wall).total_seconds()
        return max(by_wall_s - (steady_s - self.steady_s), 0.0)


# -- what holds for the day -----------------------------------------------------------------------


def halts_in_journals(
    folder: Path, *, account_id: int, trading_day: date, released: Collection[str] = ()
) -> tuple[Latched, ...]:
    """Why that day is halted, by the journals of its sessions.

    One that ended properly says it in its last row. A journal of this day and account that cannot
    be read is itself a reason: what it decided is not known.
    Those of the sessions in `released` were re-armed, and are not looked at.
    """
    found: list[Latched] = []
    look = DayLook(folder, trading_day)

    def take(path: Path) -> None:
        reason = None if session_of(path) in released else _halt_in(look, path, account_id)
        if reason is not None:
            found.append(Latched(session_id=session_of(path), reason=reason))

    def miss(name: str, touched: datetime, why: str) -> None:
        reason = f"the journal of an earlier session today cannot be read: {why}"
        found.append(Latched(session_id=session_of(Path(name)), reason=reason))

    look.at_each(take, miss)
    return tuple(found)


def _halt_in(look: DayLook, path: Path, account_id: int) -> str | None:
    if read_opening(path).config.account_id != account_id:
        return None
    last = read_last_row(path)
    if last is not None and last.kind is RowKind.CLOSED:
        return decode_closing(last).halt_reason
    if read_seal(path) is None:
        for _ in read_rows(path):  # nobody has vouched for it yet: any damage is a reason
            pass
    halts = (c for c in look.commands_with(path, b'"halt"') if isinstance(c, Halt))
    first = next(halts, None)
    return None if first is None else first.reason


def find_openings(
    folder: Path, *, account_id: int, trading_day: date, within_s: float | None = None
) -> DayOfJournals[tuple[Opened, ...]]:
    """The day's sessions of the account. One that does not say of which it is has limits that are
    not known, and is a halt, see above.
    """
    found: list[Opened] = []
    look = DayLook(folder, trading_day, within_s=within_s)

    def take(path: Path) -> None:
        opening = read_opening(path)
        config = opening.config
        if config.account_id == account_id:
            began = next(read_rows(path)).wall
            each = (_sound(bounds_of(config.limits)), *_tightened(look, path))
            found.append(
                Opened(
                    session_id=session_of(path),
                    wall=began,
                    bounds=tighter_of(each),
                    contract_id=config.contract.id,
                    steady_s=opening.steady_s,
                )
            )

    look.at_each(take)
    return DayOfJournals(tuple(found), tuple(look.unreadable))


def openings_in_journals(folder: Path, *, account_id: int, trading_day: date) -> tuple[Opened, ...]:
    """As `find_openings`, of those that can be read."""
    return find_openings(folder, account_id=account_id, trading_day=trading_day).value


def _tightened(look: DayLook, path: Path) -> Iterator[Bounds]:
    """What a session was told meanwhile: the operator's journal may be gone."""
    for row in look.rows_with(path, b'"limits_tightened"'):
        event = decode_event(row) if row.kind is RowKind.EVENT else None
        if isinstance(event, LimitsTightened):
            yield _sound(event.bounds)


def _sound(bounds: Bounds) -> Bounds:
    """Raises ProtocolError for a number that no limit can be."""
    for name in names_in(bounds):
        value = Decimal(getattr(bounds, name))
        most = _SECONDS_MAX if name.endswith("_s") else _AMOUNT_MAX
        if not (value.is_finite() and abs(value) <= most):
            raise ProtocolError(f"its limit {name} is {value}")
    return bounds


def find_extremes(folder: Path, *, account_id: int, trading_day: date) -> DayOfJournals[Extremes]:
    """The highest that the day's profit stood in any of its sessions, and the deepest below a peak.

    Of a journal that cannot be read to its end, as far as it can be: the halt that it may hold is
    what refuses the day, see above.
    """
    found = [Extremes()]
    look = DayLook(folder, trading_day)

    def take(path: Path) -> None:
        if read_opening(path).config.account_id == account_id:
            for command in look.commands_with(path, b'"peak"', b'"fall"'):
                if isinstance(command, PeakSeen | FallSeen):
                    found.append(found[-1].and_of(extremes_of(command)))

    look.at_each(take)
    return DayOfJournals(found[-1], tuple(look.unreadable))


def extremes_in_journals(folder: Path, *, account_id: int, trading_day: date) -> Extremes:
    """As `find_extremes`, of what can be read."""
    return find_extremes(folder, account_id=account_id, trading_day=trading_day).value


# -- what may still reach the venue ---------------------------------------------------------------


def find_unanswered(
    folder: Path, *, account_id: int, trading_day: date, within_s: float | None = READ_S
) -> DayOfJournals[dict[str, datetime]]:
    """Orders of the day's dead sessions that have no answer there: by tag, when (our own clock,
    UTC) each was written down. One of them may still reach the venue.

    A journal that cannot be read counts as one that has sent something when it was touched last,
    under its own name. So does the folder that cannot be listed: that was now.
    """
    found: dict[str, datetime] = {}
    look = DayLook(folder, trading_day, within_s=within_s)

    def take(path: Path) -> None:
        opening = read_opening(path)
        if opening.config.account_id == account_id and not is_closed(path):
            found.update(_unanswered(look, path, has_slip=opening.has_slip))

    def miss(name: str, touched: datetime, why: str) -> None:
        found[name] = touched

    look.at_each(take, miss)
    return DayOfJournals(found, tuple(look.unreadable))


def _unanswered(look: DayLook, path: Path, *, has_slip: bool) -> dict[str, datetime]:
    """When each of the session's orders without an answer was written down: not after its file.

    Its last one may be on its slip alone. A slip that is gone is taken for one that held an order.
    """
    said: list[Event | Command] = []
    sent_at: dict[str, datetime] = {}
    touched = last_touched(path)
    for row in look.rows_with(path, b'"place_', b'"tag"'):
        body = bytes(row.body)
        if row.kind is RowKind.COMMAND and b'"place_' in body:
            command = decode_command(row)
            said.append(command)
            if isinstance(command, PlaceEntry | PlaceStop):
                sent_at[command.tag] = min(row.wall, touched)
        elif row.kind is RowKind.EVENT and b'"tag"' in body:
            said.append(decode_event(row))
    found = {tag: sent_at[tag] for tag in unanswered_tags(said)}
    if has_slip and read_seal(path) is None:
        try:
            intent = read_slip(path)
        except ProtocolError:
            return found | {f"an order of {session_of(path)} that is not known": touched}
        if intent is not None and (tag := tag_of(intent.command)) and tag not in sent_at:
            found[tag] = intent.wall
    return found


def find_last_word(
    folder: Path, *, account_id: int, trading_day: date, within_s: float | None = READ_S
) -> DayOfJournals[datetime | None]:
    """When (our own clock, UTC) a session of the day without a last row wrote last; None when all
    have ended properly. A journal that cannot be read counts as one of them, and as one that
    wrote when it was touched last.
    """
    found: list[datetime] = []
    look = DayLook(folder, trading_day, within_s=within_s)

    def take(path: Path) -> None:
        if read_opening(path).config.account_id != account_id or is_closed(path):
            return
        row, touched = read_last_row(path), last_touched(path)
        found.append(touched if row is None else min(row.wall, touched))

    look.at_each(take, lambda name, touched, why: found.append(touched))
    return DayOfJournals(max(found, default=None), tuple(look.unreadable))


def last_word_of_the_dead(folder: Path, *, account_id: int, trading_day: date) -> datetime | None:
    """As `find_last_word`, without the words for what could not be read."""
    return find_last_word(folder, account_id=account_id, trading_day=trading_day).value


def has_dead_session(folder: Path, *, account_id: int, trading_day: date) -> bool:
    """Did one of that account and day end without its last row? It may have left something."""
    found = last_word_of_the_dead(folder, account_id=account_id, trading_day=trading_day)
    return found is not None
