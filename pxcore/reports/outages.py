"""What the venue did to our orders while the user hub was away: known by REST alone, and proven.

The session noticed the outage, so what it did not hear of then is no lost report. The proof is the
venue's own stamps: a fill must have happened within the outage, an order without a fill must have
lived in it. Money and flatness are judged elsewhere, as on any other day.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from pxcore.calendar.hours import CHICAGO
from pxcore.model import Fill, Order
from pxcore.reports.record import Record, Stretch

_UNNOTICED_S = 30.0  # a connection that has died is called so after a silence of less than this
_LAG_S = 5.0  # what happened just before the hub came back may have been under way


class Outages:
    """Of one session or of a day; `sent` are the orders that must be ours."""

    def __init__(
        self,
        record: Record,
        orders: Mapping[int, Order],
        fills: Iterable[Fill],
        *,
        sent: Collection[int],
    ) -> None:
        scale = record.opening.config.limits.time_scale
        self._unnoticed = timedelta(seconds=_UNNOTICED_S * scale)
        self._lag = timedelta(seconds=_LAG_S * scale)
        self._outages = record.outages
        self._sent = {i for i in sent if i in orders}
        self._filled: dict[int, list[datetime]] = {}
        for fill in fills:
            self._filled.setdefault(fill.order_id, []).append(fill.happened_at)

    def explain_fill(self, fill: Fill) -> str | None:
        """The outage in which it happened; None where there is none, or it is not ours."""
        return self._within(fill.happened_at) if fill.order_id in self._sent else None

    def explain_end(self, order: Order) -> str | None:
        """The outage in which it was over, by its last fill; any that it lived in without one."""
        if order.id not in self._sent or order.is_alive:
            return None
        filled = self._filled.get(order.id)
        if filled:
            return self._within(max(filled))
        lived_in = (
            one for one in self._outages if one[1] is None or order.created_at <= one[1] + self._lag
        )
        return next(map(_told, lived_in), None)

    def _within(self, at: datetime) -> str | None:
        for one in self._outages:
            since, until = one
            if since - self._unnoticed <= at and (until is None or at <= until + self._lag):
                return _told(one)
        return None


def _told(outage: Stretch) -> str:
    since, until = outage
    ends = "the end" if until is None else f"{until.astimezone(CHICAGO):%H:%M:%S}"
    return f"user hub away {since.astimezone(CHICAGO):%H:%M:%S} to {ends} Chicago"
