"""An entry on its way: what was sent, what is known of it, and whom to ask when it is not."""

from datetime import datetime, timedelta

from pxcore.engine.commands import ResolveTag
from pxcore.model import Order


class Entry:
    """One intent. Whatever arrives first, answer or stream, names the order; both are kept."""

    __slots__ = ("_ask_again", "_ask_at", "_is_unknown", "order", "order_id", "sent_at", "tag")

    def __init__(self, *, tag: str, sent_at: datetime, ask_again_s: float) -> None:
        self.tag = tag
        self.sent_at = sent_at
        self.order_id: int | None = None
        self.order: Order | None = None
        self._is_unknown = False
        self._ask_again = timedelta(seconds=ask_again_s)
        self._ask_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """The order is in a terminal status: what it filled is in the book."""
        return self.order is not None and not self.order.is_alive

    @property
    def filled_ticks(self) -> int | None:
        return self.order.filled_ticks if self.order is not None else None

    def accepted(self, order_id: int, order: Order | None) -> None:
        self.order_id = order_id
        self._is_unknown = False
        if order is not None:
            self.order = order

    def note_order(self, order: Order) -> None:
        if order.id == self.order_id or order.tag == self.tag:
            self.order_id = order.id
            self._is_unknown = False
            if self.order is None or self.order.is_alive:
                self.order = order

    def outcome_unknown(self) -> None:
        """The answer was lost. Unless the stream has shown the order, it must be looked up."""
        self._is_unknown = self.order_id is None

    def questions(self, now: datetime) -> list[ResolveTag]:
        """Look-ups that are due. They are questions: asking again does no harm."""
        if not self._is_unknown or (self._ask_at is not None and now < self._ask_at):
            return []
        self._ask_at = now + self._ask_again
        return [ResolveTag(tag=self.tag)]
