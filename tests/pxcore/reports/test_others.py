"""A report of the day's last session tells what the others had to say."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace
from report_scenes import reported_day

from pxcore.engine.commands import Level
from pxcore.reports.daily import DailyReport, as_other
from pxcore.reports.html import to_html
from pxcore.reports.record import Incident
from pxcore.reports.render import facts, headline, to_markdown
from pxcore.reports.verdict import Verdict

KILLED = Incident(
    at=datetime(2026, 11, 20, 14, 31, tzinfo=UTC),
    level=Level.ALARM,
    code="kill_switch",
    text="kill switch engaged: news",
)


@pytest.fixture
def report(tmp_path) -> DailyReport:
    """With a session before it, which was refused otherwise, stopped, and explained."""
    made = reported_day(tmp_path)
    before = replace(
        made,
        session_id="px-20261120-080000-aaaa",
        verdict=Verdict.EXPLAINED,
        denials={"kill_switch": 3, "not_flat": 1},
        incidents=(KILLED,),
        unprotected_s=Decimal("0.250"),
    )
    return replace(made, others=(as_other(before),))


def test_counts_and_entries_are_the_days(report):
    told = dict(facts(report))
    own = report.denials.get("not_flat", 0)
    assert report.day_denials["kill_switch"] == 3 and report.day_denials["not_flat"] == own + 1
    assert "kill_switch 3" in told["denied"]
    assert told["entries"].startswith(f"{2 * report.entries_sent} sent")


def test_verdict_in_the_result_is_the_worst_of_the_day(report):
    assert headline(report).startswith("flat, explained, ")
    assert report.verdict == "clean", "of this session"
    worse = replace(report, others=(replace(report.others[0], verdict=None),))
    assert headline(worse).startswith("flat, clean, "), "one that was never compared says nothing"


def test_incidents_of_all_sessions_are_told_in_their_order_with_whose_they_are(report):
    later = replace(KILLED, at=KILLED.at + timedelta(minutes=1), text="our own")
    report = replace(report, incidents=(later,))
    for page in (to_markdown(report), to_html(report)):
        assert page.index("kill switch engaged") < page.index("our own")
        assert "px-20261120-080000-aaaa)" in page
