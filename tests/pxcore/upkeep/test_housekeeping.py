"""What is old goes when it may, whole or not at all, and nothing is lost by a death in between."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from patience import patience
from report_scenes import Played, reported_day
from sqlalchemy import make_url
from store_scenes import contents

from pxcore.config.settings import load_settings
from pxcore.engine.tightening import Bounds
from pxcore.host.filelock import try_lock
from pxcore.journal.operator import OperatorJournal, Tightened
from pxcore.journal.reader import read_rows
from pxcore.journal.repair import repair
from pxcore.journal.retirement import is_going, take_away
from pxcore.journal.seal import read_seal, seal_path, write_seal
from pxcore.journal.segments import last_written, packed
from pxcore.journal.verify import Soundness, verify
from pxcore.journal.writer import Journal
from pxcore.store.database import Store
from pxcore.store.projection import days as projection
from pxcore.store.projection.days import rebuild
from pxcore.upkeep.backup import Database, NoBackup, back_up, dump_command
from pxcore.upkeep.housekeeping import Busy, Housekept, housekeep, plan_of

DAY = date(2026, 11, 20)
LATER = datetime(2040, 1, 3, 18, tzinfo=UTC)  # every journal was sealed long before
JOURNAL = "px-20261120-1"
A_DAY_S = 86_400


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    for name in [n for n in os.environ if n.startswith("PX_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PX_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def journals(home) -> Path:
    """A session's day, with its end; both sealed."""
    folder = home / "journal"
    reported_day(folder, 3, trades_max=3)
    return folder


def keep(*, now: datetime = LATER) -> Housekept:
    return housekeep(load_settings(), now=now)


