"""What may be said of one run, in the form of Prefect's UI and on its API.

The strategy's own models are what the form shows: names, types, ranges, units and help. A run
without parameters trades what the settings say. Nothing here is secret: Prefect stores parameters
and shows them in clear.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, create_model

from pxcore.strategies import BUILT_IN
from pxcore.strategies.registry import Kind


def _choice(kind: Kind) -> type[BaseModel]:
    """The strategy's parameters, and its name beside them, of which there is one."""
    title = "".join(part.capitalize() for part in kind.name.split("-"))
    name: Any = Literal[kind.name]
    return create_model(
        title,
        __base__=kind.params,
        __doc__=kind.summary,
        strategy=(name, Field(kind.name, description=kind.summary)),
    )


def _any_of(kinds: Iterable[Kind]) -> Any:
    return Union[tuple(_choice(kind) for kind in kinds)]  # noqa: UP007 - of models made here


class OwnStrategy(BaseModel):
    """A strategy of your own, or one that is installed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    module: str = Field(
        min_length=1, description="`module:Class`, or a name that `px strategies` lists"
    )
    params: dict[str, Any] = Field({}, description="its parameters, by name")


class SettingsStrategy(BaseModel):
    """The strategy and the parameters of the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    use: Literal["settings"] = Field("settings", description="what `.env` says")


if TYPE_CHECKING:
    Traded = BaseModel
else:
    Traded = Union[SettingsStrategy, _any_of(BUILT_IN.values()), OwnStrategy]  # noqa: UP007


class Run(BaseModel):
    """One run of the trading day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trades: Traded = Field(SettingsStrategy(), title="strategy", description="what is traded")


def settings_of(run: Run) -> dict[str, str]:
    """The run's wishes as settings, for this process and for the session that it starts."""
    chosen = run.trades
    if isinstance(chosen, SettingsStrategy):
        return {}
    if isinstance(chosen, OwnStrategy):
        name, params = chosen.module, chosen.params
    else:
        params = chosen.model_dump(mode="json")
        name = params.pop("strategy")
    return {"PX_STRATEGY": name, "PX_STRATEGY_PARAMS": json.dumps(params)}


@contextmanager
def in_force(run: Run) -> Iterator[None]:
    """Meanwhile the settings of this process, and of what it starts, are those of the run."""
    before = {name: os.environ.get(name) for name in settings_of(run)}
    os.environ.update(settings_of(run))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
