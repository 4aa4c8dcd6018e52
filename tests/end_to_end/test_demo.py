"""`px demo` as a user runs it: the happy day, a recording, Ctrl-C, a kill, and bad input."""

import gzip
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from counting_proxy import counting_proxy
from documents import ROOT, text_of
from needs import nightly
from patience import patience
from shared_prefect import begin_with

from pxcore.cli.orchestrator import px_environ
from pxcore.config.paths import Paths

pytestmark = pytest.mark.process

DAY_S = patience(60)


@pytest.fixture
def ready_server(prefect_database: Path, tmp_path: Path) -> None:
    """The demo's Prefect finds its tables made, as on every day but the first."""
    begin_with(prefect_database, Paths(tmp_path / "home"))


@pytest.fixture
def px(tmp_path: Path) -> Iterator:
    """Starts `px …` in an empty folder. Its output is one text, read line by line."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **settings: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "pxcore.cli", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            cwd=tmp_path,
            env=px_environ(os.environ, {"PX_HOME": str(tmp_path / "home"), **settings}),
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait(DAY_S)


def finish(process: "subprocess.Popen[str]") -> str:
    said, _ = process.communicate(timeout=DAY_S)
    return said


def read_until(process: "subprocess.Popen[str]", text: str) -> str:
    """Everything said up to the line that holds the text."""
    said = ""
    guard = threading.Timer(DAY_S, process.kill)
    guard.start()
    try:
        for line in process.stdout:
            said += line
            if text in line:
                return said
    finally:
        guard.cancel()
    raise AssertionError(f"never said {text!r}: {said}")


def recording(path: Path, *, tick: str, start_price: float, count: int) -> Path:
    """Trades of two market hours that wander about, on the grid of `tick`."""
    rng = random.Random(5)
    at, ticks = datetime(2024, 3, 5, 14, 0, tzinfo=UTC), round(start_price / float(tick))
    lines = ["time_utc,price,size"]
    for _ in range(count):
        at += timedelta(milliseconds=round(rng.expovariate(1.0) * 7200_000 / count))
        ticks += rng.choice((-1, 0, 0, 1))
        price = f"{ticks * float(tick):.2f}"
        lines.append(f"{at.isoformat(timespec='milliseconds')[:-6]}Z,{price},{rng.randint(1, 5)}")
    path.write_bytes(gzip.compress("\n".join(lines).encode() + b"\n"))
    return path


def test_demo_tells_the_whole_story_and_leaves_nothing_behind(px, tmp_path):
    said = finish(process := px("demo", "--json", "out.json"))
    assert process.returncode == 0, said
    outcome = json.loads((tmp_path / "out.json").read_text())
    assert (outcome["flat"], outcome["reconciled"]) == (True, True)
    assert outcome["trades"] >= 1 and outcome["fills"] >= 2 and sum(outcome["refusals"].values())
    assert Path(outcome["report"]).is_file()
    for part in ("both legs working", "denied.", "flat.proven", "Daily-loss report", "px ui"):
        assert part in said, said
    assert "Traceback" not in said
    for page in ("README.md", "docs/first-hour.md"):
        shown = re.search(r"```\n(synthetic market.*?)```\n", text_of(ROOT / page), re.DOTALL)
        assert shown is not None and set(_lasting(shown[1])) - set(_lasting(said)) == set()


def _lasting(said: str) -> list[str]:
    """What is the same at every run, line by line: the seed's day, and every word of it. How long
    the flatten at its end takes is this machine's.
    """
    lines = [re.sub(r"px-\d{8}-\d{6}-[0-9a-f]{4}", "SESSION", line) for line in said.splitlines()]
    lines = [re.sub(r"20\d\d-\d\d-\d\d|127\.0\.0\.1:\d+", "X", line) for line in lines]
    lines = [re.sub(r"\b2\d{7}\b", "ACCOUNT", line) for line in lines]
    lines = [re.sub(r"^\d\d:\d\d:\d\d", "TIME", line) for line in lines]
    varies = re.compile(
        r"  progress  |, ms  |^report  |^journal  |^the run  |^waiting |flat\.proven|  flatten  "
    )
    return [line for line in lines if not varies.search(line)]


@pytest.mark.usefixtures("ready_server")
@pytest.mark.parametrize(
    "scheme",
    [
        pytest.param("http", marks=nightly),
        "socks5",
        pytest.param("nonsense", marks=nightly),
    ],
)
def test_day_goes_past_every_proxy_of_the_environment(px, tmp_path, scheme):
    """Prefect's client and server, the flow, the session, the paper gateway and our looks at them:
    all of it is on loopback.
    """
    with counting_proxy() as proxy:
        names = [f"{kind}_proxy" for kind in ("http", "https", "all")]
        set_ = {name: proxy.url(scheme) for low in names for name in (low, low.upper())}
        arguments = ("--strategy", "trade-on-start", "--seconds", "8", "--json", "out.json")
        said = finish(process := px("demo", *arguments, **set_, NO_PROXY="elsewhere.example"))
        assert process.returncode == 0, said
        assert proxy.asked == []
    outcome = json.loads((tmp_path / "out.json").read_text())
    assert (outcome["flat"], outcome["reconciled"], outcome["trades"]) == (True, True, 1)


MINE = """
from pxcore.strategies.trade_on_start import TradeOnStart

