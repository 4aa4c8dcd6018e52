"""When REST is looked at, and what its answer is worth."""

from engine_scenes import Scene, kinds

from pxcore.engine.commands import ClosePosition, TakeSnapshot
from pxcore.engine.events import Hub, HubUp


def test_account_is_looked_at_while_a_hub_stays_away_and_a_strangers_position_is_flattened():
    scene = Scene()
    scene.tell(HubUp(at=scene.now, hub=Hub.USER))  # the market hub never comes
    assert not kinds(scene.pass_time(29), TakeSnapshot)

    assert kinds(scene.pass_time(1.5), TakeSnapshot)
    scene.answer_snapshot(scene.snapshot(positions=(scene.position(1).position,)))
    scene.pass_time(6)

    assert kinds(scene.said, ClosePosition)


def test_look_while_a_hub_is_away_leaves_the_state_unknown_and_is_repeated():
    scene = Scene()
    scene.tell(HubUp(at=scene.now, hub=Hub.USER))
    scene.pass_time(1)
    scene.pass_time(31)
    scene.answer_snapshot(scene.snapshot())
    assert not scene.engine.resync.is_known

    assert not kinds(scene.pass_time(29), TakeSnapshot)
    assert kinds(scene.pass_time(2), TakeSnapshot)


def test_last_hub_that_comes_back_is_followed_by_a_look_at_once():
    scene = Scene()
    scene.tell(HubUp(at=scene.now, hub=Hub.USER))
    scene.pass_time(1)

    assert kinds(scene.tell(HubUp(at=scene.now, hub=Hub.MARKET)), TakeSnapshot)
