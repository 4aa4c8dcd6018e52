"""A start is waited for while it moves on, however long that is; what hangs is found and named."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import needs
import pytest
from patience import patience
from stand_ins import COMPUTES, RESTS, StandIns

from pxcore.host import computing
from pxcore.host.computing import computed_s
from pxcore.host.starting import (
    HANG_UNITS,
    MUTE_UNITS,
    Hangs,
    Spoken,
    Step,
    first_line,
    wait_for_end,
    wait_until,
)
from pxcore.model import Unavailable

OLD_LIMIT_S = 90.0  # what a server had to start in, once


@dataclass
class Child:
    """Of a process, what is asked for: a number, and whether it has ended."""

    pid: int = 1
    status: int | None = None

    def poll(self) -> int | None:
        return self.status


@dataclass
class World:
    """Time passes in sleeps alone; `every_s` seconds something moves on in `moves`."""

    log: Path
    moves: Callable[["World"], None] = lambda world: None
    every_s: float = 25.0
    lasts_s: float = 3600.0
    unit: float = 1.0
    now_s: float = 0.0
    computed_s: float = 0.0
    said: list[str] = field(default_factory=list)
    step: Step | None = None
    moved: int = 0

    def wait(self, **terms: Any) -> None:
        self.step = Step(
            "the paper gateway",
            Child(),  # type: ignore[arg-type]
            log=self.log,
            say=self.said.append,
            now_s=lambda: self.now_s,
            computed=lambda pids: {"it": self.computed_s},
            unit=lambda: self.unit,
            **terms,
        )
        wait_until(lambda: self.now_s >= self.lasts_s, self.step, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.now_s += seconds
        if self.now_s // self.every_s > self.moved:
            self.moved += 1
            self.moves(self)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(log=tmp_path / "paper.log")


def writes(world: World) -> None:
    with world.log.open("a") as log:
        log.write("a line\n")


def computes(world: World) -> None:
    world.computed_s += 0.2


def reports(world: World) -> None:
    assert world.step is not None
    world.step.note()


# -- what moves on ----------------------------------------------------------------------------


@pytest.mark.parametrize("moves", [writes, reports], ids=lambda one: one.__name__)
def test_slow_start_that_moves_on_is_waited_for_whatever_it_takes(
    world: World, moves: Callable[[World], None]
) -> None:
    world.moves = moves
    world.wait()
    assert world.now_s >= 3600 > OLD_LIMIT_S


def test_start_that_computes_is_waited_for_far_beyond_what_it_once_had(world: World) -> None:
    world.moves, world.lasts_s = computes, 6 * OLD_LIMIT_S
    world.wait()


def test_what_is_waited_for_is_said_and_said_again_with_how_long_it_is_silent(
    world: World,
) -> None:
    world.lasts_s = 20
    world.wait()
    assert world.said == [
        "waiting for the paper gateway: 3 s so far",
        "waiting for the paper gateway: 18 s so far, nothing from it for 18 s",
    ]


def test_quick_start_says_nothing(world: World) -> None:
    world.lasts_s = 2.5
    world.wait()
    assert world.said == []


# -- what hangs -------------------------------------------------------------------------------


def test_start_of_which_nothing_comes_hangs_and_is_named_with_its_log(world: World) -> None:
    with pytest.raises(Hangs) as caught:
        world.wait()
    assert str(caught.value) == (
        f"the paper gateway hangs: nothing from it for 30 s; its log: {world.log}"
    )
    assert world.now_s == pytest.approx(HANG_UNITS, abs=1)


@pytest.mark.parametrize("unit", [1.0, 4.0, 10.0])
def test_hang_is_judged_by_what_this_machine_takes_for_a_second_of_a_quick_one(
    world: World, unit: float
) -> None:
    world.unit = unit
    with pytest.raises(Hangs):
        world.wait()
    assert world.now_s == pytest.approx(HANG_UNITS * unit, abs=1)


def test_what_the_step_may_rest_by_its_settings_is_no_hang(world: World) -> None:
    with pytest.raises(Hangs):
        world.wait(idle_s=31)
    assert world.now_s == pytest.approx(HANG_UNITS + 31, abs=1)


def test_program_that_turns_over_in_its_sleep_hangs(world: World) -> None:
    def turns(world: World) -> None:
        world.computed_s += 0.001

    world.moves, world.every_s = turns, 1.0
    with pytest.raises(Hangs, match="nothing from it for 30 s"):
        world.wait()


def test_start_that_computes_for_ever_without_a_word_hangs_too(world: World) -> None:
    world.moves, world.every_s = computes, 1.0
    with pytest.raises(Hangs, match="it computes, and has said nothing for 600 s"):
        world.wait()
    assert world.now_s == pytest.approx(MUTE_UNITS, abs=1)


def test_sleep_of_our_own_is_not_taken_for_the_silence_of_what_we_wait_for(world: World) -> None:
    """The machine was suspended for an hour, twice."""

    def suspended(world: World) -> None:
        if world.moved in (2, 4):
            world.now_s += 3600
        if world.moved == 4:
            world.lasts_s = 0

    world.moves, world.every_s, world.lasts_s = suspended, 3.0, 10**6
    world.wait()


def test_system_that_does_not_tell_what_was_computed_is_given_the_longer_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Step(
        "it",
        Child(),  # type: ignore[arg-type]
        now_s=lambda: world.now_s,
        computed=lambda pids: None,
        unit=lambda: 1.0,
    )
    with pytest.raises(Hangs, match="for 600 s"):
        wait_until(lambda: False, step, sleep=world._sleep)


# -- real processes ---------------------------------------------------------------------------


@pytest.fixture
def start() -> Iterator[Callable[[str], "subprocess.Popen[str]"]]:
    stand_ins = StandIns()
    yield stand_ins.run
    stand_ins.end()


def until_it_computes(pids: Sequence[int]) -> None:
    """A few times more than what a start-up of Python costs."""
    first = sum((computed_s(pids) or {}).values())
    step = Step("a child of this test")
    wait_until(lambda: sum((computed_s(pids) or {}).values()) > first + 0.2, step)


@needs.posix
def test_stopped_process_is_found_and_named(start, tmp_path: Path) -> None:
    process = start(COMPUTES)
    until_it_computes([process.pid])
    step = Step("the schedule's server", process, log=tmp_path / "server.log", units=1)
    os.kill(process.pid, signal.SIGSTOP)
    with pytest.raises(Hangs, match=r"^the schedule's server hangs: nothing .*server\.log$"):
        wait_until(lambda: False, step)


def test_process_that_says_nothing_and_is_stopped_is_found_by_whoever_reads_it(start) -> None:
    process = start(RESTS)
    with pytest.raises(Hangs, match=r"^the paper gateway hangs"):
        first_line(process, Step("the paper gateway", process, units=1))


def test_process_that_ends_at_its_start_is_told_at_once(start) -> None:
    process = start("import sys; sys.exit(3)")
    process.wait(patience(10))
    step = Step("runner safety", process, unit=lambda: pytest.fail("nothing was to be waited for"))
    with pytest.raises(Unavailable, match=r"^runner safety ended at its start with status 3"):
        wait_until(lambda: False, step)
    assert first_line(process, step) == ""
    assert wait_for_end(process, step) == 3


def test_lines_are_read_to_the_end_and_the_end_is_found_again(start) -> None:
    process = start("print('one'); print('two')")
    step, spoken = Step("it", process), Spoken(process)
    assert [spoken.next(step) for _ in range(4)] == ["one\n", "two\n", None, None]
    assert spoken.next(None) is None


def test_what_children_of_a_child_compute_counts(start) -> None:
    """The server's own process is below a tether, which rests."""
    parent = start(
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {COMPUTES!r}])\n"
        "print(child.pid, flush=True)\n"
        "sys.stdin.read()\n"
        "child.kill()\n"
    )
    first_line(parent, Step("it", parent))
    until_it_computes([parent.pid])
    parent.communicate("")


# -- a system without /proc -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("0:00.05", 0.05, id="macOS"),
        pytest.param("12:03.50", 723.5, id="macOS, minutes"),
        pytest.param("01:02:03", 3723, id="Linux"),
        pytest.param("2-01:02:03", 176_523, id="Linux, days"),
    ],
)
def test_times_of_ps_are_read(text: str, seconds: float) -> None:
    assert computing._seconds(text) == pytest.approx(seconds)


@needs.posix
def test_without_proc_it_is_asked_of_ps(start, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "ps"
    rows = ("1 0 0:09.00", "7 1 0:01.00", "8 7 0:02.50", "9 1 1:00.00")
    fake.write_text("\n".join(["#!/bin/sh", *(f"echo '{row}'" for row in rows)]))
    fake.chmod(0o755)
    monkeypatch.setattr(computing, "_PROC", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert computed_s([7]) == {7: 1.0, 8: 2.5}
