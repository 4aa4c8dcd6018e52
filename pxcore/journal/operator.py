"""The operator's journal: what a person did to the limits and halts of a trading day, and why.

One file per account and trading day beside the sessions' journals, one numbered row an act. It
is the source of truth for what was tightened and re-armed: a row is on the disk before the
command says that it is done, and what a row does not say has not happened. A torn last line (a
command killed in mid-write) was never said to be done: it is left out, and cut off by the next
act. Any other damage is an error, and nothing is opened while there is one.
"""

import getpass
import io
import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from pxcore.engine.tightening import Bounds
from pxcore.host.bounded_files import read_file
from pxcore.host.decoding import Decoder
from pxcore.host.filelock import SharedFile
from pxcore.journal.latches import Latched
from pxcore.journal.rows import Moment
from pxcore.model import OutcomeUnknown, ProtocolError
from pxcore.text.plain import plain


class Tightened(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", tag="tighten"):
    """These limits are tighter from here on. `before` is what was in force of the same."""

    before: Bounds
    after: Bounds


class Rearmed(msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", tag="rearm"):
    """These halts hold no more, and these sessions' limits and all tightenings before count no
    more. By their names, not by the time: clocks are set back, names are not.

    `before` and `after` are the limits in force, None when the act left them alone.
    """

    halts: tuple[Latched, ...] = ()
    sessions: tuple[str, ...] = ()
    before: Bounds | None = None
    after: Bounds | None = None


Act = Tightened | Rearmed


class OperatorRow(msgspec.Struct, frozen=True, kw_only=True):
    """`seq` counts from 1 without a gap; `wall` is our own clock, UTC; `who` a user of this
    machine. `cut_off` bytes of an act that was never done were removed before it.
    """

    seq: int
    wall: Moment
    account_id: int
    trading_day: date
    who: str
    reason: str
    act: Act
    cut_off: int = 0


_row: Decoder[OperatorRow] = Decoder(OperatorRow)
_BYTES_MAX = 16 << 20  # of a day: nobody acts so often
_NAME = re.compile(r"operator-(?P<account>\d{1,18})-(?P<day>\d{8})\.jsonl")


class OperatorJournal:
    """Of one account and trading day. Nothing is made before the first act."""

    def __init__(self, folder: Path, *, account_id: int, trading_day: date) -> None:
        self.path = folder / f"operator-{account_id}-{trading_day:%Y%m%d}.jsonl"
        self._account_id = account_id
        self._trading_day = trading_day

    def rows(self) -> tuple[OperatorRow, ...]:
        """Every act, in order. Raises ProtocolError, naming the line, for damage; it also stands
        for a file that cannot be read.
        """
        try:
            data = read_file(self.path, _BYTES_MAX)
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise ProtocolError(f"{self._name} cannot be read: {error.strerror}") from error
        return self._decoded(data)

    def record(
        self, decide: Callable[[tuple[OperatorRow, ...]], Act], *, who: str, reason: str
    ) -> OperatorRow:
        """Writes what `decide` makes of the acts so far; two at once take turns.

        On the disk when it returns. Raises what `decide` raises, ProtocolError for damage, and
        OSError when it cannot be written or another process keeps the file: then nothing is.
        Raises OutcomeUnknown when what was written half could not be taken back.
        """
        with SharedFile(self.path).held() as file:
            data = file.readall()
            whole = data.rfind(b"\n") + 1
            rows = self._decoded(data)
            row = OperatorRow(
                seq=len(rows) + 1,
                wall=datetime.now(UTC),
                account_id=self._account_id,
                trading_day=self._trading_day,
                who=who,
                reason=reason,
                act=decide(rows),
                cut_off=len(data) - whole,
            )
            self._append(file, whole, msgspec.json.encode(row) + b"\n")
        return row

    def _append(self, file: io.FileIO, end: int, line: bytes) -> None:
        """The line stands at `end` and on the disk, or is taken back: it may not half hold."""
        try:
            _write_through(file, end, line)
            sync_folder(self.path.parent)
        except OSError:
            try:
                file.truncate(end)
            except OSError as error:
                raise OutcomeUnknown(
                    f"{self._name}: {error.strerror}; whether the act holds, `px limits` shows"
                ) from error
            raise

    @property
    def _name(self) -> str:
        return f"the operator's journal {self.path.name}"

    def _decoded(self, data: bytes) -> tuple[OperatorRow, ...]:
        rows = []
        *lines, _torn = data.split(b"\n")
        for number, line in enumerate(lines, 1):
            try:
                row = _row.decode(line)
            except ProtocolError as error:
                raise ProtocolError(f"{self._name} line {number}: {error}") from error
            if row.seq != number:
                raise ProtocolError(f"{self._name} line {number} has number {row.seq}")
            if (row.account_id, row.trading_day) != (self._account_id, self._trading_day):
                of = f"account {row.account_id} and {row.trading_day}"
                raise ProtocolError(f"{self._name} line {number} is of {of}")
            rows.append(row)
        return tuple(rows)


def days_in(folder: Path) -> Iterator[tuple[int, date]]:
    """The accounts and days that have an operator's journal with anything in it."""
    for path in sorted(folder.glob("operator-*.jsonl")):
        match = _NAME.fullmatch(path.name)
        if match is None or not path.stat().st_size:
            continue
        try:
            yield int(match["account"]), date.fromisoformat(match["day"])
        except ValueError:
            continue  # eight digits that are no date: none of ours


def read_operator(path: Path) -> tuple[int, tuple[OperatorRow, ...]]:
    """The account and the acts of the operator's journal at that path. Raises ProtocolError for
    damage, and for a name that is none of such a journal's.
    """
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise ProtocolError(f"{path.name} is no operator's journal")
    account_id, day = int(match["account"]), date.fromisoformat(match["day"])
    return account_id, OperatorJournal(path.parent, account_id=account_id, trading_day=day).rows()


def released_halts(rows: tuple[OperatorRow, ...]) -> frozenset[str]:
    """The sessions whose halts hold no more."""
    acts = (row.act for row in rows)
    return frozenset(h.session_id for act in acts if isinstance(act, Rearmed) for h in act.halts)


def released_in(folder: Path, *, account_id: int, trading_day: date) -> frozenset[str]:
    """As `released_halts`, of that day's journal. With damage there are none: every halt holds."""
    try:
        return released_halts(
            OperatorJournal(folder, account_id=account_id, trading_day=trading_day).rows()
        )
    except ProtocolError:
        return frozenset()


def since_rearm(rows: tuple[OperatorRow, ...]) -> tuple[frozenset[str], tuple[OperatorRow, ...]]:
    """The sessions whose limits count no more, and the acts that do: from the last re-arm of the
    limits on, that one included.
    """
    last = 0
    gone: frozenset[str] = frozenset()
    for number, row in enumerate(rows):
        if isinstance(row.act, Rearmed) and row.act.after is not None:
            last, gone = number, gone | frozenset(row.act.sessions)
    return gone, rows[last:]


def bounds_in(row: OperatorRow) -> Bounds | None:
    """What the act held the limits to; None when it left them alone."""
    return row.act.after


def operator_name() -> str:
    """The user of this machine that runs this process."""
    try:
        return plain(getpass.getuser())
    except (KeyError, OSError, ImportError):  # none of that id is known here
        return f"user {os.getuid()}"


def _write_through(file: io.FileIO, end: int, line: bytes) -> None:
    """Cuts off what is torn after `end`, and writes the line there, through to the disk."""
    file.truncate(end)
    file.seek(end)
    view = memoryview(line)
    while view:
        view = view[file.write(view) :]
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """A file is found after a power cut only if its folder is on the disk, too."""
    if os.name == "nt":
        return  # a folder cannot be opened there, and need not be
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
