"""What is found on the account: whose it is, what is said of it, adopted, ignored or refused."""

import pytest
from engine_scenes import MNQ, Scene, kinds
from msgspec.structs import replace

from pxcore.engine.commands import (
    CancelOrder,
    ClosePosition,
    MoveStop,
    Notice,
    PlaceEntry,
    PlaceStop,
)
from pxcore.engine.config import ExitTerms
from pxcore.engine.events import (
    Ask,
    Asked,
    CloseAnswered,
    PlaceAccepted,
    SendOutcome,
    SnapshotFailed,
)
from pxcore.engine.phase import Phase
from pxcore.engine.start_check import OrphanRemedy, found_in, remedy_for
from pxcore.engine.strategy import Exit
from pxcore.model import Foreign, Leftovers, OrderStatus, OrderType, Side

OTHER = "CON.F.US.MES.Z26"
SESSIONS = ("px-20261120-143000-ab12",)


def stop_of(scene, *, order_id=71, side=Side.SELL, size=1, ticks=99_950, tag=None):
    seen = scene.order(order_id, OrderType.STOP, side, OrderStatus.OPEN, size=size, tag=tag)
    return replace(seen.order, stop_ticks=ticks)


def begun(scene, *, size=1, orders=()):
    """Connected, and the first look shows this position with these orders."""
    opened = scene.fill(1, 70, Side.BUY if size > 0 else Side.SELL, 100_001, size=abs(size)).fill
    found = scene.snapshot(
        positions=(scene.position(size).position,), orders=tuple(orders), fills=(opened,)
    )
    return scene.connect(found)


def foreign_notices(scene) -> list[str]:
    return [n.text for n in kinds(scene.said, Notice) if n.code == "foreign"]


# -- adopting what the session begins with ----------------------------------------------------


def test_adopted_position_with_a_stop_goes_on_guarded_and_no_entry_is_sent_beside_it():
    scene = Scene(adopts_opening=1)
    begun(scene, orders=(stop_of(scene),))

    assert scene.engine.state.phase is Phase.PROTECTED
    assert not kinds(scene.pass_time(20), ClosePosition, CancelOrder)
    assert not kinds(scene.signal(), PlaceEntry)


def test_adopted_position_without_a_stop_is_flattened_at_the_deadline():
    scene = Scene(adopts_opening=1)
    begun(scene)

    assert not kinds(scene.pass_time(4), ClosePosition)
    assert kinds(scene.pass_time(1.5), ClosePosition)


def test_adopted_position_without_a_stop_gets_one_of_ours_where_that_is_allowed():
    scene = Scene(adopts_opening=1, places_stops=True)
    begun(scene)
    scene.pass_time(4)
    scene.price(100_000, 100_001)

    (stop,) = kinds(scene.pass_time(1.5), PlaceStop)

    assert (stop.side, stop.size, stop.stop_ticks) == (Side.SELL, 1, 100_001 - 20)
    scene.tell(PlaceAccepted(at=scene.now, tag=stop.tag, order_id=90))
    scene.tell(
        scene.order(
            90, OrderType.STOP, Side.SELL, OrderStatus.OPEN, tag=stop.tag, stop_ticks=99_981
        )
    )
    assert scene.engine.state.phase is Phase.PROTECTED


@pytest.mark.parametrize(
    "orders",
    [
        pytest.param({"size": 2}, id="stop for more than is held"),
        pytest.param({"side": Side.BUY}, id="stop on the opening side"),
    ],
)
def test_adopted_position_whose_stop_does_not_fit_is_flattened(orders):
    scene = Scene(adopts_opening=1)
    begun(scene, orders=(stop_of(scene, **orders),))

    assert kinds(scene.pass_time(5.5), ClosePosition)


def test_adopted_position_with_an_order_that_would_add_to_it_is_flattened():
    scene = Scene(adopts_opening=1)
    adding = scene.order(
        72, OrderType.STOP_LIMIT, Side.BUY, OrderStatus.OPEN, limit_ticks=100_100
    ).order
    begun(scene, orders=(stop_of(scene), adding))

    assert kinds(scene.pass_time(5.5), ClosePosition)


def test_stop_of_an_adopted_position_follows_the_market_once_no_earlier_move_can_arrive():
    scene = Scene(adopts_opening=1, exits=ExitTerms(trail_ticks=10))
    begun(scene, orders=(stop_of(scene),))
    for _ in range(3):  # 20 s in which a lost request may arrive, 10 s for its answer
        scene.pass_time(9.9)
        scene.price(100_000, 100_001)
    assert not kinds(scene.said, MoveStop)

    scene.pass_time(0.5)
    (move,) = kinds(scene.said, MoveStop)

    assert (move.order_id, move.stop_ticks) == (71, 99_990)  # 10 behind the bid of 100000


def test_only_what_the_session_begins_with_is_adopted():
    scene = Scene(adopts_opening=1).connect()
    scene.tell(scene.fill(1, 70, Side.BUY, 100_001))
    scene.tell(scene.order(70, OrderType.MARKET, Side.BUY, OrderStatus.FILLED, filled_size=1))
    scene.tell(scene.position(1))
    scene.pass_time(0.1)
    scene.tell(replace(scene.order(71, OrderType.STOP, Side.SELL, OrderStatus.OPEN)))

    assert kinds(scene.pass_time(5.5), ClosePosition)


