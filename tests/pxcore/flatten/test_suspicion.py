"""What the watchdog makes of what it sees, by hand-made sights."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from pxcore.flatten.suspicion import SeenHeld, Sight, Suspicion, Trouble
from pxcore.store.live.records import Lease

HERE, THERE = "here:/a", "there:/b"
LEASE = Lease(
    account_id=7,
    holder="px-1",
    place=HERE,
    pid=11,
    beat=1,
    loops=1,
    phase="protected",
    exposure=1,
    beaten_at=datetime(2026, 11, 24, tzinfo=UTC),
    is_held=True,
)
RELEASED = replace(LEASE, is_held=False)


def sight(at_s: float, **changes) -> Sight:
    base = Sight(
        at_s=at_s,
        holder=None,
        lease=LEASE,
        is_store_away=False,
        place=HERE,
        account=None,
        is_after_flat_time=False,
        has_dead_session=False,
    )
    return replace(base, **changes)


def holding(at_s: float) -> SeenHeld:
    return SeenHeld(at_s=at_s, is_flat=False, text="2 orders alive and +1 MNQ held")


def run(*sights: Sight) -> list[Trouble | None]:
    suspicion = Suspicion()
    found = [suspicion.judge(one) for one in sights]
    return [None if one is None else one.trouble for one in found]


def test_what_a_dead_session_left_is_found_after_a_grace_for_its_supervisor():
    looks = [sight(t, account=holding(t)) for t in (1.0, 2.0, 6.9, 7.1)]
    assert run(sight(0.0, holder="px-1 (process 11)"), *looks) == [None] * 4 + [Trouble.DEAD]


def test_supervisor_that_takes_the_account_in_time_is_left_to_it():
    busy = [sight(t, holder="last resort (process 12)", account=holding(0.5)) for t in (2.0, 30.0)]
    assert run(sight(1.0, account=holding(1.0)), *busy) == [None] * 3


def held_by_a_flatten(at_s: float, **changes) -> Sight:
    return sight(at_s, holder="px flatten (process 12)", is_session=False, **changes)


def test_who_is_no_session_and_does_not_release_of_what_is_held_is_stuck():
    """Such as a `px flatten` that was stopped by Ctrl-Z in the middle of its work."""
    times = (1.0, 30.0, 60.9, 61.1)
    looks = [held_by_a_flatten(t, account=holding(t)) for t in times]
    assert run(*looks) == [None] * 3 + [Trouble.STUCK]


def test_who_is_no_session_and_has_a_flat_account_is_left_alone():
    flat = SeenHeld(at_s=100.0, is_flat=True, text="nothing")
    assert run(held_by_a_flatten(1.0), held_by_a_flatten(100.0, account=flat)) == [None] * 2


def test_another_holder_has_its_own_time():
    moved_on = replace(LEASE, loops=2)
    other = sight(50.0, holder="px-1 (process 11)", lease=moved_on, account=holding(50.0))
    again = [held_by_a_flatten(t, account=holding(t)) for t in (60.0, 100.0)]
    assert run(held_by_a_flatten(1.0), other, *again) == [None] * 4


def test_look_from_before_it_was_stuck_says_nothing():
    assert run(held_by_a_flatten(1.0), held_by_a_flatten(70.0, account=holding(50.0))) == [None] * 2


def test_look_from_before_the_session_went_says_nothing():
    old = holding(5.0)
    assert (
        run(
            sight(5.0, holder="px-1 (process 11)"),
            sight(6.0, account=old),
            sight(60.0, account=old),
        )
        == [None] * 3
    )


def test_flat_account_without_a_session_is_no_trouble():
    flat = SeenHeld(at_s=20.0, is_flat=True, text="0 orders alive and nothing held")
    assert run(sight(1.0), sight(21.0, account=flat)) == [None, None]


def test_session_whose_engine_stands_still_is_hung_though_its_process_beats():
    held = "px-1 (process 11)"
    sights = [sight(t, holder=held, lease=replace(LEASE, beat=int(t))) for t in (1.0, 15.0, 21.5)]
    assert run(*sights) == [None, None, Trouble.HUNG]


def test_session_that_goes_on_is_never_hung():
    held = "px-1 (process 11)"
    sights = [sight(t, holder=held, lease=replace(LEASE, loops=int(t))) for t in (1.0, 20.0, 39.0)]
    assert run(*sights) == [None] * 3


def test_nobody_is_hung_while_the_store_is_away_or_just_back():
    held = "px-1 (process 11)"
    assert run(
        sight(1.0, holder=held),
        sight(40.0, holder=held, lease=None, is_store_away=True),
        sight(41.0, holder=held),
        sight(59.0, holder=held),
        sight(60.5, holder=held),
    ) == [None, None, None, None, Trouble.HUNG]


def test_other_holder_of_the_account_is_not_judged_by_the_sessions_lease():
    assert run(*[sight(t, holder="px flatten (process 9)") for t in (1.0, 60.0)]) == [None] * 2


CASES = [
    pytest.param({"lease": RELEASED}, Trouble.STRANGER, id="no session of ours"),
    pytest.param({"lease": RELEASED, "is_after_flat_time": True}, Trouble.LATE, id="late"),
    pytest.param({"lease": RELEASED, "has_dead_session": True}, Trouble.DEAD, id="by its journal"),
    pytest.param({"lease": None}, Trouble.STRANGER, id="no lease ever"),
    pytest.param({"lease": None, "is_store_away": True}, Trouble.STRANGER, id="store away"),
]


@pytest.mark.parametrize(("changes", "trouble"), CASES)
def test_what_nobody_holds_is_named_by_whose_it_is(changes, trouble):
    first = sight(1.0, account=holding(1.0), **changes)
    second = sight(10.0, account=holding(9.0), **changes)
    assert run(first, second) == [None, trouble]


def test_account_that_lives_on_another_machine_is_its_own_watchdogs():
    there = [
        sight(t, lease=replace(LEASE, place=THERE, beat=int(t)), account=holding(t))
        for t in (1.0, 20.0, 40.0)
    ]
    assert run(*there) == [None] * 3


def test_account_of_a_machine_that_fell_silent_is_taken_care_of_from_here():
    lease = replace(LEASE, place=THERE)
    looks = [sight(t, lease=lease, account=holding(t)) for t in (1.0, 20.0, 27.0, 34.0)]
    assert run(*looks) == [None, None, None, Trouble.DEAD]
