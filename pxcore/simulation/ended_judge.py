"""Whether anybody went on trading after the venue, or a person, had ended the day.

A session is told by an account that may not trade, by an order that closed what the session held
and that nobody here sent, or by a refusal that says that the market is closed. Which orders are
whose is the exchange's truth.
"""

from typing import Final

from pxcore.engine.commands import Command, FlatProven, Notice, PlaceEntry
from pxcore.engine.events import (
    AccountSeen,
    Event,
    FillSeen,
    OrderSeen,
    PlaceAccepted,
    PlaceRefused,
    SnapshotTaken,
    TagResolved,
)
from pxcore.model import Fill, Order, OrderType
from pxcore.paper.exchange import FillMade, OrderChanged, VenueEvent
from pxcore.simulation.told import FLATTENS
from pxcore.simulation.violations import Invariant, Violation

_LEGS: Final = 2
_CLOSED: Final = "not in an active trading status"


class EndedJudge:
    """`closes` are the orders that our own closes made at the venue."""

    def __init__(self, contract_id: str, closes: set[int]) -> None:
        self._contract_id = contract_id
        self._closes = closes
        self._orders: dict[int, Order] = {}
        self._net = 0
        self._opener: int | None = None
        self._last: set[int] = set()  # fills after which nothing was held
        self._taken: dict[int, int] = {}  # by order that closed: the entry of ours that had opened
        self._told: str | None = None
        self.start_over()

    def start_over(self) -> None:
        """What the day's sessions were told stays told: the halt is the day's."""
        self._known: set[int] = set()  # orders that this session was told of, and not closed itself
        self._legs: dict[int, set[int]] = {}
        self._is_flattening = False

    # -- what happens -------------------------------------------------------------------------

    def see(self, happened: VenueEvent) -> None:
        if isinstance(happened, OrderChanged):
            self._orders[happened.order.id] = happened.order
        elif isinstance(happened, FillMade) and happened.fill.contract_id == self._contract_id:
            self._see_fill(happened.fill)

    def _see_fill(self, fill: Fill) -> None:
        before, self._net = self._net, self._net + fill.signed_size
        if not self._net:
            self._last.add(fill.id)
        if not before:
            self._opener = fill.order_id
        elif before * fill.signed_size < 0 and self._is_strange(self._orders[fill.order_id]):
            opener = self._opener
            if opener is not None and (self._orders[opener].tag or "").startswith("px-"):
                self._taken[fill.order_id] = opener

    def _is_strange(self, order: Order) -> bool:
        is_close = order.type is OrderType.MARKET and order.tag is None and order.parent_id is None
        return is_close and order.id not in self._closes

    # -- what a session is told and says ------------------------------------------------------

    def learned(self, event: Event, commands: tuple[Command, ...]) -> None:
        if not self._is_flattening:
            self._hear(event)
        self._note_lock(event)
        for command in commands:
            match command:
                case PlaceEntry(tag=tag) if self._told is not None:
                    raise Violation(Invariant.DAY_OVER, f"entry {tag} after {self._told}")
                case Notice(code=code) if code == FLATTENS:
                    self._is_flattening = True
                    self._known.clear()
                case FlatProven():
                    self._is_flattening = False
                case _:
                    pass

    def _hear(self, event: Event) -> None:
        match event:
            case PlaceAccepted(order_id=order_id):
                self._known.add(order_id)
            case TagResolved(order=order) if order is not None:
                self._known.add(order.id)
            case OrderSeen(order=order):
                self._known.add(order.id)
                if order.parent_id is not None:
                    self._legs.setdefault(order.parent_id, set()).add(order.id)
                if order.filled_size and self._taken.get(order.id) in self._known:
                    self._told = f"order {order.id} closed the position"
            case FillSeen(fill=fill):
                self._hear_fill(fill)
            case SnapshotTaken(snapshot=snapshot):
                for fill in snapshot.fills:
                    self._hear_fill(fill)
            case PlaceRefused(text=text) if _CLOSED in text:
                self._told = "the market was closed"
            case _:
                pass

    def _hear_fill(self, fill: Fill) -> None:
        """The last one of an order that must be somebody else's, once both legs are known."""
        opener = self._taken.get(fill.order_id) if fill.id in self._last else None
        if (
            opener is not None
            and opener in self._known
            and len(self._legs.get(opener, ())) == _LEGS
        ):
            self._told = f"fill {fill.id} of order {fill.order_id} closed the position"

    def _note_lock(self, event: Event) -> None:
        account = None
        if isinstance(event, AccountSeen):
            account = event.account
        elif isinstance(event, SnapshotTaken):
            account = event.snapshot.account
        if account is not None and not account.can_trade:
            self._told = "the account was locked"
