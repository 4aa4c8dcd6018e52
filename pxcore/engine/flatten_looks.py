"""What the looks of a flatten say, one by one: what differs, what is held, what fills yet."""

from collections.abc import Callable, Collection, Iterable

from pxcore.engine.events import SnapshotFailed
from pxcore.model import Disagreement, Order, OrderType, Position, Snapshot

STOPS = (OrderType.STOP, OrderType.TRAILING_STOP)
_STUCK_ROUNDS = 3


class Looks:
    """`stream_holds` says of which contracts the stream believes that something is held."""

    def __init__(self, stream_holds: Callable[[], Collection[str]]) -> None:
        self.nothing_to_close: dict[str, int] = {}  # the venue said so, at that net of fills
        self._stream_holds = stream_holds
        self._net: dict[str, int] = {}  # by contract: the fills' net of the last look, not zero

    def note_nothing_to_close(self, contract_id: str) -> None:
        self.nothing_to_close[contract_id] = self._net.get(contract_id, 0)

    def differences_in(self, snapshot: Snapshot) -> dict[str, str]:
        """By contract, where fills and position differ, in words. Not where the venue has said
        that there is nothing to close, no fill has come since, and nothing is left to protect it.

        A look may be older than what the stream has told: what that holds differs as well, as long
        as the look lists a stop for it and the venue has not said that there is nothing to close.
        """
        found = snapshot.disagreements()
        self._net = {d.contract_id: d.fills_net for d in found}
        guarded = guarded_in(snapshot.orders)
        held = held_in(snapshot.positions)
        for contract_id in held:
            self.nothing_to_close.pop(contract_id, None)
        told = guarded.intersection(self._stream_holds()).difference(held, self.nothing_to_close)
        differs = {c: f"{c}: reported as held, and no position is listed" for c in sorted(told)}
        return differs | {
            d.contract_id: str(d)
            for d in found
            if d.contract_id in guarded or not self._is_explained(d)
        }

    def _is_explained(self, difference: Disagreement) -> bool:
        said = self.nothing_to_close.get(difference.contract_id)
        return said == difference.fills_net and not difference.position

    def held_in_part(self, failed: SnapshotFailed) -> list[str]:
        """By the fills, not where the venue has said that there is nothing to close, and no fill
        has come since.
        """
        if failed.fills_net is not None:
            self._net = dict(failed.fills_net)
        if failed.positions is not None:
            return held_in(failed.positions)
        net = failed.fills_net or {}
        return sorted(c for c, n in net.items() if self.nothing_to_close.get(c) != n)


class FillingOrders:
    """Market orders that are alive, by the rounds of a flatten."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[int, int]] = {}  # rounds, and how far it has filled

    def note(self, orders: Iterable[Order]) -> None:
        """For how many rounds each has been alive, and filled no further than so much: part of a
        look may not say how far.
        """
        known, self._seen = self._seen, {}
        for order in orders:
            rounds, filled = known.get(order.id, (0, order.filled_size))
            is_slow = order.filled_size <= filled
            most = max(filled, order.filled_size)
            self._seen[order.id] = (rounds + 1 if is_slow else 1, most)

    def stuck(self) -> set[int]:
        """Market orders that outlived round after round and filled nothing more: the market is
        halted, or worse. One that goes on filling is left alone: it may be the venue's own close,
        after which it takes none of ours.
        """
        return {id_ for id_, (rounds, _) in self._seen.items() if rounds >= _STUCK_ROUNDS}


def may_protect(order: Order) -> bool:
    """A stop, a leg of a bracket, or nobody knows what."""
    return order.type in (*STOPS, OrderType.UNKNOWN) or order.parent_id is not None


def guarded_in(orders: Iterable[Order]) -> set[str]:
    """Contracts of which something alive may protect a position."""
    return {o.contract_id for o in orders if may_protect(o)}


def held_in(positions: Iterable[Position]) -> list[str]:
    return [p.contract_id for p in positions if not p.is_flat]