class Mine(TradeOnStart):
    name = "mine"
"""


@pytest.mark.usefixtures("ready_server")
def test_demo_trades_a_strategy_of_the_folder_on_a_recording_and_its_journal_replays(px, tmp_path):
    recording(tmp_path / "es.csv.gz", tick="0.25", start_price=5100, count=20_000)
    (tmp_path / "my_own.py").write_text(MINE)
    market = ("--market", "es.csv.gz", "--contract", "ES", "--seconds", "8")
    strategy = ("--strategy", "my_own:Mine", "--params", '{"side": "sell"}')
    said = finish(process := px("demo", *market, *strategy, "--json", "out.json"))
    assert process.returncode == 0, said
    outcome = json.loads((tmp_path / "out.json").read_text())
    assert (outcome["flat"], outcome["reconciled"], outcome["trades"]) == (True, True, 1)
    assert "sell 1 ES" in said and "strategy my_own:Mine" in said
    said = finish(process := px("replay"))
    assert process.returncode == 0 and "every command the same" in said, said


@pytest.mark.usefixtures("ready_server")
def test_ctrl_c_while_a_position_is_open_ends_flat_with_one_clear_line(px, tmp_path):
    """And the folder's settings name a real gateway, which a demo does not look at."""
    (tmp_path / ".env").write_text(
        "PX_GATEWAY=topstepx\nPX_TRADING=armed\nPX_ACCOUNT_ID=5\nPX_USERNAME=u\nPX_API_KEY=k\n"
    )
    process = px("demo", "--seconds", "60")
    said = read_until(process, "both legs working")
    process.send_signal(signal.SIGINT)
    said += finish(process)
    assert process.returncode == 130, said
    assert "trades paper account" in said and "stopped: paper account" in said
    assert "is flat with no order alive, verified by REST" in said
    assert "Daily-loss report" in said and "Traceback" not in said


@pytest.mark.usefixtures("ready_server")
def test_ctrl_c_before_the_session_says_that_nothing_was_traded(px):
    process = px("demo")
    read_until(process, "starting Prefect's server")
    process.send_signal(signal.SIGINT)
    said = finish(process)
    assert process.returncode == 130, said
    assert "nothing was traded" in said and "Traceback" not in said


@pytest.mark.usefixtures("ready_server")
def test_killed_demo_takes_everything_down_after_the_session_has_flattened(px, tmp_path):
    process = px("demo", "--seconds", "60")
    read_until(process, "both legs working")
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 4  # tether, Prefect's server, paper gateway, flow, session
    process.kill()
    _, alive = psutil.wait_procs(children, timeout=DAY_S)
    assert not alive, [p.cmdline() for p in alive]
    (journal,) = (tmp_path / "home" / "journal").glob("*.jsonl")
    rows = [json.loads(line) for line in journal.read_text().splitlines()]
    assert rows[-1]["kind"] == "closed" and rows[-1]["body"]["is_flat"]


@pytest.mark.usefixtures("ready_server")
def test_wrong_account_id_is_refused_by_the_day_with_those_there_are(px):
    output = finish(process := px("demo", "--account", "999"))
    assert process.returncode == 2, output
    assert "999" in output and "PRAC-" in output and "Traceback" not in output


LOADING = """
import sys
class Interrupter:
    def find_spec(self, name, path=None, target=None):
        if name == "pxcore.cli.app":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupter())
from pxcore.cli import main
main()
"""


def test_ctrl_c_while_the_program_loads_is_no_traceback():
    ended = subprocess.run(
        [sys.executable, "-c", LOADING], capture_output=True, text=True, timeout=DAY_S, check=False
    )
    assert ended.returncode == 130
    assert ended.stderr.strip() == "stopped before anything began"
