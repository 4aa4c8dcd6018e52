"""A whole day among texts that would act wherever they are shown raw: the account's name, what the
venue refuses with, the strategy's reasons, the kill switch's, a tag of somebody else's order. All
that is left of it, files, Prefect's own tables, screens, is searched for any that does.
"""

import json
import os
import re
import secrets
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from hostile import (
    HOSTILE,
    require_harmless_html,
    require_harmless_markdown,
    require_no_line_of_its_own,
    require_plain,
    require_shown,
)
from house import House, until
from patience import patience
from shared_prefect import begin_with

from pxcore.cli.market import choose_market
from pxcore.cli.orchestrator import prefect_environ, px_environ
from pxcore.cli.prefect_session import PrefectSession
from pxcore.clock.clocks import ShiftedClock
from pxcore.config.paths import Paths
from pxcore.gateway.rest.choose import exchange_root
from pxcore.host.bounded_files import read_end
from pxcore.host.handing import hand_over
from pxcore.host.spawn import end, spawn
from pxcore.paper.config import PaperConfig

pytestmark = [
    pytest.mark.process,
    pytest.mark.e2e,
    pytest.mark.xdist_group("hostile text"),  # one day for all of them
]

ACCOUNT = 26_200_007
DAY_S = patience(60)
STRATEGY = f"""
from pxcore.engine.strategy import Enter, Wait
from pxcore.model import Side

HOSTILE = {HOSTILE!r}

class Mine:
    name = HOSTILE

    def on_event(self, event, view):
        if view.exposure:
            return Wait(reason=HOSTILE)
        if not view.window_start <= view.now < view.window_end or view.last_ticks is None:
            return None
        return Enter(side=Side.BUY, reason=HOSTILE)
"""
FAULTS = f"""
[[faults]]
fault = "error_code"
path = "/api/Order/place"
code = 2
text = {json.dumps(HOSTILE)}
"""


