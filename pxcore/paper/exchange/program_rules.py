"""The program's rules, as the venue carries them out: limits, locks and the daily flatten.

A liquidation cancels every order of the account and sends untagged market orders against its
positions; then the account may not trade, which the API shows as `canTrade` false (gateway
reference, 6.7 and 7.13; no recording exists). `program` says what the rules are.
"""

from collections.abc import Iterable
from decimal import Decimal
from functools import partial

from pxcore.model import Contract, Order, OrderType
from pxcore.paper.exchange.floor import Floor
from pxcore.paper.exchange.guard import Guard
from pxcore.paper.exchange.messages import AccountChanged, AccountSpec, PlaceRequest
from pxcore.paper.exchange.order_desk import OrderDesk
from pxcore.paper.exchange.program import Lock, Standing, micros
from pxcore.paper.exchange.refusals import Exposure
from pxcore.paper.hours import day_of, is_program_open, next_day, next_flat_by

_NO_FEE = Decimal(0)
_FLATTEN_AGAIN_MS = 5000.0


class ProgramRules:
    def __init__(self, specs: Iterable[AccountSpec], floor: Floor, desk: OrderDesk) -> None:
        self._guard = Guard(specs)
        self._contracts = floor.contracts
        self._tops = floor.tops
        self._orders = floor.orders
        self._books = floor.books
        self._agenda = floor.agenda
        self._config = floor.config
        self._tell = floor.tell
        self._desk = desk

    # Questions

    @property
    def standings(self) -> dict[int, Standing]:
        """Of accounts with a program, and of those that were locked."""
        return dict(self._guard.standings)

    def standing(self, account_id: int) -> Standing | None:
        return self._guard.standings.get(account_id)

    def lock_of(self, account_id: int) -> Lock | None:
        return self._guard.lock_of(account_id)

    def is_trading(self, account_id: int, contract: Contract) -> bool:
        """Open, not halted, and within the hours of the account's program if it has one."""
        program = self._guard.program(account_id)
        is_late = (
            program is not None
            and program.is_flat_daily
            and not is_program_open(contract, self._agenda.now)
        )
        return not is_late and self._desk.is_trading(contract)

    def exposure(
        self, account_id: int, contract: Contract, request: PlaceRequest
    ) -> Exposure | None:
        """None for an account without a program."""
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

    # What moves with the market and with executions

    def see(self, contract_id: str) -> None:
        """An account is judged again once a position's mark has passed its safe level."""
        for account_id in self._guard.account_ids:
            held, top = self._books.held(account_id, contract_id), self._tops[contract_id]
            mark = top.bid if held > 0 else top.ask
            if held and not self._guard.is_safe(account_id, contract_id, mark):
                self._judge(account_id)

    def follow(self, order: Order) -> None:
        """After an execution of this order."""
        if self._guard.program(order.account_id) is not None:
            self._guard.forget(order.account_id)
            self._judge(order.account_id)

    def _judge(self, account_id: int) -> None:
        """Locks and liquidates an account that has touched a limit (reference, 6.3 and 6.4)."""
        equity = self._books.equity_usd(account_id, self._contracts, self._tops)
        lock = self._guard.breach(account_id, equity)
        if lock is not None:
            self.liquidate(account_id, lock)
        else:
            holdings = self._books.holdings
            self._guard.allow(account_id, equity, holdings, self._contracts, self._tops)

    def liquidate(self, account_id: int, lock: Lock) -> None:
        """Everything is cancelled and closed, and nobody trades until the lock falls."""
        account = self._books.account(account_id)
        if account is None:
            return
        now, program = self._agenda.now, self._guard.program(account_id)
        fee_usd = program.liquidation_fee_usd if program else _NO_FEE
        if not self._guard.is_on:
            self._agenda.at(next_day(now), self._begin_day)
        self._guard.lock(account_id, lock, day_of(now), account.balance_usd)
        self._books.lock(account_id, can_trade=False)
        traded = {position.contract_id for position in self._books.positions(account_id)}
        traded |= {order.contract_id for order in self._orders.alive(account_id)}
        for contract_id in sorted(traded):
            self._flatten(account_id, contract_id, fee_usd)
        latencies = self._config.latencies
        after_ms = latencies.market_fill_ms + latencies.position_ms + 1.0
        self._agenda.later(after_ms, partial(self._tell_account, account_id))

    # The days

    def restore(self, standings: dict[int, Standing]) -> None:
        """Takes up what was kept, before `begin`."""
        self._guard.standings |= standings

    def begin(self) -> None:
        """At the first moment that anybody names; a restart may be on a later day."""
        now = self._agenda.now
        if any(standing.day < day_of(now) for standing in self._guard.standings.values()):
            self._reset_counters()
        if self._guard.is_on:
            self._guard.begin(day_of(now), self._books.accounts)
            self._agenda.at(next_day(now), self._begin_day)
            self._await_flatten()

    def _begin_day(self) -> None:
        """17:00 Chicago."""
        self._reset_counters()
        if self._guard.is_on:
            self._agenda.at(next_day(self._agenda.now), self._begin_day)

    def _reset_counters(self) -> None:
        """A new trading day: the counters start again, a day's lock falls."""
        day = day_of(self._agenda.now)
        for account in self._books.accounts:
            lock = self._guard.lock_of(account.id)
            self._guard.next_day(account.id, day, account.balance_usd)
            if lock is Lock.DAY:
                self._books.lock(account.id, can_trade=True)
                self._tell_account(account.id)

    def _tell_account(self, account_id: int) -> None:
        account = self._books.account(account_id)
        if account is not None:
            self._tell(AccountChanged(at=self._agenda.now, account=account))

    # The daily flatten

    def _await_flatten(self) -> None:
        moment = next_flat_by(self._contracts.values(), self._agenda.now)
        if moment is not None:
            self._agenda.at(moment, self._flatten_daily)

    def _flatten_daily(self) -> None:
        """Whoever must be flat by now is made flat: 15:10 Chicago, or earlier for some products."""
        for account_id in self._guard.account_ids:
            program = self._guard.program(account_id)
            if program is None or not program.is_flat_daily:
                continue
            for contract in self._contracts.values():
                if not is_program_open(contract, self._agenda.now):
                    self._flatten(account_id, contract.id, program.liquidation_fee_usd)
                    self._flatten_rest_later(account_id, contract.id)
        self._await_flatten()

    def _flatten_rest_later(self, account_id: int, contract_id: str) -> None:
        """Its own close may be rejected, or cancelled by whoever holds the account."""
        if self._books.held(account_id, contract_id):
            action = partial(self._flatten_rest, account_id, contract_id)
            self._agenda.later(_FLATTEN_AGAIN_MS, action)

    def _flatten_rest(self, account_id: int, contract_id: str) -> None:
        if is_program_open(self._contracts[contract_id], self._agenda.now):
            return
        program, alive = self._guard.program(account_id), self._orders.alive(account_id)
        is_closing = any(o.type is OrderType.MARKET and o.contract_id == contract_id for o in alive)
        if program is not None and not is_closing:
            self._flatten(account_id, contract_id, program.liquidation_fee_usd)
        self._flatten_rest_later(account_id, contract_id)

    def _flatten(self, account_id: int, contract_id: str, fee_usd: Decimal) -> None:
        for order in self._orders.alive(account_id):
            if order.contract_id == contract_id:
                self._desk.cancel(order.id)
        held = self._books.held(account_id, contract_id)
        if held:
            self._desk.send_closing(account_id, contract_id, abs(held), fee_usd=fee_usd)
