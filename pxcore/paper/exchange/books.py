"""The venue's books: cash, positions and executions of every account.

Always true: a position is the sum of its fills, a balance the start plus every fill's net.
Source: gateway reference, 7.7 and 7.9.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import count

from msgspec.structs import replace

from pxcore.model import Account, Contract, Fill, Order, Position
from pxcore.paper.catalogue import costs_per_side
from pxcore.paper.exchange.ledger import Turn, average_price, turns, usd
from pxcore.paper.exchange.terms import AccountSpec

_FIRST_TRADE_ID = 3_000_000_200
_FIRST_POSITION_ID = 820_000_001


@dataclass(frozen=True, slots=True)
class Booked:
    """One half-turn, and position and account right after it."""

    fill: Fill
    position: Position
    account: Account


@dataclass(frozen=True, slots=True)
class _Holding:
    position: Position
    average_ticks: Fraction


class Books:
    def __init__(self, specs: Iterable[AccountSpec]) -> None:
        self._accounts = {spec.id: _account(spec) for spec in specs}
        self._fills: dict[int, list[Fill]] = {account_id: [] for account_id in self._accounts}
        self._holdings: dict[tuple[int, str], _Holding] = {}
        self._trade_ids = count(_FIRST_TRADE_ID)
        self._position_ids = count(_FIRST_POSITION_ID)

    @property
    def accounts(self) -> tuple[Account, ...]:
        return tuple(self._accounts.values())

    def account(self, account_id: int) -> Account | None:
        return self._accounts.get(account_id)

    def fills(self, account_id: int) -> tuple[Fill, ...]:
        return tuple(self._fills.get(account_id, ()))

    def positions(self, account_id: int) -> tuple[Position, ...]:
        return tuple(
            holding.position for key, holding in self._holdings.items() if key[0] == account_id
        )

    @property
    def is_anything_held(self) -> bool:
        return bool(self._holdings)

    def held(self, account_id: int, contract_id: str) -> int:
        """Signed contracts, zero when flat."""
        holding = self._holdings.get((account_id, contract_id))
        return holding.position.size if holding else 0

    def book(
        self, at: datetime, order: Order, price_ticks: int, contract: Contract
    ) -> tuple[Booked, ...]:
        """An order's execution: one half-turn, or a closing and an opening when it crosses zero."""
        key = (order.account_id, contract.id)
        before = self._holdings.get(key)
        held, average = (before.position.size, before.average_ticks) if before else (0, Fraction(0))
        booked = []
        for turn in turns(held, average, order.side.sign * order.size, price_ticks):
            fill = self._new_fill(at, order, turn, price_ticks, contract)
            self._fills[order.account_id].append(fill)
            account = self._accounts[order.account_id]
            account = replace(account, balance_usd=account.balance_usd + fill.net_usd)
            self._accounts[order.account_id] = account
            booked.append(Booked(fill, self._hold(at, key, turn, contract), account))
        return tuple(booked)

    def _new_fill(
        self, at: datetime, order: Order, turn: Turn, price_ticks: int, contract: Contract
    ) -> Fill:
        costs = costs_per_side(contract)
        return Fill(
            id=next(self._trade_ids),
            account_id=order.account_id,
            contract_id=contract.id,
            order_id=order.id,
            side=order.side,
            size=turn.size,
            price_ticks=price_ticks,
            pnl_usd=None if turn.gain_ticks is None else usd(contract, turn.gain_ticks),
            fees_usd=costs.fees_usd * turn.size,
            commissions_usd=costs.commissions_usd * turn.size,
            happened_at=at,
        )

    def _hold(self, at: datetime, key: tuple[int, str], turn: Turn, contract: Contract) -> Position:
        """The position after a half-turn: every opening has an id of its own."""
        before = self._holdings.get(key)
        position = Position(
            id=before.position.id if before else next(self._position_ids),
            account_id=key[0],
            contract_id=contract.id,
            size=turn.held,
            average_price=average_price(contract, turn.average_ticks),
            opened_at=before.position.opened_at if before else at,
        )
        if turn.held:
            self._holdings[key] = _Holding(position, turn.average_ticks)
        else:
            del self._holdings[key]
        return position


def _account(spec: AccountSpec) -> Account:
    return Account(
        id=spec.id,
        name=spec.name,
        balance_usd=spec.balance_usd,
        can_trade=spec.can_trade,
        is_simulated=True,
    )
