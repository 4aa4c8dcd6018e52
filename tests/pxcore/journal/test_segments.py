"""A journal over several files, chained, sealed, compressed; what was done to it is found."""

import csv
import threading
from datetime import UTC, datetime

import pytest
from patience import patience

from pxcore.engine.events import ClockTick
from pxcore.journal.export import write_csv, write_parquet
from pxcore.journal.intake import Intake
from pxcore.journal.reader import decode_event, decode_gap, read_rows
from pxcore.journal.repair import repair
from pxcore.journal.rows import Gap, RowKind
from pxcore.journal.seal import read_seal, seal_path
from pxcore.journal.segments import numbers_of, segment, sessions_in
from pxcore.journal.verify import Soundness, verify
from pxcore.journal.writer import Journal
from pxcore.model import ProtocolError

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
ROWS = 400


def tick() -> ClockTick:
    return ClockTick(at=NOW)


def written(tmp_path, *, rows=ROWS, is_packed=False, segment_bytes=8_000, closes=True):
    """Some dozen files; each row waited for, so that the files are not of one batch."""
    journal = Journal(
        tmp_path / "px-20261120-1.jsonl",
        on_fault=pytest.fail,
        segment_bytes=segment_bytes,
        is_packed=is_packed,
    )
    for _ in range(rows - closes):
        assert journal.wait_written(journal.append(RowKind.EVENT, tick()), patience(5))
    if closes:
        journal.append(RowKind.CLOSED, Gap(rows=0, why="any body will do"))
    assert journal.close()
    return journal.path


@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "compressed"])
def test_rows_come_back_in_order_over_all_files(tmp_path, is_packed):
    path = written(tmp_path, is_packed=is_packed)

    assert len(numbers_of(path)) > 5
    assert [row.seq for row in read_rows(path)] == list(range(1, ROWS + 1))
    assert all(one.suffix == ".zst" for one in tmp_path.glob("px-*.jsonl*")) is is_packed
    assert verify(path).soundness is Soundness.SOUND
    assert sessions_in(tmp_path) == [path]


def edit(path, file):
    data = file.read_bytes()
    file.write_bytes(data.replace(b"14:30:00Z", b"14:30:01Z", 1))


def cut_within(path, file):
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:3] + lines[4:]))


def swap(path, file):
    lines = file.read_bytes().splitlines(keepends=True)
    lines[3], lines[4] = lines[4], lines[3]
    file.write_bytes(b"".join(lines))


def double(path, file):
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:4] + lines[3:]))


def take_away(path, file):
    file.unlink()


def cut_the_end(path, file):
    last = segment(path, numbers_of(path)[-1])
    lines = last.read_bytes().splitlines(keepends=True)
    last.write_bytes(b"".join(lines[:-1]))


def take_the_last_file(path, file):
    segment(path, numbers_of(path)[-1]).unlink()


@pytest.mark.damages_journal
@pytest.mark.parametrize(
    "harm", [edit, cut_within, swap, double, take_away, cut_the_end, take_the_last_file]
)
def test_what_was_done_to_a_journal_is_found(tmp_path, harm):
    path = written(tmp_path)

    harm(path, segment(path, 3))

    found = verify(path)
    assert found.soundness is Soundness.DAMAGED and found.problem
    with pytest.raises(ProtocolError):
        list(read_rows(path))


def test_journal_whose_seal_and_end_are_both_gone_is_not_said_to_be_sound(tmp_path):
    path = written(tmp_path)
    whole = verify(path)
    cut_the_end(path, None)
    seal_path(path).unlink()

    found = verify(path)

    assert found.soundness is Soundness.OPEN and not found.is_closed
    assert verify(path, expected_hash=whole.hash).soundness is Soundness.DAMAGED


def test_torn_last_row_is_set_aside_and_the_rest_is_sealed(tmp_path):
    path = written(tmp_path, closes=False)
    seal_path(path).unlink()
    last = segment(path, numbers_of(path)[-1])
    whole = last.read_bytes()
    last.write_bytes(whole + b'{"v":2,"seq":')

    done = repair(path)

    assert done is not None and done.torn_bytes == 13 and done.rows == ROWS
    assert done.torn.read_bytes() == b'{"v":2,"seq":'
    assert last.read_bytes() == whole
    seal = read_seal(path)
    assert seal is not None and not seal.is_closed
    assert verify(path).soundness is Soundness.SOUND
    assert repair(path) is None


@pytest.mark.damages_journal
def test_damage_other_than_a_torn_end_is_left_for_a_person(tmp_path):
    path = written(tmp_path)
    seal_path(path).unlink()
    edit(path, segment(path, 2))

    with pytest.raises(ProtocolError):
        repair(path)
    assert read_seal(path) is None


class Stuck:
    """A disk that takes nothing until it is let go."""

    def __init__(self, journal: Journal) -> None:
        self.may_go = threading.Event()
        self._write = journal._files.write
        journal._files.write = self.write

    def write(self, data: bytes) -> None:
        assert self.may_go.wait(patience(10))
        self._write(data)


def test_slow_disk_costs_rows_not_memory_and_the_journal_says_where(tmp_path):
    told = []
    journal = Journal(tmp_path / "px-1.jsonl", on_fault=told.append, queued_max=100)
    disk = Stuck(journal)
    tickets = [journal.append(RowKind.EVENT, tick()) for _ in range(2_000)]
    assert journal.queued <= 101
    assert len(told) == 1 and "too slow" in told[0]

    disk.may_go.set()
    assert not journal.wait_written(tickets[-1], patience(5))
    after = journal.append(RowKind.EVENT, tick())
    assert not journal.wait_written(after, patience(5))  # no entry leaves on a record with a hole
    assert not journal.close()

    rows = list(read_rows(journal.path))
    gaps = [decode_gap(row) for row in rows if row.kind is RowKind.GAP]
    kept = sum(row.kind is RowKind.EVENT for row in rows)
    assert sum(gap.rows for gap in gaps) + kept == 2_001
    assert sum(gap.rows for gap in gaps) == journal.rows_dropped
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))


def test_rows_of_many_threads_are_numbered_without_a_gap(tmp_path):
    journal = Journal(tmp_path / "px-1.jsonl", on_fault=pytest.fail)
    threads = [
        threading.Thread(target=lambda: [journal.append(RowKind.EVENT, tick()) for _ in range(500)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert journal.close()
    assert [row.seq for row in read_rows(journal.path)] == list(range(1, 4_001))


def test_nothing_comes_after_the_last_row():
    intake = Intake()
    intake.append(RowKind.CLOSED, tick(), None)
    intake.append(RowKind.EVENT, tick(), None)

    assert [entry.kind for entry in intake.take(10)] == [RowKind.CLOSED]
    assert intake.dropped == 1


def test_export_holds_every_row(tmp_path):
    import pyarrow.parquet as parquet

    path = written(tmp_path)
    assert write_csv(read_rows(path), tmp_path / "day.csv") == ROWS
    assert write_parquet(read_rows(path), tmp_path / "day.parquet") == ROWS

    lines = list(csv.DictReader((tmp_path / "day.csv").open(newline="")))
    table = parquet.read_table(tmp_path / "day.parquet").to_pylist()
    rows = list(read_rows(path))
    assert [int(line["seq"]) for line in lines] == [row.seq for row in rows]
    assert [line["hash"] for line in table] == [row.hash for row in rows]
    assert table[0]["at"] == decode_event(rows[0]).at
    assert lines[0]["what"] == table[0]["what"] == "clock"