# -- strangers while a session runs -----------------------------------------------------------


def test_strangers_position_is_adopted_while_the_session_runs_where_the_setting_says_so():
    scene = Scene(foreign=Foreign.ADOPT, places_stops=True).connect()
    scene.tell(scene.fill(1, 70, Side.SELL, 100_000))
    scene.tell(scene.order(70, OrderType.MARKET, Side.SELL, OrderStatus.FILLED, filled_size=1))
    scene.tell(scene.position(-1, 100_000))
    scene.pass_time(4)
    scene.price(100_000, 100_001)

    (stop,) = kinds(scene.pass_time(1.5), PlaceStop)

    assert (stop.side, stop.stop_ticks) == (Side.BUY, 100_020)
    assert foreign_notices(scene) == [f"a position of -1 {MNQ.id} is not ours (PX_FOREIGN=adopt)"]


def test_strangers_order_is_said_once_and_ours_are_not():
    scene = Scene().connect()
    scene.hold()
    resting = scene.order(80, OrderType.LIMIT, Side.BUY, OrderStatus.OPEN, limit_ticks=99_000)
    scene.tell(resting)
    scene.tell(resting)

    assert foreign_notices(scene) == [
        f"order 80, limit buy 1 {MNQ.id} at 99000 ticks, is not ours (PX_FOREIGN=refuse)"
    ]


def test_other_contracts_are_left_alone_where_the_setting_says_so():
    scene = Scene(foreign=Foreign.IGNORE)
    other = replace(scene.position(3).position, contract_id=OTHER)
    resting = replace(stop_of(scene, size=3), contract_id=OTHER)
    bought = replace(scene.fill(1, 70, Side.BUY, 24_000, size=3).fill, contract_id=OTHER)
    scene.connect(scene.snapshot(positions=(other,), orders=(resting,), fills=(bought,)))

    assert kinds(scene.signal(), PlaceEntry)
    assert not foreign_notices(scene)


def test_flatten_leaves_other_contracts_alone_where_the_setting_says_so():
    scene = Scene(foreign=Foreign.IGNORE)
    other = replace(scene.position(3).position, contract_id=OTHER)
    scene.connect(scene.snapshot(positions=(other,)))
    scene.hold()

    scene.pass_time(1800)

    assert [c.contract_id for c in kinds(scene.said, ClosePosition)] == [MNQ.id]
    scene.answer_snapshot(scene.snapshot(positions=(other,)))
    assert {c.contract_id for c in kinds(scene.said, ClosePosition)} == {MNQ.id}


def test_flatten_by_part_of_a_look_leaves_other_contracts_alone_too():
    """By the fills alone: what another holds elsewhere is in them as well."""
    scene = Scene(foreign=Foreign.IGNORE).connect()
    scene.hold()
    scene.tell(Asked(at=scene.now, ask=Ask.FLATTEN, why="test"))
    scene.tell(CloseAnswered(at=scene.now, contract_id=MNQ.id, answer=SendOutcome.REFUSED))
    for _ in range(4):
        scene.pass_time(20)
        net = {MNQ.id: 1, OTHER: -13}
        request = scene.asked().request
        scene.tell(SnapshotFailed(at=scene.now, request=request, why="test", fills_net=net))

    assert len(kinds(scene.said, ClosePosition)) > 1
    assert {c.contract_id for c in kinds(scene.said, ClosePosition)} == {MNQ.id}


def test_losses_in_other_contracts_count_though_their_positions_are_ignored():
    scene = Scene(foreign=Foreign.IGNORE).connect()
    lost = scene.fill(1, 70, Side.SELL, 24_000, pnl="-120")
    scene.tell(replace(lost, fill=replace(lost.fill, contract_id=OTHER)))

    assert scene.engine.ending is not None and "daily loss" in scene.engine.ending
    assert scene.engine.state.book.trades_count == 0


# -- at start ---------------------------------------------------------------------------------


def ours_and_theirs(scene):
    entry = scene.order(
        100, OrderType.MARKET, Side.BUY, OrderStatus.FILLED, tag="px-20261120-143000-ab12-0001"
    ).order
    hand = scene.order(101, OrderType.MARKET, Side.BUY, OrderStatus.FILLED, tag="hand-1").order
    return entry, hand


def test_position_is_ours_when_every_order_that_opened_it_is():
    scene = Scene()
    entry, hand = ours_and_theirs(scene)
    mine = scene.fill(1, entry.id, Side.BUY, 100_000).fill
    also = scene.fill(2, hand.id, Side.BUY, 100_000).fill
    one = scene.snapshot(positions=(scene.position(1).position,), fills=(mine,))
    two = scene.snapshot(positions=(scene.position(2).position,), fills=(mine, also))

    assert [i.is_ours for i in found_in(one, (entry, hand), sessions=SESSIONS)] == [True]
    assert [i.is_ours for i in found_in(two, (entry, hand), sessions=SESSIONS)] == [False]


