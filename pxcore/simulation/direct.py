"""The engine's commands, carried out by calling the exchange: no wire, no thread, virtual time.

The exchange's codes become answers as the gateway's do: a refusal is one, and a code that does
not say whether it was taken is an unknown outcome.
"""

from datetime import datetime
from enum import IntEnum

from pxcore.engine.commands import (
    CancelOrder,
    ClosePosition,
    Command,
    MoveStop,
    PlaceEntry,
    PlaceStop,
    ResolveTag,
    TakeSnapshot,
)
from pxcore.engine.events import (
    AccountSeen,
    CancelAnswered,
    CloseAnswered,
    Event,
    FillSeen,
    MoveAnswered,
    OrderSeen,
    PlaceAccepted,
    PlaceRefused,
    PlaceUnknown,
    PositionSeen,
    SendOutcome,
    SnapshotTaken,
    TagResolved,
)
from pxcore.gateway.wire.codes import remedy
from pxcore.model import MarketTrade, OrderStatus, OrderType, Quote, Snapshot
from pxcore.paper.exchange import (
    AccountChanged,
    Change,
    CloseCode,
    Exchange,
    FillMade,
    Leg,
    OrderChanged,
    PlaceRequest,
    PositionChanged,
    VenueEvent,
)

_CLOSING = (CloseCode.SUCCESS, CloseCode.ORDER_PENDING)
_ALIVE = (OrderStatus.OPEN, OrderStatus.PENDING, OrderStatus.SUSPENDED)
_UNDECIDED = frozenset(("PENDING", "ORDER_PENDING", "UNKNOWN_ERROR"))
_GONE = frozenset(("ORDER_NOT_FOUND", "POSITION_NOT_FOUND"))


def as_event(happened: VenueEvent, at: datetime) -> Event:
    """What the venue's hubs would have told us, learned at `at`."""
    match happened:
        case OrderChanged(order=order):
            return OrderSeen(at=at, order=order)
        case FillMade(fill=fill):
            return FillSeen(at=at, fill=fill)
        case PositionChanged(position=position):
            return PositionSeen(at=at, position=position)
        case AccountChanged(account=account):
            return AccountSeen(at=at, account=account)
        case Quote() | MarketTrade():
            return happened


class DirectVenue:
    """One account of an exchange, asked and instructed directly. `closes` are the orders that our
    own closes made there: no tag tells them from other people's.
    """

    def __init__(
        self, exchange: Exchange, account_id: int, *, closes: set[int] | None = None
    ) -> None:
        self._exchange = exchange
        self._account_id = account_id
        self._closes = set() if closes is None else closes

    def answer(self, command: Command, now: datetime, at: datetime) -> Event | None:
        """Carries the command out at `now`; the answer is learned at `at`."""
        match command:
            case PlaceEntry() | PlaceStop():
                return self._place(command, now, at)
            case CancelOrder(order_id=order_id):
                code = self._exchange.cancel(now, self._account_id, order_id).code
                return CancelAnswered(at=at, order_id=order_id, answer=_answer(code))
            case MoveStop(order_id=order_id, contract_id=contract_id, stop_ticks=ticks):
                contract = self._exchange.contract(contract_id)
                assert contract is not None
                change = Change(stop_price=contract.price(ticks))
                moved = self._exchange.modify(now, self._account_id, order_id, change).code
                return MoveAnswered(at=at, order_id=order_id, answer=_answer(moved))
            case ClosePosition(contract_id=contract_id):
                closed = self._close(now, contract_id)
                return CloseAnswered(at=at, contract_id=contract_id, answer=_answer(closed))
            case TakeSnapshot(request=request):
                return SnapshotTaken(at=at, request=request, snapshot=self.snapshot(now))
            case ResolveTag(tag=tag):
                orders = self._exchange.orders(self._account_id)
                found = next((o for o in orders if o.tag == tag), None)
                return TagResolved(at=at, tag=tag, order=found)
            case _:
                return None

    def snapshot(self, now: datetime) -> Snapshot:
        """What REST would show at that moment."""
        account = self._exchange.account(self._account_id)
        if account is None:
            raise ValueError(f"the exchange has no account {self._account_id}")
        return Snapshot(
            taken_at=now,
            account=account,
            orders=self._exchange.orders(self._account_id, *_ALIVE),
            positions=self._exchange.positions(self._account_id),
            fills=self._exchange.fills(self._account_id),
        )

    def _close(self, now: datetime, contract_id: str) -> CloseCode:
        before = {o.id for o in self._exchange.orders(self._account_id, *_ALIVE)}
        closed = self._exchange.close(now, self._account_id, contract_id).code
        made = {
            o.id
            for o in self._exchange.orders(self._account_id, *_ALIVE)
            if o.type is OrderType.MARKET and o.tag is None and o.contract_id == contract_id
        }
        if closed in _CLOSING:
            self._closes |= made - before
        return closed

    def _request(self, wanted: PlaceEntry | PlaceStop) -> PlaceRequest:
        if isinstance(wanted, PlaceStop):
            contract = self._exchange.contract(wanted.contract_id)
            assert contract is not None
            return PlaceRequest(
                contract_id=wanted.contract_id,
                type=OrderType.STOP,
                side=wanted.side,
                size=wanted.size,
                tag=wanted.tag,
                stop_price=contract.price(wanted.stop_ticks),
            )
        sign, bracket = wanted.side.sign, wanted.bracket
        return PlaceRequest(
            contract_id=wanted.contract_id,
            type=OrderType.MARKET,
            side=wanted.side,
            size=wanted.size,
            tag=wanted.tag,
            stop_loss=Leg(ticks=-sign * bracket.stop_loss_ticks, type=OrderType.STOP),
            take_profit=Leg(ticks=sign * bracket.take_profit_ticks, type=OrderType.LIMIT),
        )

    def _place(self, wanted: PlaceEntry | PlaceStop, now: datetime, at: datetime) -> Event:
        result = self._exchange.place(now, self._account_id, self._request(wanted))
        if result.code.name in _UNDECIDED:
            return PlaceUnknown(at=at, tag=wanted.tag, why=result.code.name)
        if result.code.value or result.order_id is None:
            return PlaceRefused(
                at=at,
                tag=wanted.tag,
                code_name=result.code.name,
                text=result.text or "",
                remedy=remedy(result.text) or "",
            )
        return PlaceAccepted(at=at, tag=wanted.tag, order_id=result.order_id)


def _answer(code: IntEnum) -> SendOutcome:
    if code.name == "SUCCESS":
        return SendOutcome.DONE
    if code.name in _UNDECIDED:
        return SendOutcome.UNKNOWN
    return SendOutcome.GONE if code.name in _GONE else SendOutcome.REFUSED