@dataclass
class Day:
    """What it said, and where it left things."""

    folder: Path
    environ: dict[str, str]
    url: str
    key: str
    contract: str
    said: str = ""

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def report(self) -> Path:
        (found,) = (self.home / "reports").glob("px-*")
        return found

    def px(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "pxcore.cli", *arguments],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=DAY_S,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def run(self) -> None:
        """`px run`, ended by the kill switch, for a hostile reason, once it holds a position."""
        process = subprocess.Popen(
            [sys.executable, "-m", "pxcore.cli", "run", "--yes", "--json", "out.json"],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        guard = threading.Timer(DAY_S, process.kill)
        guard.start()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                self.said += line
                if "both legs working" in line:
                    killed = self.px("kill", "on", "--reason", HOSTILE)
                    self.said += killed.stdout + killed.stderr
            assert process.wait(DAY_S) == 0, self.said
        finally:
            guard.cancel()
            process.kill()
            process.wait(DAY_S)

    def leave_an_order(self) -> None:
        """Somebody else's, far away, with a hostile tag."""
        session = requests.Session()
        post = lambda path, body: session.post(f"{self.url}{path}", json=body, timeout=DAY_S).json()  # noqa: E731
        token = post("/api/Auth/loginKey", {"userName": "x", "apiKey": self.key})["token"]
        session.headers["Authorization"] = f"Bearer {token}"
        body = {"accountId": ACCOUNT, "contractId": self.contract, "type": 1, "side": 0, "size": 1}
        answer = post("/api/Order/place", body | {"limitPrice": 29000, "customTag": HOSTILE})
        assert answer["success"], answer


@pytest.fixture(scope="module")
def day(prefect_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """Over, with its gateway still there."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "my_own.py").write_text(STRATEGY, encoding="utf-8")
    (folder / "faults.toml").write_text(FAULTS, encoding="utf-8")
    paths = Paths(folder / "home")
    begin_with(prefect_database, paths)
    paths.make()
    market = choose_market(None, symbol="MNQ", seed=11, lead_s=1.0, window_s=600.0)
    clock, key = folder / "paper.clock", secrets.token_urlsafe(24)
    config = PaperConfig(
        account_id=ACCOUNT,
        account_name=HOSTILE,
        symbols=(exchange_root(market.contract),),
        seed=11,
        clock=str(ShiftedClock(market=market.clock_start, wall=datetime.now(UTC), speed=1.0)),
        market_start=market.clock_start,
        waits=True,
        clock_file=str(clock),
        faults=str(folder / "faults.toml"),
        api_key=key,
        exit_on_stdin_eof=True,
    )
    given = hand_over(paths.handed, config_bytes(config))
    log = paths.logs / "paper.log"
    gateway = spawn("pxcore.paper", given, stderr=log)
    try:
        assert gateway.stdout is not None
        line = gateway.stdout.readline()
        assert line, read_end(log)
        url = json.loads(line)["listening"]
        settings = market.settings | {
            "PX_HOME": str(paths.home),
            "PX_PAPER_URL": url,
            "PX_PAPER_KEY": key,
            "PX_PAPER_CLOCK": str(clock),
            "PX_ACCOUNT_ID": str(ACCOUNT),
            "PX_STRATEGY": "my_own:Mine",
            "PX_STRATEGY_PARAMS": "{}",
            "PX_STOP_LOSS_TICKS": "400",
            "PX_TAKE_PROFIT_TICKS": "400",
            "PX_LOSS_USD_MAX": "900",
            "PX_COOLDOWN_S": "0",
            "PX_RESTARTS_MAX": "0",
        }
        environ = px_environ(os.environ, settings)
        made = Day(folder, environ, url, key, market.contract.id)
        made.run()
        made.leave_an_order()
        again = made.px("run", "--yes")  # refused, for all that the day has left
        assert again.returncode not in (0, 130), again.stdout
        made.said += again.stdout + again.stderr
        yield made
    finally:
        end(gateway, patience=(patience(35), patience(5), patience(5)))


def config_bytes(config: PaperConfig) -> bytes:
    import msgspec

    return msgspec.json.encode(config)


def test_screen_of_the_day_shows_every_text_and_obeys_none(day: Day) -> None:
    require_plain(day.said)
    require_no_line_of_its_own(day.said)
    require_shown(day.said, "kill switch: =1+1 <script>", "[bold]b[/bold]", "me@evil.example")
    assert "Traceback" not in day.said


def test_report_is_harmless_in_each_of_its_forms(day: Day) -> None:
    markdown = (day.report / "report.md").read_text(encoding="utf-8")
    require_harmless_markdown(markdown)
    require_shown(markdown, "evil.example", "knil")
    require_harmless_html((day.report / "report.html").read_text(encoding="utf-8"))
    require_plain((day.report / "report.json").read_text(encoding="utf-8"))
    require_plain((day.folder / "out.json").read_text(encoding="utf-8"))


def rows(day: Day, query: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(day.home / "prefect" / "prefect.db")) as database:
        return database.execute(query).fetchall()


def test_artifacts_in_prefects_own_table_are_harmless_markdown(day: Day) -> None:
    found = rows(day, "SELECT type, key, data, description FROM artifact WHERE key IS NOT NULL")
    kinds = {kind for kind, *_ in found}
    assert {"markdown", "progress"} <= kinds, found
    for kind, key, data, description in found:
        require_harmless_markdown(description or "")
        if kind == "markdown" and key.startswith("daily-report"):
            require_harmless_markdown(json.loads(data))
    told = [description for kind, *_, description in found if kind == "progress"]
    require_shown("".join(told), "evil.example")


def test_states_and_logs_in_prefects_own_tables_are_one_line_each(day: Day) -> None:
    states = rows(day, "SELECT name, message FROM flow_run_state")
    states += rows(day, "SELECT name, message FROM task_run_state")
    for name, message in states:
        require_plain(f"{name}{message}")
        assert "\n" not in f"{name}{message}"
    told = [f"{name}: {message}" for name, message in states if message]
    assert [one for one in told if "<script>" in one and "evil.example" in one], told
    logged = [text for (text,) in rows(day, "SELECT message FROM log")]
    for text in logged:
        require_plain(text)
        require_no_line_of_its_own(text)
    require_shown("\n".join(logged), "<script>", "evil.example")


def test_log_files_of_ours_have_no_line_of_anybody_else(day: Day) -> None:
    files = [f for f in (day.home / "logs").glob("*.log") if f.name != "prefect-server.log"]
    assert len(files) > 2
    for file in files:
        text = file.read_text(encoding="utf-8", errors="replace")
        require_plain(text)
        require_no_line_of_its_own(text)


SCREENS = [
    ("status",),
    ("status", "--json"),
    ("report",),
    ("report", "--json"),
    ("report", "--week"),
    ("accounts",),
    ("account", "check"),
    ("account", "check", "--json"),
    ("orders", "open"),
    ("orders", "search"),
    ("orders", "open", "--json"),
    ("trades",),
    ("positions",),
    ("contracts",),
    ("reconcile",),
    ("kill", "status"),
    ("kill", "status", "--json"),
    ("limits",),
    ("preflight",),
    ("preflight", "--json"),
    ("strategies", "my_own:Mine"),
    ("journal", "show", "--limit", "100000"),
    ("journal", "show", "--json", "--limit", "100000"),
    ("journal", "tail"),
    ("journal", "verify", "--all"),
    ("replay",),
    ("replay", "--until", "9000"),
    ("housekeeping", "--dry-run"),
]


@pytest.mark.parametrize("arguments", SCREENS, ids=" ".join)
def test_screen_shows_texts_of_others_on_their_own_line_and_obeys_none(
    day: Day, arguments: tuple[str, ...]
) -> None:
    done = day.px(*arguments)
    assert "Traceback" not in done.stderr, done.stderr
    require_plain(done.stdout + done.stderr)
    require_no_line_of_its_own(done.stdout + done.stderr)
    if "--json" in arguments and "journal" not in arguments:
        json.loads(done.stdout)


def test_export_of_the_journal_acts_in_no_spreadsheet_and_on_no_screen(day: Day) -> None:
    assert day.px("journal", "export", "day.csv").returncode == 0
    require_plain((day.folder / "day.csv").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "path", ["/<script>alert(1)</script>", "/api/%3Cimg%20src=x%3E", "/paper/x"]
)
def test_error_pages_of_the_paper_gateway_are_no_pages(day: Day, path: str) -> None:
    for answer in (
        requests.get(f"{day.url}{path}", timeout=DAY_S),
        requests.post(f"{day.url}{path}", data=HOSTILE.encode(), timeout=DAY_S),
        requests.post(f"{day.url}/api/Auth/loginKey", data=HOSTILE.encode(), timeout=DAY_S),
    ):
        assert answer.status_code >= 400
        assert "html" not in answer.headers.get("content-type", "")
        require_plain(answer.text)


PUBLISHING = """
import sys
from hostile import HOSTILE
from tasks.pages import publish_link, publish_progress, publish_table, update_progress

publish_table(key="hostile-table", rows=[{"check": HOSTILE, "found": HOSTILE}], about=HOSTILE)
publish_link(key="hostile-link", link="file:///tmp/a", text=HOSTILE, about=HOSTILE)
made = publish_progress(key="hostile-progress", percent=1.0, about=HOSTILE)
update_progress(made, percent=2.0, about=HOSTILE)
"""


def test_cells_links_and_descriptions_of_artifacts_are_harmless_markdown(
    prefect_server: tuple[Paths, int], tmp_path: Path
) -> None:
    """Prefect's pages take each of them for Markdown."""
    paths, port = prefect_server
    path = os.pathsep.join((str(Path(__file__).parents[2]), str(Path(__file__).parents[1])))
    done = subprocess.run(
        [sys.executable, "-c", PUBLISHING],
        env={**os.environ, **prefect_environ(paths, port), "PYTHONPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=DAY_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    prefect = PrefectSession(f"http://127.0.0.1:{port}", paths)
    wanted = {"artifacts": {"key": {"like_": "hostile-"}}}
    answer = prefect.ask("POST", "/api/artifacts/filter", wanted, timeout_s=DAY_S)
    found = {one["key"]: one for one in answer.json()}
    assert set(found) == {"hostile-table", "hostile-link", "hostile-progress"}
    for one in found.values():
        require_harmless_markdown(one["description"])
        require_shown(one["description"])
    (row,) = json.loads(found["hostile-table"]["data"])
    for cell in row.values():
        require_harmless_markdown(f"| {cell} |")
        require_shown(cell)
    link = found["hostile-link"]["data"]
    require_harmless_markdown(link)  # ours is none to this parser: it takes no file's address
    assert link.endswith("](file:///tmp/a)") and link.startswith("[=1")


def test_run_named_by_somebody_and_its_reason_are_text_in_its_states_and_in_every_log(
    house: House,
) -> None:
    name = HOSTILE[:150]
    deployment = house.deployment("flatten")["id"]
    made = house.post(
        f"deployments/{deployment}/create_flow_run",
        {"name": name, "parameters": {"order": {"reason": name}}, "state": {"type": "SCHEDULED"}},
    )
    state = house.ended(made["id"])
    require_plain(f"{state['name']}{state['message']}")
    wanted = {"logs": {"flow_run_id": {"any_": [made["id"]]}}}
    logged = until(lambda: house.post("logs/filter", wanted) or None, what="its log has come")
    for one in logged:
        require_plain(one["message"])
    for file in (house.home / "logs").glob("*.log"):
        if file.name != "prefect-server.log":  # Prefect's own program
            require_plain(strip_colours(file.read_text(encoding="utf-8", errors="replace")))
    require_plain(house.said())


def strip_colours(text: str) -> str:
    """Those by which Prefect's own console sets off what it says."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_flatten_names_the_order_of_somebody_else_and_ends_flat(day: Day) -> None:
    """The last: it takes the order away."""
    done = day.px("flatten", "--yes")
    assert done.returncode == 0, done.stderr
    require_plain(done.stdout + done.stderr)
    require_no_line_of_its_own(done.stdout + done.stderr)
