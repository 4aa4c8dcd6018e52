"""One look at the account by REST, whole."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from pxcore.model.account import Account
from pxcore.model.fill import Fill
from pxcore.model.order import Order
from pxcore.model.position import Position
from pxcore.model.scope import WHOLE, Scope


class Disagreement(msgspec.Struct, frozen=True, kw_only=True):
    """A contract in which the day's fills do not net to the position: one is wrong, or late.
    Nothing is held over the end of a trading day, so the day's fills are all there are.
    """

    contract_id: str
    position: int
    fills_net: int

    def __str__(self) -> str:
        return (
            f"{self.contract_id}: fills of the day net {self.fills_net}, "
            f"position is {self.position}"
        )


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Account, orders that are alive, open positions and the trading day's fills, oldest first.

    Taken in that order: orders before positions, so that "no order alive, then no position" is
    a proof of flat (no order that was not there could have opened the position meanwhile).
    Orders and positions are those of the `scope`; the fills are all there are: money is one.
    """

    taken_at: datetime
    account: Account
    orders: tuple[Order, ...]
    positions: tuple[Position, ...]
    fills: tuple[Fill, ...]
    scope: Scope = WHOLE

    def only(self, scope: Scope) -> "Snapshot":
        """Without the orders and positions of other contracts. Every fill stays."""
        if scope == self.scope:
            return self
        return msgspec.structs.replace(
            self,
            orders=tuple(o for o in self.orders if scope.holds(o.contract_id)),
            positions=tuple(p for p in self.positions if scope.holds(p.contract_id)),
            scope=scope,
        )

    def disagreements(self) -> tuple[Disagreement, ...]:
        """By contract id, those of the scope."""
        held = {p.contract_id: p.size for p in self.positions}
        net = net_of(self.fills)
        return tuple(
            Disagreement(
                contract_id=contract_id,
                position=held.get(contract_id, 0),
                fills_net=net.get(contract_id, 0),
            )
            for contract_id in sorted(held.keys() | net.keys())
            if self.scope.holds(contract_id) and held.get(contract_id, 0) != net.get(contract_id, 0)
        )

    @property
    def shows_nothing(self) -> bool:
        """No order alive and no position, by their lists alone."""
        return not self.orders and all(p.is_flat for p in self.positions)

    @property
    def is_flat(self) -> bool:
        """Nothing held, nothing that could still fill, and the day's fills say so too."""
        return self.shows_nothing and not self.disagreements()

    @property
    def has_traded(self) -> bool:
        """Was anything of the scope held on this trading day?"""
        return any(self.scope.holds(f.contract_id) for f in self.fills if not f.is_voided)


def net_of(fills: Iterable[Fill]) -> dict[str, int]:
    """Signed contracts by contract id; voided fills do not count."""
    net: dict[str, int] = {}
    for fill in fills:
        if not fill.is_voided:
            net[fill.contract_id] = net.get(fill.contract_id, 0) + fill.signed_size
    return net