def test_position_whose_fills_are_not_there_is_not_ours():
    scene = Scene()
    entry, _ = ours_and_theirs(scene)
    seen = scene.snapshot(positions=(scene.position(1).position,))

    assert [i.is_ours for i in found_in(seen, (entry,), sessions=SESSIONS)] == [False]


def test_legs_are_ours_by_their_tag_or_by_their_parents():
    scene = Scene()
    entry, _ = ours_and_theirs(scene)
    tagged = stop_of(scene, tag=f"{entry.tag}-SL")
    child = replace(stop_of(scene, order_id=72), parent_id=entry.id)
    theirs = stop_of(scene, order_id=73)
    seen = scene.snapshot(orders=(tagged, child, theirs))

    assert [i.is_ours for i in found_in(seen, (entry,), sessions=SESSIONS)] == [True, True, False]


def items(scene, what):
    entry, _ = ours_and_theirs(scene)
    fill = scene.fill(1, entry.id, Side.BUY, 100_000).fill
    position = scene.position(1).position
    found = {
        "our position": scene.snapshot(positions=(position,), fills=(fill,)),
        "our order": scene.snapshot(orders=(stop_of(scene, tag=f"{entry.tag}-SL"),)),
        "a strangers position": scene.snapshot(positions=(position,)),
        "a strangers order": scene.snapshot(orders=(stop_of(scene),)),
        "one in another contract": scene.snapshot(
            positions=(replace(position, contract_id=OTHER),)
        ),
        "nothing": scene.snapshot(),
    }[what]
    return found_in(found, (entry,), sessions=SESSIONS)


L, F, R = Leftovers, Foreign, OrphanRemedy


@pytest.mark.parametrize(
    ("what", "leftovers", "foreign", "remedy"),
    [
        ("nothing", L.REFUSE, F.REFUSE, R.NOTHING),
        ("our position", L.FLATTEN, F.REFUSE, R.FLATTEN),
        ("our position", L.ADOPT, F.REFUSE, R.ADOPT),
        ("our position", L.REFUSE, F.FLATTEN, R.REFUSE),
        ("our order", L.ADOPT, F.REFUSE, R.FLATTEN),
        ("a strangers position", L.FLATTEN, F.REFUSE, R.REFUSE),
        ("a strangers position", L.FLATTEN, F.FLATTEN, R.FLATTEN),
        ("a strangers position", L.FLATTEN, F.ADOPT, R.ADOPT),
        ("a strangers position", L.FLATTEN, F.IGNORE, R.REFUSE),
        ("a strangers order", L.FLATTEN, F.ADOPT, R.REFUSE),
        ("one in another contract", L.FLATTEN, F.IGNORE, R.NOTHING),
        ("one in another contract", L.FLATTEN, F.ADOPT, R.REFUSE),
        ("one in another contract", L.FLATTEN, F.REFUSE, R.REFUSE),
    ],
)
def test_what_is_found_meets_the_remedy_of_the_settings(what, leftovers, foreign, remedy):
    assert (
        remedy_for(
            items(Scene(), what),
            contract_id=MNQ.id,
            leftovers=leftovers,
            foreign=foreign,
            may_adopt=True,
        )
        is remedy
    )


def test_nothing_is_adopted_while_orders_of_a_dead_session_may_still_arrive():
    found = items(Scene(), "our position")
    wish = {"contract_id": MNQ.id, "leftovers": L.ADOPT, "foreign": F.REFUSE}

    assert remedy_for(found, **wish, may_adopt=False) is R.FLATTEN


def test_tag_like_ours_of_a_session_that_is_not_known_here_is_a_strangers():
    scene = Scene()
    other = replace(
        stop_of(scene), tag="px-20261120-143000-ffff-0001-SL"
    )  # another machine's, which may live
    seen = scene.snapshot(orders=(other,))

    assert [i.is_ours for i in found_in(seen, (), sessions=SESSIONS)] == [False]


class Leaver:
    """Wants out of whatever it is told that it holds."""

    name = "leaver"

    def __init__(self) -> None:
        self.exposures: list[int] = []

    def on_event(self, event, view):
        self.exposures.append(view.exposure)
        return Exit(reason="out") if view.exposure else None


@pytest.mark.parametrize("foreign", [Foreign.REFUSE, Foreign.FLATTEN, Foreign.IGNORE])
def test_strategy_does_not_see_a_stranger_s_position_and_closes_none(foreign):
    """In the very contract that it trades: of another session, or of a person."""
    scene = Scene(foreign=foreign)
    leaver = Leaver()
    scene.strategy.follow(leaver)
    begun(scene, size=2)
    said = scene.pass_time(4.0)
    said += scene.price(100_000, 100_001)
    assert set(leaver.exposures) == {0}
    assert not kinds(said, ClosePosition)


def test_position_that_was_taken_over_is_the_strategy_s():
    scene = Scene(adopts_opening=1)
    leaver = Leaver()
    scene.strategy.follow(leaver)
    begun(scene, orders=(stop_of(scene),))
    assert leaver.exposures[-1] == 1 and kinds(scene.said, ClosePosition)
