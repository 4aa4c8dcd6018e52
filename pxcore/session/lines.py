"""What a session process says to whoever holds its pipe, one JSON object a line, and as its exit
status.
"""

from datetime import datetime
from decimal import Decimal
from enum import IntEnum

import msgspec

from pxcore.engine.commands import Level
from pxcore.host.decoding import Decoder


class ExitStatus(IntEnum):
    """Of a session's process. The last line alone proves nothing: it must come with its status."""

    FLAT = 0  # REST showed it
    NOT_PROVEN = 1  # Python's own for an error that nobody caught, too
    NOT_STARTED = 2  # nothing was sent, or another holds the account
    LEFT = 3  # nothing was sent, as asked: what is held is under its bracket


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag="progress", tag_field="line"):
    """Where the session stands. Prices in price units, as they are printed, None where
    not known; USD net of the costs booked so far. `market_late_s` is by how much a paper market
    is behind its own clock, in our time; None on a real one."""

    at: datetime
    phase: str
    exposure: int
    bid: str | None
    ask: str | None
    average_price: str | None
    stop_price: str | None
    target_price: str | None
    day_usd: Decimal | None
    headroom_usd: Decimal | None
    trades: int
    denials: int
    ends_at: datetime
    market_late_s: float | None = None


class Milestone(msgspec.Struct, frozen=True, kw_only=True, tag="milestone", tag_field="line"):
    """Something that a person would want to read in the order in which it happened."""

    at: datetime
    level: Level
    code: str
    text: str


class Ended(msgspec.Struct, frozen=True, kw_only=True, tag="ended", tag_field="line"):
    """The last line. `is_flat` only with REST's proof; `is_refused` when the session did not
    begin because another holds the account, which is then nobody's to flatten from here;
    `is_left` when it ended without sending anything, because somebody asked it to; `is_crash` when
    its process died or hung and somebody else had to take care of the account.
    """

    reason: str
    is_flat: bool
    is_refused: bool = False
    is_left: bool = False
    is_crash: bool = False


Line = Progress | Milestone | Ended

encode = msgspec.json.Encoder().encode
_line: Decoder[Line] = Decoder(Line)


def read_line(text: bytes | str) -> Line:
    """What was said. Raises ProtocolError for what is no line of a session."""
    return _line.decode(text)
