"""Everything that can happen to the engine. Each event carries `at`: when we learned of it (UTC).

The union is tagged, so that a journal row decodes back into the event that the engine saw.
`Quote`, `MarketTrade` and `DepthLevel` of the model are events themselves.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from pxcore.engine.tightening import Bounds
from pxcore.model import (
    Account,
    DepthLevel,
    Fill,
    MarketTrade,
    Order,
    Position,
    Quote,
    Snapshot,
)


class Hub(StrEnum):
    USER = "user"
    MARKET = "market"


class SendOutcome(StrEnum):
    """What became of an instruction to cancel or close."""

    DONE = "done"  # the venue took it
    GONE = "gone"  # nothing there to cancel or close
    REFUSED = "refused"  # the venue said no
    UNKNOWN = "unknown"  # sent, answer lost
    NOT_SENT = "not_sent"  # it never left


class Ask(StrEnum):
    """What a person, or whoever holds our pipe, wants."""

    STOP = "stop"  # flatten and end the session
    FLATTEN = "flatten"  # flatten now, no entries until resumed
    PAUSE = "pause"  # no entries, keep what is open
    RESUME = "resume"
    LEAVE = "leave"  # end without sending anything, a protected position left to its bracket


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    at: datetime


class ClockTick(_Event, frozen=True, kw_only=True, tag="clock"):
    """Time passed. Deadlines are judged on it when nothing else happens."""


class ClockStepped(_Event, frozen=True, kw_only=True, tag="clock_stepped"):
    """The machine's clock was set by so many seconds, forward above zero. `at` does not follow."""

    by_s: float


class HubUp(_Event, frozen=True, kw_only=True, tag="hub_up"):
    """Connected and subscribed. What we know is unknown until a snapshot."""

    hub: Hub


class HubDown(_Event, frozen=True, kw_only=True, tag="hub_down"):
    hub: Hub
    reason: str


class RecordSkipped(_Event, frozen=True, kw_only=True, tag="record_skipped"):
    """Something that a hub said could not be read, or a price came, or came again, that cannot be.
    On the user hub it may have been a fill.
    """

    hub: Hub
    why: str


class OrderSeen(_Event, frozen=True, kw_only=True, tag="order"):
    order: Order


class PositionSeen(_Event, frozen=True, kw_only=True, tag="position"):
    position: Position


class FillSeen(_Event, frozen=True, kw_only=True, tag="fill"):
    fill: Fill


class AccountSeen(_Event, frozen=True, kw_only=True, tag="account"):
    account: Account


class SnapshotTaken(_Event, frozen=True, kw_only=True, tag="snapshot"):
    """The answer to the TakeSnapshot with this `request`."""

    request: int
    snapshot: Snapshot


class SnapshotFailed(_Event, frozen=True, kw_only=True, tag="snapshot_failed"):
    """No whole look. A flatten's holds what could be read: it proves nothing, but is acted on.

    `orders`, `positions` and `fills_net` are None when they were not read; the orders have no
    prices, and of a position only the contract and that it is held are sure. `fills_net` is what
    the day's fills come to, by contract, where that is not zero.
    """

    request: int
    why: str
    orders: tuple[Order, ...] | None = None
    positions: tuple[Position, ...] | None = None
    fills_net: dict[str, int] | None = None


class PlaceAccepted(_Event, frozen=True, kw_only=True, tag="place_accepted"):
    """Accepted for processing, not filled."""

    tag: str
    order_id: int


class PlaceRefused(_Event, frozen=True, kw_only=True, tag="place_refused"):
    """The venue said no. Its reason is kept in its own words; `remedy` is what a person must
    change first, empty where nothing is known to help.
    """

    tag: str
    code_name: str
    text: str
    remedy: str = ""


class PlaceNotSent(_Event, frozen=True, kw_only=True, tag="place_not_sent"):
    """It provably never left this machine."""

    tag: str
    why: str


class PlaceUnknown(_Event, frozen=True, kw_only=True, tag="place_unknown"):
    """Sent, and the answer lost."""

    tag: str
    why: str


class TagResolved(_Event, frozen=True, kw_only=True, tag="tag_resolved"):
    """The answer to a ResolveTag: the order with the tag, or None when there is none yet, or
    when it could not be asked.
    """

    tag: str
    order: Order | None


class CancelAnswered(_Event, frozen=True, kw_only=True, tag="cancel_answered"):
    order_id: int
    answer: SendOutcome


class CloseAnswered(_Event, frozen=True, kw_only=True, tag="close_answered"):
    contract_id: str
    answer: SendOutcome


class MoveAnswered(_Event, frozen=True, kw_only=True, tag="move_answered"):
    order_id: int
    answer: SendOutcome


class Asked(_Event, frozen=True, kw_only=True, tag="asked"):
    ask: Ask
    why: str


class KillSwitchSeen(_Event, frozen=True, kw_only=True, tag="kill_switch"):
    """`reason` is None when it is released; `flattens` says that what is open is closed for it.
    Released, a session that runs enters again only if that `resumes` it. (Journals of before it was
    asked do not say so: theirs did.)
    """

    reason: str | None
    flattens: bool = True
    resumes: bool = True
    why: str = ""  # it was released or entries let in, and who did it


class OperatorSeen(_Event, frozen=True, kw_only=True, tag="operator"):
    """A person said that they are there, at `seen_at`."""

    seen_at: datetime


class LimitsTightened(_Event, frozen=True, kw_only=True, tag="limits_tightened"):
    """A person wants these limits tighter from here on; `why` says who, and for what reason.

    Heeded only when none of them is looser than it is: nothing loosens a running session.
    """

    bounds: Bounds
    why: str


class ShellFault(_Event, frozen=True, kw_only=True, tag="fault"):
    """The shell cannot do its part (a full disk, say): entries stop, the position stays guarded."""

    what: str


Event = (
    Quote
    | MarketTrade
    | DepthLevel
    | ClockTick
    | ClockStepped
    | HubUp
    | HubDown
    | RecordSkipped
    | OrderSeen
    | PositionSeen
    | FillSeen
    | AccountSeen
    | SnapshotTaken
    | SnapshotFailed
    | PlaceAccepted
    | PlaceRefused
    | PlaceNotSent
    | PlaceUnknown
    | TagResolved
    | CancelAnswered
    | CloseAnswered
    | MoveAnswered
    | Asked
    | KillSwitchSeen
    | OperatorSeen
    | LimitsTightened
    | ShellFault
)
