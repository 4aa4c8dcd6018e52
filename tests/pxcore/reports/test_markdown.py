"""Texts from outside on a Markdown page: shown as they are, whatever stands in them."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace
from report_scenes import reported_day

from pxcore.reports.markdown import table
from pxcore.reports.render import to_markdown
from pxcore.text.escaping import for_markdown

ODD = [
    "a | b",
    "<script>alert(1)</script>",
    "**loud** _soft_ __both__ `code` ~~gone~~",
    "![picture](http://127.0.0.1/x) [link](javascript:alert(1))",
    "back\\slash \\| and \\",
    "&amp; &lt;b&gt;",
    "two\nlines\n\n# a head",
    "# a head",
    "px_daily_loss",
]


class _Cells(HTMLParser):
    """The text of each cell, and every tag that is there."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: set[str] = set()
        self._is_in_cell = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        self._is_in_cell = tag == "td"
        if self._is_in_cell:
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        self._is_in_cell &= tag != "td"

    def handle_data(self, data: str) -> None:
        if self._is_in_cell:
            self.cells[-1] += data


def read_back(text: str) -> _Cells:
    return _Cells(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))


@pytest.mark.parametrize("text", ODD)
def test_cell_shows_its_text_and_nothing_of_it_becomes_markup(text):
    page = read_back("\n".join(table(("one", "two"), [(text, 7)])))
    assert page.cells == [" ".join(text.split()), "7"]
    assert page.tags == {"table", "thead", "tbody", "tr", "th", "td"}


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1))
def test_any_text_in_a_cell_is_read_back_as_it_was(text):
    page = read_back("\n".join(table(("one",), [(f"x{text}x",)])))
    assert page.cells == [" ".join(f"x{text}x".split())]


def test_word_with_an_underscore_inside_stays_as_it_is_in_the_file():
    assert for_markdown("PX_DAILY_LOSS of px_day") == "PX_DAILY_LOSS of px_day"


def test_account_named_by_somebody_else_breaks_no_report(tmp_path):
    report = reported_day(tmp_path, 3)
    name = "PRAC | <img src=x onerror=alert(1)> | **x**"
    differs = {"kind": "fees | differ", "what": "<b>fees</b>", "ours": "1", "venues": "2"}
    text = to_markdown(replace(report, account=name, differences=(differs,)))

    page = read_back(text)
    assert f"{name} ({report.mode})" in page.cells
    assert page.cells[-4:] == ["<b>fees</b>", "1", "2", "fees | differ"]
    assert "img" not in page.tags and "b" not in page.tags
