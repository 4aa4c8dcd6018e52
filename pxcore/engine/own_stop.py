"""A stop of our own, where the venue's leg is missing: one for a position, and swept with it.

It is no leg of a bracket: nothing at the venue cancels it when the position goes, or the target
when it fills. So the moment the position is gone, whatever is left of the two is cancelled, and a
venue's stop that turns up after all leads to a flatten: two stops are one too many.
"""

from datetime import datetime

from pxcore.engine.commands import PlaceStop
from pxcore.engine.in_flight import LimitsInForce, Sent


class OwnStop(Sent):
    """`has_failed`: refused, not sent, or its answer lost. It is not tried a second time."""

    def __init__(self, command: PlaceStop, *, at: datetime, limits: LimitsInForce) -> None:
        super().__init__(tag=command.tag, side=command.side, sent_at=at, limits=limits)
        self.has_failed = False
