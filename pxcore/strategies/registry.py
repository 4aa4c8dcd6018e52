"""Which strategies there are: the built-in ones, by name, and what a class must be to be one."""

from collections.abc import Callable
from typing import Any

import msgspec

from pxcore.engine.strategy import Strategy
from pxcore.model import Misconfigured
from pxcore.strategies.hold import Hold
from pxcore.strategies.opening_range_breakout import OpeningRangeBreakout
from pxcore.strategies.params import Described, Params, describe_params
from pxcore.strategies.timed_entry import TimedEntry
from pxcore.strategies.trade_on_start import TradeOnStart
from pxcore.strategies.vwap_reversion import VwapReversion


class NoParams(Params):
    """Of a strategy that takes none."""


class StrategyKind(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy before it is made: its parameters' model, and how one is made of them."""

    name: str
    summary: str
    params: type[Params]
    make: Callable[[Any], Strategy]


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy for a reader."""

    name: str
    summary: str
    params: tuple[Described, ...]


def describe(kind: StrategyKind) -> Description:
    return Description(name=kind.name, summary=kind.summary, params=describe_params(kind.params))


def kind_of(name: str, given: object) -> StrategyKind:
    """What the class makes: one with `name`, `on_event` and, if it takes any, `Params`.

    Raises Misconfigured, saying what is missing, for anything else.
    """
    if not isinstance(given, type):
        raise Misconfigured(f"strategy {name}: {given!r} is not a class")
    problems = []
    if not callable(getattr(given, "on_event", None)):
        problems.append(f"strategy {name}: {given.__name__} has no method on_event")
    if not isinstance(getattr(given, "name", None), str):
        problems.append(f"strategy {name}: {given.__name__} has no `name`, a text")
    model = getattr(given, "Params", None)
    if model is not None and not (isinstance(model, type) and issubclass(model, Params)):
        problems.append(
            f"strategy {name}: {given.__name__}.Params is no subclass of pxcore.strategies.Params"
        )
    if problems:
        raise Misconfigured(*problems)
    return StrategyKind(
        name=name,
        summary=_first_line(given.__doc__),
        params=model or NoParams,
        make=given if model is not None else lambda params: given(),
    )


def _first_line(docstring: str | None) -> str:
    return (docstring or "").strip().partition("\n")[0]


BUILT_IN: dict[str, StrategyKind] = {
    each.name: kind_of(each.name, each)
    for each in (Hold, OpeningRangeBreakout, TimedEntry, TradeOnStart, VwapReversion)
}
