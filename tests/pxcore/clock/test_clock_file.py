"""The clock that a paper gateway publishes, as every other process reads it."""

import multiprocessing
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pxcore.clock.clocks import ShiftedClock
from pxcore.clock.own_time import OWN_TIME, steady_s
from pxcore.clock.published import DEAD_AFTER_S, ClockFile, ClockPace, PublishedClock, Reading
from pxcore.config.settings import Settings
from pxcore.model import Misconfigured

OPEN = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)


def reading(seconds: float = 0.0, **more: object) -> Reading:
    terms = {"now": OPEN + timedelta(seconds=seconds), "speed": 20.0, "pace": ClockPace.RUNNING}
    return Reading(**(terms | more))  # type: ignore[arg-type]


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Our own time, in seconds, as the test says."""
    now_s = [1000.0]
    monkeypatch.setattr("time.monotonic_ns", lambda: int(now_s[0] * 1e9))
    return now_s


def test_time_runs_on_at_the_markets_speed_for_as_long_as_it_may(
    tmp_path: Path, ours: list[float]
) -> None:
    file = ClockFile(tmp_path / "clock")
    file.write(reading(allowed=timedelta(seconds=0.5)))
    clock = PublishedClock(tmp_path / "clock")
    assert (clock.now(), clock.speed) == (OPEN, 20.0)
    ours[0] += 0.25
    assert clock.now() == OPEN + timedelta(seconds=5)
    ours[0] += 3
    assert clock.now() == OPEN + timedelta(seconds=10), "the gateway said no more"


def test_market_that_waits_stands_still(tmp_path: Path, ours: list[float]) -> None:
    ClockFile(tmp_path / "clock").write(reading(pace=ClockPace.WAITING))
    clock = PublishedClock(tmp_path / "clock")
    ours[0] += DEAD_AFTER_S
    assert clock.now() == OPEN


def test_time_never_goes_back_when_the_market_was_slowed_down(
    tmp_path: Path, ours: list[float]
) -> None:
    file = ClockFile(tmp_path / "clock")
    file.write(reading(allowed=timedelta(seconds=0.5)))
    clock = PublishedClock(tmp_path / "clock")
    ours[0] += 0.5
    assert clock.now() == OPEN + timedelta(seconds=10)
    file.write(reading(4))
    assert clock.now() == OPEN + timedelta(seconds=10)
    file.write(reading(11))
    assert clock.now() == OPEN + timedelta(seconds=11)


def test_time_runs_on_when_its_gateway_has_died(tmp_path: Path, ours: list[float]) -> None:
    """Whoever waits for a moment, to give up or to flatten, must come to it."""
    ClockFile(tmp_path / "clock").write(reading(pace=ClockPace.STEPPING))
    clock = PublishedClock(tmp_path / "clock")
    ours[0] += DEAD_AFTER_S + 2
    assert clock.now() == OPEN + timedelta(seconds=40)


def test_clock_that_was_detached_goes_on_though_the_market_stands_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ClockFile(tmp_path / "clock").write(reading(pace=ClockPace.WAITING))
    published = PublishedClock(tmp_path / "clock")
    detached = published.detached()
    before = detached.now()
    monkeypatch.setattr(OWN_TIME, "_passed_s", lambda: steady_s() + 3600)
    assert detached.now() >= before + timedelta(hours=19)
    assert published.detached() is detached, "the market is not ahead of it"


def test_clock_of_another_gateway_in_the_same_place_is_followed(
    tmp_path: Path, ours: list[float]
) -> None:
    path = tmp_path / "clock"
    ClockFile(path).write(reading())
    clock = PublishedClock(path)
    assert clock.now() == OPEN
    path.unlink()
    ours[0] += 2
    assert clock.now() == OPEN, "gone with its gateway: what it said last holds"
    ClockFile(path).write(reading(-3600))
    assert clock.now() == OPEN - timedelta(hours=1)


def test_same_file_is_written_on_by_a_gateway_that_was_started_anew(tmp_path: Path) -> None:
    ClockFile(tmp_path / "clock").write(reading())
    clock = PublishedClock(tmp_path / "clock")
    ClockFile(tmp_path / "clock").write(reading(60))
    assert clock.now() == OPEN + timedelta(seconds=60)


def test_lag_and_slowing_are_told(tmp_path: Path) -> None:
    said = reading(
        lag=timedelta(seconds=0.5), slowed=timedelta(seconds=12.25), pace=ClockPace.STEPPING
    )
    ClockFile(tmp_path / "clock").write(said)
    assert PublishedClock(tmp_path / "clock").reading() == said


@pytest.mark.parametrize("held", [None, b"", b"x" * 57, b"PXC1" + b"\0" * 53])
def test_file_that_holds_no_clock_is_refused_in_words(tmp_path: Path, held: bytes | None) -> None:
    path = tmp_path / "clock"
    if held is not None:
        path.write_bytes(held)
    with pytest.raises(Misconfigured, match=r"clock holds no paper market's clock: is its gateway"):
        PublishedClock(path).now()


@pytest.mark.parametrize("held", [b"", b"PXC1", b"\0" * 200])
def test_time_runs_on_when_the_file_is_cut_short_or_overwritten(
    tmp_path: Path, ours: list[float], held: bytes
) -> None:
    path = tmp_path / "clock"
    file = ClockFile(path)
    file.write(reading(allowed=timedelta(seconds=0.5)))
    clock = PublishedClock(path)
    path.write_bytes(held)
    ours[0] += 0.5
    assert clock.now() == OPEN + timedelta(seconds=10)

    file.write(reading(30))  # its gateway lives, and writes it whole again
    assert clock.now() == OPEN + timedelta(seconds=30)


def test_clock_that_cannot_be_written_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be written: No such file"):
        ClockFile(tmp_path / "nowhere" / "clock")


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    ClockFile(tmp_path / "clock")
    assert stat.S_IMODE(os.stat(tmp_path / "clock").st_mode) == 0o600


def test_settings_read_the_file_and_record_a_clock_without_its_path(tmp_path: Path) -> None:
    ClockFile(tmp_path / "clock").write(reading())
    settings = Settings(_env_file=None, paper_clock=str(tmp_path / "clock"))  # type: ignore[call-arg]
    assert settings.clock is settings.clock, "one a process: its time never goes back"
    assert settings.clock.now() >= OPEN
    recorded = settings.recorded_clock
    assert ShiftedClock.parse(recorded).speed == 20
    assert str(tmp_path) not in recorded


def test_settings_refuse_what_is_neither_a_clock_nor_a_file() -> None:
    with pytest.raises(Misconfigured, match="MARKET@WALL@SPEED"):
        Settings(_env_file=None, paper_clock="clock")  # type: ignore[call-arg]


def write_for_ever(path: Path) -> None:
    file = ClockFile(path)
    for number in range(10**9):
        file.write(reading(number, slowed=timedelta(seconds=number)))


def test_reader_sees_whole_records_only_while_another_process_writes(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    ClockFile(path).write(reading())
    writer = multiprocessing.get_context("spawn").Process(target=write_for_ever, args=(path,))
    writer.start()
    try:
        clock = PublishedClock(path)
        while clock.reading().now == OPEN:
            assert writer.is_alive()
        for _ in range(20_000):
            seen = clock.reading()
            assert seen.now - OPEN == seen.slowed
    finally:
        writer.kill()
        writer.join()


def test_two_processes_agree_on_the_time(tmp_path: Path) -> None:
    ClockFile(tmp_path / "clock").write(reading(7, pace=ClockPace.WAITING))
    script = (
        "import sys; from pathlib import Path; from pxcore.clock.published import PublishedClock; "
        "print(PublishedClock(Path(sys.argv[1])).now().isoformat())"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "clock")]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert datetime.fromisoformat(said.strip()) == OPEN + timedelta(seconds=7)
