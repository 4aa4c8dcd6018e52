"""A journal followed while it is written: every row once, as files are begun and packed."""

from datetime import UTC, datetime

import pytest
from patience import patience

from pxcore.engine.events import ClockTick
from pxcore.journal.follow import Follower
from pxcore.journal.rows import RowKind
from pxcore.journal.segments import numbers_of, segment
from pxcore.journal.writer import Journal
from pxcore.model import ProtocolError

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)


def write(journal: Journal, rows: int) -> None:
    for _ in range(rows):
        assert journal.wait_written(journal.append(RowKind.EVENT, ClockTick(at=NOW)), patience(5))


def seqs(follower: Follower) -> list[int]:
    return [row.seq for row in follower.new_rows()]


@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "compressed"])
def test_rows_come_once_each_while_files_are_begun_and_packed(tmp_path, is_packed):
    journal = Journal(
        tmp_path / "px-1.jsonl", on_fault=pytest.fail, segment_bytes=2_000, is_packed=is_packed
    )
    write(journal, 3)
    follower = Follower(journal.path)

    found = seqs(follower)
    for _ in range(20):
        write(journal, 7)
        found += seqs(follower)
    assert journal.close()
    found += seqs(follower)

    assert len(numbers_of(journal.path)) > 5
    assert found == list(range(1, 144))


def test_row_that_is_still_being_written_comes_when_it_is_whole(tmp_path):
    journal = Journal(tmp_path / "px-1.jsonl", on_fault=pytest.fail)
    write(journal, 3)
    assert journal.close()
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole[:-10])
    follower = Follower(journal.path)
    assert seqs(follower) == [1, 2]

    journal.path.write_bytes(whole)

    assert seqs(follower) == [3]
    assert seqs(follower) == []


def test_follower_says_when_the_last_row_has_come(tmp_path):
    journal = Journal(tmp_path / "px-1.jsonl", on_fault=pytest.fail)
    write(journal, 1)
    follower = Follower(journal.path)
    assert seqs(follower) == [1] and not follower.is_closed

    journal.append(RowKind.CLOSED, ClockTick(at=NOW))
    assert journal.close()

    assert seqs(follower) == [2] and follower.is_closed


@pytest.mark.damages_journal
def test_edit_is_noticed_while_following(tmp_path):
    journal = Journal(tmp_path / "px-1.jsonl", on_fault=pytest.fail, segment_bytes=2_000)
    write(journal, 30)
    assert journal.close()
    file = segment(journal.path, 2)
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:1] + lines[2:]))

    with pytest.raises(ProtocolError, match="line 2"):
        seqs(Follower(journal.path, first=2))
