"""The machine's clock is set while a session, or a watchdog, goes on."""

from datetime import UTC, datetime, timedelta

from engine_scenes import MNQ
from own_machine import Machine

from pxcore.clock.own_time import OwnTime
from pxcore.engine.events import ClockStepped, Event
from pxcore.gateway.rest import ClockReading
from pxcore.model import Quote, Unavailable
from pxcore.venue.clock_watch import ClockCheck, ClockWatch


class Clock:
    """Goes by the process's own time, as that of a real market does."""

    speed = 1.0
    late_s = None

    def __init__(self, own: OwnTime) -> None:
        self._own = own

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._own.now_s(), UTC)

    def detached(self) -> "Clock":
        return self


def price(clock: Clock, *, stamp: datetime) -> Quote:
    return Quote(at=clock.now(), happened_at=stamp, contract_id=MNQ.id, bid_ticks=1, ask_ticks=2)


def watched(machine: Machine) -> tuple[ClockWatch, Clock, list[Event]]:
    own, said = machine.own(), list[Event]()
    clock = Clock(own)
    return ClockWatch(clock, said.append, own=own), clock, said


def test_each_step_is_told_once_with_its_size_and_our_own_time():
    machine = Machine()
    watch, clock, said = watched(machine)
    watch.look()
    machine.wall += 1.9  # a correction, not a step
    watch.look()
    machine.wall -= 63.9
    machine.pass_time(1)
    watch.look()
    watch.look()
    machine.wall += 10
    watch.look()
    assert [one.by_s for one in said if isinstance(one, ClockStepped)] == [-62.0, 10.0]
    assert said[0].at == clock.now()


def test_clock_that_the_venue_s_stamps_show_to_be_right_is_followed():
    """A machine that was paused is behind, until its clock is set."""
    machine = Machine()
    watch, clock, _ = watched(machine)
    before = clock.now()
    machine.wall += 40
    watch.look()
    for _ in range(3):
        watch.hear(price(clock, stamp=before + timedelta(seconds=40)))
    assert clock.now() == before + timedelta(seconds=40)
    watch.look()


def test_clock_that_was_set_wrongly_is_not_followed():
    machine = Machine()
    watch, clock, _ = watched(machine)
    before = clock.now()
    machine.wall += 40
    watch.look()
    for _ in range(10):
        watch.hear(price(clock, stamp=clock.now()))
    assert clock.now() == before


def test_time_never_goes_back():
    machine = Machine()
    watch, clock, _ = watched(machine)
    before = clock.now()
    machine.wall -= 40
    watch.look()
    for _ in range(10):
        watch.hear(price(clock, stamp=before - timedelta(seconds=40)))
    assert clock.now() == before


def checked(machine: Machine, reading: ClockReading | None) -> tuple[OwnTime, list[str]]:
    own, said = machine.own(), list[str]()

    def read() -> ClockReading | None:
        if reading is None:
            raise Unavailable("the gateway is away")
        return reading

    machine.wall -= 7200
    ClockCheck(read, said.append, own=own).look()
    return own, said


def test_watchdog_goes_by_the_clock_that_agrees_with_the_venue():
    """A machine that began with a wrong clock, which NTP has put right."""
    machine = Machine()
    own, said = checked(machine, ClockReading(ahead_s=0.3, took_s=0.1))
    assert own.step_s() == 0 and "agrees with the venue" in said[0]


def test_watchdog_stays_with_its_own_time_when_the_new_one_is_wrong_or_nobody_knows():
    for reading in (ClockReading(ahead_s=-7200.0, took_s=0.1), None):
        machine = Machine()
        own, said = checked(machine, reading)
        assert own.step_s() == -7200 and "the time of before" in said[0]
