"""What is tried with a bound: what comes too late is undone, and threads may have run out."""

import threading

import pytest
from patience import patience

from pxcore.host.courtesy import Worker, bounded
from pxcore.model import Unavailable


class NoThreads(threading.Thread):
    def start(self) -> None:
        raise RuntimeError("can't start new thread")


def test_what_comes_in_time_is_returned_and_not_undone():
    undone: list[int] = []
    assert bounded("it", lambda: 7, undo=undone.append) == 7
    assert undone == []


def test_what_comes_too_late_is_undone_once():
    goes_on, undone = threading.Event(), threading.Semaphore(0)

    def act() -> str:
        goes_on.wait()
        return "a lock"

    found: list[str] = []

    def undo(one: str) -> None:
        found.append(one)
        undone.release()

    with pytest.raises(Unavailable, match="has not answered"):
        bounded(
            "it",
            act,
            limit_s=patience(0.05),
            undo=lambda one: (found.append(one), undone.release()),
        )
    goes_on.set()
    assert undone.acquire(timeout=patience(5))
    assert found == ["a lock"]


def test_courtesy_is_left_out_and_a_must_is_done_where_there_are_no_more_threads(monkeypatch):
    monkeypatch.setattr("pxcore.host.courtesy.threading.Thread", NoThreads)
    done: list[str] = []
    with pytest.raises(Unavailable, match="no more threads"):
        bounded("a courtesy", lambda: done.append("courtesy"))
    with pytest.raises(Unavailable, match="no more threads"):
        Worker("a count").ask(lambda: done.append("count"), limit_s=patience(1))
    bounded("a must", lambda: done.append("must"), is_must=True)
    assert done == ["must"]
