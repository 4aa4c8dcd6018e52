"""Defects planted into the engine, to see that a broken invariant is found and named.

A planting fails by itself when what it replaces is no longer where it was; `reached` counts how
often it changed what the engine did.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from pxcore.engine import deadlines, flatten, flatten_looks, gates
from pxcore.engine.belief import Belief, Beliefs
from pxcore.engine.book import Book
from pxcore.engine.events import Hub
from pxcore.engine.flatten import Flattener
from pxcore.engine.flatten_looks import Looks
from pxcore.engine.in_flight import Sent
from pxcore.engine.inputs import Inputs
from pxcore.engine.market import Market
from pxcore.engine.resync import Resync
from pxcore.model import Snapshot
from pxcore.simulation.campaign import DayResult, play
from pxcore.simulation.scenario import Scenario, draw


@dataclass
class Planted:
    reached: int = 0

    def instead(self, right: Any, wrong: Any) -> Any:
        """The wrong one, counted where it makes a difference."""
        self.reached += right != wrong
        return wrong


def first_broken(
    planted: Planted,
    where: Callable[[Scenario], bool],
    *,
    day_of: Callable[[int], Scenario] = draw,
) -> DayResult:
    """The first day on which something breaks. Fails when what was planted is never reached."""
    played = (play(day) for day in map(day_of, range(500)) if where(day))
    found = next((day for day in played if day.problem is not None), None)
    assert planted.reached, "no day came to what was planted: it has moved, or means nothing"
    assert found is not None, "what was planted changes days, and breaks nothing"
    return found


def replaced(
    patch: pytest.MonkeyPatch, owner: Any, name: str, make: Callable[[Any], Callable[..., Any]]
) -> None:
    """`make` is given what stands there. Fails when that is not of the owner itself."""
    assert name in vars(owner), f"{owner.__name__} has no {name} of its own any more"
    patch.setattr(owner, name, make(vars(owner)[name]))


def blind_to_protection(patch: pytest.MonkeyPatch) -> Planted:
    planted = Planted()

    def make(judge: Any) -> Any:
        def wrong(state: Any, now: Any) -> Any:
            found = judge(state, now)
            return planted.instead(found, [o for o in found if "unprotected" not in o.why])

        return wrong

    replaced(patch, deadlines, "_phase_overdue", make)
    return planted


def without_gate(patch: pytest.MonkeyPatch, name: str) -> Planted:
    """Everything passes this one."""
    planted, check = Planted(), getattr(gates, name)
    assert gates._CHECKS_IN_ORDER.count(check) == 1, f"{name} is not asked, or twice"

    def passes(view: Any, limits: Any) -> None:
        return planted.instead(check(view, limits), None)

    checks = tuple(passes if c is check else c for c in gates._CHECKS_IN_ORDER)
    patch.setattr(gates, "_CHECKS_IN_ORDER", checks)
    return planted


def takes_any_look_for_a_proof(patch: pytest.MonkeyPatch) -> Planted:
    planted = Planted()
    replaced(
        patch,
        Sent,
        "may_still_arrive",
        lambda may: lambda self, now: planted.instead(may(self, now), False),
    )
    return planted


def miscounts_money(patch: pytest.MonkeyPatch) -> Planted:
    planted = Planted()

    def make(recount: Any) -> Any:
        def wrong(self: Book) -> None:
            recount(self)
            right = self.realised_usd
            self.realised_usd = planted.instead(right, right + len(self.fills) // 5)

        return wrong

    replaced(patch, Book, "_recount", make)
    return planted


def believes_every_price(patch: pytest.MonkeyPatch) -> Planted:
    """Nothing is a jump."""
    planted = Planted()
    replaced(
        patch,
        Beliefs,
        "_are_near",
        lambda near: lambda self, one, other: planted.instead(near(self, one, other), True),
    )
    return planted


def judges_money_by_a_doubt(patch: pytest.MonkeyPatch) -> Planted:
    """What would be lost or won at a price that nobody has confirmed."""
    planted = Planted()

    def make(right: Any) -> Any:
        def wrong(self: Market, exposure: int) -> Any:
            side = self._beliefs.bid if exposure > 0 else self._beliefs.ask
            ticks = right(self, exposure)
            return ticks if side.doubt is None else planted.instead(ticks, side.doubt.ticks)

        return wrong

    replaced(patch, Market, "exit_ticks", make)
    return planted


def keeps_a_side_that_is_gone(patch: pytest.MonkeyPatch) -> Planted:
    """As if what was there last were still there."""
    planted = Planted()

    def make(known: Any) -> Any:
        def wrong(self: Belief) -> Any:
            return planted.instead(known.fget(self), self.ticks is not None and not self.doubt)

        return property(wrong)

    replaced(patch, Belief, "is_known", make)
    return planted


def confirms_no_price(patch: pytest.MonkeyPatch) -> Planted:
    """A second event proves nothing."""
    planted = Planted()
    replaced(
        patch,
        Beliefs,
        "_proves",
        lambda proves: lambda self, one, other: planted.instead(proves(self, one, other), False),
    )
    return planted


def believes_a_look_that_contradicts_itself(patch: pytest.MonkeyPatch) -> Planted:
    """What the fills of the day say counts for nothing."""
    planted = Planted()
    replaced(
        patch,
        Looks,
        "differences_in",
        lambda right: lambda self, look: planted.instead(right(self, look), {}),
    )
    return planted


def protects_nothing(patch: pytest.MonkeyPatch) -> Planted:
    """A stop is an order like any other."""
    planted = Planted()
    for module in (flatten, flatten_looks):
        replaced(
            patch,
            module,
            "may_protect",
            lambda right: lambda order: planted.instead(right(order), False),
        )
    return planted


def believes_that_what_was_answered_was_done(patch: pytest.MonkeyPatch) -> Planted:
    """After a close, no look is needed."""
    planted = Planted()

    def make(judge: Any) -> Any:
        def wrong(self: Flattener, now: Any, look: Snapshot) -> Any:
            if self._closed:
                bare = msgspec.structs.replace(look, orders=(), positions=(), fills=())
                look = planted.instead(look, bare)
            return judge(self, now, look)

        return wrong

    replaced(patch, Flattener, "_judge", make)
    return planted


def proves_flat_by_one_look(patch: pytest.MonkeyPatch) -> Planted:
    """However old what it shows may be, and whatever the stream believes."""
    planted = Planted()

    def make(judge: Any) -> Any:
        def wrong(self: Flattener, now: datetime, look: Snapshot) -> Any:
            commands = judge(self, now, look)
            if self.proof is not None:
                return commands
            planted.reached += 1
            self._flat_since = now - timedelta(hours=1)
            return judge(self, now, look)

        return wrong

    replaced(patch, Flattener, "_judge_flat", make)
    return planted


def takes_what_a_look_does_not_list_for_gone(patch: pytest.MonkeyPatch) -> Planted:
    """At once, though it was told of a moment ago and nobody has said how it ended."""
    planted = Planted()

    def make(note: Any) -> Any:
        def wrong(self: Sent, alive: Any, fills: Any, at: Any) -> None:
            note(self, alive, fills, at)
            is_listed = any(order.id == self.order_id for order in alive)
            if self.order_id is not None and not is_listed:
                self.is_over = planted.instead(self.is_over, True)

        return wrong

    replaced(patch, Sent, "note_look", make)
    replaced(
        patch,
        Resync,
        "may_be_old",
        lambda right: (
            lambda self, now, *, lacks: planted.instead(right(self, now, lacks=lacks), False)
        ),
    )
    return planted


def passes_over_what_it_cannot_read(patch: pytest.MonkeyPatch) -> Planted:
    """The account is as well known as before."""
    planted = Planted()

    def make(right: Any) -> Any:
        def wrong(self: Inputs, event: Any) -> None:
            planted.reached += event.hub is Hub.USER

        return wrong

    replaced(patch, Inputs, "on_record_skipped", make)
    return planted


def counts_a_fill_as_often_as_it_is_told(patch: pytest.MonkeyPatch) -> Planted:
    """In the day's money."""
    planted = Planted()

    def make(see: Any) -> Any:
        def wrong(self: Book, fill: Any) -> None:
            if self.fills.get(fill.id) == fill:
                planted.reached += 1
                self.fills[-fill.id] = fill
                self._recount()
            see(self, fill)

        return wrong

    replaced(patch, Book, "see_fill", make)
    return planted
