"""The market that `px up` keeps: a day that nobody can trade any more must go by."""

from datetime import datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from pxcore.calendar.hours import CHICAGO, chicago, latest_regular_day
from pxcore.cli import home_paper
from pxcore.cli.home_paper import HomePaper
from pxcore.cli.paper import is_before_open, market_start
from pxcore.config.paths import Paths
from pxcore.day.window import NotNow, window_of
from pxcore.host.handing import taken_over
from pxcore.paper.config import PaperConfig


def test_market_of_a_px_up_started_again_after_its_window_does_not_wait_for_a_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Traded 08:30 to 09:00, Ctrl-C at 09:30 of the market, `px up` again. Each run is refused
    ("window over", or "halted"), so no session attaches, so no time passes, so the day never ends.
    """
    day = latest_regular_day(datetime.now(CHICAGO).date())
    kept = chicago(day, time(9, 30))
    monkeypatch.setattr(home_paper, "read_state", lambda path: SimpleNamespace(now=kept))
    sent: list[PaperConfig] = []

    def spawn(module: str, text: str, **more: Any) -> object:
        sent.append(msgspec.json.decode(taken_over(text), type=PaperConfig))
        return SimpleNamespace(pid=1)

    monkeypatch.setattr(home_paper, "spawn", spawn)
    monkeypatch.setattr(home_paper, "first_line", lambda process, step: "{}")
    monkeypatch.setattr(home_paper, "Step", lambda *given, **more: None)
    paths = Paths(tmp_path)
    paths.make()
    paper = HomePaper(paths, account_id=1, symbol="MNQ", seed=7)
    paper.start()
    window: Any = SimpleNamespace(
        window_start=time(8, 30), window_end=time(9), flat_by=time(9, 5), contract="MNQ"
    )
    with pytest.raises(NotNow, match="is over"):
        window_of(window, paper.market_now)
    assert not paper.is_day_over
    assert not sent[0].waits, "nothing opens it, and its day is not over: it stands for good"


@pytest.mark.parametrize("days", [0, 7], ids=["today's", "one to come"])
def test_market_that_nobody_has_opened_still_waits_after_a_restart(days: int) -> None:
    """A `px up` was broken off, or ended, before any session."""
    day = latest_regular_day(datetime.now(CHICAGO).date()) + timedelta(days=days)
    stood = chicago(day, time(8, 29))
    start = market_start(stood)
    assert start == stood and is_before_open(start)


def test_market_that_was_opened_goes_on_where_it_ended() -> None:
    ended = chicago(latest_regular_day(datetime.now(CHICAGO).date()), time(8, 29, 1))
    assert market_start(ended) > ended and not is_before_open(market_start(ended))
