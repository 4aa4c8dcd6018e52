"""What became of prices that were not believed at once: counted, and told in bounds.

There may be thousands in a row: of each kind one a minute is told, with how many there were so far.
The journal has every quote and print itself.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from pxcore.engine.belief import BeliefOutcome, Finding
from pxcore.engine.commands import Level
from pxcore.model import Contract

_TOLD_EVERY = timedelta(minutes=1)
_LEVELS = {
    BeliefOutcome.CONFIRMED: Level.INFO,
    BeliefOutcome.DROPPED: Level.WARNING,
    BeliefOutcome.IMPOSSIBLE: Level.WARNING,
}


class PriceNotices:
    """`notice` is for a level, a code and a text; `time_scale` as in `Limits`."""

    def __init__(
        self, contract: Contract, notice: Callable[[Level, str, str], None], *, time_scale: float
    ) -> None:
        self._contract = contract
        self._notice = notice
        self._every = _TOLD_EVERY * time_scale
        self._told_at: dict[BeliefOutcome, datetime] = {}
        self.counts = dict.fromkeys(BeliefOutcome, 0)

    def tell(self, findings: Sequence[Finding], now: datetime) -> None:
        for finding in findings:
            outcome = finding.outcome
            self.counts[outcome] += 1
            told_at = self._told_at.get(outcome)
            if told_at is None or now - told_at >= self._every:
                self._told_at[outcome] = now
                text = f"{self._text(finding)} ({self.counts[outcome]} so far)"
                self._notice(_LEVELS[outcome], f"price.{outcome}", text)

    def _text(self, finding: Finding) -> str:
        price, before = self._contract.price(finding.ticks), finding.before_ticks
        believed = "none" if before is None else f"{self._contract.price(before)}"
        what = f"{finding.of} of {price}"
        match finding.outcome:
            case BeliefOutcome.CONFIRMED:
                return f"{what} is confirmed by a second event; the last one was {believed}"
            case BeliefOutcome.DROPPED:
                return f"{what} was not confirmed and is left out; the last one is {believed}"
            case BeliefOutcome.IMPOSSIBLE:
                name = self._contract.name
                return f"{what} is no price of {name} and is left out; the last one is {believed}"
