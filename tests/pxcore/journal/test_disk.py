"""A disk that is full for a while, by the operating system's own word: what is lost is told."""

import errno
import os
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import needs
from patience import patience

from pxcore.engine.events import ClockTick
from pxcore.journal.reader import decode_gap, read_rows
from pxcore.journal.rows import RowKind
from pxcore.journal.verify import Soundness, verify
from pxcore.journal.writer import Journal

pytestmark = needs.posix

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
FILE_BYTES = 300_001  # in the middle of a row: the write that meets it is done in part


@contextmanager
def small_files() -> Iterator[None]:
    """No file of this process gets longer, as on a disk without room."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def append(journal: Journal, rows: int) -> int:
    """The last one's ticket."""
    for _ in range(rows):
        ticket = journal.append(RowKind.EVENT, ClockTick(at=NOW))
    return ticket


def test_journal_goes_on_after_a_full_disk_with_a_hole_that_says_how_much_is_missing(tmp_path):
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    journal = Journal(tmp_path / "px-1.jsonl", on_fault=told.put)
    with small_files():
        assert not journal.wait_written(append(journal, 3_000), patience(10))
        assert "cannot be written" in told.get(timeout=patience(5))
    kept = verify(journal.path)
    assert kept.problem is None and kept.torn_bytes == 0  # the half row was cut back off

    while not any(row.kind is RowKind.GAP for row in read_rows(journal.path)):
        append(journal, 1)  # the writer tries again within a second or so
    assert not journal.wait_written(append(journal, 1), patience(5))  # no entry leaves any more
    assert not journal.close()

    rows = list(read_rows(journal.path))
    gaps = [decode_gap(row) for row in rows if row.kind is RowKind.GAP]
    assert sum(gap.rows for gap in gaps) == journal.rows_dropped > 0
    assert all(gap.why == os.strerror(errno.EFBIG) for gap in gaps)  # what the limit says
    assert verify(journal.path).soundness is Soundness.SOUND
    assert verify(journal.path).lost == journal.rows_dropped
    assert told.empty()
