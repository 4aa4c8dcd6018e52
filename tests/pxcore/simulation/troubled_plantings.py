"""Defects planted where a day's new troubles are met: time, an ended day, brackets, strangers."""

from typing import Any

import pytest
from plantings import Planted, replaced, without_gate

from pxcore.engine import engine as engine_module
from pxcore.engine import money_watch
from pxcore.engine.book import Book
from pxcore.engine.clock_doubt import ClockDoubt
from pxcore.engine.engine import Engine
from pxcore.engine.leaving import Leaving
from pxcore.engine.state import State
from pxcore.model import MarketTrade, Quote


def trusts_a_clock_for_ever(patch: pytest.MonkeyPatch) -> Planted:
    """However long the venue does not agree, what is held stays."""
    planted = Planted()
    replaced(
        patch,
        ClockDoubt,
        "lasts",
        lambda right: lambda self, now, limit_s: planted.instead(right(self, now, limit_s), False),
    )
    return planted


def does_not_notice_a_standstill(patch: pytest.MonkeyPatch) -> Planted:
    planted = Planted()
    replaced(
        patch,
        ClockDoubt,
        "stood_still",
        lambda right: lambda self, now: planted.instead(right(self, now), None),
    )
    return planted


def notices_a_standstill_by_what_is_no_price(patch: pytest.MonkeyPatch) -> Planted:
    """Prices that come first after it are taken for those of any moment."""
    planted = Planted()

    def make(right: Any) -> Any:
        def wrong(self: Engine, event: Any) -> Any:
            self.state.clock.is_deaf = isinstance(event, Quote | MarketTrade)
            return right(self, event)

        return wrong

    def make_deaf(right: Any) -> Any:
        def wrong(self: ClockDoubt, now: Any) -> Any:
            if self.is_deaf and self._told_at is not None:
                planted.reached += (now - self._told_at) > self._still
                return None
            return right(self, now)

        return wrong

    replaced(patch, Engine, "step", make)
    replaced(patch, ClockDoubt, "stood_still", make_deaf)
    return planted


def judges_at_once_on_waking(patch: pytest.MonkeyPatch) -> Planted:
    """Before what waited has been heard."""
    planted = Planted()
    replaced(
        patch,
        ClockDoubt,
        "is_waking",
        lambda right: lambda self, now, limits: planted.instead(right(self, now, limits), False),
    )
    return planted


def goes_on_after_the_venue(patch: pytest.MonkeyPatch) -> Planted:
    """Whoever closed it, or locked the account."""
    planted = Planted()
    replaced(
        patch,
        engine_module,
        "taken_away",
        lambda right: lambda state, event: planted.instead(right(state, event), None),
    )
    return planted


def looks_at_its_own_legs_alone(patch: pytest.MonkeyPatch) -> Planted:
    """Who leaves does not see what else is alive on its contract."""
    planted = Planted()
    replaced(
        patch,
        Leaving,
        "_is_alone",
        lambda right: lambda self: planted.instead(right(self), True),
    )
    return planted


def listens_to_everybody(patch: pytest.MonkeyPatch) -> Planted:
    """What strangers do in other contracts is taken in."""
    planted = Planted()
    replaced(
        patch,
        engine_module,
        "narrowed",
        lambda right: lambda event, scope: planted.instead(right(event, scope), event),
    )
    return planted


def counts_what_others_hold(patch: pytest.MonkeyPatch) -> Planted:
    """To the strategy, all that is held on the account is its own."""
    planted = Planted()

    def make(right: Any) -> Any:
        def wrong(self: State, now: Any) -> Any:
            view = right(self, now)
            held = sum(h.exposure for h in self.book.holdings.values())
            return planted.instead(view, type(view)(**_fields(view) | {"exposure": held}))

        return wrong

    replaced(patch, State, "market_view", make)
    return planted


def counts_its_own_money_alone(patch: pytest.MonkeyPatch) -> Planted:
    """What others lose elsewhere does not bring the daily limit nearer."""
    planted = Planted()

    def make(recount: Any) -> Any:
        def wrong(self: Book) -> None:
            recount(self)
            own = (f.net_usd for f in self.fills.values() if f.contract_id == self.contract_id)
            self.realised_usd = planted.instead(self.realised_usd, sum(own, start=0))

        return wrong

    replaced(patch, Book, "_recount", make)
    return planted


def forgets_the_daily_limit(patch: pytest.MonkeyPatch) -> Planted:
    """No entry is refused for it, and no day is ended."""
    planted = without_gate(patch, "_headroom")
    replaced(
        patch,
        money_watch,
        "breach",
        lambda right: lambda money, limits: planted.instead(right(money, limits), None),
    )
    return planted


def _fields(view: Any) -> dict[str, Any]:
    return {name: getattr(view, name) for name in view.__struct_fields__}
