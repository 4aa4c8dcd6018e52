"""Leases and the kill switch's latch, on both databases."""

import threading

from pxcore.store.database import Store
from pxcore.store.live.kill import engage_kill_latch, kill_acts, read_kill_latch, release_kill_latch
from pxcore.store.live.leases import (
    beat_lease,
    beat_watchdog,
    read_lease,
    read_watchdogs,
    release_lease,
    take_lease,
)
from pxcore.store.live.records import Pulse

OURS = {"account_id": 7, "holder": "px-1", "place": "here:/a"}
PULSE = Pulse(loops=5, phase="protected", exposure=-2)


def take(store, *, seen, **who):
    return take_lease(store, **(OURS | who), pid=1, seen=seen)


def test_lease_is_taken_beaten_and_given_back(store):
    assert read_lease(store, 7) is None
    assert take(store, seen=None)
    assert beat_lease(store, **OURS, pulse=PULSE)
    lease = read_lease(store, 7)
    assert (lease.beat, lease.loops, lease.phase, lease.exposure) == (2, 5, "protected", -2)
    assert lease.is_held
    release_lease(store, **OURS)
    assert not read_lease(store, 7).is_held
    assert not beat_lease(store, **OURS, pulse=PULSE)


def test_lease_that_moved_on_since_it_was_seen_is_not_taken(store):
    take(store, seen=None)
    seen = read_lease(store, 7)
    beat_lease(store, **OURS, pulse=PULSE)
    assert not take(store, seen=seen, holder="px-2", place="there:/b")
    assert read_lease(store, 7).holder == "px-1"


def test_holder_whose_lease_was_taken_is_told_so_and_gives_nothing_back(store):
    take(store, seen=None)
    assert take(store, seen=read_lease(store, 7), holder="px-2", place="there:/b")
    assert not beat_lease(store, **OURS, pulse=PULSE)
    release_lease(store, **OURS)
    lease = read_lease(store, 7)
    assert lease.is_held and lease.holder == "px-2"


def test_of_many_who_take_a_lease_at_once_one_has_it(url):
    Store(url).close()
    results: list[bool] = []
    gate = threading.Barrier(6)

    def run(number: int) -> None:
        store = Store(url)
        gate.wait()
        results.append(take(store, seen=None, holder=f"px-{number}"))
        store.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 5 + [True]


def test_kill_latch_keeps_its_first_reason_and_every_act(store):
    engage_kill_latch(store, reason="news", who="ann", flattens=False)
    engage_kill_latch(store, reason="worse", who="bob", flattens=True)
    latch = read_kill_latch(store)
    assert (latch.reason, latch.who, latch.flattens) == ("news", "ann", True)
    assert release_kill_latch(store, reason="over", who="ann")
    assert read_kill_latch(store) is None
    assert not release_kill_latch(store, reason="again", who="ann")
    assert [(a.verb, a.who, a.reason) for a in kill_acts(store)] == [
        ("engage", "ann", "news"),
        ("engage", "bob", "worse"),
        ("release", "ann", "over"),
    ]


def test_watchdogs_beat_is_counted_a_place(store):
    for said in ("flat", "holding"):
        beat_watchdog(store, account_id=7, place="here:/a", pid=3, said=said)
    beat_watchdog(store, account_id=8, place="here:/a", pid=3, said="other")
    (watch,) = read_watchdogs(store, 7)
    assert (watch.beat, watch.said) == (2, "holding")
