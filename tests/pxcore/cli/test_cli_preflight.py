"""`px preflight`: what a person and a program get of it, and its exit status."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alert_receiver import receiving
from paper_server import Gateway
from patience import patience
from px_runner import Px

from pxcore.alerts import send as sending
from pxcore.cli.orchestrator import free_port
from pxcore.clock.clocks import ShiftedClock
from pxcore.ownership.home_lock import HomeLock


def test_fit_day_is_a_table_of_every_check_and_status_0(px: Px) -> None:
    said = px("preflight")
    lines = said.out.splitlines()
    assert said.status == 0 and said.err == ""
    assert lines[0].split() == ["check", "verdict", "found"]
    assert lines[-2].startswith("watchdog: start `px watchdog`")
    assert [line.split("  ")[0] for line in lines[1:-2]] == [
        "settings",
        "calendar",
        "gateway",
        "clock",
        "account",
        "brackets",
        "contract",
        "account state",
        "kill switch",
        "halt",
        "machine",
        "disk",
        "database",
        "requests",
        "watchdog",
        "px up",
        "alerts",
    ]
    assert lines[-1] == "fit to trade: 0 of 17 fail, 1 warn"


def test_px_up_of_which_something_hangs_or_hung_is_a_warning(px: Px, tmp_path: Path) -> None:
    trouble, mended = "Prefect's server has not answered for 12 s", "Mon 08:00:01 restarted"

    def up() -> tuple[str, str]:
        checks = px("preflight --json").json["checks"]
        one = next(one for one in checks if one["name"] == "px up")
        return one["verdict"], one["found"]

    assert up() == ("ok", "does not run here")
    with HomeLock(tmp_path / "home") as lock:
        assert up()[0] == "ok"
        lock.report((trouble,), (mended,))
        assert up() == ("warning", f"{trouble}; {mended}")
        lock.report((), (mended,))
        assert up() == ("warning", mended)


def test_what_fails_is_named_with_what_to_do_and_is_status_1(px: Px) -> None:
    said = px("preflight", PX_KILL_SWITCH="holiday")
    assert said.status == 1
    assert "kill switch: release it with `px kill off" in said.out
    assert said.out.splitlines()[-1] == "NOT fit to trade: 1 of 17 fail, 1 warn"


def test_json_is_one_document_for_a_program(px: Px) -> None:
    said = px("preflight --json", PX_ACCOUNT_ID="999")
    assert said.status == 1 and said.json["is_fit"] is False
    assert said.json["failures"] == ["account", "account state"]
    account = next(one for one in said.json["checks"] if one["name"] == "account")
    assert account["verdict"] == "fails"
    assert "there is no account 999" in account["found"] and "px accounts" in account["remedy"]


def test_warning_alone_is_status_0(px: Px) -> None:
    market = datetime(2026, 12, 14, 15, tzinfo=UTC)  # Monday of the roll
    clock = str(ShiftedClock(market=market, wall=datetime.now(UTC), speed=1))
    said = px("preflight", PX_PAPER_CLOCK=clock)
    assert said.status == 0
    assert "contract: trade MNQH7" in said.out
    assert said.out.splitlines()[-1] == "fit to trade: 0 of 17 fail, 2 warn"


def test_gateway_that_is_away_is_tried_again_and_then_status_1(px: Px) -> None:
    said = px("preflight --json", PX_PAPER_URL=f"http://127.0.0.1:{free_port()}")
    assert said.status == 1 and "Traceback" not in said.all
    assert said.json["failures"][0] == "gateway"
    assert len(said.pauses) == 3  # four attempts


def test_settings_that_cannot_be_are_status_2_and_nothing_is_looked_at(
    px: Px, gateway: Gateway
) -> None:
    said = px("preflight --json", PX_SIZE="0")
    assert (said.status, said.out) == (2, "") and "PX_SIZE" in said.err


def test_alert_without_anybody_to_tell_is_said(px: Px) -> None:
    said = px("preflight --alert", PX_KILL_SWITCH="holiday")
    assert said.status == 1 and "PX_ALERT_URLS is not set: no alert is sent" in said.err


def test_fit_day_alerts_nobody(px: Px) -> None:
    before = dict(sending._ON_THEIR_WAY)
    assert px("preflight --alert", PX_ALERT_URLS="json://127.0.0.1:9").status == 0
    assert before == sending._ON_THEIR_WAY


def test_failing_day_alerts_nobody_unasked(px: Px) -> None:
    before = dict(sending._ON_THEIR_WAY)
    said = px("preflight", PX_KILL_SWITCH="holiday", PX_ALERT_URLS="json://127.0.0.1:9")
    assert said.status == 1
    assert before == sending._ON_THEIR_WAY


@pytest.mark.services
def test_what_fails_is_alerted_when_it_is_asked_for(px: Px, tmp_path: Path) -> None:
    with receiving() as receiver:
        said = px("preflight --alert", PX_KILL_SWITCH="holiday", PX_ALERT_URLS=receiver.url)
        came = receiver.next()
        for process in sending._ON_THEIR_WAY.values():
            process.wait(patience(15))
    assert said.status == 1 and receiver.secret not in said.all
    assert came["title"].startswith("px: not fit to trade, account 26200002 (paper)")
    assert "kill switch engaged: holiday" in came["message"]
    (delivered,) = (tmp_path / "home" / "alerts").iterdir()
    assert delivered.name.startswith("preflight.failed--26200002-")
