"""What opened the position: an entry of ours, or one that was found and taken over."""

from datetime import datetime

from pxcore.engine.commands import PlaceEntry
from pxcore.engine.config import EngineConfig
from pxcore.engine.in_flight import LimitsInForce, Sent
from pxcore.engine.protection import leg_tags
from pxcore.model import Bracket, Order, Side


class Entry(Sent):
    """`asked_stops` are the levels, in ticks, to which its stop was to move; `leg_ids` are the
    orders that are known to be legs of its bracket, alive or not.

    An adopted one was opened by somebody else, or by a session that died: no order of it is
    known, every stop and limit on its closing side counts as a leg of it, and it needs no target.
    """

    def __init__(
        self,
        *,
        tag: str,
        side: Side,
        bracket: Bracket,
        sent_at: datetime,
        limits: LimitsInForce,
        is_adopted: bool = False,
        found_order_id: int | None = None,
    ) -> None:
        super().__init__(tag=tag, side=side, sent_at=sent_at, limits=limits)
        self.bracket = bracket
        self.is_adopted = is_adopted
        self._found_order_id = found_order_id
        self.asked_stops: set[int] = set()
        self.leg_ids: set[int] = set()

    @property
    def newest_order_id(self) -> int | None:
        """Orders after this one came when the position was ours already; ids only grow."""
        return self._found_order_id if self.is_adopted else self.order_id

    def note_order(self, order: Order, at: datetime) -> None:
        is_child = order.parent_id is not None and order.parent_id == self.order_id
        if is_child or order.tag in leg_tags(self.tag):
            self.leg_ids.add(order.id)
        super().note_order(order, at)

    @classmethod
    def sending(cls, command: PlaceEntry, *, at: datetime, limits: LimitsInForce) -> "Entry":
        return cls(
            tag=command.tag, side=command.side, bracket=command.bracket, sent_at=at, limits=limits
        )

    @classmethod
    def adopting(
        cls,
        exposure: int,
        config: EngineConfig,
        *,
        number: int,
        at: datetime,
        limits: LimitsInForce,
        found_order_id: int,
    ) -> "Entry":
        """For contracts that are held already, signed; the bracket is the settings' own. `number`
        is new in the session: a stop of ours takes its tag from it. `found_order_id` is the newest
        order that was there.
        """
        entry = cls(
            tag=f"{config.session_id}-{number:04d}-adopted",
            side=Side.BUY if exposure > 0 else Side.SELL,
            bracket=config.bracket,
            sent_at=at,
            limits=limits,
            is_adopted=True,
            found_order_id=found_order_id,
        )
        entry.is_over = True
        entry.answered_at = at
        return entry
