"""What the shell asks of the venue, and how each answer becomes an event.

The one place that translates the gateway's errors into what the engine understands.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, TypedDict

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
from pxcore.gateway.rest import GatewayClient, Urgency, outgoing
from pxcore.gateway.rest.outgoing import Outgoing
from pxcore.gateway.rest.ready import Ready
from pxcore.gateway.wire.endpoints import Done, Placed
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
        return self._told(
            instruction, lambda: self._client.instruct(self._outgoing(instruction, contract))
        )

    def at_once(
        self, instruction: Instruction, contract: Contract | None = None
    ) -> Ready[Event] | None:
        """It, ready to leave without waiting for anything; None when it could not leave now: then
        `instruct`.
        """
        try:
            ready = self._client.at_once(self._outgoing(instruction, contract))
        except (Misconfigured, Unavailable):
            return None  # `instruct` says why
        return None if ready is None else ready.told(partial(self._told, instruction))

    def _outgoing(self, instruction: Instruction, contract: Contract | None) -> Outgoing[Any]:
        """Raises Misconfigured for what the venue cannot take, Unavailable without its contract."""
        account_id = self._account_id
        match instruction:
            case CancelOrder(order_id=order_id):
                return outgoing.cancel(account_id, order_id)
            case ClosePosition(contract_id=contract_id):
                return outgoing.close(account_id, contract_id)
        if contract is None or contract.id != instruction.contract_id:
            raise Unavailable(f"no contract {instruction.contract_id} here")
        match instruction:
            case PlaceEntry():
                return outgoing.place_entry(account_id, instruction, contract)
            case PlaceStop():
                return outgoing.place_stop(account_id, instruction, contract)
            case MoveStop(order_id=order_id, stop_ticks=ticks):
                change = OrderChange(stop_ticks=ticks)
                return outgoing.modify(account_id, order_id, change, contract)

    def _told(self, instruction: Instruction, send: Callable[[], Placed | Done]) -> Event:
        """What became of it, by what `send` returns or raises."""
        match instruction:
            case PlaceEntry(tag=tag) | PlaceStop(tag=tag):
                return self._placed(tag, send)
            case CancelOrder(order_id=order_id):
                answer = self._answer(send)
                return CancelAnswered(at=self._clock.now(), order_id=order_id, answer=answer)
            case MoveStop(order_id=order_id):
                answer = self._answer(send)
                return MoveAnswered(at=self._clock.now(), order_id=order_id, answer=answer)
            case ClosePosition(contract_id=contract_id):
                answer = self._answer(send)
                return CloseAnswered(at=self._clock.now(), contract_id=contract_id, answer=answer)

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

    def keep_ready(self) -> None:
        """For a thread with time, about once a second: so that the next instruction may leave at
        once.
        """
        self._client.keep_ready()

    def _placed(self, tag: str, send: Callable[[], Placed | Done]) -> Event:
        try:
            placed = send()
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
        assert isinstance(placed, Placed)
        return PlaceAccepted(at=self._clock.now(), tag=tag, order_id=placed.order_id)

    @staticmethod
    def _answer(send: Callable[[], object]) -> SendOutcome:
        try:
            send()
        except Refused as error:
            return SendOutcome.GONE if error.code_name in _GONE else SendOutcome.REFUSED
        except Unavailable:
            return SendOutcome.NOT_SENT
        except PxError:
            return SendOutcome.UNKNOWN
        return SendOutcome.DONE
