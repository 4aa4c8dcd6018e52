"""Whatever lies in the journals' folder, every reader comes back and says what it cannot read."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import needs
import pytest
from backtest_scenes import demo_day
from odd_files import ODD_FILES, ODD_LINES, PACKED_FILES, Maker, each
from replaying import replay

from pxcore.engine.commands import PlaceEntry
from pxcore.journal.bulk import read_whole
from pxcore.journal.chain import GENESIS, finished, link
from pxcore.journal.day_look import DayOfJournals
from pxcore.journal.follow import Follower
from pxcore.journal.latches import (
    extremes_in_journals,
    find_extremes,
    find_last_word,
    find_openings,
    find_unanswered,
    halts_in_journals,
    has_dead_session,
    last_word_of_the_dead,
    openings_in_journals,
)
from pxcore.journal.operator import OperatorJournal
from pxcore.journal.reader import is_closed, read_last_row, read_opening, read_rows
from pxcore.journal.repair import repair
from pxcore.journal.rows import SCHEMA, Opening, Row, RowKind
from pxcore.journal.seal import read_seal, seal_path
from pxcore.journal.segments import LINE_BYTES_MAX
from pxcore.journal.terms import read_terms
from pxcore.journal.verify import Soundness, verify
from pxcore.journal.writer import Journal
from pxcore.model import Bracket, ProtocolError, Side
from pxcore.reports.recorder import read_record
from pxcore.store.database import Store
from pxcore.store.projection.days import rebuild
from pxcore.store.projection.journals import Unowned, last_hash, sources_in

pytestmark = [pytest.mark.damages_journal, needs.posix]

CONFIG = demo_day(1).engine.config
OF_DAY = {"account_id": CONFIG.account_id, "trading_day": CONFIG.trading_day}
NAME = f"px-{CONFIG.trading_day:%Y%m%d}-1.jsonl"
OPENING = Opening(
    schema=SCHEMA,
    mode="paper",
    config=CONFIG,
    strategy="hold",
    strategy_params={},
    paper_clock="",
    trading_day=CONFIG.trading_day,
)
FINDERS = (find_last_word, find_unanswered, find_openings, find_extremes)
OLD_NAMES = (
    last_word_of_the_dead,
    openings_in_journals,
    extremes_in_journals,
    halts_in_journals,
    has_dead_session,
)
ODD_JOURNALS = [*each(ODD_FILES), *each(PACKED_FILES)]
ODD_FOLDERS = {
    name: make for name, make in ODD_FILES.items() if name not in ("a folder", "a link to nowhere")
}


def died(folder: Path, *more: Any) -> Path:
    """The journal of a session that was killed after this."""
    journal = Journal(folder / NAME, on_fault=pytest.fail)
    journal.append(RowKind.OPENED, OPENING)
    for command in more:
        journal.append(RowKind.COMMAND, command)
    assert journal.close()
    seal_path(journal.path).unlink()
    return journal.path


def entry(tag: str) -> PlaceEntry:
    return PlaceEntry(
        tag=tag,
        contract_id=CONFIG.contract.id,
        side=Side.BUY,
        size=1,
        bracket=Bracket(stop_loss_ticks=20, take_profit_ticks=30),
        reason="test",
    )


def all_found(folder: Path) -> list[DayOfJournals[Any]]:
    return [find(folder, **OF_DAY) for find in FINDERS]


def require_suspected(folder: Path, since: datetime) -> None:
    """It is judged as one that died just now, with an order under way."""
    last, sent = find_last_word(folder, **OF_DAY).value, find_unanswered(folder, **OF_DAY).value
    now = datetime.now(UTC)
    assert last is not None and since - timedelta(seconds=1) <= last <= now
    assert [since - timedelta(seconds=1) <= at <= now for at in sent.values()] == [True]


# -- no journal at all ------------------------------------------------------------------------


@pytest.mark.parametrize("make", ODD_JOURNALS)
def test_what_is_no_journal_is_named_and_judged_as_one_that_died_just_now(
    tmp_path: Path, make: Maker
) -> None:
    began = datetime.now(UTC)
    make(tmp_path / NAME)

    for found in all_found(tmp_path):
        (why,) = found.unreadable
        assert NAME in why
    require_suspected(tmp_path, began)
    assert has_dead_session(tmp_path, **OF_DAY)
    (halt,) = halts_in_journals(tmp_path, **OF_DAY)
    assert halt.session_id == NAME.removesuffix(".jsonl")


@pytest.mark.parametrize("make", ODD_JOURNALS)
def test_no_reader_meets_anything_but_a_named_error_in_what_is_no_journal(
    tmp_path: Path, make: Maker
) -> None:
    path = tmp_path / NAME
    make(path)
    assert verify(path).soundness is Soundness.DAMAGED
    require_named_errors(path)


@pytest.mark.parametrize("make", each(ODD_FOLDERS))
def test_folder_of_the_journals_that_is_none_is_named_and_judged_the_same(
    tmp_path: Path, make: Maker
) -> None:
    began = datetime.now(UTC)
    folder = tmp_path / "journal"
    make(folder)
    for found in all_found(folder):
        assert "cannot be listed" in found.unreadable[0]
    require_suspected(folder, began)
    assert has_dead_session(folder, **OF_DAY)
    assert read_terms(folder, latched=None, **OF_DAY).halt_reason is not None


def test_folder_that_is_not_there_yet_holds_nothing(tmp_path: Path) -> None:
    assert [found.unreadable for found in all_found(tmp_path / "journal")] == [()] * 4
    assert not has_dead_session(tmp_path / "journal", **OF_DAY)


# -- a journal with an odd line ---------------------------------------------------------------


@pytest.mark.parametrize("line", each(ODD_LINES))
def test_line_that_is_no_row_at_the_end_is_named_and_the_session_may_have_just_died(
    tmp_path: Path, line: bytes
) -> None:
    began = datetime.now(UTC)
    path = died(tmp_path)
    path.write_bytes(path.read_bytes() + line + b"\n")

    last = find_last_word(tmp_path, **OF_DAY)
    assert last.value is not None and last.value >= began - timedelta(seconds=1)
    assert [NAME in why for why in last.unreadable] == [True]
    for name in OLD_NAMES:
        name(tmp_path, **OF_DAY)
    assert len(halts_in_journals(tmp_path, **OF_DAY)) == 1


@pytest.mark.parametrize("line", each(ODD_LINES))
def test_line_that_is_no_row_at_the_beginning_is_named_by_all(tmp_path: Path, line: bytes) -> None:
    began = datetime.now(UTC)
    path = died(tmp_path)
    path.write_bytes(line + b"\n" + path.read_bytes())

    for found in all_found(tmp_path):
        assert [NAME in why for why in found.unreadable] == [True]
    require_suspected(tmp_path, began)


@pytest.mark.parametrize("where", ["first", "last"])
@pytest.mark.parametrize("line", each(ODD_LINES))
def test_no_reader_meets_anything_but_a_named_error_in_an_odd_line(
    tmp_path: Path, line: bytes, where: str
) -> None:
    path = died(tmp_path)
    rows = path.read_bytes()
    path.write_bytes(line + b"\n" + rows if where == "first" else rows + line + b"\n")
    assert verify(path).soundness is Soundness.DAMAGED
    require_named_errors(path)


@pytest.mark.parametrize("mark", [b'"place_', b'"peak"', b'"limits_tightened"', b'"halt"'])
def test_nested_line_that_looks_like_one_of_those_looked_for_is_named(
    tmp_path: Path, mark: bytes
) -> None:
    path = died(tmp_path)
    path.write_bytes(path.read_bytes() + b"[" * 200_000 + mark + b'"tag"' + b"\n")
    named = [find for find in FINDERS if find(tmp_path, **OF_DAY).unreadable]
    assert find_last_word in named and len(named) >= 2


def require_named_errors(path: Path) -> None:
    """Every reader of one journal comes back with something, or with an error of ours."""
    verify(path)

    def to_the_end(rows: Any) -> None:
        for _ in rows:
            pass

    readers: list[Callable[[], object]] = [
        lambda: to_the_end(read_rows(path)),
        lambda: to_the_end(Follower(path).new_rows()),
        lambda: read_opening(path),
        lambda: read_last_row(path),
        lambda: is_closed(path),
        lambda: read_whole(path, _Nobody),
        lambda: read_record(path, OPENING),
        lambda: replay(path),
        lambda: repair(path),
        lambda: last_hash(path),
        lambda: [one.why for one in sources_in(path.parent) if isinstance(one, Unowned)],
        lambda: read_terms(path.parent, latched=None, **OF_DAY),
    ]
    for read in readers:
        try:
            read()
        except ProtocolError:
            continue


class _Nobody:
    def read(self, part: object) -> None:
        pass


# -- rows that are rows, and hold what nothing can be ------------------------------------------


def forged(path: Path, old: bytes, new: bytes) -> Path:
    """Something in it is changed, and the chain made anew: only its meaning is wrong."""
    before, made = GENESIS, []
    for line in path.read_bytes().splitlines(keepends=True):
        content = line[: line.rindex(b',"hash":"')].replace(old, new)
        before = link(before, content)
        made.append(finished(content, before))
    assert new in b"".join(made)
    path.write_bytes(b"".join(made))
    return path


ODD_VALUES = [
    pytest.param(b'"tick_size":"0.25"', b'"tick_size":"NaN"', id="a tick that is no number"),
    pytest.param(b'"loss_usd_max":"', b'"loss_usd_max":"sNaN', id="a limit that is no number"),
    pytest.param(b'"unknown_grace_s":', b'"unknown_grace_s":1e300,"x":', id="a grace for ever"),
    pytest.param(b'"time_scale":1.0', b'"time_scale":0.0', id="a clock that stands"),
    pytest.param(b'"strategy_params":{}', b'"strategy_params":{"a":' + b"[" * 100 + b"]" * 100
                 + b"}", id="parameters a hundred deep"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), ODD_VALUES)
def test_value_that_nothing_can_be_is_an_error_with_a_name(
    tmp_path: Path, old: bytes, new: bytes
) -> None:
    path = forged(died(tmp_path), old, new)
    found = find_openings(tmp_path, **OF_DAY)
    assert found.value == () and NAME in found.unreadable[0]
    for name in OLD_NAMES:
        name(tmp_path, **OF_DAY)
    require_named_errors(path)


@pytest.mark.parametrize(
    "wall", [b"9999-12-31T23:59:59Z", b"2999-01-01T00:00:00+00:00"], ids=["last", "next age"]
)
def test_moment_in_the_future_is_not_later_than_the_file(tmp_path: Path, wall: bytes) -> None:
    """An order is under way for some seconds after it was written down: not for ages."""
    path = died(tmp_path, entry("lost"))
    row = msgspec.json.decode(path.read_bytes().splitlines()[-1], type=Row)
    stamp = msgspec.json.encode(row.wall)
    forged(path, stamp, b'"' + wall + b'"')

    sent_at = find_unanswered(tmp_path, **OF_DAY).value["lost"]
    last = find_last_word(tmp_path, **OF_DAY).value
    now = datetime.now(UTC)  # the file was touched a moment ago
    assert sent_at <= now
    assert last is not None and last <= now


def test_moment_without_a_zone_is_no_moment(tmp_path: Path) -> None:
    path = died(tmp_path, entry("lost"))
    row = msgspec.json.decode(path.read_bytes().splitlines()[-1], type=Row)
    forged(path, msgspec.json.encode(row.wall), b'"2026-11-20T14:30:00"')
    for find in (find_last_word, find_unanswered):
        (why,) = find(tmp_path, **OF_DAY).unreadable
        assert "zone" in why


def test_file_from_the_future_was_touched_now(tmp_path: Path) -> None:
    path = died(tmp_path)
    path.write_bytes(b"{}\n")
    later = (datetime.now(UTC) + timedelta(days=400)).timestamp()
    os.utime(path, (later, later))
    last = find_last_word(tmp_path, **OF_DAY).value
    assert last is not None and last <= datetime.now(UTC)


def test_file_that_was_dated_back_is_judged_by_when_that_was_done(tmp_path: Path) -> None:
    began = datetime.now(UTC)
    path = died(tmp_path)
    path.write_bytes(b"{}\n")
    os.utime(path, (0, 0))
    require_suspected(tmp_path, began)


# -- bounds ------------------------------------------------------------------------------------


def test_row_longer_than_any_can_be_is_not_taken_into_memory(tmp_path: Path) -> None:
    path = died(tmp_path)
    with path.open("ab") as file:
        file.truncate(file.tell() + 100 * LINE_BYTES_MAX)
    with pytest.raises(ProtocolError, match="a row of more than 16,777,216 bytes"):
        list(read_rows(path))
    with pytest.raises(ProtocolError, match="no row ends in its last"):
        read_last_row(path)


def test_row_longer_than_any_reader_takes_is_not_written(tmp_path: Path) -> None:
    faults: list[str] = []
    journal = Journal(tmp_path / NAME, on_fault=faults.append)
    journal.append(RowKind.COMMAND, msgspec.structs.replace(entry("t"), reason="x" * (17 << 20)))
    assert not journal.close()
    assert [row.kind for row in read_rows(journal.path)] == [RowKind.GAP]
    assert "nobody could read it again" in faults[0]


def test_journals_for_which_there_is_no_time_count_as_unread(tmp_path: Path) -> None:
    died(tmp_path, entry("lost"))
    found = find_unanswered(tmp_path, **OF_DAY, within_s=0)
    assert found.value.keys() == {NAME} and "no time" in found.unreadable[0]


def test_readable_journals_count_beside_one_that_is_not(tmp_path: Path) -> None:
    died(tmp_path, entry("lost"))
    other = f"px-{CONFIG.trading_day:%Y%m%d}-2.jsonl"
    (tmp_path / other).mkdir()
    found = find_unanswered(tmp_path, **OF_DAY)
    assert found.value.keys() == {"lost", other} and len(found.unreadable) == 1


# -- what lies beside the journals --------------------------------------------------------------


@pytest.mark.parametrize("make", each(ODD_FILES))
def test_odd_seal_is_a_named_error_and_no_session_ended_by_it(tmp_path: Path, make: Maker) -> None:
    path = died(tmp_path)
    make(seal_path(path))
    assert find_last_word(tmp_path, **OF_DAY).value is not None
    try:
        read_seal(path)
    except ProtocolError as error:
        assert "its seal cannot be read" in str(error)
    require_named_errors(path)


@pytest.mark.parametrize("make", each(ODD_FILES))
def test_odd_operators_journal_is_damage_and_nothing_waits_for_it(
    tmp_path: Path, make: Maker
) -> None:
    journal = OperatorJournal(tmp_path, **OF_DAY)
    make(journal.path)
    if journal.path.exists():
        with pytest.raises(ProtocolError):
            journal.rows()
    terms = read_terms(tmp_path, latched=None, **OF_DAY)
    assert (terms.damage is None) is not journal.path.exists() or journal.path.is_symlink()


@pytest.mark.parametrize("line", each(ODD_LINES))
def test_odd_act_of_the_operator_is_damage(tmp_path: Path, line: bytes) -> None:
    journal = OperatorJournal(tmp_path, **OF_DAY)
    journal.path.write_bytes(line + b"\n")
    assert read_terms(tmp_path, latched=None, **OF_DAY).damage is not None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"account_id":1', b'"account_id":' + b"9" * 30),
        (b'"window_start":"', b'"window_start":"0001-01-01T00:00:00+14:00","x":"'),
    ],
    ids=["a number beyond the database's", "a moment before the first"],
)
def test_value_that_no_store_can_hold_is_told_and_keeps_nothing_else_out(
    tmp_path: Path, old: bytes, new: bytes
) -> None:
    forged(died(tmp_path), old, new)
    store = Store(f"sqlite:///{tmp_path}/px.sqlite")
    done = rebuild(store, tmp_path)
    store.close()
    assert [("is not in the store" in why) for why in done.unread] == [True]
