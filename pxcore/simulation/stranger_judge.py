"""What a person does in another contract: left alone where the settings say so, and never ours.

Their money is the account's, and counts for its limits.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal

from msgspec.structs import replace

from pxcore.engine.commands import (
    CancelOrder,
    ClosePosition,
    Command,
    MoveStop,
    PlaceEntry,
    PlaceStop,
)
from pxcore.engine.events import Event, OrderSeen, PositionSeen, SnapshotTaken
from pxcore.engine.strategy import MarketView, Signal, Strategy
from pxcore.model import Fill, Foreign, Scope
from pxcore.simulation.scenario import Scenario
from pxcore.simulation.stranger import SIZE_MIN
from pxcore.simulation.violations import Invariant, Violation

_Step = Callable[[Event], list[Command]]
Journal = Iterable[tuple[Event, tuple[Command, ...]]]


class WatchedStranger:
    """A strategy, and what it was told to be held. `judge` is for who is not the engine, which
    contains whatever a strategy raises.
    """

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy
        self._wrong: MarketView | None = None
        self.name = strategy.name

    def on_event(self, event: Event, view: MarketView) -> Signal | None:
        if abs(view.exposure) >= SIZE_MIN:
            self._wrong = view
        return self._strategy.on_event(event, view)

    def judge(self) -> None:
        if self._wrong is not None:
            raise Violation(Invariant.EXPOSURE, f"{self._wrong.exposure:+d} at {self._wrong.now}")


class StrangerJudge:
    def __init__(self, scenario: Scenario) -> None:
        config = scenario.config
        self._contract_id = config.contract.id
        self._ignores = config.foreign is Foreign.IGNORE
        self._loss_usd_max = config.limits.loss_usd_max

    def judge(self, commands: Iterable[Command]) -> None:
        """Of a session, or of whoever flattens for one."""
        for command in commands:
            match command:
                case PlaceEntry() | PlaceStop() | MoveStop():
                    self._require_ours(command.contract_id, f"{command}")
                case CancelOrder() | ClosePosition() if self._ignores:
                    self._require_ours(command.contract_id, f"{command}")
                case _:
                    pass

    def judge_money(self, entry: PlaceEntry, told: Iterable[Fill]) -> None:
        """An entry, by one who was told of these fills of the account."""
        made_usd = sum((f.net_usd for f in told), Decimal(0))
        if made_usd <= -self._loss_usd_max:
            raise Violation(Invariant.MONEY_OF_ALL, f"entry {entry.tag} with {made_usd} USD made")

    def judge_replay(self, step: _Step, journal: Journal) -> None:
        """Where others are ignored, a day without them leads to the same commands."""
        for number, (event, commands) in enumerate(journal):
            kept = self._without(event)
            said = () if kept is None else tuple(step(kept))
            if said != commands:
                raise Violation(Invariant.IGNORED, f"event {number}: {commands}, without: {said}")

    def _without(self, event: Event) -> Event | None:
        match event:
            case OrderSeen(order=order):
                return event if order.contract_id == self._contract_id else None
            case PositionSeen(position=position):
                return event if position.contract_id == self._contract_id else None
            case SnapshotTaken(snapshot=snapshot):
                return replace(event, snapshot=snapshot.only(Scope.of((self._contract_id,))))
            case _:
                return event

    def _require_ours(self, contract_id: str, what: str) -> None:
        if contract_id != self._contract_id:
            raise Violation(Invariant.SCOPE, what)
