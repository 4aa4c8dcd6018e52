"""`px report` for a session, a day, a week, a month, and `px journal rebuild`."""

import sqlite3
from pathlib import Path

import msgspec
import pytest
from px_runner import Px
from report_scenes import reported_day

from pxcore.config.paths import Paths

SESSION = "px-20261120-1"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "home")


@pytest.fixture
def px(paths: Paths) -> Px:
    return Px({"PX_HOME": str(paths.home)})


@pytest.fixture
def report(paths: Paths):
    """A day with its journals and its report on the disk, and nothing in the store."""
    made = reported_day(paths.journals, 3, trades_max=3)
    folder = paths.report(SESSION)
    folder.mkdir(parents=True)
    (folder / "report.json").write_bytes(msgspec.json.encode(made))
    (folder / "report.html").write_text("")
    return made


def test_week_and_month_tell_days_hours_and_strategies(px: Px, report) -> None:
    for option in ("--week", "--month"):
        said = px(f"report 2026-11-18 {option}")
        assert said.status == 0
        for text in ("2026-11-20", "timed-entry", "08:00", "win rate", "profit factor", "clean"):
            assert text in said.out
        assert f"net {report.net_usd:+,.2f} USD" in said.out
        document = px(f"report 2026-11-18 {option} --json").json
        assert document["net_usd"] == str(report.net_usd)
        assert document["total"]["trades"] == len(report.trades)


def test_week_without_a_day_says_so_and_asks_for_the_account(px: Px, report) -> None:
    said = px("report 2026-01-07 --week")
    assert said.status == 2 and "the store knows none" in said.err
    said = px("report 2026-01-07 --week --account 1")
    assert said.status == 0 and "no trading day on record" in said.out


def test_report_of_a_session_and_of_a_day(px: Px, report) -> None:
    for which in (SESSION, "2026-11-20", ""):
        said = px(f"report {which}")
        assert said.status == 0 and "Daily-loss report 2026-11-20" in said.out
        assert "consistency, USD" in said.out
    assert px(f"report {SESSION} --json").json["net_usd"] == str(report.net_usd)
    assert len(px("report 2026-11-20 --json").json) == 1
    said = px("report 2026-11-19")
    assert said.status == 2 and "there is no report of 2026-11-19" in said.err
    for which in ("2026-13-45", "yesterday"):
        said = px(f"report {which}")
        assert said.status == 2 and f"'{which}' is not a date" in said.err


@pytest.mark.parametrize(
    "words", ["report --week --month", "report --week --open", "report px-1 --week"]
)
def test_what_does_not_go_together_is_refused(px: Px, report, words: str) -> None:
    assert px(words).status == 2


def test_report_that_is_none_is_told(px: Px, paths: Paths, report) -> None:
    (paths.report(SESSION) / "report.json").write_bytes(b"{}")
    said = px("report")
    assert said.status == 2 and "is not a report of this version" in said.err


@pytest.mark.damages_journal
def test_rebuild_fills_a_store_that_was_deleted_and_tells_of_damage(
    px: Px, paths: Paths, report
) -> None:
    said = px("journal rebuild")
    assert said.status == 0 and "1 day," in said.out and "px.sqlite" in said.out
    paths.store.unlink()
    assert px("journal rebuild --json").json["days"] == 1
    with sqlite3.connect(paths.store) as store:
        assert store.execute("SELECT count(*) FROM fills").fetchone() == (report.fills,)

    journal = paths.journal(SESSION)
    journal.write_bytes(journal.read_bytes().replace(b'"order_id"', b'"order_ie"', 1))
    said = px("journal rebuild")
    assert said.status == 1 and f"{SESSION}.jsonl line" in said.err


def test_store_that_cannot_be_read_is_an_error_and_no_traceback(px: Px, paths: Paths) -> None:
    paths.make()
    paths.store.write_bytes(b"no database " * 100)
    said = px("journal rebuild")
    assert said.status == 1 and "px.sqlite cannot be read" in said.err
