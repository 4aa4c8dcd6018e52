"""A record read in bulk is the one read row by row, of whole journals and of damaged ones."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from report_scenes import Played

from pxcore.engine.commands import ClosePosition
from pxcore.engine.events import (
    CloseAnswered,
    Event,
    Hub,
    HubDown,
    HubUp,
    LimitsTightened,
    RecordSkipped,
    ShellFault,
)
from pxcore.engine.events import SendOutcome as Said
from pxcore.engine.tightening import Bounds
from pxcore.journal.bulk import read_parts
from pxcore.journal.chain import GENESIS, TAIL, finished, link
from pxcore.journal.reader import decode_event, read_rows
from pxcore.journal.rows import Answer, Gap, Opening, Outcome, Request, RowKind, Timing
from pxcore.journal.seal import seal_path
from pxcore.journal.segments import numbers_of, segment
from pxcore.journal.writer import Journal
from pxcore.model import DepthKind, DepthLevel, PxError
from pxcore.reports.record import Record
from pxcore.reports.recorder import Recorder, read_record

_AT = datetime(2026, 11, 20, 14, 31, tzinfo=UTC)
_CONTRACT = "CON.F.US.MNQ.Z26"
pytestmark = pytest.mark.damages_journal


def read_by_rows(path: Path, opening: Opening) -> Record:
    """Row by row, as far as it goes."""
    recorder = Recorder(opening)
    try:
        for row in read_rows(path):
            recorder.read(row)
    except (PxError, msgspec.MsgspecError, OSError, ValueError) as error:
        return recorder.finished(damage=str(error))
    return recorder.finished()


@pytest.fixture(scope="module")
def played() -> Played:
    return Played()


def rows(played: Played) -> Iterator[tuple[RowKind, msgspec.Struct]]:
    """Of every kind, with a whole day's trades among them."""
    number = 0
    for kind, body in played.rows():
        yield kind, body
        if getattr(body, "tag", None) is None or kind is not RowKind.COMMAND:
            continue
        number += 1
        request = {"customTag": body.tag}
        yield (
            RowKind.REQUEST,
            Request(number=number, method="POST", path="/api/Order/place", body=request),
        )
        yield (
            RowKind.ANSWER,
            Answer(
                number=number,
                path="/api/Order/place",
                outcome=Outcome.ANSWERED,
                status=200,
                took_ms=12.5,
                body="{}",
                body_bytes=2,
                why=None,
            ),
        )
        yield (
            RowKind.TIMING,
            Timing(
                command="place_entry",
                tag=body.tag,
                is_at_once=True,
                decoded_us=20.0,
                queued_us=40.0,
                decided_us=200.0,
                dispatched_us=210.0,
                ready_us=300.0,
                written_us=400.0,
                sent_us=420.0,
                answered_us=12_900.0,
            ),
        )
    depth = {"at": _AT, "happened_at": _AT, "contract_id": _CONTRACT}
    later: list[Event] = [
        DepthLevel(**depth, kind=DepthKind.BID, price_ticks=100_000, size=4),
        HubDown(at=_AT, hub=Hub.MARKET, reason='"event":"quote"'),
        LimitsTightened(at=_AT, bounds=Bounds(trades_max=2), why="enough"),
        ShellFault(at=_AT + timedelta(seconds=1), what="a disk, full"),
    ]
    for event in later:
        yield RowKind.EVENT, event


def written(folder: Path, played: Played, *, segment_bytes: int = 200_000) -> Path:
    journal = Journal(folder / "px-20261120-1.jsonl", on_fault=print, segment_bytes=segment_bytes)
    for kind, body in rows(played):
        journal.append(kind, body)
    journal.append(RowKind.CLOSED, played.last_row())
    assert journal.close()
    return journal.path


@pytest.mark.parametrize("segment_bytes", [200_000, 64 << 20], ids=["many files", "one file"])
def test_whole_journal_gives_the_same_record_either_way(played, tmp_path, segment_bytes):
    path = written(tmp_path, played, segment_bytes=segment_bytes)

    read = sum(1 if not isinstance(part, list) else len(part) for part in read_parts(path))

    assert read == sum(1 for _ in read_rows(path))  # and nothing was doubted
    record = read_record(path, played.terms)
    assert record == read_by_rows(path, played.terms)
    assert record.damage is None
    assert record.fills and record.sent and record.tightened and record.measures.latencies


def test_outages_of_the_user_hub_are_in_the_record_and_no_others(played):
    minutes = [_AT + timedelta(minutes=m) for m in range(6)]
    recorder = Recorder(played.terms)
    for event in (
        HubUp(at=minutes[0], hub=Hub.USER),
        HubDown(at=minutes[1], hub=Hub.USER, reason="silent"),
        HubDown(at=minutes[1], hub=Hub.MARKET, reason="silent"),
        HubDown(at=minutes[2], hub=Hub.USER, reason="again"),
        HubUp(at=minutes[3], hub=Hub.USER),
        RecordSkipped(at=minutes[4], hub=Hub.USER, why="no number"),
        HubDown(at=minutes[5], hub=Hub.USER, reason="the end"),
    ):
        recorder._see_event(event, event.at)
    whole = (minutes[1], minutes[3]), (minutes[4], minutes[4]), (minutes[5], None)
    assert recorder.finished().outages == whole


