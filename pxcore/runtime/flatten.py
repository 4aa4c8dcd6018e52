"""Flatten one account by REST alone, with proof: the engine's machine, driven without an engine.

For leftovers at start, for `px flatten`, and as the last resort when a session has died.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from loguru import logger

from pxcore.clock import Clock
from pxcore.engine.commands import CancelOrder, ClosePosition, Command, Notice, TakeSnapshot
from pxcore.engine.events import (
    Answer,
    CancelAnswered,
    ClockTick,
    Event,
    SnapshotFailed,
    SnapshotTaken,
)
from pxcore.engine.flatten import Flattener
from pxcore.model import PxError, Snapshot
from pxcore.runtime.flatten_record import FlattenRecord
from pxcore.runtime.venue import Venue

_STEP_S = 0.05
_CONFIRM_S = 3.0


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
    is_taking_over: bool = False,
    may_still_arrive: Callable[[datetime], bool] = lambda now: False,
    sleep: Callable[[float], None] = time.sleep,
) -> Snapshot:
    """Nothing is held and no order is alive on the account: the look that shows it is returned.

    `clock` goes on whatever the market does, and the venue has the same. `timeout_s` in seconds
    of ours. `is_taking_over` says that a session which may have sent
    orders has just died: its last instructions may still be under way, so that the first round
    waits for a second look, and flat must be seen twice, some seconds apart. While an entry
    `may_still_arrive`, flat is no proof. What is sent and seen goes into `record`. Raises NotFlat
    when there is no such look by then.
    """
    numbers = iter(range(1, 1_000_000))
    flattener = Flattener(
        reason=reason,
        number_request=lambda: next(numbers),
        round_s=15.0 * clock.speed,
        confirm_s=_CONFIRM_S * clock.speed if is_taking_over else 0.0,
        is_taking_over=is_taking_over,
        may_still_arrive=may_still_arrive,
        scale=clock.speed,
    )
    deadline = clock.now() + timedelta(seconds=timeout_s * clock.speed)
    look = TakeSnapshot(request=0, why=reason, is_urgent=True)
    record.command(look)
    first = venue.ask(look)
    record.event(first)
    if not isinstance(first, SnapshotTaken | SnapshotFailed):
        raise AssertionError(f"a look was answered with {first}")
    seen = first.snapshot if isinstance(first, SnapshotTaken) else first
    pending: list[Command] = flattener.begin(
        clock.now(),
        orders=seen.orders or (),
        held=[p.contract_id for p in seen.positions or () if not p.is_flat],
    )
    while flattener.proof is None:
        if clock.now() >= deadline:
            raise NotFlat(f"flatten ({reason}): not proven flat within {timeout_s:g} s")
        if not pending:
            sleep(_STEP_S)
            pending = flattener.step(ClockTick(at=clock.now()))
            continue
        command = pending.pop(0)
        record.command(command)
        answer = _carry_out(command, venue, say)
        if isinstance(answer, CancelAnswered) and answer.answer is Answer.UNKNOWN:
            pending.sort(key=lambda command: not isinstance(command, ClosePosition))
        if answer is not None:
            record.event(answer)
            pending += flattener.step(answer)
    for command in pending:  # the receipt
        record.command(command)
    return flattener.proof


def _carry_out(command: Command, venue: Venue, say: Callable[[Notice], None]) -> Event | None:
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
