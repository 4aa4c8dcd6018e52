"""Defects planted into the engine, to see that a broken invariant is found and named.

A planting fails by itself when what it replaces is no longer where it was; `reached` counts how
often it changed what the engine did.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from pxcore.engine import deadlines, gates
from pxcore.engine.book import Book
from pxcore.engine.sent import Sent


@dataclass
class Planted:
    reached: int = 0

    def instead(self, right: Any, wrong: Any) -> Any:
        """The wrong one, counted where it makes a difference."""
        self.reached += right != wrong
        return wrong


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
