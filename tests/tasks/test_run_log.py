"""The run's log takes what it may, and nobody waits for it."""

import threading
from datetime import UTC, datetime

import pytest
from patience import patience

from pxcore.config.masking import Masker
from pxcore.engine.commands import Level
from pxcore.session.lines import Ended, Milestone
from tasks import run_log as module
from tasks.run_log import Burst, RunLog


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Prefect:
    """A run's logger that keeps what it is given, once it is let."""

    def __init__(self) -> None:
        self.lets_go = threading.Event()
        self.lets_go.set()
        self.fails = 0
        self.lines: list[tuple[int, str]] = []

    def log(self, level: int, pattern: str, text: str) -> None:
        self.lets_go.wait(patience(60))
        if self.fails:
            self.fails -= 1
            raise RuntimeError("the API is down")
        self.lines.append((level, pattern % text))

    @property
    def texts(self) -> list[str]:
        return [text for _, text in self.lines]


@pytest.fixture
def prefect(monkeypatch) -> Prefect:
    made = Prefect()
    monkeypatch.setattr(module, "get_run_logger", lambda: made)
    return made


def milestone(text: str, level: Level = Level.INFO) -> Milestone:
    return Milestone(at=datetime.now(UTC), level=level, code="code", text=text)


def test_burst_counts_what_it_leaves_out_until_the_second_is_over():
    burst = Burst(2)
    assert [burst.admits(10.0 + n / 10) for n in range(5)] == [True, True, False, False, False]
    assert burst.left_out(10.9) == 0
    assert burst.left_out(11.0) == 3
    assert burst.left_out(11.0) == 0
    assert burst.admits(11.0)


def test_lines_come_in_order_with_their_levels_and_no_progress(prefect):
    with RunLog(Masker()) as log:
        log.line(milestone("one"))
        log.line(milestone("two", Level.WARNING))
        log.line(milestone("three", Level.ALARM))
        log.line(Ended(reason="over", is_flat=True))
    assert prefect.lines == [(20, "code one"), (30, "code two"), (40, "code three")]


def test_line_that_tells_of_the_cut_comes_before_the_lines_of_the_next_second(prefect):
    clock = Clock()
    with RunLog(Masker(), lines_a_second=2, now_s=clock) as log:
        for number in range(5):
            log.line(milestone(str(number)))
        log.line(milestone("alarm", Level.ALARM))
        clock.now_s += 1.0
        log.line(milestone("later"))
    assert prefect.texts == [
        "code 0",
        "code 1",
        "code alarm",
        "3 lines left out of this log",
        "code later",
    ]


def test_cut_at_the_very_end_is_told(prefect):
    with RunLog(Masker(), lines_a_second=1, now_s=Clock()) as log:
        log.line(milestone("first"))
        log.line(milestone("second"))
    assert prefect.texts[-1].startswith("1 lines left out")


def test_prefect_that_is_stuck_holds_up_neither_a_line_nor_the_end(prefect, monkeypatch):
    monkeypatch.setattr(module, "_LAST_S", 0.1)
    prefect.lets_go.clear()
    with RunLog(Masker(), lines_a_second=100_000) as log:
        for number in range(5_000):
            log.line(milestone(str(number)))
    assert prefect.lines == [] and log._thread.is_alive()
    prefect.lets_go.set()
    log._thread.join(patience(10))
    assert len(prefect.lines) < 1_100  # what waits has a bound
    assert any("left out" in text for text in prefect.texts)


def test_prefect_that_fails_breaks_nobody_and_the_lines_that_it_lost_are_counted(prefect):
    prefect.fails = 2
    with RunLog(Masker()) as log:
        for text in ("lost", "lost too", "kept"):
            log.line(milestone(text, Level.ALARM))
    assert prefect.texts == ["code kept", "2 lines left out of this log"]


def test_lines_are_masked(prefect):
    with RunLog(Masker(("s3cret",))) as log:
        log.line(milestone("s3cret and Bearer abc.def"))
    assert prefect.texts == ["code *** and Bearer ***"]


def test_without_a_run_lines_go_nowhere_and_break_nobody():
    with RunLog(Masker()) as log:
        log.line(milestone("nobody", Level.ALARM))
        assert log._thread is None
