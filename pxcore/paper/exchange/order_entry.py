"""Order entry: what a client tells the venue to do, taken or refused by the venue's rules.

Every answer is of the moment; what was taken is put on the agenda and happens later.
"""

from functools import partial
from typing import Literal

from pxcore.model import OrderStatus, OrderType
from pxcore.paper.exchange.codes import (
    CancelCode,
    CloseCode,
    ModifyCode,
    PartialCloseCode,
    PlaceCode,
)
from pxcore.paper.exchange.floor import Floor
from pxcore.paper.exchange.matching import Top
from pxcore.paper.exchange.messages import (
    Answered,
    BracketMode,
    Change,
    PlaceRequest,
    PlaceResult,
)
from pxcore.paper.exchange.order_desk import OrderDesk
from pxcore.paper.exchange.order_factory import closing_request
from pxcore.paper.exchange.program_rules import ProgramRules
from pxcore.paper.exchange.protection import PositionBracketOrders
from pxcore.paper.exchange.refusals import OrderFacts, modify_text, place_refusal
from pxcore.paper.faults.venue import BracketsRefused, OrderPending

_On = Literal["place", "modify", "cancel", "close"]


class OrderEntry:
    def __init__(
        self,
        floor: Floor,
        *,
        desk: OrderDesk,
        brackets: PositionBracketOrders,
        rules: ProgramRules,
    ) -> None:
        self._floor = floor
        self._orders = floor.orders
        self._books = floor.books
        self._agenda = floor.agenda
        self._config = floor.config
        self._faults = floor.faults
        self._desk = desk
        self._brackets = brackets
        self._rules = rules

    def place(self, account_id: int, request: PlaceRequest) -> PlaceResult:
        refusal = place_refusal(request, self._facts(account_id, request))
        if refusal is None:
            pending = self._pending("place")
            if pending is not None and not pending.took_effect:
                return PlaceResult(None, PlaceCode.ORDER_PENDING)
            accepted_id = self._desk.accept(account_id, request)
            if pending is not None:
                return PlaceResult(None, PlaceCode.ORDER_PENDING)
            return PlaceResult(accepted_id, PlaceCode.SUCCESS)
        order_id = self._desk.reject(account_id, request) if refusal.leaves_row else None
        return PlaceResult(order_id, refusal.code, refusal.text)

    def cancel(self, account_id: int, order_id: int) -> Answered[CancelCode]:
        if self._books.account(account_id) is None:
            return Answered(CancelCode.ACCOUNT_NOT_FOUND)
        order = self._orders.find(account_id, order_id)
        if order is None:
            return Answered(CancelCode.ORDER_NOT_FOUND)
        if not order.is_alive:
            return Answered(CancelCode.REJECTED, f"Order is already {order.status.value}.")
        if order.type is OrderType.MARKET and not order.is_working:
            return Answered(CancelCode.PENDING)
        pending = self._pending("cancel")
        if pending is None or pending.took_effect:
            action = partial(self._desk.cancel_by_hand, order_id)
            self._agenda.later(self._config.latencies.cancel_ms, action)
        return Answered(CancelCode.PENDING if pending else CancelCode.SUCCESS)

    def modify(self, account_id: int, order_id: int, change: Change) -> Answered[ModifyCode]:
        if self._books.account(account_id) is None:
            return Answered(ModifyCode.ACCOUNT_NOT_FOUND)
        order = self._orders.find(account_id, order_id)
        if order is None:
            return Answered(ModifyCode.ORDER_NOT_FOUND)
        if order.status is OrderStatus.PENDING:
            return Answered(ModifyCode.PENDING)
        if not order.is_working:
            return Answered(ModifyCode.REJECTED, f"Order is {order.status.value}.")
        contract, top = (
            self._floor.contracts[order.contract_id],
            self._floor.tops[order.contract_id],
        )
        text = modify_text(order, change, contract, top)
        if text is not None:
            return Answered(ModifyCode.REJECTED, text)
        pending = self._pending("modify")
        if pending is None or pending.took_effect:
            action = partial(self._desk.amend, order_id, change)
            self._agenda.later(self._config.latencies.modify_ms, action)
        return Answered(ModifyCode.PENDING if pending else ModifyCode.SUCCESS)

    def close(self, account_id: int, contract_id: str) -> Answered[CloseCode]:
        problem = self._close_problem(account_id, contract_id)
        if problem is not None:
            return Answered(problem)
        size = abs(self._books.held(account_id, contract_id))
        return Answered(self._close_now(account_id, contract_id, size))

    def partial_close(
        self, account_id: int, contract_id: str, size: int
    ) -> Answered[PartialCloseCode]:
        problem = self._close_problem(account_id, contract_id)
        if problem is not None:
            return Answered(PartialCloseCode[problem.name])
        if not 0 < size <= abs(self._books.held(account_id, contract_id)):
            return Answered(PartialCloseCode.INVALID_CLOSE_SIZE)
        return Answered(PartialCloseCode[self._close_now(account_id, contract_id, size).name])

    def _pending(self, on: _On) -> OrderPending | None:
        return self._faults.bites(OrderPending, self._agenda.now, lambda fault: fault.on == on)

    def _facts(self, account_id: int, request: PlaceRequest) -> OrderFacts:
        floor, rules = self._floor, self._rules
        contract, mode = floor.contracts.get(request.contract_id), self._brackets.mode(account_id)
        if request.has_legs and self._faults.bites(BracketsRefused, self._agenda.now):
            mode = BracketMode.POSITION
        return OrderFacts(
            account=self._books.account(account_id),
            bracket_mode=mode,
            contract=contract,
            top=floor.tops.get(request.contract_id, Top()),
            tags=self._orders.tags(account_id),
            is_open=contract is not None and rules.is_trading(account_id, contract),
            stop_limits=self._config.stop_limits,
            outside_hours=self._config.outside_hours,
            exposure=rules.exposure(account_id, contract, request) if contract else None,
        )

    def _close_problem(self, account_id: int, contract_id: str) -> CloseCode | None:
        if self._books.account(account_id) is None:
            return CloseCode.ACCOUNT_NOT_FOUND
        if contract_id not in self._floor.contracts:
            return CloseCode.CONTRACT_NOT_FOUND
        if not self._books.held(account_id, contract_id):
            return CloseCode.POSITION_NOT_FOUND
        return None

    def _close_now(self, account_id: int, contract_id: str, size: int) -> CloseCode:
        """Sends the market order; while the market is closed its rejected row is all there is."""
        if not self._rules.is_trading(account_id, self._floor.contracts[contract_id]):
            held = self._books.held(account_id, contract_id)
            self._desk.reject(account_id, closing_request(contract_id, held, size))
            return CloseCode.ORDER_REJECTED
        pending = self._pending("close")
        if pending is None or pending.took_effect:
            self._desk.send_closing(account_id, contract_id, size)
        return CloseCode.ORDER_PENDING if pending else CloseCode.SUCCESS
