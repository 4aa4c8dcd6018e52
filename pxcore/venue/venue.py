"""What the shell asks of the venue, and how each answer becomes an event.

The one place that translates the gateway's errors into what the engine understands.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TypedDict

from pxcore.clock.clocks import Clock
from pxcore.engine.commands import (
    CancelOrder,
    ClosePosition,
    MoveStop,
    PlaceEntry,
    PlaceStop,
    ResolveTag,
    TakeSnapshot,
)
from pxcore.engine.events import (
    CancelAnswered,
    CloseAnswered,
    Event,
    MoveAnswered,
    PlaceAccepted,
    PlaceNotSent,
    PlaceRefused,
    PlaceUnknown,
    SendOutcome,
    SnapshotFailed,
    SnapshotTaken,
    TagResolved,
)
from pxcore.gateway.rest import GatewayClient, Urgency
from pxcore.model import (
    WHOLE,
    Contract,
    Misconfigured,
    Order,
    OrderChange,
    OutcomeUnknown,
    Position,
    PxError,
    Refused,
    Scope,
    Unavailable,
)

_GONE = frozenset(("OrderNotFound", "PositionNotFound"))

Instruction = PlaceEntry | PlaceStop | CancelOrder | ClosePosition | MoveStop
Question = TakeSnapshot | ResolveTag


class _Parts(TypedDict, total=False):
    orders: tuple[Order, ...]
    positions: tuple[Position, ...]
    fills_net: dict[str, int]


class Venue:
    """One account at the gateway. `day_start` bounds the fills of a snapshot and look-ups.

    `scope` are the contracts whose orders and positions concern us.
    """

    def __init__(
        self,
        client: GatewayClient,
        *,
        account_id: int,
        day_start: datetime,
        clock: Clock,
        scope: Scope = WHOLE,
    ) -> None:
        self._client = client
        self._account_id = account_id
        self._day_start = day_start
        self._clock = clock
        self._scope = scope

    def instruct(self, instruction: Instruction, contract: Contract | None = None) -> Event:
        """Sends it, once, and says what became of it. `contract` is the entry's or the stop's."""
        match instruction:
            case PlaceEntry() | PlaceStop():
                return self._place(instruction, contract)
            case CancelOrder(order_id=order_id):
                answer = self._answer(lambda: self._client.cancel_order(self._account_id, order_id))
                return CancelAnswered(at=self._clock.now(), order_id=order_id, answer=answer)
            case MoveStop():
                return self._move(instruction, contract)
            case ClosePosition(contract_id=contract_id):
                answer = self._answer(
                    lambda: self._client.close_position(self._account_id, contract_id)
                )
                return CloseAnswered(at=self._clock.now(), contract_id=contract_id, answer=answer)

    def _move(self, move: MoveStop, contract: Contract | None) -> Event:
        change = OrderChange(stop_ticks=move.stop_ticks)
        if contract is None or contract.id != move.contract_id:
            answer = SendOutcome.NOT_SENT
        else:
            answer = self._answer(
                lambda: self._client.modify_order(self._account_id, move.order_id, change, contract)
            )
        return MoveAnswered(at=self._clock.now(), order_id=move.order_id, answer=answer)

    def ask(self, question: Question) -> Event:
        """Asks it. There always is an answer, for the engine waits for one before it asks again."""
        match question:
            case TakeSnapshot(request=request, is_urgent=is_urgent):
                urgency = Urgency.URGENT if is_urgent else Urgency.NORMAL
                try:
                    snapshot = self._client.snapshot(
                        self._account_id, day_start=self._day_start, urgency=urgency
                    )
                except PxError as error:
                    parts = self._parts() if is_urgent else {}
                    return SnapshotFailed(
                        at=self._clock.now(), request=request, why=str(error), **parts
                    )
                return SnapshotTaken(
                    at=self._clock.now(), request=request, snapshot=snapshot.only(self._scope)
                )
            case ResolveTag(tag=tag):
                try:
                    order = self._client.resolve(self._account_id, tag, since=self._day_start)
                except PxError:
                    order = None
                return TagResolved(at=self._clock.now(), tag=tag, order=order)

    def _parts(self) -> _Parts:
        """What is alive, what is held and what was filled, each as far as it can be read."""
        parts: _Parts = {}
        holds = self._scope.holds
        with suppress(PxError):
            orders = self._client.alive_at_least(self._account_id)
            parts["orders"] = tuple(o for o in orders if holds(o.contract_id))
        with suppress(PxError):
            positions = self._client.held_at_least(self._account_id)
            parts["positions"] = tuple(p for p in positions if holds(p.contract_id))
        with suppress(PxError):
            net = self._client.fills_net(self._account_id, start=self._day_start)
            parts["fills_net"] = {c: size for c, size in net.items() if holds(c)}
        return parts

    def keep_warm(self) -> None:
        """For the thread that instructs, while it has nothing to do."""
        self._client.keep_warm()

    def _place(self, wanted: PlaceEntry | PlaceStop, contract: Contract | None) -> Event:
        tag = wanted.tag
        if contract is None or contract.id != wanted.contract_id:
            why = f"no contract {wanted.contract_id} here"
            return PlaceNotSent(at=self._clock.now(), tag=tag, why=why)
        try:
            if isinstance(wanted, PlaceEntry):
                order_id = self._client.place_entry(self._account_id, wanted, contract)
            else:
                order_id = self._client.place_stop(self._account_id, wanted, contract)
        except Refused as error:
            return PlaceRefused(
                at=self._clock.now(),
                tag=tag,
                code_name=error.code_name,
                text=error.text or "",
                remedy=error.remedy or "",
            )
        except (Unavailable, Misconfigured) as error:
            return PlaceNotSent(at=self._clock.now(), tag=tag, why=str(error))
        except OutcomeUnknown as error:
            return PlaceUnknown(at=self._clock.now(), tag=tag, why=str(error))
        return PlaceAccepted(at=self._clock.now(), tag=tag, order_id=order_id)

    @staticmethod
    def _answer(send: Callable[[], None]) -> SendOutcome:
        try:
            send()
        except Refused as error:
            return SendOutcome.GONE if error.code_name in _GONE else SendOutcome.REFUSED
        except Unavailable:
            return SendOutcome.NOT_SENT
        except PxError:
            return SendOutcome.UNKNOWN
        return SendOutcome.DONE
