"""What a journal row is: one numbered line of JSON per thing that happened, in order.

Decisions are `command` rows: an entry that a gate refused (`denied`, with both numbers), a change
of the position's phase (the notice `phase.*`) and a halt among them. A fault of our own is an
`event` row, since the engine is told of it.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Annotated, Any

import msgspec

from pxcore.engine.config import EngineConfig
from pxcore.engine.events import FillSeen, OrderSeen, PositionSeen

Moment = Annotated[datetime, msgspec.Meta(tz=True)]  # one without a zone is no moment


class RowKind(StrEnum):
    OPENED = "opened"  # the session's terms: an `Opening`
    FLATTEN = "flatten"  # of a flatten that no session made: its `FlattenTerms`
    EVENT = "event"  # what reached the engine
    COMMAND = "command"  # what left it
    REQUEST = "request"  # what left for the venue: a `Request`
    ANSWER = "answer"  # what became of it: an `Answer`
    TIMING = "timing"  # how long each step of an instruction's way took: a `Timing`
    GAP = "gap"  # rows that were lost here: a `Gap`
    CLOSED = "closed"  # how the session ended: a `Closing`
    DAY_END = "day_end"  # of a comparison with the venue: its `DayEndTerms`
    VENUE = "venue"  # what the venue then listed
    RECONCILED = "reconciled"  # what comparing found
    REPORT = "report"  # the session's daily report, without its curves


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """`seq` counts from 1 without a gap over all of the session's files; `hash` is the chain's.

    `at` is the session's own time: an event's is when it was learned, a command's that of its
    event; None where nobody said. `wall` is our clock when the row was queued, UTC, whatever the
    market's. When something happened at the venue is in the body of what has it (`happened_at`).
    `contract` is what the row is about, else the session's; empty before its terms are known.
    """

    v: int
    seq: int
    kind: RowKind
    session: str
    contract: str
    at: Moment | None
    wall: Moment
    body: msgspec.Raw
    hash: str


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """First row: everything that a replay needs besides the events. `steady_s` is the system's
    own time then, which nobody sets: with the row's `wall` it says whether that was set since.
    `has_slip`: the session's last intent may be on its slip alone (`slip`).
    """

    schema: int
    mode: str
    config: EngineConfig
    strategy: str
    strategy_params: dict[str, Any]
    paper_clock: str
    trading_day: date
    steady_s: float | None = None
    has_slip: bool = False


class FlattenTerms(msgspec.Struct, frozen=True, kw_only=True):
    """First row of a flatten by REST alone: for a session that died, at a start, or by hand."""

    account_id: int
    trading_day: date
    reason: str


class DayEndTerms(msgspec.Struct, frozen=True, kw_only=True):
    """First row of a comparison with the venue; `session_id` is None for that of a whole day."""

    account_id: int
    trading_day: date
    session_id: str | None = None


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine itself made the trading day to be: net of costs in USD, fills that count,
    contracts still held.
    """

    realised_usd: Decimal
    fills: int
    held: dict[str, int]


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """Last row. `is_flat` is true only with REST's proof; `headroom_usd_min` is the daily loss
    limit's tightest moment, None when no price was seen; `halt_reason` holds for the day, whether
    or not the store could be told.
    """

    reason: str
    is_flat: bool
    headroom_usd_min: Decimal | None
    conflated_quotes: int
    bad_records: int
    reconnects: int
    rows_dropped: int
    ledger: Ledger | None = None
    halt_reason: str | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """About to leave for the venue. `number` counts the session's requests.

    `body` is the JSON that is sent, None where it holds a secret or there is none.
    """

    number: int
    method: str
    path: str
    body: Any


class Outcome(StrEnum):
    ANSWERED = "answered"  # with whatever status
    NOT_SENT = "not_sent"  # provably nothing left
    LOST = "lost"  # it left, and no whole reply came


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the request with this number; one without an answer was never answered.

    `body` is the reply's text, cut after some thousand characters, None where it holds a secret
    or there is none; `body_bytes` is its whole length, `why` the cause when there was no reply.
    """

    number: int
    path: str
    outcome: Outcome
    status: int | None
    took_ms: float
    body: str | None
    body_bytes: int
    why: str | None


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """An instruction's way, in microseconds since what led to it arrived at our socket: decoded, in
    the inbox, decided, with the dispatcher, its request made, its intent written, its bytes with
    the system's socket, answered. `sent_us` is None where it did not leave at once: then its
    `request` row says when.
    """

    command: str
    tag: str | None
    is_at_once: bool
    decoded_us: float
    queued_us: float
    decided_us: float
    dispatched_us: float | None
    ready_us: float | None
    written_us: float | None
    sent_us: float | None
    answered_us: float


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """So many rows could not be kept here, and why. They have no numbers."""

    rows: int
    why: str


SCHEMA = 2

_CONTRACT_OF: dict[type[Any], Callable[[Any], str]] = {
    OrderSeen: attrgetter("order.contract_id"),
    PositionSeen: attrgetter("position.contract_id"),
    FillSeen: attrgetter("fill.contract_id"),
}


def contract_of(body: msgspec.Struct, default: str) -> str:
    """The contract that the body is about."""
    read = _CONTRACT_OF.get(type(body))
    if read is not None:
        return read(body)
    return getattr(body, "contract_id", default)
