"""`px limits`, `px limits tighten` and `px rearm`: what they show, refuse and write down."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from engine_scenes import CONFIG
from msgspec.structs import replace
from needs import linux
from paper_scenes import ACCOUNT
from px_runner import Px

from pxcore.calendar.hours import trading_day_at
from pxcore.config.paths import Paths
from pxcore.config.settings import load_settings
from pxcore.day.settled import day_terms
from pxcore.journal.operator import OperatorJournal
from pxcore.journal.rows import SCHEMA, Opening, RowKind
from pxcore.journal.writer import Journal
from pxcore.ownership.account_lock import AccountLock
from pxcore.ownership.world import world_of
from pxcore.store.database import Store


@pytest.fixture
def today(px: Px, monkeypatch: pytest.MonkeyPatch) -> date:
    for name, value in px.settings.items():
        monkeypatch.setenv(name, value)
    return trading_day_at(load_settings().clock.now()).day


@pytest.fixture
def home(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "home")


def halted(home: Paths, today: date) -> None:
    home.make()
    store = Store(f"sqlite:///{home.store}")
    store.latch_halt(account_id=ACCOUNT, trading_day=today, reason="daily loss", session_id="px-1")
    store.close()


def line(said: dict, name: str) -> dict:
    return next(one for one in said["limits"] if one["name"] == name)


def test_without_sessions_the_limits_are_those_of_the_settings(px: Px) -> None:
    said = px("limits --json", PX_LOSS_USD_MAX="400")

    assert said.status == 0
    loss = line(said.json, "loss_usd_max")
    assert (loss["in_force"], loss["setting"], loss["source"]) == ("400", "400", "setting")


def test_tightening_is_in_force_and_a_looser_setting_is_held(px: Px) -> None:
    assert px("limits tighten loss_usd_max=300 trades_max=4 --reason choppy").status == 0

    said = px("limits --json", PX_LOSS_USD_MAX="500")

    assert line(said.json, "loss_usd_max")["in_force"] == "300"
    assert line(said.json, "trades_max")["in_force"] == 4
    assert "HELD" in px("limits").out


@pytest.fixture
def session(home: Paths, today: date) -> Iterator[str]:
    """One that runs, with a loss limit of 250 and a drawdown of its own: its name."""
    name = f"px-{today:%Y%m%d}-080000-abcd"
    limits = {"loss_usd_max": Decimal(250), "drawdown_usd_max": Decimal(120)}
    config = replace(CONFIG, session_id=name, account_id=ACCOUNT, trading_day=today)
    config = replace(config, limits=replace(config.limits, **limits))
    home.make()
    journal = Journal(home.journal(name), on_fault=pytest.fail)
    journal.append(
        RowKind.OPENED,
        Opening(
            schema=SCHEMA,
            mode="paper",
            config=config,
            strategy="hold",
            strategy_params={},
            paper_clock="",
            trading_day=today,
        ),
    )
    assert journal.close()
    with AccountLock(home.home, ACCOUNT, holder=name):
        yield name


def test_while_a_session_runs_its_own_limits_are_in_force_whatever_the_shell_says(
    px: Px, session: str
) -> None:
    said = px("limits --json", PX_LOSS_USD_MAX="90", PX_TRADES_MAX="1", PX_PROFIT_USD_LOCK="70")

    assert said.json["session_id"] == session
    own = f"settings of {session}"
    loss, lock = line(said.json, "loss_usd_max"), line(said.json, "profit_usd_lock")
    assert (loss["in_force"], loss["setting"], loss["source"]) == ("250", "90", own)
    assert line(said.json, "trades_max")["in_force"] == CONFIG.limits.trades_max
    assert (lock["in_force"], lock["setting"]) == (None, "70")
    assert session in px("limits").out


def test_limit_that_a_person_tightened_is_credited_to_them_though_a_session_has_it(
    px: Px, session: str
) -> None:
    assert px("limits tighten drawdown_usd_max=80 --reason choppy").status == 0
    said = px("limits --json")
    drawdown = line(said.json, "drawdown_usd_max")
    assert drawdown["in_force"] == "80" and drawdown["source"].startswith("tightened by ")


def test_running_session_is_tightened_by_what_it_has_and_not_by_the_shells_settings(
    px: Px, session: str
) -> None:
    """Its drawdown limit is 120: 110 is tighter, though here 50 is set."""
    said = px("limits tighten drawdown_usd_max=110 --reason r", PX_DRAWDOWN_USD_MAX="50")
    assert said.status == 0 and "120 to 110" in said.out
    assert px("limits tighten loss_usd_max=260 --reason r", PX_LOSS_USD_MAX="400").status == 2


@pytest.mark.parametrize(
    ("wish", "problem"),
    [
        pytest.param("loss_usd_max=600", "looser", id="looser than the setting"),
        pytest.param("loss_usd_max=-5", "is refused", id="out of range"),
        pytest.param("loss=5", "is not NAME=VALUE", id="unknown"),
        pytest.param("loss_usd_max", "is not NAME=VALUE", id="no value"),
    ],
)
def test_wish_that_loosens_or_makes_no_sense_is_refused_and_writes_nothing(
    px: Px, home: Paths, wish: str, problem: str
) -> None:
    said = px(f"limits tighten {wish} --reason r")

    assert said.status == 2
    assert any(problem in one for one in said.problems)
    assert not list(home.journals.glob("operator-*"))


def test_looser_than_an_earlier_tightening_is_refused(px: Px) -> None:
    px("limits tighten loss_usd_max=300 --reason choppy")

    said = px("limits tighten loss_usd_max=400 --reason calmer")

    assert said.status == 2


def test_rearm_of_limits_begins_anew_from_the_settings(px: Px) -> None:
    px("limits tighten loss_usd_max=300 --reason choppy")

    assert px("rearm --limits --yes --reason calmer").status == 0

    said = px("limits --json").json
    assert line(said, "loss_usd_max")["in_force"] == "500"
    assert [act["act"]["verb"] for act in said["acts"]] == ["tighten", "rearm"]
    assert [act["reason"] for act in said["acts"]] == ["choppy", "calmer"]
    assert all(act["who"] for act in said["acts"])


def test_rearm_lets_go_of_a_halt_and_a_later_one_holds_again(
    px: Px, home: Paths, today: date
) -> None:
    halted(home, today)
    assert "HALTED: daily loss" in px("limits").out

    assert px("rearm --halt --yes --reason checked").status == 0
    assert "no halt known" in px("limits").out
    assert day_terms(load_settings(), ACCOUNT, today).halt_reason is None

    store = Store(f"sqlite:///{home.store}")
    store.latch_halt(
        account_id=ACCOUNT,
        trading_day=today,
        reason="drawdown",
        session_id="px-2",
        released=("px-1",),
    )
    store.close()
    assert "HALTED: drawdown" in px("limits").out


def test_rearm_is_refused_while_a_session_holds_the_account(
    px: Px, home: Paths, today: date
) -> None:
    halted(home, today)
    with AccountLock(home.home, ACCOUNT, holder="px-1"):
        said = px("rearm --halt --yes --reason checked")

    assert said.status == 2
    assert "HALTED: daily loss" in px("limits").out


def test_rearm_asks_and_writes_nothing_where_nobody_can_answer(
    px: Px, home: Paths, today: date
) -> None:
    halted(home, today)

    said = px("rearm --halt --reason checked")

    assert said.status == 2
    assert not list(home.journals.glob("operator-*"))


def test_rearm_needs_to_be_told_what_and_why(px: Px) -> None:
    assert px("rearm --yes --reason r").status == 2
    assert px("rearm --halt --yes", "--reason", " ").status == 2


def test_rearm_of_nothing_writes_nothing(px: Px, home: Paths) -> None:
    said = px("rearm --halt --limits --yes --reason r")

    assert said.status == 0 and "there is nothing to clear" in said.out
    assert not list(home.journals.glob("operator-*"))


def test_damaged_operators_journal_refuses_entries_and_acts_until_a_person_has_looked(
    px: Px, home: Paths, today: date
) -> None:
    px("limits tighten loss_usd_max=300 --reason choppy")
    journal = OperatorJournal(home.journals, account_id=ACCOUNT, trading_day=today)
    (row,) = journal.rows()
    assert row.reason == "choppy"
    text = journal.path.read_text()
    journal.path.write_text(text + text)

    reason = day_terms(load_settings(), ACCOUNT, today).halt_reason
    assert reason is not None and "has number 1" in reason
    assert px("limits").status == 1
    assert px("limits tighten trades_max=1 --reason r").status == 2
    assert px("rearm --halt --yes --reason r").status == 2


def test_torn_last_act_was_never_done_and_is_cut_off_by_the_next(
    px: Px, home: Paths, today: date
) -> None:
    px("limits tighten loss_usd_max=300 --reason choppy")
    journal = OperatorJournal(home.journals, account_id=ACCOUNT, trading_day=today)
    with journal.path.open("ab") as file:
        file.write(b'{"seq":2,"wall":')
    assert len(journal.rows()) == 1

    assert px("limits tighten trades_max=1 --reason r").status == 0

    rows = journal.rows()
    assert [row.seq for row in rows] == [1, 2] and rows[1].cut_off == 16


def test_next_day_begins_without_what_was_tightened(px: Px, home: Paths, today: date) -> None:
    px("limits tighten loss_usd_max=300 --reason choppy")
    file = next(home.journals.glob("operator-*"))
    assert json.loads(file.read_text())["trading_day"] == today.isoformat()

    other = day_terms(load_settings(), ACCOUNT, date(2026, 11, 3))

    assert other.rows == () and other.in_force.loss_usd_max is None


def test_tightening_needs_no_store(px: Px, home: Paths) -> None:
    home.make()
    home.store.write_bytes(b"not a database, " * 100)

    assert px("limits tighten loss_usd_max=100 --reason bad").status == 0


@pytest.mark.damages_journal
def test_halt_of_a_journal_that_cannot_be_read_is_release_only_with_its_limits(
    px: Px, home: Paths, today: date
) -> None:
    home.journals.mkdir(parents=True)
    (home.journals / f"px-{today:%Y%m%d}-1.jsonl").write_bytes(b"{}\n")

    said = px("rearm --halt --yes --reason checked")

    assert said.status == 2 and "--limits as well" in said.problems[0]


@linux
@pytest.mark.parametrize(
    ("command", "there"),
    [
        ("limits tighten loss_usd_max=300 --reason choppy", "tighten it there; nothing"),
        ("rearm --halt --yes --reason checked", "re-arm it there; nothing"),
        ("here", "say it there; nothing"),
    ],
)
def test_act_that_a_session_of_another_home_would_never_read_is_refused(
    px: Px, home: Paths, today: date, tmp_path: Path, command: str, there: str
) -> None:
    world = world_of(load_settings())
    with AccountLock(tmp_path / "other", ACCOUNT, holder="px-1", world=world):
        said = px(command)
    assert said.status == 2
    (problem,) = said.problems
    assert f"account {ACCOUNT} is held by px-1" in problem
    assert "of another home folder" in problem and there in problem
    assert not list(home.journals.glob("operator-*")) and not home.here_file.exists()


def test_session_of_this_home_heeds_what_is_tightened(px: Px, home: Paths, today: date) -> None:
    with AccountLock(home.home, ACCOUNT, holder="px-1", world=world_of(load_settings())):
        said = px("limits tighten loss_usd_max=300 --reason choppy")
    assert said.status == 0 and "uses it within a second" in said.out
