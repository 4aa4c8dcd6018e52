"""One look at the account by REST, whole."""

from datetime import datetime

import msgspec

from pxcore.model.account import Account
from pxcore.model.fill import Fill
from pxcore.model.order import Order
from pxcore.model.position import Position


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Account, orders that are alive, open positions and the trading day's fills, oldest first.

    Taken in that order: orders before positions, so that "no order alive, then no position" is
    a proof of flat (no order that was not there could have opened the position meanwhile).
    """

    taken_at: datetime
    account: Account
    orders: tuple[Order, ...]
    positions: tuple[Position, ...]
    fills: tuple[Fill, ...]

    def only(self, contract_id: str) -> "Snapshot":
        """Without the orders and positions of other contracts. Every fill stays: money is one."""
        return msgspec.structs.replace(
            self,
            orders=tuple(o for o in self.orders if o.contract_id == contract_id),
            positions=tuple(p for p in self.positions if p.contract_id == contract_id),
        )

    @property
    def is_flat(self) -> bool:
        """Nothing held and nothing that could still fill."""
        return not self.orders and all(p.is_flat for p in self.positions)
