"""The report's page, in a real browser: its charts are drawn, nothing complains, nothing leaves."""

import base64
import re
from decimal import Decimal

import pytest
from browser import Browser
from msgspec.structs import replace
from report_scenes import reported_day

from pxcore.reports.html import to_html

INK = """
(() => {
  const box = document.querySelector("%s svg polyline").getBoundingClientRect();
  return [box.width, box.height];
})()
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory):
    return reported_day(tmp_path_factory.mktemp("day"))


@pytest.mark.process
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_charts_are_drawn_and_the_console_is_silent(report, tmp_path, dark):
    page = tmp_path / "report.html"
    page.write_text(to_html(report), encoding="utf-8")
    browser = Browser(tmp_path, dark=dark)
    try:
        browser.open(page)
        for chart in ("#equity", "#prices"):
            width, height = browser.ask(INK % chart)
            assert width > 400 and height > 30, chart
        marks = browser.ask("document.querySelectorAll('#prices circle').length")
        assert marks == 2 * len(report.trades) > 0
        shown = browser.ask("getComputedStyle(document.body).backgroundColor")
        assert shown == ("rgb(20, 21, 23)" if dark else "rgb(251, 251, 249)")
        picture = base64.b64decode(browser.call("Page.captureScreenshot")["data"])
        assert picture.startswith(b"\x89PNG") and len(picture) > 20_000
        assert browser.ask("document.documentElement.scrollWidth <= innerWidth + 1")
        assert browser.complaints == []
    finally:
        browser.close()


def test_page_needs_no_network_and_no_script(report):
    page = to_html(report)

    assert not re.search(r"<script|https?:|//[a-z]|url\(|@import", page)


def test_page_shows_every_trade_with_its_figures(report):
    page = to_html(report)

    assert report.trades
    for trade in report.trades:
        assert f"<td>{trade.entry_price}</td>" in page
        assert trade.adverse_ticks is not None and trade.favourable_ticks is not None
        assert Decimal(trade.adverse_ticks) >= 0 and trade.reason


def test_day_without_prices_has_no_curves_and_says_so(report):
    page = to_html(replace(report, equity=(), prices=()))

    assert "<svg" not in page and page.count("No price was seen") == 2


def test_text_from_outside_cannot_become_markup(report):
    page = to_html(replace(report, strategy="<b>bold</b>", account="<script>alert(1)</script>"))

    assert "<b>bold" not in page and "<script" not in page
    assert "&lt;script&gt;" in page


def test_broken_day_looks_like_one(report):
    page = to_html(
        replace(
            report,
            verdict="broken",
            differences=({"kind": "fees differ", "what": "fees", "ours": "1", "venues": "2"},),
        )
    )

    assert '<main class="bad">' in page and "<td>fees differ</td>" in page


def test_limit_that_is_far_away_is_not_drawn_where_it_is_not(report):
    near = to_html(replace(report, loss_usd_max=Decimal(30)))
    far = to_html(replace(report, loss_usd_max=Decimal(5000)))

    assert 'class="level limit"' in near and 'class="level limit"' not in far
