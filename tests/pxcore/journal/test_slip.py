"""The slip: an intent that no kill takes away, before its row is written; and who reads it."""

import functools
import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from backtest_scenes import demo_day
from patience import patience

from pxcore.engine.commands import PlaceEntry
from pxcore.host import memory_files
from pxcore.host.memory_files import memory_folder
from pxcore.journal import writer as writers
from pxcore.journal.files import Files
from pxcore.journal.latches import find_unanswered
from pxcore.journal.reader import decode_command, read_rows
from pxcore.journal.repair import repair
from pxcore.journal.rows import SCHEMA, Opening, RowKind
from pxcore.journal.slip import Slip, read_slip, remove_slip, slip_path
from pxcore.journal.verify import Soundness, verify
from pxcore.journal.writer import Journal
from pxcore.model import Bracket, ProtocolError, Side

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
CONFIG = demo_day(1).engine.config
OF_DAY = {"account_id": CONFIG.account_id, "trading_day": CONFIG.trading_day}

pytestmark = pytest.mark.damages_journal


@pytest.fixture(autouse=True)
def folder_of_memory(tmp_path_factory, monkeypatch):
    """Where the system has none, a plain one stands for it."""
    if memory_folder() is None:
        monkeypatch.setattr(memory_files, "_ROOT", tmp_path_factory.mktemp("memory"))
        monkeypatch.setattr(memory_files.os.path, "ismount", lambda path: True)


def entry(tag: str, reason: str = "test") -> PlaceEntry:
    bracket = Bracket(stop_loss_ticks=20, take_profit_ticks=30)
    return PlaceEntry(
        tag=tag, contract_id="MNQ", side=Side.BUY, size=1, bracket=bracket, reason=reason
    )


@pytest.fixture
def path(tmp_path: Path):
    path = tmp_path / f"px-{CONFIG.trading_day:%Y%m%d}-1.jsonl"
    yield path
    remove_slip(path)


@pytest.fixture
def slip(path: Path):
    path.write_bytes(b"")
    slip = Slip.beside(path)
    assert slip is not None
    return slip


def put(slip: Slip, command: PlaceEntry) -> bool:
    return slip.put(command, at=NOW, wall=NOW)


def opened(path: Path, **more) -> Journal:
    journal = Journal(path, on_fault=lambda what: None, notes_intents=True, **more)
    terms = Opening(
        schema=SCHEMA,
        mode="paper",
        config=CONFIG,
        strategy="hold",
        strategy_params={},
        paper_clock="",
        trading_day=CONFIG.trading_day,
        has_slip=journal.has_slip,
    )
    assert journal.wait_written(journal.append(RowKind.OPENED, terms), patience(5))
    return journal