def test_hole_in_the_journal_is_told_the_same_either_way(played, tmp_path):
    journal = Journal(tmp_path / "px-20261120-1.jsonl", on_fault=print)
    for kind, body in rows(played):
        journal.append(kind, body)
    journal.append(RowKind.GAP, Gap(rows=7, why="the disk was too slow"))
    journal.append(RowKind.CLOSED, played.last_row())
    journal.close()

    record = read_record(journal.path, played.terms)

    assert record == read_by_rows(journal.path, played.terms)
    assert "7 rows are missing" in (record.damage or "")


def last_with_rows(path: Path) -> Path:
    return [file for n in numbers_of(path) if (file := segment(path, n)).stat().st_size][-1]


def edited(path: Path) -> None:
    file = segment(path, 2)
    file.write_bytes(file.read_bytes().replace(b'_ticks":', b'_ticks":1', 1))


def cut_out(path: Path) -> None:
    lines = segment(path, 2).read_bytes().splitlines(keepends=True)
    segment(path, 2).write_bytes(b"".join(lines[:5] + lines[6:]))


def swapped(path: Path) -> None:
    lines = segment(path, 2).read_bytes().splitlines(keepends=True)
    lines[5], lines[6] = lines[6], lines[5]
    segment(path, 2).write_bytes(b"".join(lines))


def without_a_file(path: Path) -> None:
    segment(path, 2).unlink()


def without_its_end(path: Path) -> None:
    last = last_with_rows(path)
    last.write_bytes(b"".join(last.read_bytes().splitlines(keepends=True)[:-1]))


def with_rubbish(path: Path) -> None:
    lines = segment(path, 2).read_bytes().splitlines(keepends=True)
    lines[5] = b"\xff\xfe not a row\n"
    segment(path, 2).write_bytes(b"".join(lines))


def with_another_end(path: Path) -> None:
    lines = segment(path, 2).read_bytes().splitlines(keepends=True)
    lines[5] = lines[5].replace(b'"}\n', b'" }\n')
    segment(path, 2).write_bytes(b"".join(lines))


def with_a_bad_seal(path: Path) -> None:
    seal_path(path).write_bytes(b"{")


def rechained(change: Callable[[list[bytes]], None]) -> Callable[[Path], None]:
    """A forgery whose hashes are right, seal and all."""

    def forge(path: Path) -> None:
        files = [segment(path, number) for number in numbers_of(path)]
        contents = [
            line[:-TAIL] for file in files for line in file.read_bytes().splitlines(keepends=True)
        ]
        change(contents)
        digest, lines = GENESIS, []
        for content in contents:
            digest = link(digest, content)
            lines.append(finished(content, digest))
        path.write_bytes(b"".join(lines))
        for file in files[1:]:
            file.unlink()
        seal_path(path).unlink()

    return forge


def of_no_known_kind_of_depth(contents: list[bytes]) -> None:
    at = next(i for i, content in enumerate(contents) if b'"event":"depth"' in content)
    contents[at] = contents[at].replace(b'"kind":"bid"', b'"kind":"bud"')


def renumbered(contents: list[bytes]) -> None:
    del contents[100]


def of_another_session(contents: list[bytes]) -> None:
    contents[100] = contents[100].replace(b"px-20261120-1", b"px-20261120-2")


def of_another_schema(contents: list[bytes]) -> None:
    contents[100] = contents[100].replace(b'{"v":2', b'{"v":3')


@pytest.mark.parametrize(
    "damage",
    [
        edited,
        cut_out,
        swapped,
        without_a_file,
        without_its_end,
        with_rubbish,
        with_another_end,
        with_a_bad_seal,
        rechained(of_no_known_kind_of_depth),
        rechained(renumbered),
        rechained(of_another_session),
        rechained(of_another_schema),
    ],
    ids=lambda one: one.__qualname__,
)
def test_damage_is_found_in_bulk_and_told_as_row_by_row(played, tmp_path, damage):
    path = written(tmp_path, played)
    damage(path)

    with pytest.raises((PxError, msgspec.MsgspecError, ValueError, OSError)):
        for part in read_parts(path):
            if not isinstance(part, list) and part.kind is RowKind.EVENT:
                decode_event(part)

    record = read_record(path, played.terms)
    assert record.damage is not None
    by_rows = read_by_rows(path, played.terms)
    assert record == by_rows


def test_torn_last_row_is_no_damage(played, tmp_path):
    path = written(tmp_path, played, segment_bytes=64 << 20)
    path.write_bytes(path.read_bytes()[:-20])
    seal_path(path).unlink()

    record = read_record(path, played.terms)

    assert record.damage is None
    assert record.has_died
    assert record.journal_hash == read_by_rows(path, played.terms).journal_hash


@pytest.mark.parametrize(
    ("answer", "count"),
    [(Said.DONE, 1), (Said.UNKNOWN, 1), (Said.REFUSED, 1), (Said.GONE, 0), (Said.NOT_SENT, 0)],
)
def test_close_that_made_no_order_is_none_that_we_sent(tmp_path, played, answer, count):
    """Else as many market orders of somebody else's would pass for ours."""
    journal = Journal(tmp_path / "px-20261120-1.jsonl", on_fault=pytest.fail)
    journal.append(RowKind.OPENED, played.terms)
    journal.append(RowKind.EVENT, HubDown(at=_AT, hub=Hub.USER, reason="x"))
    journal.append(RowKind.COMMAND, ClosePosition(contract_id=_CONTRACT))
    journal.append(RowKind.EVENT, CloseAnswered(at=_AT, contract_id=_CONTRACT, answer=answer))
    assert journal.close()
    assert read_record(journal.path, played.terms).closes_sent[_CONTRACT] == count
