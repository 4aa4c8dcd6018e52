"""What of an exchange outlives its process, and how a later one goes on from there.

What was under way when everything stopped is begun again: orders in flight start to work, legs
whose entry had filled wake up, siblings of a filled leg are cancelled.
"""

from datetime import datetime

from pxcore.paper.exchange.bracket_legs import BracketLegs
from pxcore.paper.exchange.floor import Floor
from pxcore.paper.exchange.order_desk import OrderDesk
from pxcore.paper.exchange.program_rules import ProgramRules
from pxcore.paper.exchange.protection import PositionBracketOrders
from pxcore.paper.exchange.state import ExchangeState, KeptHolding


class SavedState:
    """Makes the state of these parts, and has them take one up."""

    def __init__(
        self, floor: Floor, *, brackets: PositionBracketOrders, rules: ProgramRules
    ) -> None:
        self._floor = floor
        self._brackets = brackets
        self._rules = rules

    def at(self, now: datetime) -> ExchangeState:
        """All that a later exchange needs to go on from here."""
        books, orders = self._floor.books, self._floor.orders
        return ExchangeState(
            now=now,
            accounts=books.accounts,
            standings=self._rules.standings,
            rows=orders.all_rows,
            levels=dict(orders.levels),
            triggered=tuple(sorted(orders.triggered)),
            filled_cost=dict(orders.filled_cost),
            last_order_id=orders.last_id,
            last_position_id=books.last_position_id,
            tags={account.id: tuple(sorted(orders.tags(account.id))) for account in books.accounts},
            fills=tuple(fill for account in books.accounts for fill in books.fills(account.id)),
            holdings=tuple(KeptHolding.of(holding) for holding in books.holdings),
            protection=tuple((*key, *ids) for key, ids in self._brackets.ids.items()),
        )

    def restore(self, state: ExchangeState) -> None:
        """What is of accounts and contracts that there are: both may be others by now."""
        orders, knows = self._floor.orders, self._floor.knows
        orders.levels |= state.levels
        orders.triggered |= set(state.triggered)
        orders.filled_cost |= state.filled_cost
        orders.last_id = max(orders.last_id, state.last_order_id)
        for account_id, tags in state.tags.items():
            orders.use(account_id, tags)
        for row in state.rows:
            if knows(row.order.account_id, row.order.contract_id):
                orders.keep(row)
        holdings = [
            kept.holding()
            for kept in state.holdings
            if knows(kept.position.account_id, kept.position.contract_id)
        ]
        self._floor.books.restore(state.accounts, state.fills, holdings, state.last_position_id)
        self._rules.restore(state.standings)
        for account_id, contract_id, stop_id, target_id in state.protection:
            if knows(account_id, contract_id):
                self._brackets.ids[account_id, contract_id] = (stop_id, target_id)


def resume(
    floor: Floor, *, desk: OrderDesk, legs: BracketLegs, brackets: PositionBracketOrders
) -> None:
    """Begins again what was under way, at the first moment that anybody names."""
    brackets.resume()
    for account in floor.books.accounts:
        for order in floor.orders.alive(account.id):
            desk.resume(order)
            legs.resume(order)
