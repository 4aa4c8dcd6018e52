"""A machine that could not keep the product's bounds is told so, in words, before it trades."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import wording
from machines import QUICK, SLOW
from msgspec.structs import replace
from pydantic import SecretStr

from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.host.pace import unit_s
from pxcore.preflight import machine as machines
from pxcore.preflight.checks import CheckVerdict
from pxcore.preflight.local import run_preflight
from pxcore.preflight.machine import Machine, bounds_of, judge, look_at_machine, measure

Make = Callable[..., Settings]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(**changes: Any) -> Settings:
        return Settings(_env_file=None, **{"home": tmp_path / "home"} | changes)

    return made


def plant(monkeypatch: pytest.MonkeyPatch, *measured: Machine) -> list[Paths]:
    """Measured one after the other, the last one for ever; who asked."""
    asked: list[Paths] = []

    def planted(paths: Paths) -> Machine:
        asked.append(paths)
        return measured[min(len(asked), len(measured)) - 1]

    monkeypatch.setattr(machines, "measure", planted)
    return asked


# -- measuring --------------------------------------------------------------------------------


def test_measuring_leaves_nothing_behind_and_takes_no_measure_for_nothing(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "home")
    found = measure(paths)
    assert found.work_s > 0 and found.wake_late_s >= 0
    assert found.flush_s is not None and found.flush_s > 0
    assert list(paths.home.iterdir()) == [paths.logs]


def test_home_that_cannot_be_written_leaves_the_flush_unknown(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert measure(Paths(tmp_path / "file" / "home")).flush_s is None


def test_unit_of_a_machine_is_never_less_than_one_second() -> None:
    assert unit_s() >= 1
    assert replace(QUICK, work_s=0.01).unit_s == 1
    assert replace(QUICK, work_s=0.45).unit_s == pytest.approx(10)


# -- judging ----------------------------------------------------------------------------------


def test_bounds_are_what_the_tightest_deadline_leaves_to_the_machine(make: Make) -> None:
    bounds = bounds_of(make())
    # the tightest is PX_SETTLE_DEADLINE_S, 2 s: a quarter of it for work that takes 0.1 s on a
    # quick machine is five times; half of it for ten wake-ups; twenty flushes in 10 s
    assert bounds.work_s == pytest.approx(5 * 0.045)
    assert (bounds.wake_late_s, bounds.flush_s) == (0.1, 0.5)


@pytest.mark.parametrize(
    "name",
    [
        "settle_deadline_s",
        "protection_deadline_s",
        "entry_deadline_s",
        "reply_timeout_s",
        "stale_data_s",
    ],
)
def test_tighter_deadline_asks_for_a_quicker_machine(make: Make, name: str) -> None:
    bounds = bounds_of(make(**{name: 1}))
    assert bounds.work_s == pytest.approx(2.5 * 0.045) and bounds.wake_late_s == 0.05


@pytest.mark.parametrize(
    ("measured", "told"),
    [
        pytest.param({"work_s": 0.226}, "a fixed piece of work takes 226.0 ms", id="work"),
        pytest.param({"wake_late_s": 0.101}, "a thread wakes up late by 101.0 ms", id="wake-up"),
        pytest.param({"flush_s": 1.5}, "a flush to the disk of PX_HOME takes 1.50 s", id="flush"),
    ],
)
def test_measure_above_its_bound_is_told_alone(
    make: Make, measured: dict[str, float], told: str
) -> None:
    (slow,) = judge(replace(QUICK, **measured), bounds_of(make()))
    assert slow.text.startswith(f"{told}, limit ")


def test_measure_at_its_bound_and_one_that_is_not_known_are_not_told(make: Make) -> None:
    bounds = bounds_of(make())
    at_bound = Machine(work_s=bounds.work_s, wake_late_s=bounds.wake_late_s, flush_s=None)
    assert judge(at_bound, bounds) == ()


def test_hiccup_costs_nothing_and_is_measured_again_after_a_pause(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, pauses = plant(monkeypatch, SLOW, QUICK), []
    looked = look_at_machine(make(), sleep=pauses.append)
    assert looked.is_fit and looked.machine == QUICK
    assert (len(asked), pauses) == (2, [1.0])


def test_machine_that_stays_slow_is_measured_three_times_and_told_in_one_sentence(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, pauses = plant(monkeypatch, SLOW), []
    looked = look_at_machine(make(), sleep=pauses.append)
    assert (len(asked), len(pauses)) == (3, 2)
    assert looked.text == (
        f"{wording.TOO_SLOW}"
        "a fixed piece of work takes 500.0 ms, limit 225.0 ms: a position's protection could be "
        "seen too late, and data at the open be stale; "
        "a thread wakes up late by 250.0 ms, limit 100.0 ms: orders, fills and position could be "
        "seen to disagree for too long; "
        "a flush to the disk of PX_HOME takes 1.50 s, limit 500.0 ms: heartbeats and halts could "
        "come into the store too late"
    )


# -- pre-flight -------------------------------------------------------------------------------

REAL = {
    "gateway": "topstepx",
    "username": "trader01",
    "api_key": SecretStr("key"),
    "account_id": 5,
    "loss_usd_max": Decimal(100),
}


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        pytest.param({}, CheckVerdict.WARNING, id="paper"),
        pytest.param(REAL, CheckVerdict.WARNING, id="shadow"),
        pytest.param(REAL | {"trading": "armed"}, CheckVerdict.FAILS, id="live"),
    ],
)
def test_slow_machine_is_refused_real_money_and_warned_of_elsewhere(
    make: Make, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], verdict: CheckVerdict
) -> None:
    plant(monkeypatch, SLOW)
    found = run_preflight(make(**changes), client=NoGateway(), sleep=lambda seconds: None)  # type: ignore[arg-type]
    (told,) = (one for one in found.checks if one.name == "machine")
    assert told.verdict is verdict
    assert told.found.startswith(wording.TOO_SLOW)
    assert "`px check`" in told.remedy


class NoGateway:
    """Whatever is asked of it is that check's failure."""

    def __getattr__(self, name: str) -> Any:
        raise OSError("there is none")
