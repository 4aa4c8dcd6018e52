"""May the time that we go by be trusted? Not right after the machine's clock was set, until the
venue's own stamps agree with ours; and after a time in which everything stood still, what we know
is old.
"""

from datetime import datetime, timedelta

from pxcore.engine.config import Limits
from pxcore.model import MarketTrade, Quote

_AGREES_S = 2.0  # a price may be under way for so long
_STILL_S = 5.0  # the shell tells the time ten times a second


class ClockDoubt:
    """Owned by the engine. `why` is None while nothing speaks against our time."""

    def __init__(self, limits: Limits) -> None:
        self._agrees = timedelta(seconds=_AGREES_S * limits.time_scale)
        self._still = timedelta(seconds=_STILL_S * limits.time_scale)
        self.why: str | None = None
        self._since: datetime | None = None
        self._told_at: datetime | None = None  # the time, last
        self._woke_at: datetime | None = None

    def stepped(self, by_s: float, now: datetime) -> str:
        """The machine's clock was set. What to tell of it."""
        way = "forward" if by_s > 0 else "back"
        self._since = self._since or now
        self.why = f"the machine's clock was set {way} by {abs(by_s):.1f} s"
        return f"{self.why}; no entries until the venue's time agrees with ours"

    def hear(self, event: Quote | MarketTrade) -> bool:
        """True when this price's stamp has ended the doubt."""
        if abs(event.at - event.happened_at) > self._agrees:
            return False
        self.why = self._since = None
        return True

    def lasts(self, now: datetime, limit_s: float) -> bool:
        return self._since is not None and now - self._since > timedelta(seconds=limit_s)

    def stood_still(self, now: datetime) -> float | None:
        """For how many seconds nobody told us anything, not even the time; None for a usual pause.

        Called for every event, in order: of what waited meanwhile, prices may come first.
        """
        before, self._told_at = self._told_at, now
        if before is None or now - before <= self._still:
            return None
        self._woke_at = now
        return (now - before).total_seconds()

    def is_waking(self, now: datetime, limits: Limits) -> bool:
        """What happened while everything stood still may be on its way in: no deadline is judged
        before it has had the time that reports may take.
        """
        if self._woke_at is None:
            return False
        return now - self._woke_at < timedelta(seconds=limits.settle_deadline_s)
