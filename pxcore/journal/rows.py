"""What a journal row is: one numbered line of JSON per thing that happened, in order."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from pxcore.engine.config import EngineConfig


class RowKind(StrEnum):
    OPENED = "opened"  # the session's terms: an `Opening`
    EVENT = "event"  # what reached the engine
    COMMAND = "command"  # what left it
    CLOSED = "closed"  # how the session ended: a `Closing`


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """`seq` counts from 1 without a gap; `wall` is our own clock, UTC, whatever the market's."""

    seq: int
    kind: RowKind
    wall: datetime
    body: msgspec.Raw


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """First row: everything that a replay needs besides the events."""

    schema: int
    mode: str
    config: EngineConfig
    strategy: str
    strategy_params: dict[str, Any]
    paper_clock: str
    trading_day: date


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """Last row. `is_flat` is true only with REST's proof; `headroom_usd_min` is the daily loss
    limit's tightest moment, None when no price was seen.
    """

    reason: str
    is_flat: bool
    headroom_usd_min: Decimal | None
    conflated_quotes: int
    bad_records: int
    reconnects: int
    rows_dropped: int


SCHEMA = 1
