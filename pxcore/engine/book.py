"""What we believe the account holds: orders, positions, fills, balance.

Built from the stream, replaced whole by a snapshot. Three figures say how many contracts we
hold: the positions that the venue reports, the sum of fills, and what the orders say they
filled. Their events come in no fixed order; while the three differ the book is not settled.
"""

from collections.abc import Iterable
from decimal import Decimal

from pxcore.engine.limits import realised_usd
from pxcore.engine.rounds import Round, fold_rounds
from pxcore.model import (
    WHOLE,
    Account,
    Fill,
    Order,
    OrderStatus,
    Position,
    Scope,
    Snapshot,
    net_of,
)

_S = OrderStatus

# Which status may follow which. What is missing is an older report that arrived late: it is
# ignored and counted. A terminal status is the end; an unknown one may be followed by anything.
_AFTER: dict[OrderStatus, frozenset[OrderStatus]] = {
    _S.SUSPENDED: frozenset(_S) - {_S.PENDING},
    _S.PENDING: frozenset(_S) - {_S.SUSPENDED},
    _S.OPEN: frozenset(_S) - {_S.PENDING, _S.SUSPENDED},
    _S.PENDING_CANCELLATION: frozenset(_S) - {_S.PENDING, _S.SUSPENDED},
    _S.UNKNOWN: frozenset(_S),
    _S.FILLED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.REJECTED: frozenset(),
}


def advance(known: Order, seen: Order) -> Order:
    """The order after this report, or `known` itself when the report is older or adds nothing."""
    if seen.status not in _AFTER[known.status] or seen.filled_size < known.filled_size:
        return known
    return seen


class Holding:
    """Contracts held, signed, by each of the three accounts of it."""

    __slots__ = ("_agreed", "average_price", "by_fills", "by_orders", "by_position")

    def __init__(self, size: int = 0, average_price: Decimal | None = None) -> None:
        self.by_position = self.by_fills = self.by_orders = self._agreed = size
        self.average_price = average_price

    @property
    def is_settled(self) -> bool:
        return self.by_position == self.by_fills == self.by_orders

    def note_agreement(self) -> None:
        """After each report: at which size position and fills agreed last."""
        if self.by_position == self.by_fills:
            self._agreed = self.by_position

    def open_part(self) -> tuple[int, Decimal | None]:
        """Contracts whose gain is not in the realised money, and their average price: None where
        it is not known, or where fills and position tell of different gains for a moment.

        A closing fill that the position has not followed is realised, and not open besides; one
        that adds has no gain yet. A position that went ahead counts where it grew.
        """
        fills, position = self.by_fills, self.by_position
        is_ahead = position != self._agreed
        if fills * position < 0 or (is_ahead and abs(position) < abs(fills)):
            return self.exposure, None  # turned round, or closed by a fill not realised yet
        if is_ahead or not position:
            return self.exposure, self.average_price
        return min(fills, position, key=abs), self.average_price

    @property
    def exposure(self) -> int:
        """Contracts at risk: the first of the three that is not zero."""
        return self.by_position or self.by_fills or self.by_orders


