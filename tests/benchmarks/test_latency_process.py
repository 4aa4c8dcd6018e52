"""The bench as it is run, with the floor alone: it measures, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from patience import patience

pytestmark = pytest.mark.process

BENCH = Path(__file__).with_name("bench_latency.py")
FLOOR = (sys.executable, str(BENCH), "--only", "floor", "--rates", "60", "--rounds", "1")
LOOKS = threading.Event()


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., "subprocess.Popen[str]"]:
    def start(*options: str) -> "subprocess.Popen[str]":
        (tmp_path / "own").mkdir()
        return subprocess.Popen(
            [*FLOOR, *options],
            env={**os.environ, "TMPDIR": str(tmp_path / "own")},
            stdout=subprocess.PIPE,
            text=True,
        )

    return start


def test_floor_answers_every_trigger_within_its_own_time(start, tmp_path) -> None:
    file = tmp_path / "out.json"
    bench = start("--orders", "3", "--json", str(file))
    said, _ = bench.communicate(timeout=patience(60))
    assert bench.returncode == 0, said
    assert [line.split()[:2] for line in said.splitlines()[1:2]] == [["60", "floor"]]
    (done,) = json.loads(file.read_text())["60"]["floor"]
    assert (done["triggers"], len(done["latencies_ms"]), done["extra"]) == (3, 3, 0)
    assert all(latency > 0 for latency in done["latencies_ms"]) and done["rate"] > 0
    assert not any((tmp_path / "own").iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_interrupted_bench_ends_all_that_it_started(start, tmp_path, number) -> None:
    bench = start("--orders", "1000")
    family: list[psutil.Process] = []
    while len(family) < 3:  # the gateway, the relay, the floor
        assert bench.poll() is None
        family = psutil.Process(bench.pid).children(recursive=True)
        LOOKS.wait(0.05)
    bench.send_signal(number)
    bench.communicate(timeout=patience(30))
    assert bench.returncode == 130
    _, alive = psutil.wait_procs(family, timeout=patience(5))
    assert not alive
    assert not any((tmp_path / "own").iterdir())
