"""When a process that does not answer is killed, and when it is not."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from waiting import until

from pxcore.host.keep import KeptProcess
from pxcore.host.liveness import Growing, Judge, Liveness, SignOfLife, Watched
from pxcore.host.processes import found
from pxcore.host.spawn import kill_tethered
from pxcore.model import Unavailable

UNITS, EVERY_S = 30.0, 2.0
ANSWERS, SILENT, UNKNOWN = SignOfLife.ANSWERS, SignOfLife.SILENT, SignOfLife.UNKNOWN
TETHERED = """
import subprocess, sys
below = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {run!r}]).pid, "
below += "flush=True); sys.stdin.read()"
program = subprocess.Popen([sys.executable, "-c", below], stdin=subprocess.PIPE)
print(program.pid, flush=True)
sys.stdin.read()
"""
RUN = "import time; time.sleep(3600)"


class Scene:
    """A judge, time, and how much slower than a quick machine this one is."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.unit_s = 1.0
        self.judge = Judge(
            units=UNITS, every_s=EVERY_S, now_s=lambda: self.now_s, unit=lambda: self.unit_s
        )

    def looks(
        self, seen: SignOfLife, *, for_s: float, life: int = 1, every_s: float = EVERY_S
    ) -> None:
        until_s = self.now_s + for_s
        while self.now_s < until_s:
            self.now_s += every_s
            self.judge.note(seen, life)


@pytest.fixture
def scene() -> Scene:
    made = Scene()
    made.looks(ANSWERS, for_s=2 * EVERY_S)
    assert made.judge.is_answering
    return made


def test_one_that_misses_its_looks_is_told_soon_and_hangs_after_its_time(scene: Scene) -> None:
    scene.looks(SILENT, for_s=3 * EVERY_S)
    assert not scene.judge.is_silent and not scene.judge.is_answering
    scene.looks(SILENT, for_s=EVERY_S)
    assert scene.judge.is_silent and not scene.judge.is_hung
    scene.looks(SILENT, for_s=UNITS - 4 * EVERY_S)
    assert not scene.judge.is_hung
    scene.looks(SILENT, for_s=EVERY_S)
    assert scene.judge.is_hung


def test_slow_machine_has_so_much_longer(scene: Scene) -> None:
    scene.unit_s = 5.0
    scene.looks(SILENT, for_s=5 * UNITS)
    assert not scene.judge.is_hung
    scene.looks(SILENT, for_s=2 * EVERY_S)
    assert scene.judge.is_hung


@pytest.mark.parametrize("seen", [ANSWERS, UNKNOWN])
def test_one_answer_or_one_look_that_says_nothing_begins_its_time_anew(
    scene: Scene, seen: SignOfLife
) -> None:
    scene.looks(SILENT, for_s=UNITS - EVERY_S)
    scene.looks(seen, for_s=EVERY_S)
    assert not scene.judge.is_silent
    scene.looks(SILENT, for_s=UNITS)
    assert not scene.judge.is_hung


def test_time_in_which_we_stood_still_ourselves_counts_against_nobody(scene: Scene) -> None:
    scene.looks(SILENT, for_s=UNITS - EVERY_S)
    scene.now_s += 75.0
    scene.looks(SILENT, for_s=UNITS)
    assert not scene.judge.is_hung, "it has its whole time anew"
    scene.looks(SILENT, for_s=2 * EVERY_S)
    assert scene.judge.is_hung


def test_looks_that_are_late_because_the_machine_is_slow_count(scene: Scene) -> None:
    scene.unit_s = 10.0
    scene.looks(SILENT, for_s=12 * UNITS, every_s=20.0)
    assert scene.judge.is_hung


def test_few_looks_are_not_enough_however_long_they_took(scene: Scene) -> None:
    scene.looks(SILENT, for_s=45.0, every_s=15.0)
    assert not scene.judge.is_hung