class StandingDisk:
    """Rows are written once it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_held = threading.Event()
        self.may_go_on = threading.Event()
        self._write = Files.write
        monkeypatch.setattr(Files, "write", lambda files, data: self._held(files, data))

    def _held(self, files: Files, data: bytes) -> None:
        self.is_held.set()
        assert self.may_go_on.wait(patience(20))
        self._write(files, data)


# -- the slip alone ---------------------------------------------------------------------------


def test_last_intent_is_on_it_and_nothing_else(slip, path):
    assert read_slip(path) is None
    for tag in ("first, and with a longer reason", "second"):
        assert put(slip, entry(tag, reason="x" * (100 if tag == "second" else 900)))
        found = read_slip(path)
        assert found is not None and found.command.tag == tag
        assert (found.at, found.wall) == (NOW, NOW)


def test_intent_that_does_not_fit_is_not_noted_and_the_one_before_stays(slip, path):
    assert put(slip, entry("fits"))
    assert not put(slip, entry("too long", reason="x" * 5000))
    found = read_slip(path)
    assert found is not None and found.command.tag == "fits"


@pytest.mark.parametrize("size", [0, 4, 8, 20, 60])
def test_one_that_was_torn_holds_nothing(slip, path, size):
    assert put(slip, entry("torn"))
    file = slip_path(path)
    file.write_bytes(file.read_bytes()[:size])
    assert read_slip(path) is None


def test_one_of_which_a_byte_is_another_holds_nothing(slip, path):
    assert put(slip, entry("px-1"))
    file = slip_path(path)
    file.write_bytes(file.read_bytes().replace(b"px-1", b"px-2"))
    assert read_slip(path) is None


def test_one_that_is_gone_is_said_to_be(path):
    with pytest.raises(ProtocolError, match="is gone"):
        read_slip(path)


def test_it_is_for_its_owner_alone_and_there_is_one_a_journal(slip, path):
    file = slip_path(path)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert Slip.beside(path) is None


def test_next_one_clears_away_those_that_are_a_week_old_and_looks_at_no_journal(
    tmp_path, path, monkeypatch
):
    old = tmp_path / "old.jsonl"
    assert Slip.beside(path) is not None and Slip.beside(old) is not None
    week_ago_s = time.time() - 8 * 86_400
    os.utime(slip_path(old), (week_ago_s, week_ago_s))
    third = tmp_path / "third.jsonl"
    looked_at: list[str] = []
    real = os.path.lexists
    monkeypatch.setattr(os.path, "lexists", lambda at: looked_at.append(str(at)) or real(at))
    assert Slip.beside(third) is not None
    assert slip_path(path).exists() and not slip_path(old).exists()
    assert looked_at == []  # a journal may be on a disk that hangs
    remove_slip(third)


@pytest.mark.parametrize("what", ["a file", "others may write", "not mounted"])
def test_no_folder_of_our_own_means_no_slip(tmp_path, monkeypatch, what):
    monkeypatch.setattr(memory_files, "_ROOT", tmp_path)
    is_mount = what != "not mounted"
    monkeypatch.setattr(memory_files.os.path, "ismount", lambda path: is_mount)
    folder = tmp_path / f"px-sessions-{os.getuid()}"
    if what == "a file":
        folder.write_bytes(b"")
    elif what == "others may write":
        folder.mkdir(mode=0o700)
        folder.chmod(0o777)
    assert memory_folder() is None
    journal = Journal(tmp_path / "a.jsonl", on_fault=pytest.fail, notes_intents=True)
    ticket = journal.append(RowKind.COMMAND, entry("px-1"))
    assert not journal.has_slip and not journal.note_intent(ticket, entry("px-1"), NOW)
    assert journal.wait_written(ticket, patience(5))
    assert journal.close()


# -- the journal's ----------------------------------------------------------------------------


def test_intent_is_noted_before_its_row_is_written_and_the_next_one_only_after(path, monkeypatch):
    journal = opened(path)
    disk = StandingDisk(monkeypatch)
    first = journal.append(RowKind.COMMAND, entry("px-1"))
    assert journal.note_intent(first, entry("px-1"), NOW)
    journal.hurry()
    assert disk.is_held.wait(patience(5))
    second = journal.append(RowKind.COMMAND, entry("px-2"))
    assert not journal.note_intent(second, entry("px-2"), NOW)
    found = read_slip(path)
    assert found is not None and found.command.tag == "px-1"
    disk.may_go_on.set()
    assert journal.wait_written(second, patience(5))
    third = journal.append(RowKind.COMMAND, entry("px-3"))
    assert journal.note_intent(third, entry("px-3"), NOW)
    assert journal.close()
    assert not slip_path(path).exists()


def test_disk_that_stands_still_is_noticed_by_the_rows_that_wait(path, monkeypatch):
    journal = opened(path)
    monkeypatch.setattr(writers, "_PROMPT_S", -1.0)  # whatever waits, waits for too long
    StandingDisk(monkeypatch).may_go_on.set()
    ticket = journal.append(RowKind.COMMAND, entry("px-1"))
    assert not journal.note_intent(ticket, entry("px-1"), NOW)
    assert journal.close()


def test_nothing_is_noted_after_a_row_was_lost(path, monkeypatch):
    def fails(files: Files, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    journal = opened(path)
    monkeypatch.setattr(Files, "write", fails)
    lost = journal.append(RowKind.COMMAND, entry("px-1"))
    assert not journal.wait_written(lost, patience(5))
    after = journal.append(RowKind.COMMAND, entry("px-2"))
    assert not journal.note_intent(after, entry("px-2"), NOW)
    journal.close()


# -- after a kill -----------------------------------------------------------------------------


def killed(path: Path, monkeypatch: pytest.MonkeyPatch, *tags: str) -> Journal:
    """As a kill leaves it: the last of the intents is on the slip alone."""
    journal = opened(path)
    for tag in tags[:-1]:
        assert journal.wait_written(journal.append(RowKind.COMMAND, entry(tag)), patience(5))
    disk = StandingDisk(monkeypatch)
    ticket = journal.append(RowKind.COMMAND, entry(tags[-1]))
    assert journal.note_intent(ticket, entry(tags[-1]), NOW)
    journal.hurry()
    assert disk.is_held.wait(patience(5))
    return journal


def test_intent_on_the_slip_alone_counts_as_sent_without_an_answer(path, monkeypatch):
    find = functools.partial(find_unanswered, path.parent, **OF_DAY)
    before = datetime.now(UTC)
    killed(path, monkeypatch, "px-1", "px-2")
    found = find().value
    assert set(found) == {"px-1", "px-2"}
    assert found["px-2"] >= before
    remove_slip(path)
    assert set(find().value) == {"px-1", f"an order of {path.stem} that is not known"}


def test_repair_writes_it_into_the_journal_once(path, monkeypatch):
    killed(path, monkeypatch, "px-1", "px-2")
    monkeypatch.undo()
    done = repair(path)
    assert done is not None and done.slipped == "px-2"
    assert "px-2 was noted and not written yet" in str(done)
    tags = [decode_command(row).tag for row in read_rows(path) if row.kind is RowKind.COMMAND]
    assert tags == ["px-1", "px-2"]
    assert verify(path).soundness is Soundness.SOUND
    assert not slip_path(path).exists()
    found = find_unanswered(path.parent, **OF_DAY)
    assert found.unreadable == ()
    assert set(found.value) == {"px-1", "px-2"}
    assert repair(path) is None


def test_repair_writes_no_intent_that_is_there_already(path):
    journal = opened(path)
    ticket = journal.append(RowKind.COMMAND, entry("px-1"))
    assert journal.note_intent(ticket, entry("px-1"), NOW)
    assert journal.wait_written(ticket, patience(5))
    done = repair(path)
    assert done is not None and done.slipped is None
    assert sum(row.kind is RowKind.COMMAND for row in read_rows(path)) == 1
