"""What the venue does of itself: limits, locks, the daily flatten, its own brackets, bad days.

The third of the exchange's five layers. A liquidation cancels every order of the account and sends
untagged market orders against its positions; then the account may not trade, which the API shows
as `canTrade` false (gateway reference, 6.7 and 7.13; no recording exists).
"""

import dataclasses
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import partial

from pxcore.model import Contract, Order, OrderType, Side
from pxcore.paper.exchange.books import HeldPosition
from pxcore.paper.exchange.guard import Guard
from pxcore.paper.exchange.matching import Top
from pxcore.paper.exchange.messages import (
    AccountChanged,
    AccountSpec,
    BracketMode,
    ExchangeConfig,
    LegsAfterClose,
    PlaceRequest,
)
from pxcore.paper.exchange.order_desk import Floor, IsOpen
from pxcore.paper.exchange.program import Lock
from pxcore.paper.exchange.protection import PositionBracketOrders
from pxcore.paper.faults.base import Armed, Armory, Fault, Timed
from pxcore.paper.faults.venue import BracketModeSwitched, ForcedLiquidation, ForeignOrder
from pxcore.paper.hours import day_of, is_program_open, next_day, next_flat_by

_NO_FEE = Decimal(0)
_FLATTEN_AGAIN_MS = 5000.0


