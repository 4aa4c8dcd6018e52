"""The journal: in order, with the operating system before it says so, and readable after a kill."""

import functools
import queue
import re
import threading
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import needs
import pytest
from backtest_scenes import demo_day
from patience import patience
from replaying import replay
from seeds import seeds

from pxcore.engine.commands import FallSeen, Halt, PeakSeen, PlaceEntry
from pxcore.engine.events import ClockTick, PlaceAccepted
from pxcore.engine.limits import Extremes
from pxcore.journal.chain import GENESIS, finished, link
from pxcore.journal.latches import extremes_in_journals, find_unanswered, halts_in_journals
from pxcore.journal.reader import decode_event, read_opening, read_rows
from pxcore.journal.rows import SCHEMA, Opening, RowKind
from pxcore.journal.seal import seal_path
from pxcore.journal.writer import Journal
from pxcore.model import Bracket, ProtocolError, Side

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
FAULTS: list[str] = []


def tick() -> ClockTick:
    return ClockTick(at=NOW)


def written(tmp_path, rows: int):
    journal = Journal(tmp_path / "a.jsonl", on_fault=FAULTS.append)
    for _ in range(rows):
        journal.append(RowKind.EVENT, tick())
    assert journal.close()
    return journal.path


def test_rows_come_back_in_order_with_what_was_written(tmp_path):
    rows = list(read_rows(written(tmp_path, 1000)))
    assert [row.seq for row in rows] == list(range(1, 1001))
    assert decode_event(rows[0]) == tick()


def test_row_is_in_the_file_once_it_is_said_to_be_written(tmp_path):
    journal = Journal(tmp_path / "a.jsonl", on_fault=FAULTS.append)
    seq = journal.append(RowKind.EVENT, tick())
    assert journal.wait_written(seq, patience(5))
    assert [row.seq for row in read_rows(journal.path)] == [1]
    journal.close()


def test_torn_last_line_is_left_out(tmp_path):
    path = written(tmp_path, 3)
    seal_path(path).unlink()  # a process that is killed seals nothing
    path.write_bytes(path.read_bytes()[:-10])
    assert [row.seq for row in read_rows(path)] == [1, 2]


DAMAGE = [
    pytest.param(lambda lines: [lines[0], lines[2]], "line 2", id="row cut out"),
    pytest.param(lambda lines: [lines[1], lines[0], lines[2]], "line 1", id="rows swapped"),
    pytest.param(lambda lines: [lines[0], b"{}\n", lines[2]], "line 2", id="row replaced"),
]


@pytest.mark.parametrize(("damage", "where"), DAMAGE)
def test_damage_is_an_error_that_names_the_line(tmp_path, damage, where):
    path = written(tmp_path, 3)
    path.write_bytes(b"".join(damage(path.read_bytes().splitlines(keepends=True))))
    with pytest.raises(ProtocolError, match=where):
        list(read_rows(path))


def test_existing_journal_is_never_written_over(tmp_path):
    path = written(tmp_path, 1)
    with pytest.raises(FileExistsError):
        Journal(path, on_fault=FAULTS.append)


@needs.full_device
def test_full_disk_is_told_once_and_nobody_waits_for_rows_that_never_come(tmp_path):
    told, was_told = [], threading.Event()

    def on_fault(what: str) -> None:
        told.append(what)
        was_told.set()

    journal = Journal(tmp_path / "a.jsonl", on_fault=on_fault)
    journal._files._file.close()
    journal._files._file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115 - a full disk
    ticket = journal.append(RowKind.EVENT, tick())
    assert not journal.wait_written(ticket, patience(5))
    assert was_told.wait(patience(5))
    later = journal.append(RowKind.EVENT, tick())
    assert not journal.wait_written(later, patience(5))
    assert not journal.close()
    assert len(told) == 1 and "No space left" in told[0]
    assert journal.rows_dropped == 2


class Odd(msgspec.Struct):
    what: object


def test_row_that_cannot_be_encoded_is_a_fault_and_not_a_silent_end(tmp_path):
    told = queue.SimpleQueue()
    journal = Journal(tmp_path / "a.jsonl", on_fault=told.put)
    seq = journal.append(RowKind.EVENT, Odd(what=object()))
    assert not journal.wait_written(seq, patience(5))
    assert "cannot be written" in told.get(timeout=patience(5))
    journal.close()


def terms(config) -> Opening:
    return Opening(
        schema=SCHEMA,
        mode="paper",
        config=config,
        strategy="hold",
        strategy_params={},
        paper_clock="",
        trading_day=config.trading_day,
    )


@pytest.mark.damages_journal
def test_halt_of_a_killed_session_is_found_in_its_journal(tmp_path):
    config = demo_day(1).engine.config
    path = tmp_path / f"px-{config.trading_day:%Y%m%d}-1.jsonl"
    journal = Journal(path, on_fault=FAULTS.append)
    journal.append(RowKind.OPENED, terms(config))
    journal.append(RowKind.COMMAND, Halt(reason="daily loss"))
    journal.close()
    find = functools.partial(halts_in_journals, tmp_path, trading_day=config.trading_day)
    (halt,) = find(account_id=config.account_id)
    assert (halt.session_id, halt.reason) == (path.stem, "daily loss")
    assert find(account_id=config.account_id, released={path.stem}) == ()
    assert find(account_id=99) == ()
    path.write_bytes(b"{}")
    (damaged,) = find(account_id=config.account_id)
    assert damaged.session_id == path.stem and "cannot be read" in damaged.reason


