"""From a name and its parameters to a strategy: the one place that imports what a user wrote.

A name is a built-in one, `module:Class` (the working folder and PYTHONPATH are looked in), or an
entry point of the group `px.strategies` of something installed, in this order: nothing installed
can take a built-in name. Whatever goes wrong is Misconfigured: nothing has begun by then.
"""

import importlib
import os
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any

import msgspec

from pxcore.engine.strategy import Strategy
from pxcore.model import Misconfigured
from pxcore.strategies.params import Params, check_params
from pxcore.strategies.registry import BUILT_IN, StrategyKind, kind_of

GROUP = "px.strategies"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy with the parameters that it was given, both checked."""

    kind: StrategyKind
    params: Params

    @property
    def recorded_params(self) -> dict[str, Any]:
        """Every parameter as JSON, defaults included: what a replay needs."""
        return self.params.model_dump(mode="json")

    def make(self) -> Strategy:
        """A fresh one. Raises Misconfigured when it cannot be made."""
        made: Strategy = _guarded(
            self.kind.name, "cannot be made", lambda: self.kind.make(self.params)
        )
        return made


def choose_strategy(name: str, given: Mapping[str, Any]) -> Choice:
    """Raises Misconfigured when there is no such strategy, or for any of its parameters."""
    kind = find_kind(name)
    return Choice(kind=kind, params=check_params(name, kind.params, given))


def make_strategy(name: str, given: Mapping[str, Any]) -> Strategy:
    """A fresh strategy. Raises Misconfigured as `choose_strategy` does."""
    return choose_strategy(name, given).make()


def find_kind(name: str) -> StrategyKind:
    """Raises Misconfigured when there is none of the name, or it is no strategy."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    if ":" in name:
        return kind_of(name, _guarded(name, "cannot be loaded", lambda: _import(name)))
    installed = entry_points(group=GROUP, name=name)
    if not installed:
        there_are = ", ".join(sorted({*BUILT_IN, *installed_names()}))
        raise Misconfigured(
            f"strategy {name!r} is none of {there_are}, and not of the form module:Class"
        )
    if len(installed) > 1:
        raise Misconfigured(f"strategy {name!r} is installed {len(installed)} times")
    (found,) = installed
    return kind_of(name, _guarded(name, "cannot be loaded", found.load))


def installed_names() -> tuple[str, ...]:
    """Names of the entry points, loaded or not, sorted."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)} - BUILT_IN.keys()))


def _import(name: str) -> object:
    module_name, _, path = name.partition(":")
    if not module_name or not path:
        raise ImportError("it is not of the form module:Class")
    folder = os.getcwd()
    if folder not in sys.path and "" not in sys.path:
        sys.path.append(folder)  # last: a file there hides nothing that is installed
    found: object = importlib.import_module(module_name)
    for part in path.split("."):
        found = getattr(found, part)
    return found


def _guarded(name: str, what: str, action: Callable[[], Any]) -> Any:
    """What it returns. Whatever user code raises while it loads is a person's to fix."""
    try:
        return action()
    except Misconfigured:
        raise
    except (Exception, SystemExit) as error:
        raise Misconfigured(f"strategy {name} {what}: {type(error).__name__}: {error}") from error
