"""The exchange: what a client can tell the venue and ask it.

Everything is an event in time order. A call first runs what has become due before its own
moment, then does its part; the events pile up until `advance` or `feed` hands them out. So the
caller decides what time is, and the same calls give the same events for ever.

An exchange holds its parts and joins them. Each knows those below it, none those above:

    order_entry    timed_faults    saved_state      instructions, bad days, restarts
    bracket_legs    protection    program_rules     what an execution brings about
    order_desk, executions                          how orders work and trade
    floor: timeline, orders, books                  what is due when, what is written down

Three calls go upwards, all to here: the agenda's `on_begin`, the desk's `on_execution`, and
`tell`, with which every part says what happened.
"""

from collections.abc import Iterable
from datetime import datetime

from pxcore.model import Account, Contract, Fill, Order, OrderStatus, Position
from pxcore.paper.exchange.bracket_legs import BracketLegs
from pxcore.paper.exchange.codes import CancelCode, CloseCode, ModifyCode, PartialCloseCode
from pxcore.paper.exchange.executions import Execution, Executions
from pxcore.paper.exchange.floor import new_floor
from pxcore.paper.exchange.matching import Top
from pxcore.paper.exchange.messages import (
    AccountSpec,
    Answered,
    Change,
    ExchangeConfig,
    OrderChanged,
    PlaceRequest,
    PlaceResult,
    VenueEvent,
)
from pxcore.paper.exchange.order_desk import IsOpen, OrderDesk, always_open
from pxcore.paper.exchange.order_entry import OrderEntry
from pxcore.paper.exchange.program import Lock, Standing
from pxcore.paper.exchange.program_rules import ProgramRules
from pxcore.paper.exchange.protection import PositionBracketOrders
from pxcore.paper.exchange.saved_state import SavedState, resume
from pxcore.paper.exchange.state import ExchangeState
from pxcore.paper.exchange.timed_faults import TimedFaults
from pxcore.paper.exchange.timeline import Agenda
from pxcore.paper.faults.base import Armed, Armory, Fault
from pxcore.paper.markets.market import MarketStep, TradingHalt

_DEFAULTS = ExchangeConfig()


class Exchange:
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
        specs = tuple(accounts)
        self._news: list[VenueEvent] = []  # what has happened and was not handed out
        self._agenda = agenda = Agenda(on_begin=self._begin)
        self._floor = floor = new_floor(
            contracts, specs, seed=seed, config=config, agenda=agenda, tell=self._news.append
        )
        self._orders, self._books = floor.orders, floor.books
        self._order_desk = desk = OrderDesk(
            floor,
            executions=Executions(floor, seed=seed),
            is_open=is_open,
            on_execution=self._follow,
        )
        self._bracket_legs = BracketLegs(floor, desk)
        self._position_brackets = brackets = PositionBracketOrders(specs, floor, desk)
        self._program_rules = rules = ProgramRules(specs, floor, desk)
        self._order_entry = OrderEntry(floor, desk=desk, brackets=brackets, rules=rules)
        self._timed_faults = TimedFaults(floor, desk=desk, brackets=brackets, rules=rules)
        self._saved_state = SavedState(floor, brackets=brackets, rules=rules)
        if state is not None:
            self._saved_state.restore(state)

    # Time and the market

    @property
    def now(self) -> datetime:
        """The latest moment that any call named."""
        return self._agenda.now

    def next_due(self) -> datetime | None:
        """When `advance` will next have something to do; None while nothing is under way."""
        return self._agenda.now if self._news else self._agenda.next_due()

    def advance(self, now: datetime) -> list[VenueEvent]:
        """Everything that has happened up to now and was not handed out before, in order."""
        self._agenda.run_until(now)
        out = self._news.copy()
        self._news.clear()
        return out

    def feed(self, step: MarketStep) -> list[VenueEvent]:
        """One step of the market: what was due before it, the step itself, what it caused."""
        self._agenda.run_until(step.at)
        if isinstance(step, TradingHalt):
            self._order_desk.halt(step)
        else:
            self._news.append(step)
            self._order_desk.see(step)
            self._program_rules.see(step.contract_id)
        return self.advance(step.at)

    def _begin(self) -> None:
        self._program_rules.begin()
        resume(
            self._floor,
            desk=self._order_desk,
            legs=self._bracket_legs,
            brackets=self._position_brackets,
        )

    def _follow(self, execution: Execution) -> None:
        """What an execution brings about, always in this order."""
        order = execution.after
        self._bracket_legs.follow(execution)
        self._position_brackets.follow(order)
        self._bracket_legs.end_leftovers(order)
        self._program_rules.follow(order)

    # Instructions

    def place(self, now: datetime, account_id: int, request: PlaceRequest) -> PlaceResult:
        """Accepts for processing, or refuses. A code-2 refusal has a row, unless its tag was taken.

        Source: gateway reference, 2.9.
        """
        self._agenda.run_until(now)
        return self._order_entry.place(account_id, request)

    def cancel(self, now: datetime, account_id: int, order_id: int) -> Answered[CancelCode]:
        """Cancels this order alone: a leg's sibling stays, an entry takes its waiting legs along.

        Success means taken for processing: a fill can still come first. Source: reference, 7.5.
        """
        self._agenda.run_until(now)
        return self._order_entry.cancel(account_id, order_id)

    def modify(
        self, now: datetime, account_id: int, order_id: int, change: Change
    ) -> Answered[ModifyCode]:
        """Changes size or price of a working order; its id and its sibling stay as they are."""
        self._agenda.run_until(now)
        return self._order_entry.modify(account_id, order_id, change)

    def close(self, now: datetime, account_id: int, contract_id: str) -> Answered[CloseCode]:
        """Sends an untagged market order against the whole position; bracket legs stay working.

        Source: gateway reference, 2.13 and 7.6.
        """
        self._agenda.run_until(now)
        return self._order_entry.close(account_id, contract_id)

    def partial_close(
        self, now: datetime, account_id: int, contract_id: str, size: int
    ) -> Answered[PartialCloseCode]:
        """As `close`, for a part or all of the position."""
        self._agenda.run_until(now)
        return self._order_entry.partial_close(account_id, contract_id, size)

    # Questions

    @property
    def contracts(self) -> tuple[Contract, ...]:
        return tuple(self._floor.contracts.values())

    def contract(self, contract_id: str) -> Contract | None:
        return self._floor.contracts.get(contract_id)

    def top(self, contract_id: str) -> Top:
        """Best bid, best ask and last trade as they are known now."""
        top = self._floor.tops[contract_id]
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
        is_locked_for_today = self._program_rules.lock_of(account_id) is Lock.DAY
        return account is not None and (account.can_trade or is_locked_for_today)

    def standing(self, account_id: int) -> Standing | None:
        """Where an account with a program stands; None for one without."""
        return self._program_rules.standing(account_id)

    @property
    def is_flat(self) -> bool:
        """No account holds anything or has an order alive."""
        return not self._books.is_anything_held and not self._orders.is_any_alive

    # Faults and restarts

    @property
    def faults(self) -> Armory:
        """What lies in wait in the exchange. Use `arm`, which also sets the alarm of timed ones."""
        return self._floor.faults

    def arm(self, fault: Fault, at: datetime) -> Armed:
        """From `at` on, the zero of its seconds, which must not lie in the exchange's past."""
        return self._timed_faults.arm(fault, at)

    def state(self) -> ExchangeState:
        """All that a later exchange needs to go on from here."""
        return self._saved_state.at(self._agenda.now)