def names_in(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def in_store(home: Path) -> dict[str, list[tuple]]:
    with closing(Store(f"sqlite:///{home}/px.sqlite")) as store:
        return contents(store)


def filled(home: Path) -> dict[str, list[tuple]]:
    with closing(Store(f"sqlite:///{home}/px.sqlite")) as store:
        rebuild(store, home / "journal")
        return contents(store)


def tighten(journals: Path) -> None:
    OperatorJournal(journals, account_id=1, trading_day=DAY).record(
        lambda rows: Tightened(before=Bounds(), after=Bounds(loss_usd_max=100)),
        who="me",
        reason="choppy",
    )


def sealed_at(path: Path, moment: datetime) -> None:
    seal = read_seal(path)
    assert seal is not None
    write_seal(path, msgspec.structs.replace(seal, sealed_at=moment))


# -- journals that go ---------------------------------------------------------------------------


def test_old_day_goes_whole_and_the_store_still_tells_of_it(home, journals):
    tighten(journals)
    before = filled(home)

    kept = keep()

    assert kept.journals.names == ("2026-11-20",) and kept.journals.bytes > 0
    assert (kept.held, kept.problems) == ((), ())
    assert names_in(journals) == []
    assert in_store(home) == before and before["trades"] and before["operator_acts"]


def test_rebuild_after_a_day_has_gone_leaves_its_rows(home, journals):
    before = filled(home)
    keep()
    assert filled(home) == before


def test_day_that_the_store_lacked_is_in_it_and_in_its_copy_before_it_goes(home, journals):
    assert not (home / "px.sqlite").exists()

    kept = keep()

    assert kept.journals.names == ("2026-11-20",)
    assert kept.backups.names == ("px-20400103.sqlite",)
    with closing(sqlite3.connect(home / "backups" / "px-20400103.sqlite")) as copy:
        assert copy.execute("SELECT count(*) FROM trades").fetchone()[0] > 0


@pytest.mark.parametrize(("days", "goes"), [(399, False), (401, True)])
def test_day_goes_when_its_journals_have_been_sealed_so_long(home, journals, days, goes):
    closed = datetime(2026, 11, 20, 22, tzinfo=UTC)
    for path in (journals / f"{JOURNAL}.jsonl", *journals.glob("end-*.jsonl")):
        sealed_at(path, closed)

    kept = keep(now=closed + timedelta(days=days))

    assert bool(kept.journals.names) is goes
    assert (journals / f"{JOURNAL}.seal").exists() is not goes


def test_day_of_long_ago_that_a_paper_market_played_yesterday_stays(home, journals):
    sealed_at(journals / f"{JOURNAL}.jsonl", LATER - timedelta(days=1))
    assert keep().journals.names == ()


def test_trading_day_of_the_paper_clock_stays(home, journals, monkeypatch):
    wall = datetime.now(UTC).isoformat()
    monkeypatch.setenv("PX_PAPER_CLOCK", f"2026-11-20T15:00:00Z@{wall}@1")
    before = names_in(journals)

    kept = keep()

    assert kept.journals.names == () == kept.packed.names
    assert names_in(journals) == before


def test_zero_days_keep_and_pack_nothing(home, journals, monkeypatch):
    monkeypatch.setenv("PX_KEEP_JOURNALS_DAYS", "0")
    monkeypatch.setenv("PX_PACK_JOURNALS_DAYS", "0")
    before = names_in(journals)
    keep()
    assert names_in(journals) == before


# -- journals that stay -------------------------------------------------------------------------


def unsealed(path: Path) -> str:
    seal_path(path).unlink()
    return "not sealed"


def edited(path: Path) -> str:
    path.write_bytes(path.read_bytes().replace(b'"size":1', b'"size":2', 1))
    return "damaged"


def added_to(path: Path) -> str:
    path.write_bytes(path.read_bytes() + b'{"v":2')
    return "follow its last row"


def cut_and_sealed_anew(path: Path) -> str:
    """A whole chain with a good seal: only the report knows better."""
    report = path.parent.parent / "reports" / JOURNAL / "report.json"
    report.parent.mkdir(parents=True)
    said = reported_day(path.parent.parent / "elsewhere", 3, trades_max=3)
    report.write_bytes(msgspec.json.encode(msgspec.structs.replace(said, journal_hash="0" * 32)))
    return "the report says"


@pytest.mark.damages_journal
@pytest.mark.parametrize("harm", [unsealed, edited, added_to, cut_and_sealed_anew])
def test_journal_that_is_not_what_was_sealed_stays_with_its_day_and_is_named(
    home, journals, monkeypatch, harm
):
    monkeypatch.setenv("PX_PACK_JOURNALS_DAYS", "0")
    why = harm(journals / f"{JOURNAL}.jsonl")
    before = names_in(journals)

    kept = keep()

    assert names_in(journals) == before
    assert [one.name for one in kept.held] == [JOURNAL] and why in kept.held[0].why


@pytest.mark.damages_journal
def test_damaged_journal_keeps_its_report_which_holds_its_last_hash(home, journals):
    cut_and_sealed_anew(journals / f"{JOURNAL}.jsonl")
    for _ in range(2):
        kept = keep()
        assert [one.name for one in kept.held] == [JOURNAL]
        assert kept.reports.names == ()


@pytest.mark.damages_journal
def test_journal_that_tells_of_another_day_than_its_name_stays(home, journals):
    played = Played(1)
    made_up = Journal(journals / "px-20200102-1.jsonl", on_fault=pytest.fail)
    for kind, body in played.rows():
        made_up.append(kind, body)
    assert made_up.close()

    kept = keep()

    assert [one.name for one in kept.held] == ["px-20200102-1"]
    assert "does not tell of the day in its name" in kept.held[0].why
    assert kept.journals.names == ("2026-11-20",)


def test_damaged_operator_journal_keeps_its_day(home, journals):
    tighten(journals)
    file = journals / "operator-1-20261120.jsonl"
    file.write_bytes(b"{}\n" + file.read_bytes())

    kept = keep()

    assert kept.journals.names == ()
    assert [one.name for one in kept.held] == ["operator-1-20261120"]


def test_day_stays_while_the_store_cannot_be_had(home, journals):
    (home / "px.sqlite").write_bytes(b"no database " * 100)

    kept = keep()

    assert (journals / f"{JOURNAL}.seal").exists()
    assert any("the journals of 2026-11-20 stay" in one for one in kept.problems)


def test_day_stays_while_the_store_cannot_be_copied(home, journals):
    (home / "backups").write_text("a file where the folder should be")

    kept = keep()

    assert (journals / f"{JOURNAL}.seal").exists()
    assert any("was not copied" in one for one in kept.problems)


# -- killed, twice, at once ---------------------------------------------------------------------


class Killed(BaseException):
    """As a kill is: nothing catches it."""


def die_at(monkeypatch, number: int) -> None:
    """The process dies instead of its so many'th removal or renaming of a file."""
    left = iter(range(number))

    def dying(act):
        def instead(self, *given, **named):
            if next(left, None) is None:
                raise Killed
            return act(self, *given, **named)

        return instead

    monkeypatch.setattr(Path, "unlink", dying(Path.unlink))
    monkeypatch.setattr(Path, "replace", dying(Path.replace))
    monkeypatch.setattr(Path, "rename", dying(Path.rename))


@pytest.mark.parametrize("number", range(0, 24))
def test_wherever_it_is_killed_no_rebuild_loses_rows_and_the_next_run_ends_it(
    home, journals, monkeypatch, number
):
    tighten(journals)
    log = home / "logs" / "a.log"
    log.parent.mkdir()
    log.touch()
    before = filled(home)

    with monkeypatch.context() as context, suppress(Killed):
        die_at(context, number)
        keep()

    assert filled(home) == before
    kept = keep()
    assert kept.problems == ()
    assert names_in(journals) == [] and names_in(log.parent) == []
    assert names_in(home / "backups") == ["px-20400103.sqlite"]
    assert filled(home) == before


def test_day_that_is_being_taken_away_is_not_made_anew_from_what_is_left(
    home, journals, monkeypatch
):
    before = filled(home)
    with monkeypatch.context() as context, suppress(Killed):
        die_at(context, 2)  # the list took its name, one file went
        take_away(journals, DAY, sorted(journals.iterdir()))

    assert is_going(journals, DAY) and len(names_in(journals)) == 4
    assert filled(home) == before


@pytest.mark.parametrize("moment", ["before", "after"], ids=lambda one: f"gone {one} it was read")
def test_day_that_goes_while_it_is_made_anew_stays_in_the_store(
    home, journals, monkeypatch, moment
):
    before = filled(home)
    fold_day = projection.fold_day

    def overtaken(*given, **named):
        made = fold_day(*given, **named) if moment == "after" else None
        take_away(journals, DAY, sorted(journals.iterdir()))
        return made or fold_day(*given, **named)

    monkeypatch.setattr(projection, "fold_day", overtaken)
    assert filled(home) == before and names_in(journals) == []


def test_journal_that_was_written_anew_since_it_was_listed_stays(home, journals, monkeypatch):
    with monkeypatch.context() as context, suppress(Killed):
        die_at(context, 1)
        take_away(journals, DAY, [journals / f"{JOURNAL}.jsonl", journals / f"{JOURNAL}.seal"])
    seal_path(journals / f"{JOURNAL}.jsonl").unlink()
    repair(journals / f"{JOURNAL}.jsonl")
    os.utime(journals / f"{JOURNAL}.seal", (1, 1))

    keep(now=datetime.now(UTC))

    assert f"{JOURNAL}.seal" in names_in(journals)


def test_second_run_at_the_same_time_does_nothing(home, journals):
    lock = home / "locks" / "housekeeping.lock"
    lock.parent.mkdir()
    with lock.open("a") as other:
        try_lock(other)
        with pytest.raises(Busy, match="running already"):
            keep()
    assert (journals / f"{JOURNAL}.seal").exists()
    assert keep().journals.names == ("2026-11-20",)


def test_plan_says_what_is_then_done_and_changes_nothing(home, journals):
    filled(home)
    before = sorted(one for one in home.rglob("*"))

    plan = plan_of(load_settings(), now=LATER)

    assert sorted(one for one in home.rglob("*")) == before
    kept = keep()
    assert plan.is_plan and not kept.is_plan
    assert plan.journals == kept.journals
    assert plan.backups.names == kept.backups.names


# -- journals that are compressed ---------------------------------------------------------------


def test_old_journals_are_compressed_and_read_as_before(home, journals, monkeypatch):
    monkeypatch.setenv("PX_KEEP_JOURNALS_DAYS", "0")
    path = journals / f"{JOURNAL}.jsonl"
    rows, changed = list(read_rows(path)), last_written(path)
    before = filled(home)

    kept = keep()

    assert f"{JOURNAL}.jsonl" in kept.packed.names and kept.packed.bytes > 0
    assert packed(path).exists() and not path.exists()
    assert list(read_rows(path)) == rows and last_written(path) == changed
    assert verify(path).soundness is Soundness.SOUND
    assert filled(home) == before
    assert keep().packed.names == ()


def test_compressed_journals_go_like_plain_ones(home, journals, monkeypatch):
    with monkeypatch.context() as context:
        context.setenv("PX_KEEP_JOURNALS_DAYS", "0")
        keep()
    assert keep().journals.names == ("2026-11-20",)
    assert names_in(journals) == []


@pytest.mark.parametrize("number", range(6))
def test_compressing_that_is_killed_leaves_a_whole_journal(home, journals, monkeypatch, number):
    monkeypatch.setenv("PX_KEEP_JOURNALS_DAYS", "0")
    path = journals / f"{JOURNAL}.jsonl"
    rows = list(read_rows(path))

    with monkeypatch.context() as context, suppress(Killed):
        die_at(context, number)
        keep()

    assert list(read_rows(path)) == rows
    assert keep().problems == ()
    assert list(read_rows(path)) == rows and not path.exists()


# -- logs and reports ---------------------------------------------------------------------------


def aged(path: Path, days: float) -> Path:
    """Written so many days before LATER."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    stamp = LATER.timestamp() - days * A_DAY_S
    os.utime(path, (stamp, stamp))
    os.utime(path.parent, (stamp, stamp))
    return path


def test_logs_go_by_when_they_were_written_last(home):
    old, young = aged(home / "logs" / "a.log", 91), aged(home / "logs" / "b.log", 89)

    assert keep().logs.names == ("a.log",)
    assert young.exists() and not old.exists()


def test_report_goes_when_it_is_old_and_its_journal_is_gone(home, journals, monkeypatch):
    monkeypatch.setenv("PX_KEEP_JOURNALS_DAYS", "0")
    orphan = aged(home / "reports" / "px-20250102-1" / "report.md", 91)
    aged(home / "reports" / "px-20390102-1" / "report.md", 89)
    aged(home / "reports" / JOURNAL / "report.md", 91)

    assert keep().reports.names == ("px-20250102-1",)
    assert not orphan.parent.exists()
    assert names_in(home / "reports") == [JOURNAL, "px-20390102-1"]


def test_report_goes_in_the_same_run_as_its_journal(home, journals):
    aged(home / "reports" / JOURNAL / "report.md", 91)
    assert plan_of(load_settings(), now=LATER).reports.names == (JOURNAL,)
    assert keep().reports.names == (JOURNAL,)


def test_report_whose_removal_was_killed_goes_next_time(home):
    aged(home / "reports" / ".going-px-20250102-1" / "report.md", 0)
    keep()
    assert names_in(home / "reports") == []


# -- databases ----------------------------------------------------------------------------------


def made(path: Path, rows: int = 3) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE facts (number INTEGER)")
        database.executemany("INSERT INTO facts VALUES (?)", [(n,) for n in range(rows)])
        database.commit()
    return path


def facts(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT count(*) FROM facts").fetchone()[0]


def test_copy_is_of_what_was_committed_while_another_writes(tmp_path):
    source, target = made(tmp_path / "px.sqlite"), tmp_path / "backups" / "px-1.sqlite"
    with closing(sqlite3.connect(source)) as writer:
        writer.execute("INSERT INTO facts VALUES (9)")  # and not committed
        back_up(source, target)
        writer.commit()

    assert (facts(target), facts(source)) == (3, 4)
    with closing(sqlite3.connect(target)) as copy:  # not WAL: one file is all of it
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert names_in(target.parent) == ["px-1.sqlite"]


def test_damaged_database_is_not_copied_and_the_earlier_copies_stay(home, journals, monkeypatch):
    monkeypatch.setenv("PX_KEEP_BACKUPS", "1")
    filled(home)
    aged(home / "backups" / "px-20391201.sqlite", 30)
    with (home / "px.sqlite").open("rb+") as file:
        file.seek(0, os.SEEK_END)
        for page in range(2, file.tell() // 4096, 3):
            file.seek(page * 4096)
            file.write(b"\xff" * 4096)

    kept = keep()

    assert any("not backed up" in one or "cannot be read" in one for one in kept.problems)
    assert names_in(home / "backups") == ["px-20391201.sqlite"]
    assert (journals / f"{JOURNAL}.seal").exists()


def test_page_that_is_damaged_is_found_before_the_copy_takes_its_name(tmp_path):
    source, target = made(tmp_path / "px.sqlite", 5_000), tmp_path / "backups" / "px-1.sqlite"
    with source.open("rb+") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * 4096)

    with pytest.raises(NoBackup, match="DAMAGED"):
        back_up(source, target)
    assert names_in(target.parent) == []


def test_database_that_somebody_holds_is_given_up(tmp_path):
    source = tmp_path / "prefect.db"
    with closing(sqlite3.connect(source)) as holder:  # no WAL: a writer keeps everybody out
        holder.execute("CREATE TABLE facts (number INTEGER)")
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(NoBackup, match="held for"):
            back_up(source, tmp_path / "backups" / "p.db", limit_s=0.0, lock_s=0.01)
    assert names_in(tmp_path / "backups") == []


def test_copy_that_would_take_the_room_of_a_session_is_not_made(tmp_path):
    source = made(tmp_path / "px.sqlite")
    with pytest.raises(NoBackup, match="bytes are free"):
        back_up(source, tmp_path / "backups" / "px-1.sqlite", spare_bytes=1 << 62)


def test_newest_copies_are_kept_and_nothing_that_is_none(home, monkeypatch):
    monkeypatch.setenv("PX_KEEP_BACKUPS", "2")
    made(home / "px.sqlite")
    made(home / "prefect" / "prefect.db")
    for name in (
        "px-20391201.sqlite",
        "px-20391202.sqlite",
        "prefect-20391201.db",
        "px-of-mine.sqlite",
    ):
        aged(home / "backups" / name, 30)

    kept = keep()

    assert kept.backups.names == ("px-20400103.sqlite", "prefect-20400103.db")
    assert kept.old_backups.names == ("px-20391201.sqlite",)
    assert facts(home / "backups" / "prefect-20400103.db") == 3


def test_zero_copies_make_none_and_remove_none(home, journals, monkeypatch):
    monkeypatch.setenv("PX_KEEP_BACKUPS", "0")
    made(home / "prefect" / "prefect.db")
    aged(home / "backups" / "px-20391201.sqlite", 30)

    kept = keep()

    assert kept.journals.names == ("2026-11-20",)
    assert names_in(home / "backups") == ["px-20391201.sqlite"]


def test_store_that_is_a_file_elsewhere_is_copied_too(home, tmp_path, monkeypatch):
    monkeypatch.setenv("PX_DATABASE_URL", f"sqlite:///{made(tmp_path / 'else where.db')}")
    keep()
    assert facts(home / "backups" / "px-20400103.sqlite") == 3


def test_store_of_a_server_is_the_operators_to_back_up_and_no_password_is_said(home, monkeypatch):
    monkeypatch.setenv("PX_DATABASE_URL", "postgresql://me:s3cret@db.example:5433/px")
    (note,) = plan_of(load_settings(), now=LATER).notes
    assert note.endswith(
        "pg_dump --format=custom --file=px-20400103.dump --host=db.example --port=5433 "
        "--username=me --dbname=px"
    )


def test_password_among_the_options_of_a_url_is_not_said():
    url = make_url("postgresql:///px?host=/var/run/pg&password=s3cret&user=me")
    assert "s3cret" not in dump_command(url, LATER)


def test_copies_are_named_by_the_day_in_utc(tmp_path):
    database = Database(source=tmp_path / "px.sqlite", stem="px", suffix=".sqlite")
    chicago_evening = datetime.fromisoformat("2026-11-20T19:00:00-06:00")
    assert database.copy(tmp_path, chicago_evening).name == "px-20261121.sqlite"


@pytest.mark.process
def test_processes_at_once_and_killed_ones_leave_the_day_whole_in_the_store(home, journals):
    """Real deaths, at moments that nobody chose."""
    before = filled(home)
    code = "import sys; from test_housekeeping import keep; sys.exit(bool(keep().problems))"
    path = os.pathsep.join(sys.path)
    command = [sys.executable, "-c", code]
    environ = os.environ | {"PYTHONPATH": path}

    for units in (0.0, 0.15, 0.225, 0.3):  # before, while and after it works
        killed = subprocess.Popen(command, env=environ)
        with suppress(subprocess.TimeoutExpired):
            killed.wait(patience(units))
        killed.kill()
        killed.wait()
        assert filled(home) == before
    both = [
        subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [one.communicate(timeout=patience(20))[1] for one in both]

    assert all(one.returncode == 0 or "Busy" in err for one, err in zip(both, said, strict=True))
    assert names_in(journals) == []
    assert filled(home) == before
