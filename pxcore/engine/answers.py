"""What became of the orders that we sent: the venue's answers, and its reports on them."""

from collections.abc import Callable
from datetime import datetime

from pxcore.engine.commands import Level
from pxcore.engine.events import (
    OrderSeen,
    PlaceAccepted,
    PlaceNotSent,
    PlaceRefused,
    PlaceUnknown,
    TagResolved,
)
from pxcore.engine.in_flight import Sent
from pxcore.engine.resync import Resync
from pxcore.engine.state import State
from pxcore.model import OrderStatus

Notify = Callable[[Level, str, str], None]
Stop = Callable[[datetime, str], None]


class Answers:
    """Owned by the engine. `halt` ends the day when the venue goes on rejecting entries."""

    def __init__(self, state: State, resync: Resync, *, notify: Notify, halt: Stop) -> None:
        self._state = state
        self._resync = resync
        self._notify = notify
        self._halt = halt
        self._refusals = 0

    def entry_went_well(self) -> None:
        """Only rejections that follow one another count."""
        self._refusals = 0

    def on_order(self, event: OrderSeen) -> None:
        self._resync.note_user_event(event.at)
        self._state.book.see_order(event.order)
        for sent in self._state.sent_orders():
            sent.note_order(event.order, event.at)
        entry = self._state.entry
        if entry is None or entry.order_id != event.order.id:
            return
        if event.order.status is OrderStatus.REJECTED:
            self._entry_rejected(event.at, "after accepting it")

    def on_accepted(self, event: PlaceAccepted) -> None:
        sent = self._sent(event.tag)
        if sent is None:
            return
        if self._is_entry(event.tag):
            self._state.unsent.over()
        self._resync.note_user_event(event.at)
        sent.accepted(event.order_id, event.at)
        known = self._state.book.orders.get(event.order_id)
        if known is not None:
            sent.note_order(known, event.at)

    def on_refused(self, event: PlaceRefused) -> None:
        """Its row may have come on the stream before: the reason comes with the answer alone."""
        why, own = f"{event.code_name} {event.text}".strip(), self._state.own_stop
        if self._is_entry(event.tag):
            self._state.unsent.over()
            self._entry_rejected(event.at, why)
        if event.remedy and (own is None or own.tag != event.tag):
            self._halt(event.at, f"the venue takes no entry: {event.remedy}")
        self._own_stop_failed(event.tag, f"rejected: {why}", is_over=True)

    def _entry_rejected(self, now: datetime, why: str) -> None:
        entry = self._state.entry
        assert entry is not None
        self._notify(Level.WARNING, "entry.rejected", f"entry {entry.tag} rejected: {why}")
        self._state.entry = None
        self._refusals += 1
        self.judge_refusals(now)

    def judge_refusals(self, now: datetime) -> None:
        """Also when the limit has been tightened to less than there were."""
        if self._refusals >= self._state.limits.venue_refusals_max:
            self._halt(now, f"venue rejected {self._refusals} entries running")

    def on_not_sent(self, event: PlaceNotSent) -> None:
        if self._is_entry(event.tag):
            self._state.entry = None
            self._notify(Level.INFO, "entry.not_sent", f"entry {event.tag} not sent: {event.why}")
            if self._state.config.sends_orders:
                self._state.unsent.note(event.why, event.at)
        self._own_stop_failed(event.tag, f"not sent: {event.why}", is_over=True)

    def on_unknown(self, event: PlaceUnknown) -> None:
        sent = self._sent(event.tag)
        if sent is None:
            return
        sent.outcome_unknown(event.at)
        if self._is_entry(event.tag):
            self._state.unsent.over()
            self._notify(Level.WARNING, "entry.unknown", f"entry {event.tag}: {event.why}")
        self._own_stop_failed(event.tag, f"outcome unknown: {event.why}", is_over=False)

    def on_resolved(self, event: TagResolved) -> None:
        sent = self._sent(event.tag)
        if sent is None:
            return
        sent.looked_up(event.at)
        if event.order is not None:
            sent.note_order(event.order, event.at)
            self._state.book.see_order(event.order)

    def _own_stop_failed(self, tag: str, why: str, *, is_over: bool) -> None:
        own = self._state.own_stop
        if own is None or own.tag != tag:
            return
        own.has_failed = True
        own.is_over = own.is_over or is_over
        self._notify(Level.ALARM, "own_stop.failed", f"stop {tag} {why}")

    def _is_entry(self, tag: str) -> bool:
        return self._state.entry is not None and self._state.entry.tag == tag

    def _sent(self, tag: str) -> Sent | None:
        return next((s for s in self._state.sent_orders() if s.tag == tag), None)
