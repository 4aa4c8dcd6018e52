"""Which entries of a dead session may still be under way."""

import pytest
from engine_scenes import OPEN, Scene, kinds

from pxcore.engine.commands import PlaceEntry
from pxcore.engine.events import (
    PlaceAccepted,
    PlaceNotSent,
    PlaceRefused,
    PlaceUnknown,
    SnapshotTaken,
    TagResolved,
)
from pxcore.engine.intents import unanswered_tags
from pxcore.model import OrderStatus, OrderType, Side


@pytest.fixture
def scene() -> Scene:
    return Scene().connect()


@pytest.fixture
def entry(scene) -> PlaceEntry:
    return kinds(scene.signal(), PlaceEntry)[0]


def test_entry_without_any_answer_may_still_arrive(entry):
    assert unanswered_tags([entry]) == {entry.tag}


def test_entry_whose_answer_was_lost_may_still_arrive(entry):
    lost = PlaceUnknown(at=OPEN, tag=entry.tag, why="timed out")
    nothing = TagResolved(at=OPEN, tag=entry.tag, order=None)
    assert unanswered_tags([entry, lost, nothing]) == {entry.tag}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda s, t: PlaceAccepted(at=OPEN, tag=t, order_id=1), id="accepted"),
        pytest.param(
            lambda s, t: PlaceRefused(at=OPEN, tag=t, code_name="x", text=""), id="refused"
        ),
        pytest.param(lambda s, t: PlaceNotSent(at=OPEN, tag=t, why="away"), id="never sent"),
        pytest.param(
            lambda s, t: s.order(1, OrderType.MARKET, Side.BUY, OrderStatus.PENDING, tag=t),
            id="seen on the stream",
        ),
        pytest.param(
            lambda s, t: TagResolved(
                at=OPEN,
                tag=t,
                order=s.order(1, OrderType.MARKET, Side.BUY, OrderStatus.PENDING, tag=t).order,
            ),
            id="looked up",
        ),
        pytest.param(
            lambda s, t: SnapshotTaken(
                at=OPEN,
                request=1,
                snapshot=s.snapshot(
                    orders=(
                        s.order(1, OrderType.MARKET, Side.BUY, OrderStatus.PENDING, tag=t).order,
                    )
                ),
            ),
            id="seen by REST",
        ),
    ],
)
def test_entry_that_was_answered_or_seen_is_not_under_way(scene, entry, answer):
    assert unanswered_tags([entry, answer(scene, entry.tag)]) == set()