class Book:
    """Mutable, owned by the engine alone.

    What others do outside the `scope` is no concern of ours, but for their money: the limits are
    the account's. The engine lets none of their orders and positions in.

    `fills` of the day are known from the start. They say what was made of the day, and nothing of
    what is held: for that a look is needed.
    """

    def __init__(
        self, contract_id: str, *, scope: Scope = WHOLE, fills: Iterable[Fill] = ()
    ) -> None:
        self.contract_id = contract_id
        self._scope = scope
        self.account: Account | None = None
        self.orders: dict[int, Order] = {}
        self.holdings: dict[str, Holding] = {contract_id: Holding()}
        self.fills: dict[int, Fill] = {f.id: f for f in fills}
        self.rounds: tuple[Round, ...] = ()
        self.realised_usd = Decimal(0)
        self.late_reports = 0
        self._balance_usd: Decimal | None = None  # by the last snapshot, and what was
        self._realised_then_usd = Decimal(0)  # realised when it was taken
        self._gone: set[int] = set()
        self._fills_owed: dict[int, int] = {}  # by order: filled by its reports, less by fills
        self._explained: dict[str, int] = {}  # by contract: fills too many when flat was proven
        self._recount()

    # -- the stream ---------------------------------------------------------------------------

    def see_order(self, order: Order) -> None:
        known = self.orders.get(order.id)
        after = order if known is None else advance(known, order)
        if known is not None and after is known:
            self.late_reports += known != order
            return
        if known is not None:
            filled_before = known.filled_size
        else:
            filled_before = order.filled_size if order.id in self._gone else 0
        self.orders[order.id] = after
        filled = after.filled_size - filled_before
        self._holding(order.contract_id).by_orders += order.side.sign * filled
        self._owe(order.id, filled)

    def see_position(self, position: Position) -> None:
        holding = self._holding(position.contract_id)
        holding.by_position = position.size
        holding.average_price = None if position.is_flat else position.average_price
        holding.note_agreement()

    def see_fill(self, fill: Fill) -> None:
        known = self.fills.get(fill.id)
        if known == fill:
            return
        self.fills[fill.id] = fill
        counted = known.signed_size if known and not known.is_voided else 0
        counts = 0 if fill.is_voided else fill.signed_size
        if self._is_ours(fill):
            holding = self._holding(fill.contract_id)
            holding.by_fills += counts - counted
            holding.note_agreement()
            self._owe(fill.order_id, -abs(counts - counted) if counts else abs(counted))
        self._recount()

    def see_account(self, account: Account) -> None:
        self.account = account

    # -- the snapshot -------------------------------------------------------------------------

    def differences(self, snapshot: Snapshot) -> tuple[str, ...]:
        """Where the stream's account and the venue's differ, one sentence each."""
        found: list[str] = []
        held = {p.contract_id: p.size for p in snapshot.positions}
        for contract_id in sorted(held.keys() | self.holdings.keys()):
            believed = self._holding(contract_id).by_position
            if believed != held.get(contract_id, 0):
                reported = held.get(contract_id, 0)
                found.append(f"position {contract_id}: believed {believed}, reported {reported}")
        believed_alive = {o.id for o in self.alive_orders()}
        reported_alive = {o.id for o in snapshot.orders}
        found += [
            f"order {i}: believed alive, not reported"
            for i in sorted(believed_alive - reported_alive)
        ]
        found += [
            f"order {i}: reported alive, not known" for i in sorted(reported_alive - believed_alive)
        ]
        found += [
            f"fill {f.id}: reported, not seen" for f in snapshot.fills if f.id not in self.fills
        ]
        return tuple(found)

    def lacks(self, snapshot: Snapshot) -> bool:
        """Does the look leave out anything that was told: what is held, an order that is alive, a
        fill? One that is older than that does.
        """
        held = {p.contract_id: p.size for p in snapshot.positions}
        alive, fills = {o.id for o in snapshot.orders}, {f.id for f in snapshot.fills}
        return (
            any(h.by_position not in (0, held.get(c, 0)) for c, h in self.holdings.items())
            or any(o.id not in alive for o in self.alive_orders())
            or not self.fills.keys() <= fills
        )

    def replace(self, snapshot: Snapshot) -> None:
        """REST wins. Orders that it does not list as alive are over; what they filled is in it.

        A later report on one of those says nothing new about what we hold. Where its positions
        and the day's fills differ, the book is not settled: neither is believed alone.
        """
        self.account = snapshot.account
        self._gone |= self.orders.keys() - {o.id for o in snapshot.orders}
        self.orders = {o.id: o for o in snapshot.orders}
        self._fills_owed.clear()
        self.fills |= {f.id: f for f in snapshot.fills}
        self.holdings = self._holdings_of(snapshot)
        self._recount()
        self._balance_usd = snapshot.account.balance_usd
        self._realised_then_usd = self.realised_usd

    def replace_by_proof(self, proof: Snapshot) -> None:
        """As `replace`, by a look that proved flat: what its fills say otherwise is explained."""
        self._explained = {d.contract_id: d.fills_net - d.position for d in proof.disagreements()}
        self.replace(proof)

    def _holdings_of(self, snapshot: Snapshot) -> dict[str, Holding]:
        net = net_of(f for f in self.fills.values() if self._is_ours(f))
        held = {p.contract_id: p for p in snapshot.positions}
        found = {self.contract_id: Holding()}
        for contract_id in held.keys() | net.keys():
            position = held.get(contract_id)
            holding = Holding(position.size, position.average_price) if position else Holding()
            holding.by_fills = net.get(contract_id, 0) - self._explained.get(contract_id, 0)
            found[contract_id] = holding
        return found

    # -- reading ------------------------------------------------------------------------------

    @property
    def holding(self) -> Holding:
        """Of the contract that this session trades."""
        return self.holdings[self.contract_id]

    @property
    def is_settled(self) -> bool:
        """The three accounts agree, and every filled order has shown its fills."""
        return not self._fills_owed and all(h.is_settled for h in self.holdings.values())

    def alive_orders(self) -> list[Order]:
        return [o for o in self.orders.values() if o.is_alive]

    def not_flat(self) -> tuple[str, ...]:
        """What we believe is held or alive, by the stream since the last snapshot."""
        held = [f"{h.by_position:+d} {c} held" for c, h in self.holdings.items() if h.by_position]
        return (*held, *(f"order {o.id} is {o.status}" for o in self.alive_orders()))

    def unsure_contracts(self) -> list[str]:
        """Contracts of which position, fills and orders tell differently."""
        return [c for c, h in self.holdings.items() if not h.is_settled]

    def held_contracts(self) -> list[str]:
        """Contracts with anything at risk by any of the three accounts."""
        return [c for c, h in self.holdings.items() if h.exposure]

    @property
    def newest_order_id(self) -> int:
        """Of all that is known of the day, 0 when there is none."""
        return max((*self.orders, *(f.order_id for f in self.fills.values())), default=0)

    @property
    def balance_usd(self) -> Decimal | None:
        """By the last snapshot and the fills since: the venue's own word lags behind its fills."""
        if self._balance_usd is None:
            return None
        return self._balance_usd + self.realised_usd - self._realised_then_usd

    @property
    def trades_count(self) -> int:
        """Rounds begun this trading day."""
        return len(self.rounds)

    def last_closed(self) -> Round | None:
        return next((r for r in reversed(self.rounds) if r.is_closed), None)

    def _holding(self, contract_id: str) -> Holding:
        return self.holdings.setdefault(contract_id, Holding())

    def _is_ours(self, fill: Fill) -> bool:
        return self._scope.holds(fill.contract_id)

    def _owe(self, order_id: int, filled: int) -> None:
        owed = self._fills_owed.pop(order_id, 0) + filled
        if owed:
            self._fills_owed[order_id] = owed

    def _recount(self) -> None:
        counted = [f for f in self.fills.values() if not f.is_voided]
        self.rounds = fold_rounds(f for f in counted if self._is_ours(f))
        self.realised_usd = realised_usd(counted)
