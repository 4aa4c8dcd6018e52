"""`px paper` as a person runs it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
import wording
from paper_server import Gateway
from patience import patience
from waiting import until

from pxcore.cli.app import app
from pxcore.cli.paper import fresh_account_id, market_start
from pxcore.clock.published import PublishedClock

DOCUMENT = Path(__file__).parents[3] / "docs" / "paper-gateway.md"


@contextmanager
def px_paper(*options: str) -> Iterator[tuple["subprocess.Popen[str]", Gateway, dict[str, str]]]:
    """The command, its gateway, and the settings it printed. What a kill leaves goes with it."""
    folder = tempfile.mkdtemp()
    process = subprocess.Popen(
        [sys.executable, "-m", "pxcore.cli", "paper", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": folder},
    )
    try:
        assert process.stdout is not None
        settings = {}
        while "PX_CONTRACT" not in settings:
            line = process.stdout.readline()
            assert line, process.communicate()
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").strip().partition("=")
                settings[name] = value
        port = int(settings["PX_PAPER_URL"].rsplit(":")[-1])
        yield process, Gateway(port, key=settings["PX_PAPER_KEY"]).log_in(), settings
    finally:
        process.kill()
        process.communicate()
        shutil.rmtree(folder)


def account(gateway: Gateway) -> dict[str, object]:
    _, answer = gateway.post("/api/Account/search", onlyActiveAccounts=False)
    found: dict[str, object] = answer["accounts"][0]
    return found


def bought(gateway: Gateway, contract: str, tag: str) -> None:
    """One contract, and back once its position has been told."""
    hub, account_id = gateway.hub("user"), account(gateway)["id"]
    hub.call("SubscribePositions", account_id)
    order = {"accountId": account_id, "contractId": contract, "type": 2, "side": 0, "size": 1}
    assert gateway.post("/api/Order/place", **order, customTag=tag)[1]["success"]
    hub.event("GatewayUserPosition")
    hub.socket.close()


@pytest.mark.process
def test_command_serves_the_program_it_was_asked_for_and_stops_on_ctrl_c() -> None:
    with px_paper("--account", "100k", "--account-id", "77", "--market", "calm") as (
        process,
        gateway,
        settings,
    ):
        assert settings["PX_ACCOUNT_ID"] == "77"
        served = account(gateway)
        assert (served["id"], served["balance"]) == (77, 100_000)
        assert str(served["name"]).startswith("100KTC")
        assert gateway.send("/paper/state", None)[0] == 404
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=patience(10)) == 0


@pytest.mark.process
@pytest.mark.parametrize("market", ["calm", "recorded trades", "script"])
def test_market_of_any_kind_stands_still_until_there_is_somebody_to_trade_it(
    tmp_path: Path, market: str
) -> None:
    trades, script = tmp_path / "trades.csv", tmp_path / "market.json"
    trades.write_text(
        "time_utc,price,size\n2026-11-20T14:30:00Z,25000,1\n2026-11-20T14:30:01Z,25001,1\n"
    )
    script.write_text('{"steps": [{"contract": "MNQ", "bid": "25000", "ask": "25000.25"}]}')
    files = {"recorded trades": str(trades), "script": str(script)}
    with px_paper("--control", "--market", files.get(market, market)) as (process, gateway, given):
        clock = PublishedClock(Path(given["PX_PAPER_CLOCK"]))
        stood = clock.now()
        account(gateway)
        hub = gateway.hub("user")
        hub.call("SubscribeAccounts")
        hub.socket.close()
        state = gateway.get("/paper/state")
        assert (state["clock"]["pace"], clock.now()) == ("waiting", stood)
        assert datetime.fromisoformat(state["now"]) == stood
        gateway.post("/paper/open")
        until(lambda: clock.now() > stood, what="time runs")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=patience(10)) == 0
        assert not Path(given["PX_PAPER_CLOCK"]).exists()


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_account_is_kept_over_a_restart_even_after_a_kill(
    tmp_path: Path, number: signal.Signals
) -> None:
    state = tmp_path / "account.json"
    options = ("--state", str(state), "--control", "--market", "calm")
    with px_paper(*options) as (process, gateway, settings):
        account_id = settings["PX_ACCOUNT_ID"]
        bought(gateway, settings["PX_CONTRACT"], "kept")
        balance = account(gateway)["balance"]
        gateway.wait_for_file(state, '"kept"')
        process.send_signal(number)
        process.wait(timeout=patience(10))
    with px_paper(*options) as (_, gateway, settings):
        assert settings["PX_ACCOUNT_ID"] == account_id
        assert account(gateway)["balance"] == balance != 50_000
        of = {"accountId": int(account_id)}
        (position,) = gateway.post("/api/Position/searchOpen", **of)[1]["positions"]
        assert (position["type"], position["size"]) == (1, 1)
        order = {**of, "contractId": settings["PX_CONTRACT"], "type": 2, "side": 0}
        _, again = gateway.post("/api/Order/place", **order, size=1, customTag="kept")
        assert again["errorMessage"] == wording.TAG_TAKEN


@pytest.mark.process
def test_account_is_none_of_an_earlier_gateways_unless_it_is_said() -> None:
    """The home folder may hold what that one did: its orders have the same numbers."""
    with px_paper("--market", "calm") as (_, gateway, settings):
        assert str(account(gateway)["id"]) == settings["PX_ACCOUNT_ID"] != "20000001"
        first = settings["PX_ACCOUNT_ID"]
    until(lambda: str(fresh_account_id()) != first, what="a second has passed")
    with px_paper("--market", "calm") as (_, _, settings):
        assert settings["PX_ACCOUNT_ID"] != first


@pytest.mark.process
def test_faults_of_a_file_are_armed_and_a_script_is_played(tmp_path: Path) -> None:
    faults, script = tmp_path / "faults.toml", tmp_path / "market.json"
    faults.write_text('[[faults]]\nfault = "http_error"\npath = "/api/Account/*"\nstatus = 503\n')
    script.write_text('{"steps": [{"contract": "MNQ", "bid": "25000", "ask": "25000.25"}]}')
    options = ("--faults", str(faults), "--market", str(script), "--control")
    with px_paper(*options) as (_, gateway, _):
        status, _ = gateway.post("/api/Account/search", onlyActiveAccounts=True)
        assert status == 503
        assert gateway.get("/paper/state")["markets"]["MNQZ6"]["bid"] == 25000


@pytest.mark.process
@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--account", "75k"), "no account program '75k'; there are 50k, 100k, 150k, practice"),
        (("--market", "stormy"), wording.no_market("stormy")),
        (("--faults", "/nowhere.toml"), "/nowhere.toml cannot be read"),
        (("--state", "/nowhere/state.json"), "state cannot be kept in /nowhere/state.json"),
        (("--market", "/nowhere.csv"), "/nowhere.csv cannot be read"),
    ],
)
def test_bad_option_is_one_clear_line_and_status_two(
    options: tuple[str, ...], complaint: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pxcore.cli", "paper", *options],
        capture_output=True,
        text=True,
        timeout=patience(10),
        check=False,
    )
    assert done.returncode == 2
    assert complaint in done.stderr and done.stderr.count("\n") == 1


def test_document_names_every_option_and_no_other() -> None:
    known = {
        option
        for parameter in typer.main.get_command(app).commands["paper"].params  # type: ignore[attr-defined]
        for option in parameter.opts
    }
    table = DOCUMENT.read_text().split("| option |")[1].split("\n\n")[0]
    assert set(re.findall(r"\| `(--[a-z-]+)`", table)) == known


@pytest.mark.parametrize(
    ("kept", "start"),
    [
        ("2026-11-30T15:00:00Z", "2026-11-30T15:00:01Z"),  # goes on where it was
        ("2026-11-30T21:30:00Z", "2026-12-01T14:29:00Z"),  # after the flatten: the next open
        ("2026-12-04T20:30:00Z", "2026-12-07T14:29:00Z"),  # late on a Friday: Monday
        ("2026-12-23T21:30:00Z", "2026-12-28T14:29:00Z"),  # past an early close and Christmas
    ],
)
def test_market_goes_on_where_a_state_ended(kept: str, start: str) -> None:
    assert market_start(datetime.fromisoformat(kept)) == datetime.fromisoformat(start)


def test_market_begins_a_minute_before_an_open_of_08_30_without_a_state() -> None:
    start = market_start(None)
    assert start.tzinfo is UTC or start.utcoffset() is not None
    assert (start.minute, json.dumps(start.isoformat())[-7:-1]) == (29, "+00:00")
