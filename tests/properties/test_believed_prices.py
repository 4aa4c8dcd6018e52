"""One price that nothing confirms never moves money; one that is confirmed always does, at once."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from engine_scenes import MNQ, Scene, kinds
from hypothesis import given
from hypothesis import strategies as st

from pxcore.engine.belief import REACH_TICKS_MAX, REACH_TICKS_MIN
from pxcore.engine.commands import ClosePosition, Halt, PeakSeen
from pxcore.model import MarketTrade, Quote, Side

_STEP = timedelta(milliseconds=50)
_HUGE = Decimal(10**9)


@dataclass(frozen=True)
class Said:
    """One event: sides of a quote, None for one that is not named again, or a print."""

    bid: int | None = None
    ask: int | None = None
    price: int | None = None


class Tape:
    """Says partial quotes as the venue does: what is not named stays as it was said last."""

    def __init__(self, side: Side, **limits) -> None:
        self.scene = Scene(**({"loss_usd_max": _HUGE} | limits)).connect()
        self.scene.hold(side)
        self.bid, self.ask = 100_000, 100_001
        self.worth: list[Decimal | None] = []

    def say(self, said: Said, *, after: timedelta = _STEP) -> Decimal | None:
        scene = self.scene
        scene.now += after
        stamps = {"at": scene.now, "happened_at": scene.now, "contract_id": MNQ.id}
        if said.price is not None:
            scene.tell(MarketTrade(price_ticks=said.price, size=1, **stamps))
        else:
            self.bid = self.bid if said.bid is None else said.bid
            self.ask = self.ask if said.ask is None else said.ask
            scene.tell(Quote(bid_ticks=self.bid, ask_ticks=self.ask, **stamps))
        self.worth.append(scene.engine.state.day_usd())
        return self.worth[-1]


@st.composite
def calm(draw, size: int = 12) -> list[Said]:
    """A market that moves a few ticks an event; each names both sides, or one, or is a print."""
    bid, events = 100_000, []
    for _ in range(draw(st.integers(1, size))):
        bid += draw(st.integers(-6, 6))
        kind = draw(st.sampled_from(["both", "both", "print"]))
        events.append(Said(price=bid) if kind == "print" else Said(bid=bid, ask=bid + 1))
    return events


far = st.integers(-(10**6), 99_000) | st.integers(101_000, 10**6)
absurd = st.one_of(
    st.builds(Said, bid=far),
    st.builds(Said, ask=far),
    st.builds(Said, bid=far, ask=far),
    st.builds(Said, price=far),
)


@given(before=calm(), outlier=absurd, after=calm(), side=st.sampled_from(Side))
def test_money_never_moves_on_a_single_price_however_absurd(before, outlier, after, side):
    tape, without = (Tape(side, profit_usd_lock=Decimal(200)) for _ in range(2))
    for said in before:
        tape.say(said), without.say(said)
    worth = tape.worth[-1]
    assert tape.say(outlier) == worth
    # The sides of the quote that follows are both named: a tape that goes on repeating an absurd
    # one is judged by its last good price.
    for said in (Said(bid=100_000, ask=100_001), *after):
        assert tape.say(said) == without.say(said)
    for scene in (tape.scene, without.scene):
        assert not kinds(scene.said, Halt, ClosePosition)
    assert kinds(tape.scene.said, PeakSeen) == kinds(without.scene.said, PeakSeen)


@given(
    before=calm(),
    outlier=absurd,
    steps=st.lists(st.integers(-6, 6), min_size=1, max_size=20),
    side=st.sampled_from(Side),
)
def test_absurd_side_moves_no_money_however_often_it_is_said_again(before, outlier, steps, side):
    tape = Tape(side)
    for said in before:
        tape.say(said)
    low, high, other = min(tape.worth), max(tape.worth), tape.ask
    tape.say(outlier)
    for step in steps:  # only the other side is named from now on, and prints where it trades
        other += step
        named = Said(ask=other) if outlier.bid is not None else Said(bid=other - 1)
        tape.say(named)
        tape.say(Said(price=other))
    room = MNQ.usd(sum(map(abs, steps)) + 2)
    assert low - room <= min(tape.worth) and max(tape.worth) <= high + room


@given(
    before=calm(),
    jump=st.integers(REACH_TICKS_MIN + 40, 50_000).flatmap(lambda n: st.sampled_from([n, -n])),
    drift=st.integers(-10, 10).filter(bool),
    gap_ms=st.integers(1, 1000),
    first=st.sampled_from(["both", "print"]),
    second=st.sampled_from(["both", "print"]),
    side=st.sampled_from(Side),
)
def test_move_that_is_confirmed_is_in_the_money_with_the_event_that_confirms_it(
    before, jump, drift, gap_ms, first, second, side
):
    tape = Tape(side)
    for said in before:
        tape.say(said)
    worth = tape.worth[-1]
    level = tape.bid + jump
    says = {"both": lambda at: Said(bid=at, ask=at + 1), "print": lambda at: Said(price=at)}
    assert tape.say(says[first](level)) == worth
    moved = tape.say(says[second](level + drift), after=timedelta(milliseconds=gap_ms))
    if first == second == "print":  # no quote has said so yet: nobody could close there
        assert moved == worth
        moved = tape.say(says["both"](level + drift))
    expected = MNQ.usd(jump) * side.sign
    assert abs((moved - worth) - expected) <= MNQ.usd(20)


@given(
    gaps=st.lists(st.integers(REACH_TICKS_MAX + 10, 5000), min_size=2, max_size=6),
    side=st.sampled_from(Side),
    down=st.booleans(),
)
def test_crash_without_end_is_believed_one_event_behind(gaps, side, down):
    tape, level, levels = Tape(side), 100_000, []
    for gap in gaps:
        level += -gap if down else gap
        levels.append(level)
        tape.say(Said(bid=level, ask=level + 1))
    first = Tape(side).say(Said(bid=100_000, ask=100_001))
    assert tape.worth[0] == first
    for before, worth in zip(levels, tape.worth[1:], strict=False):
        assert worth - first == MNQ.usd(before - 100_000) * side.sign
