"""`px journal`: what it shows of a day, what it finds, what it takes elsewhere."""

import csv
import json
from datetime import date
from pathlib import Path

import pytest
from backtest_scenes import demo_day
from px_runner import Px

from pxcore.journal.rows import SCHEMA, FlattenTerms, Opening, RowKind
from pxcore.journal.seal import seal_path
from pxcore.journal.writer import Journal


@pytest.fixture
def px(tmp_path: Path) -> Px:
    return Px({"PX_HOME": str(tmp_path)})


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A backtest's day, as a session writes it, all but its last row."""
    day = demo_day(1)
    day.run()
    config = day.engine.config
    path = tmp_path / "journal" / f"px-{config.trading_day:%Y%m%d}-143000-ab12.jsonl"
    made = Journal(path, on_fault=pytest.fail)
    opening = Opening(
        schema=SCHEMA,
        mode="paper",
        config=config,
        strategy="timed-entry",
        strategy_params={"every_s": 4.0},
        paper_clock="",
        trading_day=config.trading_day,
    )
    made.append(RowKind.OPENED, opening)
    for event, commands in day.log:
        made.append(RowKind.EVENT, event)
        for command in commands:
            made.append(RowKind.COMMAND, command)
    assert made.close()
    return path


def test_rows_of_a_kind_are_shown_with_the_numbers_of_each_refusal(px: Px, journal: Path) -> None:
    said = px("journal show --kind denied")

    lines = said.out.splitlines()
    assert said.status == 0 and lines
    assert all(" denied " in line and " denied: " in line for line in lines)
    assert any("not flat: protected, 1 held, 2 orders alive" in line for line in lines)


def test_kind_that_no_row_has_is_said_and_what_may_be_meant(px: Px, journal: Path) -> None:
    said = px("journal show --kind denyed")
    assert said.status == 0 and not said.out
    assert "has no such row; is denied meant?" in said.err


def test_rows_since_a_time_of_the_day_in_chicago(px: Px, journal: Path) -> None:
    whole = px("journal show --limit 100000 --json").out.splitlines()
    late = px("journal show --limit 100000 --json --since 08:30:20").out.splitlines()

    assert 0 < len(late) < len(whole)
    first = json.loads(late[0])
    assert first["at"] >= "2026-11-20T14:30:20"


def test_show_says_that_there_is_more(px: Px, journal: Path) -> None:
    said = px("journal show --limit 3")

    assert len(said.out.splitlines()) == 3 and "--limit 3 was reached" in said.err


def test_tail_shows_the_last_rows(px: Px, journal: Path) -> None:
    last = journal.read_bytes().splitlines()[-2:]

    said = px("journal tail -n 2 --json")

    assert [json.loads(line)["hash"] for line in said.out.splitlines()] == [
        json.loads(line)["hash"] for line in last
    ]


def test_tail_finds_rows_of_a_kind_that_are_not_among_the_last(px: Px, journal: Path) -> None:
    said = px("journal tail -n 1 --json --kind opened")

    assert [json.loads(line)["kind"] for line in said.out.splitlines()] == ["opened"]


def test_tail_that_follows_ends_where_the_journal_is_sealed(px: Px, journal: Path) -> None:
    said = px("journal tail -n 3 --follow --json")

    assert said.status == 0 and len(said.out.splitlines()) == 3


@pytest.mark.damages_journal
def test_verify_finds_an_edit_and_exits_with_1(px: Px, journal: Path) -> None:
    assert px("journal verify").status == 0
    journal.write_bytes(journal.read_bytes().replace(b'"size":1', b'"size":2', 1))

    said = px("journal verify --all --json")

    assert said.status == 1
    (found,) = said.json
    assert found["soundness"] == "damaged" and "line" in found["problem"]


def test_verify_repairs_what_a_death_left(px: Px, journal: Path) -> None:
    seal_path(journal).unlink()
    journal.write_bytes(journal.read_bytes() + b"{torn")
    assert "open" in px("journal verify").out

    said = px("journal verify --repair")

    assert said.status == 0 and "5 bytes of a torn row" in said.err
    assert ": sound," in px("journal verify").out


def test_export_writes_every_row(px: Px, journal: Path, tmp_path: Path) -> None:
    said = px(f"journal export {tmp_path / 'day.csv'}")

    rows = list(csv.DictReader((tmp_path / "day.csv").open(newline="")))
    assert said.status == 0 and len(rows) == len(journal.read_bytes().splitlines())


@pytest.mark.parametrize(
    "command",
    ["journal show no-such", "journal export day.txt", "journal show --since noon"],
)
def test_what_cannot_be_is_refused_in_a_line(px: Px, journal: Path, command: str) -> None:
    said = px(command)

    assert said.status == 2 and len(said.problems) == 1


def test_replay_of_the_whole_day_decides_the_same(px: Px, journal: Path) -> None:
    said = px("replay --json")

    assert said.status == 0 and said.json["differs"] is None and said.json["events"] > 1000


def test_replay_until_a_refusal_names_the_gate_that_refused(px: Px, journal: Path) -> None:
    rows = [json.loads(line) for line in journal.read_bytes().splitlines()]
    denied = next(r for r in rows if r["body"].get("command") == "denied")

    said = px(f"replay --until {denied['seq']} --json")

    assert said.status == 0
    refused = next(gate for gate in said.json["gates"].values() if gate is not None)
    assert all(refused[field] == denied["body"][field] for field in ("gate", "unit", "detail"))


def test_replay_until_a_time_explains_the_state_in_words(px: Px, journal: Path) -> None:
    said = px("replay --until 08:30:20")

    assert said.status == 0
    assert "an entry would" in said.out and "loss_headroom" in said.out


def test_replay_until_nonsense_is_refused(px: Px, journal: Path) -> None:
    assert px("replay --until later").status == 2
    zoned = px("replay --until 14:30Z")  # a time of the day with a zone is neither form
    assert zoned.status == 2 and "neither" in zoned.err
    assert px("replay --until 0").status == 2


def test_repair_seals_what_a_killed_flatten_left(px: Px, tmp_path: Path) -> None:
    path = tmp_path / "journal" / "flatten-20261120-1.jsonl"
    made = Journal(path, on_fault=pytest.fail)
    made.append(
        RowKind.FLATTEN,
        FlattenTerms(account_id=1, trading_day=date(2026, 11, 20), reason="by hand"),
    )
    assert made.close()
    seal_path(path).unlink()

    said = px("journal verify flatten-20261120-1 --repair")

    assert said.status == 0 and seal_path(path).exists()
    assert "flatten-20261120-1: sound" in said.out
