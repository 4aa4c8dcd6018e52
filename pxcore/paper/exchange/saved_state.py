"""What of an exchange outlives its process, and how a later one goes on from there.

The fourth layer. What was under way when everything stopped is begun again: orders in flight
start to work, legs whose entry had filled wake up, siblings of a filled leg are cancelled.
"""

from datetime import datetime
from functools import partial

from pxcore.model import Order, OrderStatus, OrderType, Position
from pxcore.paper.exchange.messages import BracketMode
from pxcore.paper.exchange.program_rules import Wards
from pxcore.paper.exchange.state import ExchangeState, KeptHolding


class Lasting(Wards):
    def state(self) -> ExchangeState:
        """All that a later exchange needs to go on from here."""
        books = self._books
        return ExchangeState(
            now=self._now,
            accounts=books.accounts,
            standings=dict(self._guard.standings),
            rows=self._orders.all_rows,
            levels=dict(self._orders.levels),
            triggered=tuple(sorted(self._orders.triggered)),
            filled_cost=dict(self._orders.filled_cost),
            last_order_id=self._orders.last_id,
            last_position_id=books.last_position_id,
            tags={
                account.id: tuple(sorted(self._orders.tags(account.id)))
                for account in books.accounts
            },
            fills=tuple(fill for account in books.accounts for fill in books.fills(account.id)),
            holdings=tuple(KeptHolding.of(holding) for holding in books.holdings),
            protection=tuple((*key, *ids) for key, ids in self._protection.ids.items()),
        )

    def _restore(self, state: ExchangeState) -> None:
        """Takes the state up. What was under way is begun again at the first moment named."""
        orders = self._orders
        orders.levels |= state.levels
        orders.triggered |= set(state.triggered)
        orders.filled_cost |= state.filled_cost
        orders.last_id = max(orders.last_id, state.last_order_id)
        for account_id, tags in state.tags.items():
            orders.use(account_id, tags)
        for row in state.rows:
            if self._knows(row.order):
                orders.keep(row)
        holdings = [kept.holding() for kept in state.holdings]
        known = [holding for holding in holdings if self._knows(holding.position)]
        self._books.restore(state.accounts, state.fills, known, state.last_position_id)
        self._guard.standings |= state.standings
        for account_id, contract_id, stop_id, target_id in state.protection:
            if account_id in self._specs and contract_id in self._contracts:
                self._protection.ids[account_id, contract_id] = (stop_id, target_id)

    def _knows(self, kept: Order | Position) -> bool:
        """Is it of an account and a contract that there are? Both may be others by now."""
        return kept.account_id in self._specs and kept.contract_id in self._contracts

    def _begin(self, now: datetime) -> None:
        super()._begin(now)
        latencies = self._config.latencies
        for account_id, contract_id in self._protected():
            action = partial(self._protect_position, account_id, contract_id)
            self._later(latencies.target_ms, action)
        for account_id in self._specs:
            for order in self._orders.alive(account_id):
                if order.status is OrderStatus.PENDING:
                    self._later(latencies.open_ms, partial(self._work, order.id))
                elif order.status is OrderStatus.SUSPENDED:
                    self._resume_leg(order)
                elif order.type is OrderType.MARKET:
                    self._later(latencies.market_fill_ms, partial(self._go_on, order.id))
                for sibling_id in self._orders.siblings(order):
                    if self._orders.row(sibling_id).order.status is OrderStatus.FILLED:
                        self._later(latencies.oco_ms, partial(self._cancel, order.id))

    def _protected(self) -> set[tuple[int, str]]:
        """Where Position Brackets are, or must be."""
        held = {
            (h.position.account_id, h.position.contract_id)
            for h in self._books.holdings
            if self._specs[h.position.account_id].bracket_mode is BracketMode.POSITION
        }
        return held | set(self._protection.ids)

    def _resume_leg(self, leg: Order) -> None:
        """Its entry may have filled just before everything stopped."""
        entry = self._orders.row(leg.parent_id or 0).order
        if entry.filled_size:
            ticks = self._orders.filled_cost[entry.id] // entry.filled_size
            action = partial(self._activate, leg.id, ticks, entry.filled_size)
            self._later(self._config.latencies.target_ms, action)
