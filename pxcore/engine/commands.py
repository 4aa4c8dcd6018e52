"""Everything that the engine can want done. The shell does it and answers with an event.

`PlaceEntry`, `PlaceStop`, `CancelOrder`, `ClosePosition` and `MoveStop` are instructions: each is
sent at most once.
`TakeSnapshot` and `ResolveTag` are questions: they may be asked again.
The rest is for people and for the record.
"""

from decimal import Decimal
from enum import StrEnum

import msgspec

from pxcore.model import Bracket, Side


class _Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="command"):
    """What all commands share: the field of their tag."""


class PlaceEntry(_Command, frozen=True, kw_only=True, tag="place_entry"):
    """A market entry with both legs of its bracket. `tag` is ours, new for ever."""

    tag: str
    contract_id: str
    side: Side
    size: int
    bracket: Bracket
    reason: str


class PlaceStop(_Command, frozen=True, kw_only=True, tag="place_stop"):
    """A stop on its own, for a position whose stop leg is missing. `tag` is ours, new for ever."""

    tag: str
    contract_id: str
    side: Side
    size: int
    stop_ticks: int
    reason: str


class CancelOrder(_Command, frozen=True, kw_only=True, tag="cancel_order"):
    order_id: int
    contract_id: str


class ClosePosition(_Command, frozen=True, kw_only=True, tag="close_position"):
    """Close the contract's whole net position at market."""

    contract_id: str


class MoveStop(_Command, frozen=True, kw_only=True, tag="move_stop"):
    """Change the level of a working stop, nearer to the market."""

    order_id: int
    contract_id: str
    stop_ticks: int


class TakeSnapshot(_Command, frozen=True, kw_only=True, tag="take_snapshot"):
    """`is_urgent` for one that a flatten waits for: it may use the requests kept for that."""

    request: int
    why: str
    is_urgent: bool = False


class ResolveTag(_Command, frozen=True, kw_only=True, tag="resolve_tag"):
    """Find out what became of the order with this tag."""

    tag: str


class Gate(StrEnum):
    """The gates that an entry passes, in this order."""

    KILL_SWITCH = "kill_switch"
    HALTED = "halted"
    PAUSED = "paused"
    PRESENCE = "presence"
    WINDOW = "window"
    NO_ENTRY = "no_entry"
    CLOCK = "clock"
    STATE_UNKNOWN = "state_unknown"
    STALE_DATA = "stale_data"
    SPREAD = "spread"
    ACCOUNT = "account"
    NOT_FLAT = "not_flat"
    TRADES_MAX = "trades_max"
    ENTRY_RATE = "entry_rate"
    NOT_SENT = "not_sent"
    COOLDOWN = "cooldown"
    LOSSES_IN_A_ROW = "losses_in_a_row"
    LOSS_HEADROOM = "loss_headroom"
    DRAWDOWN = "drawdown"
    LOSS_FLOOR = "loss_floor"
    SIZE = "size"
    BRACKET = "bracket"


class Unit(StrEnum):
    """What the two numbers of a refusal are; `STATE` has none, its `detail` says it."""

    TIME = "time"  # a moment, UTC
    SECONDS = "seconds"
    TICKS = "ticks"
    USD = "usd"
    CONTRACTS = "contracts"
    TRADES = "trades"
    ENTRIES = "entries"
    LOSSES = "losses"
    STATE = "state"


class Denied(_Command, frozen=True, kw_only=True, tag="denied"):
    """An entry that a gate refused, with the two numbers compared: `value` was found, `limit` is
    allowed, empty where that is not known. Read them with `refusals.refusal_of`.

    Journals of before 0.2 have no `unit`: there both are words for a person.
    """

    gate: Gate
    value: str
    limit: str
    unit: Unit | None = None
    detail: str = ""
    side: Side
    reason: str


class Level(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ALARM = "alarm"


class Notice(_Command, frozen=True, kw_only=True, tag="notice"):
    """Something a person would want to know now."""

    level: Level
    code: str
    text: str


class Halt(_Command, frozen=True, kw_only=True, tag="halt"):
    """Open nothing more today. Latched for the trading day by whoever keeps the record."""

    reason: str


class PeakSeen(_Command, frozen=True, kw_only=True, tag="peak"):
    """The day's profit has never stood so high. A later session of the day begins from it."""

    peak_usd: Decimal


class FallSeen(_Command, frozen=True, kw_only=True, tag="fall"):
    """The day's profit has never stood so far below its peak, or so near a limit on losses."""

    fall_usd: Decimal
    headroom_usd: Decimal | None = None


class FlatProven(_Command, frozen=True, kw_only=True, tag="flat_proven"):
    """REST showed nothing held and nothing alive, after `attempts` rounds.

    `stream_differs`: what the stream still believed then, one sentence each; empty when both said
    flat, or where there is no stream.
    """

    attempts: int
    balance_usd: Decimal
    stream_differs: tuple[str, ...] = ()


class EndSession(_Command, frozen=True, kw_only=True, tag="end_session"):
    """Nothing is left to do and flat is proven."""

    reason: str


Command = (
    PlaceEntry
    | PlaceStop
    | CancelOrder
    | ClosePosition
    | MoveStop
    | TakeSnapshot
    | ResolveTag
    | Denied
    | Notice
    | Halt
    | PeakSeen
    | FallSeen
    | FlatProven
    | EndSession
)


def tag_of(command: Command) -> str | None:
    """Our own tag of the order that it places, None of everything else."""
    return command.tag if isinstance(command, PlaceEntry | PlaceStop) else None
