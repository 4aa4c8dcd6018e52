"""The venue's books: cash, positions and executions of every account.

Always true: a position is the sum of its fills, a balance the start plus every fill's net.
Source: gateway reference, 7.7 and 7.9.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import count

from msgspec.structs import replace

from pxcore.model import Account, Contract, Fill, Order, Position, Side
from pxcore.paper.exchange.ledger import Turn, average_price, turns, usd
from pxcore.paper.exchange.matching import Top
from pxcore.paper.exchange.messages import AccountSpec
from pxcore.paper.markets.catalogue import costs_per_side

_FIRST_TRADE_ID = 3_000_000_200
_FIRST_POSITION_ID = 820_000_001


@dataclass(frozen=True, slots=True)
class Booked:
    """One half-turn, and position and account right after it."""

    fill: Fill
    position: Position
    account: Account


@dataclass(frozen=True, slots=True)
class HeldPosition:
    position: Position
    average_ticks: Fraction


class Books:
    def __init__(self, specs: Iterable[AccountSpec]) -> None:
        self._accounts = {spec.id: _account(spec) for spec in specs}
        self._fills: dict[int, list[Fill]] = {account_id: [] for account_id in self._accounts}
        self._holdings: dict[tuple[int, str], HeldPosition] = {}
        self._trade_ids = count(_FIRST_TRADE_ID)
        self._position_ids = count(_FIRST_POSITION_ID)
        self.last_position_id = _FIRST_POSITION_ID - 1

    def restore(
        self,
        accounts: Iterable[Account],
        fills: Iterable[Fill],
        holdings: Iterable[HeldPosition],
        last_position_id: int,
    ) -> None:
        """Takes up what was kept of the accounts that are known here."""
        self._accounts |= {kept.id: kept for kept in accounts if kept.id in self._accounts}
        latest = _FIRST_TRADE_ID - 1
        for fill in fills:
            latest = max(latest, fill.id)
            self._fills.get(fill.account_id, []).append(fill)
        for holding in holdings:
            position = holding.position
            self._holdings[position.account_id, position.contract_id] = holding
        self._trade_ids = count(latest + 1)
        self._position_ids = count(last_position_id + 1)
        self.last_position_id = last_position_id

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
    def holdings(self) -> tuple[HeldPosition, ...]:
        return tuple(self._holdings.values())

    def holding(self, account_id: int, contract_id: str) -> HeldPosition | None:
        """None when flat."""
        return self._holdings.get((account_id, contract_id))

    def lock(self, account_id: int, *, can_trade: bool) -> None:
        self._accounts[account_id] = replace(self._accounts[account_id], can_trade=can_trade)

    def equity_usd(
        self, account_id: int, contracts: Mapping[str, Contract], tops: Mapping[str, Top]
    ) -> Decimal:
        """Balance and open profit or loss, each position at the price that would close it."""
        equity = self._accounts[account_id].balance_usd
        for (owner_id, contract_id), holding in self._holdings.items():
            side = Side.SELL if holding.position.size > 0 else Side.BUY
            mark = tops[contract_id].opposite(side)
            if owner_id == account_id and mark is not None:
                gain = (mark - holding.average_ticks) * holding.position.size
                equity += usd(contracts[contract_id], gain)
        return equity

    @property
    def is_anything_held(self) -> bool:
        return bool(self._holdings)

    def held(self, account_id: int, contract_id: str) -> int:
        """Signed contracts, zero when flat."""
        holding = self._holdings.get((account_id, contract_id))
        return holding.position.size if holding else 0

    def book(
        self,
        at: datetime,
        order: Order,
        size: int,
        price_ticks: int,
        contract: Contract,
        *,
        extra_fee_usd: Decimal,
    ) -> tuple[Booked, ...]:
        """An execution of `size`: one half-turn, or a closing and an opening when it crosses zero.

        `extra_fee_usd` is per contract, on top of the product's own costs.
        """
        key = (order.account_id, contract.id)
        before = self._holdings.get(key)
        held, average = (before.position.size, before.average_ticks) if before else (0, Fraction(0))
        booked = []
        for turn in turns(held, average, order.side.sign * size, price_ticks):
            fill = self._new_fill(at, order, turn, price_ticks, contract, extra_fee_usd)
            self._fills[order.account_id].append(fill)
            account = self._accounts[order.account_id]
            account = replace(account, balance_usd=account.balance_usd + fill.net_usd)
            self._accounts[order.account_id] = account
            booked.append(Booked(fill, self._hold(at, key, turn, contract), account))
        return tuple(booked)

    def _new_fill(
        self,
        at: datetime,
        order: Order,
        turn: Turn,
        price_ticks: int,
        contract: Contract,
        extra_fee_usd: Decimal,
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
            fees_usd=(costs.fees_usd + extra_fee_usd) * turn.size,
            commissions_usd=costs.commissions_usd * turn.size,
            happened_at=at,
        )

    def _hold(self, at: datetime, key: tuple[int, str], turn: Turn, contract: Contract) -> Position:
        """The position after a half-turn: every opening has an id of its own."""
        before = self._holdings.get(key)
        position = Position(
            id=before.position.id if before else self._new_position_id(),
            account_id=key[0],
            contract_id=contract.id,
            size=turn.held,
            average_price=average_price(contract, turn.average_ticks),
            opened_at=before.position.opened_at if before else at,
        )
        if turn.held:
            self._holdings[key] = HeldPosition(position, turn.average_ticks)
        else:
            del self._holdings[key]
        return position

    def _new_position_id(self) -> int:
        self.last_position_id = next(self._position_ids)
        return self.last_position_id


def _account(spec: AccountSpec) -> Account:
    return Account(
        id=spec.id,
        name=spec.name,
        balance_usd=spec.balance_usd,
        can_trade=spec.can_trade,
        is_simulated=True,
    )
