"""A process speaks to its parent on a pipe of its own: whatever else runs in it cannot."""

import os
import queue
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import needs
import pytest
from patience import patience

from pxcore.engine.commands import Level
from pxcore.session.lines import Ended, Milestone, read_line
from pxcore.session.voice import Voice, write_all

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
HEAD = """
import os, subprocess, sys, multiprocessing
from pxcore.session.voice import own_pipes, write_all
from pxcore.host.streams import settle_streams
settle_streams()
pipes = own_pipes()
"""
EVERY_WAY = """
print("printed")
sys.__stdout__.write("on the first stream\\n"); sys.__stdout__.flush()
os.write(1, b"written\\n")
os.system("echo by a shell")
subprocess.run([sys.executable, "-c", "print('by a process')"])
if not os.fork():
    print("by a fork")
    for pipe in pipes:
        try:
            os.fstat(pipe)
        except OSError:
            print("which has no pipe")
    sys.stdout.flush()
    os._exit(0)
os.wait()
child = multiprocessing.get_context("fork").Process(target=os.write, args=(pipes.says, b"FORGED"))
child.start(); child.join()
print("child ended with", child.exitcode)
print("asked:", repr(sys.stdin.read()), os.read(0, 10))
write_all(pipes.says, b"said: " + os.read(pipes.asks, 10))
"""


def run(code: str, *, asked: str = "stop") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", HEAD + code],
        input=asked,
        capture_output=True,
        text=True,
        timeout=patience(20),
        check=False,
    )


@pytest.mark.process
@needs.posix
def test_whatever_is_printed_goes_to_the_log_and_the_pipes_are_nobodys_else() -> None:
    done = run(EVERY_WAY)
    assert (done.returncode, done.stdout) == (0, "said: stop"), done.stderr
    assert set(done.stderr.splitlines()) >= {
        "printed",
        "on the first stream",
        "written",
        "by a shell",
        "by a process",
        "by a fork",
        "which has no pipe",
        "child ended with 1",
        "asked: '' b''",
    }
    assert done.stderr.count("which has no pipe") == 2


@pytest.mark.process
def test_end_of_the_parents_pipe_is_heard_on_the_descriptor_that_took_its_place() -> None:
    done = run("write_all(pipes.says, repr(os.read(pipes.asks, 10)).encode())", asked="")
    assert (done.returncode, done.stdout) == (0, "b''")


class Heard:
    """The parent's end of a pipe, read to its end."""

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe()
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with os.fdopen(self._reading, "rb") as stream:
            for line in stream:
                self._lines.put(line)

    def next(self) -> object:
        return read_line(self._lines.get(timeout=patience(5)))


@pytest.fixture
def heard():
    made = Heard()
    yield made
    os.close(made.writing)


def milestone(text: object) -> Milestone:
    return Milestone(at=NOW, level=Level.INFO, code="entry.sent", text=text)  # type: ignore[arg-type]


def test_words_of_a_strategy_act_on_no_screen_of_whoever_hears_them(heard: Heard) -> None:
    voice = Voice(heard.writing)
    voice.say(milestone("because \x1b[2J\nflat \ud83d"))
    voice.end(Ended(reason="session failed: \x1b]0;x\x07", is_flat=False))
    assert heard.next() == milestone(r"because \x1b[2J\nflat \ud83d")
    assert heard.next() == Ended(reason=r"session failed: \x1b]0;x\x07", is_flat=False)


def test_line_that_cannot_be_said_is_left_out_and_those_after_it_are_said(heard: Heard) -> None:
    voice = Voice(heard.writing)
    voice.say(milestone(object()))
    voice.say(milestone("next"))
    assert heard.next() == milestone("next")


def test_parent_that_has_gone_stops_nobody_who_speaks(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    voice = Voice(writing)
    for _ in range(3):
        voice.say(milestone("x"))
    voice.end(Ended(reason="over", is_flat=True))
    with pytest.raises(OSError):
        write_all(writing, b"x")
    os.close(writing)
