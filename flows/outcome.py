"""What a day came to, in one value."""

from pathlib import Path

import msgspec

from pxcore.reports.daily import DailyReport
from pxcore.reports.verdict import Verdict
from pxcore.session.lines import Ended


class Outcome(msgspec.Struct, frozen=True, kw_only=True, tag="outcome", tag_field="line"):
    """`flat` and `reconciled` are the venue's word, never inferred from a run's state. `halted` is
    why the trading day is halted, None when it is not; `restarts` counts sessions that crashed;
    `left` when a position stays under its bracket because somebody asked for that.
    """

    flat: bool
    reconciled: bool
    trades: int
    fills: int
    pnl_usd: str
    fees_usd: str
    refusals: dict[str, int]
    session_id: str
    flow_run_id: str
    report: str
    ended: str
    halted: str | None = None
    restarts: int = 0
    left: bool = False


class DayFailed(Exception):
    """The day did not end flat, or our record and the venue's disagree. `name` is for the list."""

    def __init__(self, outcome: Outcome, headline: str, *, name: str) -> None:
        self.outcome = outcome
        self.name = name
        super().__init__(headline)


def outcome_of(
    ended: Ended,
    made: DailyReport,
    folder: Path,
    *,
    flow_run_id: str,
    halted: str | None,
    restarts: int,
) -> Outcome:
    """What the day came to, whatever sessions it had. `pnl_usd` is net of fees; `fees_usd` are fees
    and commissions.
    """
    day = made if made.day is None else made.day.figures
    return Outcome(
        flat=ended.is_flat and made.is_flat,
        reconciled=made.verdict != Verdict.BROKEN,
        trades=made.day_trades,
        fills=day.fills,
        pnl_usd=f"{day.net_usd:.2f}",
        fees_usd=f"{day.costs_usd:.2f}",
        refusals=made.day_denials,
        session_id=made.session_id,
        flow_run_id=flow_run_id,
        report=str(folder / "report.md"),
        ended=ended.reason,
        halted=halted,
        restarts=restarts,
        left=ended.is_left,
    )
