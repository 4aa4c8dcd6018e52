"""Time that nobody can set, and the time in which somebody was there."""

from own_machine import Machine

from pxcore.clock.own_time import OWN_TIME, Attended


def test_time_runs_on_whatever_is_done_to_the_wall_clock():
    machine = Machine()
    own = machine.own()
    machine.pass_time(10)
    machine.wall -= 3600
    assert own.now_s() == 1_000_010
    assert own.step_s() == -3600
    machine.wall += 7200
    machine.pass_time(5)
    assert (own.now_s(), own.step_s()) == (1_000_015, 3600)


def test_wall_clock_that_is_right_is_followed_when_that_is_known():
    machine = Machine()
    own = machine.own()
    machine.wall += 40
    own.adopt_wall()
    assert (own.now_s(), own.step_s()) == (1_000_040, 0)


def test_this_process_s_time_begins_with_the_wall_clock_s():
    assert abs(OWN_TIME.step_s()) < 1


def test_seconds_in_which_nobody_looked_are_not_counted_as_silence():
    now = [0.0]
    attended = Attended(2.0, now_s=lambda: now[0])
    for _ in range(4):
        now[0] += 0.5
        attended.look()
    now[0] += 40.0
    assert attended.look() == 4.0
    now[0] += 1.0
    assert attended.look() == 5.0