def test_new_process_has_longer_for_its_first_answer_and_begins_with_nothing(scene: Scene) -> None:
    scene.looks(SILENT, for_s=2 * UNITS)
    assert scene.judge.is_hung
    scene.looks(SILENT, for_s=2 * UNITS, life=2)
    assert not scene.judge.is_hung
    scene.looks(SILENT, for_s=3 * UNITS, life=2)
    assert scene.judge.is_hung


def test_what_an_earlier_process_left_is_no_answer_of_the_next(scene: Scene) -> None:
    scene.looks(ANSWERS, for_s=EVERY_S, life=2)
    assert not scene.judge.is_answering
    scene.looks(ANSWERS, for_s=EVERY_S, life=2)
    assert scene.judge.is_answering


def test_sign_that_grows_is_an_answer_and_one_that_nobody_can_read_says_nothing() -> None:
    there = iter((7, 8, 8, None, 8, 9))
    sign = Growing(lambda: next(there))
    assert [sign() for _ in range(6)] == [ANSWERS, ANSWERS, SILENT, UNKNOWN, SILENT, ANSWERS]


# -- on processes -----------------------------------------------------------------------------


def child() -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, text=True
    )


@pytest.fixture
def kept() -> Iterator[KeptProcess]:
    made = KeptProcess("it", child, say=lambda text: None)
    made.start()
    yield made
    made.end()


def test_stopped_process_is_killed_told_once_and_started_anew(kept: KeptProcess) -> None:
    told = list[tuple[str, str]]()
    old = kept.process
    assert old is not None
    old.send_signal(signal.SIGSTOP)
    watched = Watched(kept, lambda: SILENT, units=0.001, every_s=0.001)
    liveness = Liveness([watched], told=lambda *one: told.append(one))
    liveness.start()
    until(lambda: liveness.look() or told, what="it is killed")
    liveness.end()
    assert old.wait() == -signal.SIGKILL
    until(lambda: kept.look() or kept.is_alive, what="another one")
    liveness.look()
    ((name, why),) = told
    assert name == "it" and why.startswith("it has not answered for")
    assert liveness.troubles == (), "nobody has looked at it yet"
    assert kept.process is not old and kept.is_alive


def test_sign_that_cannot_be_looked_at_kills_nobody(kept: KeptProcess) -> None:
    looked = list[int]()

    def sign() -> SignOfLife:
        looked.append(1)
        raise Unavailable("no idea")

    watched = Watched(kept, sign, units=0.001, every_s=0.001)
    liveness = Liveness([watched], told=pytest.fail)
    liveness.start()
    until(lambda: liveness.look() or len(looked) > 20)
    liveness.end()
    assert kept.is_alive and kept.starts == 1


def test_only_those_that_are_asked_for_are_judged(kept: KeptProcess) -> None:
    other = KeptProcess("another", child, say=lambda text: None)
    watched = Watched(kept, lambda: SILENT, units=0.001, every_s=0.001)
    liveness = Liveness([watched], told=lambda *one: None)
    liveness.start()
    until(lambda: liveness.troubles)
    liveness.look(other)
    assert kept.is_alive
    until(lambda: liveness.look(kept) or not kept.is_alive)
    liveness.end()


def test_program_of_a_tether_is_killed_though_both_are_stopped_and_its_runs_go_on() -> None:
    tether = subprocess.Popen(
        [sys.executable, "-c", TETHERED.replace("{run!r}", repr(RUN))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert tether.stdout is not None
    program, run = (found(int(tether.stdout.readline())) for _ in range(2))
    assert program is not None and run is not None
    try:
        program.send(signal.SIGSTOP)
        tether.send_signal(signal.SIGSTOP)
        kill_tethered(tether)
        assert tether.wait() == -signal.SIGKILL
        until(lambda: not program.is_alive)
        assert run.is_alive
    finally:
        run.send(signal.SIGKILL)
        tether.communicate()