class Wards(Floor):
    def __init__(
        self,
        *,
        contracts: Iterable[Contract],
        accounts: Iterable[AccountSpec],
        seed: int,
        config: ExchangeConfig,
        is_open: IsOpen,
    ) -> None:
        super().__init__(
            contracts=contracts, accounts=accounts, seed=seed, config=config, is_open=is_open
        )
        self._guard = Guard(self._specs.values())
        self._protection = PositionBracketOrders(self._orders)

    # Faults

    @property
    def faults(self) -> Armory:
        """What lies in wait in the exchange. Use `arm`, which also sets the alarm of timed ones."""
        return self._faults

    def arm(self, fault: Fault, at: datetime) -> Armed:
        """From `at` on, the zero of its seconds, which must not lie in the exchange's past."""
        armed = self._faults.arm(fault, at)
        if isinstance(fault, Timed):
            self._set_alarm(armed, fault.moments_s())
        return armed

    def _set_alarm(self, armed: Armed, moments_s: Iterable[float]) -> None:
        moments = iter(moments_s)
        after_s = next(moments, None)
        if after_s is not None:
            moment = max(armed.moment(after_s), self._now)
            self._at(moment, partial(self._ring, armed, moments))

    def _ring(self, armed: Armed, moments_s: Iterable[float]) -> None:
        if not self._faults.is_armed(armed):
            return
        fault = armed.fault
        if armed.bites(self._now):
            if isinstance(fault, ForcedLiquidation):
                self._liquidate_some(fault)
            elif isinstance(fault, BracketModeSwitched):
                self._switch_some(fault)
            elif isinstance(fault, ForeignOrder):
                self._place_foreign(fault)
        self._set_alarm(armed, moments_s)

    def _liquidate_some(self, fault: ForcedLiquidation) -> None:
        for account_id in self._specs:
            if fault.account_id in (None, account_id):
                self._liquidate(account_id, Lock(fault.lock))

    def _switch_some(self, fault: BracketModeSwitched) -> None:
        for account_id in self._specs:
            if fault.account_id in (None, account_id):
                self._switch_brackets(account_id, BracketMode(fault.to))

    def _switch_brackets(self, account_id: int, mode: BracketMode) -> None:
        """Position Brackets come for what is held, and go with their mode."""
        spec = self._specs[account_id]
        self._specs[account_id] = dataclasses.replace(spec, bracket_mode=mode)
        if mode is BracketMode.AUTO_OCO:
            for order_id in self._protection.ids_of(account_id):
                self._cancel(order_id)
            return
        for position in self._books.positions(account_id):
            action = partial(self._protect_position, account_id, position.contract_id)
            self._later(self._config.latencies.target_ms, action)

    def _place_foreign(self, fault: ForeignOrder) -> None:
        """Accepted without a look at the rules: it is not ours to judge. No market, no order."""
        known = [contract_id for contract_id, top in self._tops.items() if top.is_known]
        contract_id = fault.contract_id or next(iter(known), None)
        account_id = fault.account_id or next(iter(self._specs))
        if contract_id not in known or account_id not in self._specs:
            return
        contract, top = self._contracts[contract_id], self._tops[contract_id]
        is_stop = fault.type is OrderType.STOP
        away = fault.ticks_away * (fault.side.sign if is_stop else -fault.side.sign)
        price = contract.price((top.opposite(fault.side) or 0) + away)
        request = PlaceRequest(
            contract_id=contract_id,
            type=fault.type,
            side=fault.side,
            size=fault.size,
            limit_price=price if fault.type is OrderType.LIMIT else None,
            stop_price=price if is_stop else None,
            tag=fault.tag,
        )
        self._accept(account_id, request)

    # The program

    def _begin(self, now: datetime) -> None:
        super()._begin(now)
        if any(standing.day < day_of(now) for standing in self._guard.standings.values()):
            self._reset_counters()  # the restart was on a later day
        if self._guard.is_on:
            self._guard.begin(day_of(now), self._books.accounts)
            self._at(next_day(now), self._begin_day)
            self._await_flatten()

    def _begin_day(self) -> None:
        """17:00 Chicago."""
        self._reset_counters()
        if self._guard.is_on:
            self._at(next_day(self._now), self._begin_day)

    def _reset_counters(self) -> None:
        """A new trading day: the counters start again, a day's lock falls."""
        for account in self._books.accounts:
            lock = self._guard.lock_of(account.id)
            self._guard.next_day(account.id, day_of(self._now), account.balance_usd)
            if lock is Lock.DAY:
                self._books.lock(account.id, can_trade=True)
                self._tell_account(account.id)

    def _await_flatten(self) -> None:
        moment = next_flat_by(self._contracts.values(), self._now)
        if moment is not None:
            self._at(moment, self._flatten_daily)

    def _flatten_daily(self) -> None:
        """Whoever must be flat by now is made flat: 15:10 Chicago, or earlier for some products."""
        for account_id in self._guard.account_ids:
            program = self._guard.program(account_id)
            if program is None or not program.is_flat_daily:
                continue
            for contract in self._contracts.values():
                if not is_program_open(contract, self._now):
                    self._flatten(account_id, contract.id, program.liquidation_fee_usd)
                    self._flatten_rest_later(account_id, contract.id)
        self._await_flatten()

    def _flatten_rest_later(self, account_id: int, contract_id: str) -> None:
        """Its own close may be rejected, or cancelled by whoever holds the account."""
        if self._books.held(account_id, contract_id):
            self._later(_FLATTEN_AGAIN_MS, partial(self._flatten_rest, account_id, contract_id))

    def _flatten_rest(self, account_id: int, contract_id: str) -> None:
        if is_program_open(self._contracts[contract_id], self._now):
            return
        program, alive = self._guard.program(account_id), self._orders.alive(account_id)
        is_closing = any(o.type is OrderType.MARKET and o.contract_id == contract_id for o in alive)
        if program is not None and not is_closing:
            self._flatten(account_id, contract_id, program.liquidation_fee_usd)
        self._flatten_rest_later(account_id, contract_id)

    def _flatten(self, account_id: int, contract_id: str, fee_usd: Decimal) -> None:
        for order in self._orders.alive(account_id):
            if order.contract_id == contract_id:
                self._cancel(order.id)
        held = self._books.held(account_id, contract_id)
        if held:
            self._send_closing(account_id, contract_id, abs(held), fee_usd=fee_usd)

    def _liquidate(self, account_id: int, lock: Lock) -> None:
        """Everything is cancelled and closed, and nobody trades until the lock falls."""
        account = self._books.account(account_id)
        if account is None:
            return
        program = self._guard.program(account_id)
        fee_usd = program.liquidation_fee_usd if program else _NO_FEE
        if not self._guard.is_on:
            self._at(next_day(self._now), self._begin_day)
        self._guard.lock(account_id, lock, day_of(self._now), account.balance_usd)
        self._books.lock(account_id, can_trade=False)
        traded = {position.contract_id for position in self._books.positions(account_id)}
        traded |= {order.contract_id for order in self._orders.alive(account_id)}
        for contract_id in sorted(traded):
            self._flatten(account_id, contract_id, fee_usd)
        latencies = self._config.latencies
        after_ms = latencies.market_fill_ms + latencies.position_ms + 1.0
        self._later(after_ms, partial(self._tell_account, account_id))

    def _send_closing(
        self, account_id: int, contract_id: str, size: int, *, fee_usd: Decimal = _NO_FEE
    ) -> None:
        """An untagged market order against the position, without a question to any rule."""
        self._accept(account_id, self._closing(account_id, contract_id, size), fee_usd=fee_usd)

    def _closing(self, account_id: int, contract_id: str, size: int) -> PlaceRequest:
        held = self._books.held(account_id, contract_id)
        side = Side.SELL if held > 0 else Side.BUY
        return PlaceRequest(contract_id=contract_id, type=OrderType.MARKET, side=side, size=size)

    def _tell_account(self, account_id: int) -> None:
        account = self._books.account(account_id)
        if account is not None:
            self._out.append(AccountChanged(at=self._now, account=account))

    # What moves with the market and with executions

    def _after_step(self, contract_id: str, top: Top) -> None:
        """An account is judged again once a position's mark has passed its safe level."""
        for account_id in self._guard.account_ids:
            held = self._books.held(account_id, contract_id)
            mark = top.bid if held > 0 else top.ask
            if held and not self._guard.is_safe(account_id, contract_id, mark):
                self._judge(account_id)

    def _after_booking(self, order: Order) -> None:
        account_id, contract_id = order.account_id, order.contract_id
        latencies, spec = self._config.latencies, self._specs[account_id]
        if spec.bracket_mode is BracketMode.POSITION and spec.position_brackets:
            self._later(
                latencies.target_ms, partial(self._protect_position, account_id, contract_id)
            )
        is_flat = not self._books.held(account_id, contract_id)
        if is_flat and self._config.leftovers is LegsAfterClose.CANCELLED:
            for other in self._orders.alive(account_id):
                if other.parent_id is not None and other.contract_id == contract_id:
                    self._later(latencies.oco_ms, partial(self._cancel, other.id))
        if self._guard.program(account_id) is not None:
            self._guard.forget(account_id)
            self._judge(account_id)

    def _judge(self, account_id: int) -> None:
        """Locks and liquidates an account that has touched a limit (reference, 6.3 and 6.4)."""
        equity = self._books.equity_usd(account_id, self._contracts, self._tops)
        lock = self._guard.breach(account_id, equity)
        if lock is not None:
            self._liquidate(account_id, lock)
        else:
            holdings = self._books.holdings
            self._guard.allow(account_id, equity, holdings, self._contracts, self._tops)

    def _protect_position(self, account_id: int, contract_id: str) -> None:
        """Position Brackets mode: the venue's own two orders follow the position."""
        spec = self._specs[account_id]
        brackets = spec.position_brackets
        if brackets is None or spec.bracket_mode is not BracketMode.POSITION:
            return
        contract, holding = self._contracts[contract_id], self._holding(account_id, contract_id)
        for order in self._protection.orders(self._now, account_id, contract, holding, brackets):
            self._put(order)
            if order.is_working:
                self._fill_if_marketable(order)

    def _holding(self, account_id: int, contract_id: str) -> HeldPosition | None:
        for holding in self._books.holdings:
            position = holding.position
            if (position.account_id, position.contract_id) == (account_id, contract_id):
                return holding
        return None
