"""The engine's flatten machine, driven by REST alone: no engine, no hub. See `door` for who may."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from loguru import logger

from pxcore.clock.clocks import Clock
from pxcore.engine.commands import CancelOrder, ClosePosition, Command, Notice, TakeSnapshot
from pxcore.engine.events import (
    CancelAnswered,
    ClockTick,
    CloseAnswered,
    Event,
    SendOutcome,
    SnapshotFailed,
    SnapshotTaken,
)
from pxcore.engine.flatten import Flattener
from pxcore.flatten.lost_orders import LostOrders
from pxcore.flatten.record import FlattenRecord
from pxcore.host.courtesy import NoThread, Worker
from pxcore.model import PxError, Snapshot, Unavailable
from pxcore.venue.venue import Venue

_STEP_S = 0.05
_CONFIRM_S = 3.0
_ANSWER_S = 30.0  # for a look of many questions, some of them asked again
_LEAST_S = 1.0  # when the time is up: for what is on its way
_LOOK_UP_S = 2.0  # between two questions for lost orders, while nothing is held


class NotFlat(PxError):
    """Flat could not be proven in time. A person must look at the account now."""


def flatten_account(
    venue: Venue,
    *,
    clock: Clock,
    reason: str,
    timeout_s: float,
    say: Callable[[Notice], None],
    record: FlattenRecord,
    lost: LostOrders | None = None,
    is_taking_over: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Snapshot:
    """Nothing is held and no order is alive on the account: the look that shows it is returned.

    `clock` goes on whatever the market does, and the venue has the same. `timeout_s` in seconds
    of ours. `is_taking_over` says that a session which may have sent
    orders has just died: its last instructions may still be under way, so that the first round
    waits for a second look, and flat must be seen twice, some seconds apart. While an order
    is `lost`, flat is no proof: it is asked for. What is sent and seen goes into `record`. Raises
    NotFlat when there is no such look by then.
    """
    numbers = iter(range(1, 1_000_000))
    waiting = _Waiting(lost)
    flattener = Flattener(
        reason=reason,
        number_request=lambda: next(numbers),
        round_s=15.0 * clock.speed,
        confirm_s=_CONFIRM_S * clock.speed if is_taking_over else 0.0,
        is_taking_over=is_taking_over,
        may_still_arrive=waiting,
        scale=clock.speed,
    )
    deadline = clock.now() + timedelta(seconds=timeout_s * clock.speed)
    look = TakeSnapshot(request=0, why=reason, is_urgent=True)
    record.command(look)
    patient = _Patient(venue, clock, deadline)
    first = patient.ask(look)
    record.event(first)
    if not isinstance(first, SnapshotTaken | SnapshotFailed):
        raise AssertionError(f"a look was answered with {first}")
    said = _said(first)
    pending: list[Command] = flattener.begin_by_look(first)
    while flattener.proof is None:
        if clock.now() >= deadline:
            raise NotFlat(
                f"flatten ({reason}): not proven flat within {timeout_s:g} s{said}; look at the "
                "account in the platform now, and flatten it there"
            )
        if not pending:
            waiting.look_up()
            sleep(_STEP_S)
            pending = flattener.step(ClockTick(at=clock.now()))
            continue
        command = pending.pop(0)
        record.command(command)
        answer = _carry_out(command, patient, say)
        if isinstance(answer, CancelAnswered) and answer.answer is SendOutcome.UNKNOWN:
            pending.sort(key=lambda command: not isinstance(command, ClosePosition))
        if answer is not None:
            record.event(answer)
            said = _said(answer, said)
            pending += flattener.step(answer)
    for command in pending:  # the receipt
        record.command(command)
    return flattener.proof


def _said(event: Event, before: str = "") -> str:
    """Why the last look proved nothing, as far as it was one in part."""
    if isinstance(event, SnapshotFailed):
        return f"; the last look: {event.why}"
    return "" if isinstance(event, SnapshotTaken) else before


class _Waiting:
    """For lost orders: called, it says by the time alone whether one may still arrive."""

    def __init__(self, lost: LostOrders | None) -> None:
        self._lost = lost
        self._is_wanted = False  # nothing is held: now it counts
        self._next_s = 0.0

    def __call__(self, moment: datetime) -> bool:
        self._is_wanted = self._lost is not None and self._lost.may_arrive()
        return self._is_wanted

    def look_up(self) -> None:
        """Asks the venue for them, now and then."""
        if self._lost is None or not self._is_wanted or time.monotonic() < self._next_s:
            return
        self._lost.look_up()
        self._next_s = time.monotonic() + _LOOK_UP_S


class _Patient:
    """The venue, where each question and each instruction has an end: a gateway may take a request
    and answer a byte now and then. What was sent then may take effect yet.
    """

    def __init__(self, venue: Venue, clock: Clock, deadline: datetime) -> None:
        self._venue = venue
        self._clock = clock
        self._deadline = deadline
        self._worker = Worker("the gateway")  # one, so that its connection is used again

    def ask(self, look: TakeSnapshot) -> Event:
        try:
            return self._bounded(lambda: self._venue.ask(look))
        except Unavailable as error:
            return SnapshotFailed(at=self._clock.now(), request=look.request, why=str(error))

    def instruct(self, command: CancelOrder | ClosePosition) -> Event:
        try:
            return self._bounded(lambda: self._venue.instruct(command))
        except Unavailable:
            at = self._clock.now()
            if isinstance(command, CancelOrder):
                order_id = command.order_id
                return CancelAnswered(at=at, order_id=order_id, answer=SendOutcome.UNKNOWN)
            contract_id = command.contract_id
            return CloseAnswered(at=at, contract_id=contract_id, answer=SendOutcome.UNKNOWN)

    def _bounded(self, act: Callable[[], Event]) -> Event:
        left_s = (self._deadline - self._clock.now()).total_seconds() / self._clock.speed
        try:
            return self._worker.ask(act, limit_s=min(max(left_s, _LEAST_S), _ANSWER_S))
        except NoThread:
            return act()
        except Unavailable:
            self._worker = Worker("the gateway")  # the other is kept by what does not answer
            raise


def _carry_out(command: Command, venue: _Patient, say: Callable[[Notice], None]) -> Event | None:
    match command:
        case Notice():
            try:
                say(command)
            except Exception as error:  # whoever listens: no flatten ends for that
                logger.error("{} (and it cannot be said: {})", command.text, error)
            return None
        case CancelOrder() | ClosePosition():
            return venue.instruct(command)
        case TakeSnapshot():
            return venue.ask(command)
        case _:
            return None
