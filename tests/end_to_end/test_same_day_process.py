"""A demonstration shows the same day on any machine: what is traded, at which market time."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from test_session_process import plan_for

from pxcore.cli.market import DemoMarket, choose_market
from pxcore.cli.paper import Paper
from pxcore.clock.published import PublishedClock
from pxcore.config.paths import Paths
from pxcore.config.settings import load_settings
from pxcore.session.lines import Ended, Line, Progress
from pxcore.session.supervisor import Supervisor

pytestmark = pytest.mark.process

STOPPED_S, GOING_S = 0.018, 0.002  # a tenth of the machine
Shown = list[tuple[Any, ...]]


@pytest.fixture
def market() -> DemoMarket:
    return choose_market(None, symbol="MNQ", seed=11, lead_s=1.0, window_s=3.0, speed=10)


@contextmanager
def on_a_tenth_of_the_machine() -> Iterator[None]:
    """Every process that this one has started, or starts meanwhile, works a tenth of the time."""
    over = threading.Event()

    def hold_back() -> None:
        while not over.is_set():
            held = psutil.Process().children(recursive=True)
            for signalled, pause_s in (("suspend", STOPPED_S), ("resume", GOING_S)):
                for process in held:
                    try:
                        getattr(process, signalled)()
                    except psutil.NoSuchProcess:
                        continue  # it ended meanwhile
                over.wait(pause_s)

    thread = threading.Thread(target=hold_back)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def as_fast_as_it_is() -> Iterator[None]:
    yield


def shown(journal: Path) -> Shown:
    """What was sent and what was filled, when by the market's clock."""
    told: Shown = []
    for text in journal.read_bytes().splitlines():
        row = msgspec.json.decode(text)
        body = row["body"]
        if row["kind"] == "command":
            told.append((row["at"], body["command"], body.get("side"), body.get("reason")))
        elif body.get("event") == "fill":
            fill = body["fill"]
            told.append((row["at"], fill["happened_at"], fill["side"], fill["price_ticks"]))
    return told


def test_same_is_traded_at_the_same_times_on_a_machine_ten_times_slower(
    market: DemoMarket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days: list[Shown] = []
    late_s: list[float] = []

    def day(name: str, pace: Callable[[], Any]) -> None:
        paths = Paths(tmp_path / name)
        paths.logs.mkdir(parents=True)
        paper = Paper(paths, market, seed=11, port=0, file=None, account_id=20_000_001)
        try:
            paper.wait_until_listening()
            values = market.settings | paper.settings() | {"PX_HOME": str(paths.home)}
            values |= {"PX_STRATEGY_PARAMS": '{"every_s": 2}', "PX_COOLDOWN_S": "0"}
            values |= {"PX_STOP_LOSS_TICKS": "12", "PX_TAKE_PROFIT_TICKS": "15"}
            for setting, value in values.items():
                monkeypatch.setenv(setting, value)
            settings = load_settings()
            plan = plan_for(settings)
            lines: list[Line] = []
            with pace():
                ended = Supervisor(plan, settings, on_line=lines.append).run()
            assert ended == Ended(reason="window end", is_flat=True)
            days.append(shown(paths.journal(plan.session_id)))
            told = [line.market_late_s for line in lines if isinstance(line, Progress)]
            late_s.append(told[-1] or 0.0)
            assert PublishedClock(Path(values["PX_PAPER_CLOCK"])).now() >= market.window_end
        finally:
            paper.end()

    day("fast", as_fast_as_it_is)
    day("slow", on_a_tenth_of_the_machine)
    fast, slow = days
    assert sum(len(row) == 4 and row[1] == "place_entry" for row in fast) >= 2
    assert slow == fast
    assert late_s[1] > late_s[0], "the slow one's market waited for it, and said so"