def entry(tag: str) -> PlaceEntry:
    return PlaceEntry(
        tag=tag,
        contract_id="CON.F.US.MNQ.Z26",
        side=Side.BUY,
        size=1,
        bracket=Bracket(stop_loss_ticks=20, take_profit_ticks=30),
        reason="test",
    )


@pytest.mark.damages_journal
def test_entry_that_a_killed_session_sent_without_an_answer_is_found_with_its_time(tmp_path):
    config = demo_day(1).engine.config
    find = functools.partial(
        find_unanswered,
        tmp_path,
        account_id=config.account_id,
        trading_day=config.trading_day,
    )
    assert find().value == {}
    path = tmp_path / f"px-{config.trading_day:%Y%m%d}-1.jsonl"
    journal = Journal(path, on_fault=FAULTS.append)
    journal.append(RowKind.OPENED, terms(config))
    journal.append(RowKind.COMMAND, entry("answered"))
    journal.append(RowKind.EVENT, PlaceAccepted(at=NOW, tag="answered", order_id=1))
    assert journal.wait_written(3, patience(5))
    assert find().value == {}
    before = datetime.now(UTC)
    assert journal.wait_written(journal.append(RowKind.COMMAND, entry("lost")), patience(5))
    ((tag, sent_at),) = find().value.items()
    assert tag == "lost"
    assert 0 <= (sent_at - before).total_seconds() < 10.0
    assert find(account_id=99).value == {}
    path.write_bytes(b"{}")
    assert find().value.keys() == {path.name}  # what it sent is not known
    journal.close()


@pytest.mark.damages_journal
def test_extremes_of_the_day_are_those_of_all_its_journals(tmp_path):
    config = demo_day(1).engine.config
    for number, peaks in enumerate((("3", "9.5"), ("12.25",), ())):
        journal = Journal(
            tmp_path / f"px-{config.trading_day:%Y%m%d}-{number}.jsonl", on_fault=FAULTS.append
        )
        journal.append(RowKind.OPENED, terms(config))
        for peak in peaks:
            journal.append(RowKind.COMMAND, PeakSeen(peak_usd=Decimal(peak)))
            journal.append(RowKind.COMMAND, FallSeen(fall_usd=Decimal(30 - number)))
        assert journal.close()
    find = functools.partial(extremes_in_journals, tmp_path, trading_day=config.trading_day)
    found = Extremes(peak_usd=Decimal("12.25"), fall_usd=Decimal(30))
    assert find(account_id=config.account_id) == found
    assert find(account_id=99) == Extremes()


def rechained(lines: list[bytes]) -> bytes:
    """A forged journal: a line is changed, its hash and all after it are made anew."""
    before, made = GENESIS, []
    for line in lines:
        content = line[: line.rindex(b',"hash":"')]
        before = link(before, content)
        made.append(finished(content, before))
    return b"".join(made)


def recorded(tmp_path, seed: int):
    """A backtest's events and commands, written as a session writes them."""
    day = demo_day(seed)
    day.run()
    journal = Journal(tmp_path / "day.jsonl", on_fault=FAULTS.append)
    opening = Opening(
        schema=SCHEMA,
        mode="paper",
        config=day.engine.config,
        strategy="timed-entry",
        strategy_params={"every_s": 4.0},
        paper_clock="",
        trading_day=day.engine.config.trading_day,
    )
    journal.append(RowKind.OPENED, opening)
    for event, commands in day.log:
        journal.append(RowKind.EVENT, event)
        for command in commands:
            journal.append(RowKind.COMMAND, command)
    assert journal.close()
    return journal.path


@pytest.mark.parametrize("seed", seeds(push=5, nightly=100))
def test_journal_replays_to_the_same_commands(tmp_path, seed):
    path = recorded(tmp_path, seed)
    events, divergence = replay(path)
    assert divergence is None
    assert events > 1000
    assert read_opening(path).strategy == "timed-entry"


def test_replay_names_the_first_row_that_differs(tmp_path):
    path = recorded(tmp_path, 1)
    lines = path.read_bytes().splitlines(keepends=True)
    first = next(n for n, line in enumerate(lines) if b'"place_entry"' in line)
    lines[first] = (
        lines[first]
        .replace(b'"side":"buy"', b'"side":"?"')
        .replace(b'"side":"sell"', b'"side":"buy"')
        .replace(b'"side":"?"', b'"side":"sell"')
    )
    path.write_bytes(rechained(lines))
    seal_path(path).unlink()
    _, divergence = replay(path)
    assert divergence is not None and divergence.seq == first + 1


OLD_WORDS = [
    pytest.param(rb'("command":"take_snapshot"[^}]*"why":")[^"]*', rb"\1other words", id="look"),
    pytest.param(rb'("command":"notice"[^}]*"text":")[^"]*', rb"\1other words", id="notice"),
    pytest.param(
        rb'"value":"[^"]*","limit":"[^"]*","unit":"[^"]*","detail":"[^"]*"',
        rb'"value":"in words","limit":"too"',
        id="denial",
    ),
]


@pytest.mark.parametrize(("found", "put"), OLD_WORDS)
def test_journal_with_the_words_of_an_older_program_replays(tmp_path, found, put):
    path = recorded(tmp_path, 1)
    lines = path.read_bytes().splitlines(keepends=True)
    changed = [re.sub(found, put, line) for line in lines]
    assert changed != lines
    path.write_bytes(rechained(changed))
    seal_path(path).unlink()
    _, divergence = replay(path)
    assert divergence is None
