"""The exchange: what a client can tell the venue and ask it, the top of five layers.

Everything is an event in time order. A call first runs what has become due before its own
moment, then does its part; the events pile up until `advance` or `feed` hands them out. So the
caller decides what time is, and the same calls give the same events for ever.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Literal

from pxcore.model import Account, Contract, Fill, Order, OrderStatus, OrderType, Position
from pxcore.paper.exchange.codes import (
    CancelCode,
    CloseCode,
    ModifyCode,
    PartialCloseCode,
    PlaceCode,
)
from pxcore.paper.exchange.matching import Top
from pxcore.paper.exchange.messages import (
    AccountSpec,
    Answered,
    BracketMode,
    Change,
    ExchangeConfig,
    OrderChanged,
    PlaceRequest,
    PlaceResult,
)
from pxcore.paper.exchange.order_desk import IsOpen, always_open
from pxcore.paper.exchange.program import Lock, Standing, micros
from pxcore.paper.exchange.refusals import Exposure, OrderFacts, modify_text, place_refusal
from pxcore.paper.exchange.saved_state import Lasting
from pxcore.paper.exchange.state import ExchangeState
from pxcore.paper.faults.venue import BracketsRefused, OrderPending
from pxcore.paper.hours import is_program_open

_DEFAULTS = ExchangeConfig()
_On = Literal["place", "modify", "cancel", "close"]


class Exchange(Lasting):
    """One venue with its accounts. Calls must not go back in time: that is a ValueError.

    `state` is what an earlier exchange with the same accounts kept.
    """

    def __init__(
        self,
        *,
        contracts: Iterable[Contract],
        accounts: Iterable[AccountSpec],
        seed: int,
        config: ExchangeConfig = _DEFAULTS,
        is_open: IsOpen = always_open,
        state: ExchangeState | None = None,
    ) -> None:
        super().__init__(
            contracts=contracts, accounts=accounts, seed=seed, config=config, is_open=is_open
        )
        if state is not None:
            self._restore(state)

    # Instructions

    def place(self, now: datetime, account_id: int, request: PlaceRequest) -> PlaceResult:
        """Accepts for processing, or refuses. A code-2 refusal has a row, unless its tag was taken.

        Source: gateway reference, 2.9.
        """
        self._run_until(now)
        refusal = place_refusal(request, self._desk(account_id, request))
        if refusal is None:
            pending = self._pending("place")
            if pending is not None and not pending.took_effect:
                return PlaceResult(None, PlaceCode.ORDER_PENDING)
            accepted_id = self._accept(account_id, request)
            if pending is not None:
                return PlaceResult(None, PlaceCode.ORDER_PENDING)
            return PlaceResult(accepted_id, PlaceCode.SUCCESS)
        order_id = self._reject(account_id, request) if refusal.leaves_row else None
        return PlaceResult(order_id, refusal.code, refusal.text)

    def cancel(self, now: datetime, account_id: int, order_id: int) -> Answered[CancelCode]:
        """Cancels this order alone: a leg's sibling stays, an entry takes its waiting legs along.

        Success means taken for processing: a fill can still come first. Source: reference, 7.5.
        """
        self._run_until(now)
        if self.account(account_id) is None:
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
            self._later(self._config.latencies.cancel_ms, partial(self._cancel_by_hand, order_id))
        return Answered(CancelCode.PENDING if pending else CancelCode.SUCCESS)

    def modify(
        self, now: datetime, account_id: int, order_id: int, change: Change
    ) -> Answered[ModifyCode]:
        """Changes size or price of a working order; its id and its sibling stay as they are."""
        self._run_until(now)
        if self.account(account_id) is None:
            return Answered(ModifyCode.ACCOUNT_NOT_FOUND)
        order = self._orders.find(account_id, order_id)
        if order is None:
            return Answered(ModifyCode.ORDER_NOT_FOUND)
        if order.status is OrderStatus.PENDING:
            return Answered(ModifyCode.PENDING)
        if not order.is_working:
            return Answered(ModifyCode.REJECTED, f"Order is {order.status.value}.")
        contract = self._contracts[order.contract_id]
        text = modify_text(order, change, contract, self._tops[contract.id])
        if text is not None:
            return Answered(ModifyCode.REJECTED, text)
        pending = self._pending("modify")
        if pending is None or pending.took_effect:
            self._later(self._config.latencies.modify_ms, partial(self._amend, order_id, change))
        return Answered(ModifyCode.PENDING if pending else ModifyCode.SUCCESS)

    def close(self, now: datetime, account_id: int, contract_id: str) -> Answered[CloseCode]:
        """Sends an untagged market order against the whole position; bracket legs stay working.

        Source: gateway reference, 2.13 and 7.6.
        """
        self._run_until(now)
        problem = self._close_problem(account_id, contract_id)
        if problem is not None:
            return Answered(problem)
        size = abs(self._books.held(account_id, contract_id))
        return Answered(self._close_now(account_id, contract_id, size))

    def partial_close(
        self, now: datetime, account_id: int, contract_id: str, size: int
    ) -> Answered[PartialCloseCode]:
        """As `close`, for a part or all of the position."""
        self._run_until(now)
        problem = self._close_problem(account_id, contract_id)
        if problem is not None:
            return Answered(PartialCloseCode[problem.name])
        if not 0 < size <= abs(self._books.held(account_id, contract_id)):
            return Answered(PartialCloseCode.INVALID_CLOSE_SIZE)
        return Answered(PartialCloseCode[self._close_now(account_id, contract_id, size).name])

    # Questions

    @property
    def contracts(self) -> tuple[Contract, ...]:
        return tuple(self._contracts.values())

    def contract(self, contract_id: str) -> Contract | None:
        return self._contracts.get(contract_id)

    def top(self, contract_id: str) -> Top:
        """Best bid, best ask and last trade as they are known now."""
        top = self._tops[contract_id]
        return Top(top.bid, top.ask, top.last)

    @property
    def accounts(self) -> tuple[Account, ...]:
        return self._books.accounts

    def account(self, account_id: int) -> Account | None:
        return self._books.account(account_id)

    def order_rows(self, account_id: int, *statuses: OrderStatus) -> tuple[OrderChanged, ...]:
        """The latest state of each order, oldest first; of every status when none is named."""
        return self._orders.rows(account_id, statuses)

    def orders(self, account_id: int, *statuses: OrderStatus) -> tuple[Order, ...]:
        return tuple(row.order for row in self._orders.rows(account_id, statuses))

    def positions(self, account_id: int) -> tuple[Position, ...]:
        """Those that are open."""
        return self._books.positions(account_id)

    def fills(self, account_id: int) -> tuple[Fill, ...]:
        """Oldest first; none for an account that does not exist."""
        return self._books.fills(account_id)

    def is_active(self, account_id: int) -> bool:
        """Is it among the accounts that a client sees as active? A day's lock does not hide it."""
        account = self.account(account_id)
        is_locked_for_today = self._guard.lock_of(account_id) is Lock.DAY
        return account is not None and (account.can_trade or is_locked_for_today)

    def standing(self, account_id: int) -> Standing | None:
        """Where an account with a program stands; None for one without."""
        return self._guard.standings.get(account_id)

    @property
    def is_flat(self) -> bool:
        """No account holds anything or has an order alive."""
        return not self._books.is_anything_held and not self._orders.is_any_alive

    # Judgements that need the whole exchange

    def _pending(self, on: _On) -> OrderPending | None:
        return self._faults.bites(OrderPending, self._now, lambda fault: fault.on == on)

    def _desk(self, account_id: int, request: PlaceRequest) -> OrderFacts:
        contract = self._contracts.get(request.contract_id)
        mode = self._specs[account_id].bracket_mode if account_id in self._specs else None
        if request.has_legs and self._faults.bites(BracketsRefused, self._now):
            mode = BracketMode.POSITION
        return OrderFacts(
            account=self.account(account_id),
            bracket_mode=mode,
            contract=contract,
            top=self._tops.get(request.contract_id, Top()),
            tags=self._orders.tags(account_id),
            is_open=contract is not None and self._is_trading(account_id, contract),
            stop_limits=self._config.stop_limits,
            outside_hours=self._config.outside_hours,
            exposure=self._exposure(account_id, contract, request) if contract else None,
        )

    def _is_trading(self, account_id: int, contract: Contract) -> bool:
        """Open, not halted, and within the hours of the account's program if it has one."""
        program = self._guard.program(account_id)
        is_late = (
            program is not None
            and program.is_flat_daily
            and not is_program_open(contract, self._now)
        )
        is_halted = contract.id in self._halted
        return not is_late and not is_halted and self._is_open(contract, self._now)

    def _exposure(
        self, account_id: int, contract: Contract, request: PlaceRequest
    ) -> Exposure | None:
        program = self._guard.program(account_id)
        if program is None:
            return None
        weight = micros(contract)
        waiting = sum(
            order.size - order.filled_size
            for order in self._orders.alive(account_id)
            if order.contract_id == contract.id
            and order.side is request.side
            and order.parent_id is None
        )
        elsewhere = sum(
            abs(position.size) * micros(self._contracts[position.contract_id])
            for position in self._books.positions(account_id)
            if position.contract_id != contract.id
        )
        return Exposure(
            micros=weight,
            held=self._books.held(account_id, contract.id) * weight,
            waiting=waiting * weight,
            elsewhere=elsewhere,
            micros_max=program.micros_max,
            margin_usd=program.margin_usd,
            equity_usd=self._books.equity_usd(account_id, self._contracts, self._tops),
        )

    def _close_problem(self, account_id: int, contract_id: str) -> CloseCode | None:
        if self.account(account_id) is None:
            return CloseCode.ACCOUNT_NOT_FOUND
        if contract_id not in self._contracts:
            return CloseCode.CONTRACT_NOT_FOUND
        if not self._books.held(account_id, contract_id):
            return CloseCode.POSITION_NOT_FOUND
        return None

    def _close_now(self, account_id: int, contract_id: str, size: int) -> CloseCode:
        """Sends the market order; while the market is closed its rejected row is all there is."""
        if not self._is_trading(account_id, self._contracts[contract_id]):
            self._reject(account_id, self._closing(account_id, contract_id, size))
            return CloseCode.ORDER_REJECTED
        pending = self._pending("close")
        if pending is None or pending.took_effect:
            self._send_closing(account_id, contract_id, size)
        return CloseCode.ORDER_PENDING if pending else CloseCode.SUCCESS
