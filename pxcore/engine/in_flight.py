"""An order of ours on its way: what is known of it, and whom to ask when that is nothing."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import Final

from pxcore.engine.commands import ResolveTag
from pxcore.engine.config import Limits
from pxcore.model import Fill, Order, Side

LimitsInForce = Callable[[], Limits]

LOOK_AGE_S_MAX: Final = 1.0  # how old what a look shows may be, in seconds of the wall clock
_LOST_AFTER = 20  # pauses between two look-ups until one counts as lost


class Sent:
    """One intent. Whatever arrives first, answer or stream, names the order; both are kept.

    Until it is answered, and for `unknown_grace_s` after an answer was lost, the order may still
    reach the venue: nothing that is seen there meanwhile proves that it will not. `limits` are
    asked for each time: they may have been tightened.
    """

    def __init__(self, *, tag: str, side: Side, sent_at: datetime, limits: LimitsInForce) -> None:
        self.tag = tag
        self.side = side
        self.sent_at = sent_at
        self.order_id: int | None = None
        self.answered_at: datetime | None = None
        self.is_over = False
        self.filled_ticks: int | None = None
        self.is_unknown = False
        self._limits = limits
        self._ask_at: datetime | None = None  # when the next look-up is due
        self._alive_at: datetime | None = None  # when it was last said to be at the venue

    @property
    def _ask_again(self) -> timedelta:
        return timedelta(seconds=self._limits().settle_deadline_s / 2)

    def may_still_arrive(self, now: datetime) -> bool:
        """The venue may yet get it: a look that does not show it proves nothing."""
        if self.order_id is not None or self.is_over:
            return False
        grace = timedelta(seconds=self._limits().unknown_grace_s)
        return self.answered_at is None or now < self.answered_at + grace

    def accepted(self, order_id: int, at: datetime) -> None:
        self.order_id = order_id
        self._alive_at = at
        self.answered_at = self.answered_at or at
        self.is_unknown = False

    def note_order(self, order: Order, at: datetime) -> None:
        """A report of the stream, a look-up or a snapshot; those of other orders change nothing."""
        if order.id != self.order_id and order.tag != self.tag:
            return
        self.accepted(order.id, at)
        if not order.is_alive:
            self.is_over = True
            self.filled_ticks = order.filled_ticks

    def note_look(self, alive: Collection[Order], fills: Iterable[Fill], at: datetime) -> None:
        """What a look listed as alive, and all fills of the day that are known after it.

        An order that the venue took and lists no more is over: at once if a fill of it is known,
        and else only by a look some time after it was last there. A look may be a little old.
        """
        for order in alive:
            self.note_order(order, at)
        if self.order_id is None or any(o.id == self.order_id for o in alive):
            return
        prices = {f.price_ticks for f in fills if f.order_id == self.order_id}
        apart = timedelta(seconds=LOOK_AGE_S_MAX * self._limits().time_scale)
        if not prices and self._alive_at is not None and at - self._alive_at < apart:
            return
        self.is_over = True
        if len(prices) == 1:
            self.filled_ticks = prices.pop()

    def outcome_unknown(self, at: datetime) -> None:
        """The answer was lost. Unless the stream has shown the order, it must be looked up."""
        self.answered_at = self.answered_at or at
        self.is_unknown = self.order_id is None

    def questions(self, now: datetime) -> list[ResolveTag]:
        """Look-ups that are due: one at a time, or they would queue before a look that matters.

        One whose answer never comes is asked again in the end.
        """
        if not self.is_unknown or (self._ask_at is not None and now < self._ask_at):
            return []
        self._ask_at = now + _LOST_AFTER * self._ask_again
        return [ResolveTag(tag=self.tag)]

    def looked_up(self, at: datetime) -> None:
        """A look-up was answered, whatever it found."""
        self._ask_at = at + self._ask_again
