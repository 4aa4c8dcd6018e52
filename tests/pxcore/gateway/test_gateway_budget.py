"""The request budget: a window that slides, a reserve, pauses, and one count for all processes."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from patience import patience

from pxcore.gateway.rest.budget import (
    ALLOWANCES,
    Allowance,
    Budget,
    OwnLedger,
    SharedLedger,
    Urgency,
    wait_s,
)
from pxcore.gateway.wire.endpoints import Lane
from pxcore.host.filelock import try_lock

FIVE = Allowance(requests=5, window_s=60.0, reserved=1)


class Wall:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


def take(budget: Budget, times: int, urgency: Urgency = Urgency.NORMAL) -> list[float]:
    return [budget.take(Lane.REST, urgency) for _ in range(times)]


@pytest.mark.parametrize(
    ("taken", "wait"),
    [
        pytest.param([], 0.0, id="nothing yet"),
        pytest.param([100.0] * 3, 0.0, id="one left beside the reserve"),
        pytest.param([70.0, 100.0, 100.0, 100.0], 31.0, id="until the first leaves the window"),
        pytest.param([70.0, 80.0, 100.0, 100.0, 100.0], 41.0, id="the reserve was used too"),
        pytest.param([10.0, 100.0, 100.0, 100.0], 0.0, id="the first has left"),
    ],
)
def test_wait_is_until_one_more_fits_beside_the_reserve(taken: list[float], wait: float) -> None:
    assert wait_s(taken, FIVE, 100.0) == wait


def test_venue_limits_are_those_of_the_reference() -> None:
    rest, bars = ALLOWANCES[Lane.REST], ALLOWANCES[Lane.BARS]
    assert (rest.requests, rest.window_s, rest.reserved) == (200, 60.0, 40)
    assert (bars.requests, bars.window_s, bars.reserved) == (50, 30.0, 0)


def test_a_fifth_is_kept_for_what_takes_risk_off(wall: Wall) -> None:
    budget = Budget(OwnLedger(), now=wall)
    assert take(budget, 160) == [0.0] * 160
    assert take(budget, 1) == [61.0]
    assert take(budget, 45, Urgency.URGENT) == [0.0] * 45
    left = {one.lane: one for one in budget.left()}["rest"]
    assert (left.normal, left.urgent, left.of) == (0, 0, 200)


def test_requests_come_back_one_by_one_as_the_window_slides(wall: Wall) -> None:
    budget = Budget(OwnLedger(), now=wall)
    for _ in range(160):
        wall.now += 0.1
        take(budget, 1)
    wall.now += 61.0 - 16.0 + 0.25  # the first two of them have left
    assert take(budget, 3) == [0.0, 0.0, pytest.approx(0.05)]


def test_bars_have_a_window_of_their_own(wall: Wall) -> None:
    budget = Budget(OwnLedger(), now=wall)
    assert [budget.take(Lane.BARS, Urgency.NORMAL) for _ in range(51)] == [0.0] * 50 + [31.0]
    assert take(budget, 1) == [0.0]


def test_each_429_in_a_row_pauses_longer_and_a_calm_minute_forgives(wall: Wall) -> None:
    budget = Budget(OwnLedger(), now=wall)
    pauses = []
    for _ in range(4):
        budget.was_limited()
        budget.was_limited()  # the answer to another request that was on its way
        [pause] = take(budget, 1)
        pauses.append(pause)
        assert take(budget, 1, Urgency.URGENT) == [0.0]
        wall.now += pause
    assert pauses == [5.0, 15.0, 30.0, 30.0]
    wall.now += 61.0
    budget.was_limited()
    assert take(budget, 1) == [5.0]


def test_machine_that_began_anew_frees_what_was_counted_before(wall: Wall) -> None:
    budget = Budget(OwnLedger(), now=wall)
    take(budget, 160)
    wall.now -= 3600.0
    assert take(budget, 1) == [0.0]


def test_two_ledgers_of_one_file_share_one_count(tmp_path: Path, wall: Wall) -> None:
    path = tmp_path / "budget" / "user.json"
    one, other = (Budget(SharedLedger(path), now=wall) for _ in range(2))
    take(one, 100)
    take(other, 60)
    assert take(one, 1) == take(other, 1) == [61.0]


def test_processes_that_count_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "user.json"
    program = (
        "import sys; from pathlib import Path\n"
        "from pxcore.gateway.rest.budget import Budget, SharedLedger, Urgency\n"
        "from pxcore.gateway.wire.endpoints import Lane\n"
        "budget = Budget(SharedLedger(Path(sys.argv[1])), now=lambda: 1e6)\n"
        "[budget.take(Lane.REST, Urgency.NORMAL) for _ in range(40)]\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, str(path)]) for _ in range(3)]
    assert [process.wait(patience(10)) for process in running] == [0, 0, 0]
    left = {one.lane: one for one in Budget(SharedLedger(path), now=lambda: 1e6).left()}
    assert left["rest"].urgent == 200 - 3 * 40


def test_damaged_file_counts_as_empty(tmp_path: Path, wall: Wall) -> None:
    path = tmp_path / "user.json"
    path.write_bytes(b'{"rest": [1')
    assert take(Budget(SharedLedger(path), now=wall), 1) == [0.0]


def test_file_that_cannot_be_had_is_counted_in_memory(tmp_path: Path, wall: Wall) -> None:
    (tmp_path / "file").write_text("no folder")
    budget = Budget(SharedLedger(tmp_path / "file" / "user.json"), now=wall)
    take(budget, 160)
    assert take(budget, 1) == [61.0]


def test_file_that_a_stopped_process_holds_does_not_hold_a_request_up(tmp_path: Path) -> None:
    path = tmp_path / "budget"
    path.touch()
    with path.open("r+b") as held:
        try_lock(held)
        budget = Budget(SharedLedger(path))
        assert budget.take(Lane.REST, Urgency.URGENT) == 0.0


def test_pause_is_never_longer_than_the_longest_even_after_the_clock_was_set_back(
    wall: Wall,
) -> None:
    budget = Budget(OwnLedger(), now=wall)
    budget.was_limited()
    wall.now -= 3600
    assert take(budget, 1) == [30.0]
    assert take(budget, 1, Urgency.URGENT) == [0.0]
    wall.now += 31
    assert take(budget, 1) == [0.0]


def test_count_goes_by_time_that_nobody_can_set(tmp_path: Path, monkeypatch) -> None:
    """Of two processes, one before and one after the wall clock was set by an hour."""
    ledger = SharedLedger(tmp_path / "count.json")
    before = Budget(ledger)
    assert before.take(Lane.REST, Urgency.NORMAL) == 0.0
    for by_s in (-3600.0, 3600.0):
        real = time.time
        monkeypatch.setattr(time, "time", lambda real=real, by_s=by_s: real() + by_s)
        assert Budget(SharedLedger(tmp_path / "count.json")).left()[0].urgent == 199
        monkeypatch.undo()


def test_request_in_hand_is_counted_before_it_is_made_and_once(wall: Wall) -> None:
    ledger = OwnLedger()
    budget = Budget(ledger, now=wall)
    for _ in range(30):
        assert budget.hold()
        wall.now += 1.0
    assert ledger.change(lambda usage: usage.rest) == [wall.now - 1.0]
    assert budget.spend() and not budget.spend()
    made_at, wall.now = wall.now, wall.now + 0.5
    assert budget.hold()
    assert ledger.change(lambda usage: usage.rest) == [made_at, wall.now]


def test_request_in_hand_that_nobody_held_on_to_is_not_made(wall: Wall) -> None:
    budget = Budget(OwnLedger(), now=wall)
    assert budget.hold()
    wall.now += 4.0
    assert not budget.spend()


def test_request_made_from_the_hand_counts_also_when_the_count_was_lost(wall: Wall) -> None:
    ledger = OwnLedger()
    budget = Budget(ledger, now=wall)
    assert budget.hold() and budget.spend()
    ledger.change(lambda usage: usage.rest.clear())  # a file that was damaged
    assert budget.hold()
    assert len(ledger.change(lambda usage: usage.rest)) == 2


def test_no_request_is_had_in_hand_from_the_reserve(wall: Wall) -> None:
    budget = Budget(OwnLedger(), now=wall)
    allowed = ALLOWANCES[Lane.REST].requests - ALLOWANCES[Lane.REST].reserved
    take(budget, allowed - 1)
    assert budget.hold() and budget.spend()
    assert not budget.hold() and not budget.spend()
    assert take(budget, 1, Urgency.URGENT) == [0.0]


def test_429_takes_the_request_out_of_the_hand_and_that_of_another_process_soon(
    tmp_path: Path, wall: Wall
) -> None:
    ours, theirs = (Budget(SharedLedger(tmp_path / "b.json"), now=wall) for _ in range(2))
    assert ours.hold()
    ours.was_limited()
    assert not ours.spend() and not ours.hold()
    wall.now += 120.0
    assert ours.hold()
    theirs.was_limited()
    assert not ours.hold()  # as about once a second
    assert not ours.spend()
