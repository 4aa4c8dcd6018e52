"""Each place's own function: the text is read back as it was, and nothing else comes of it."""

from html import unescape
from html.parser import HTMLParser

import pytest
from hostile import (
    HOSTILE,
    ON_ONE_LINE,
    require_harmless_markdown,
    require_plain,
    tokens_of,
)
from hypothesis import given
from hypothesis import strategies as some
from markdown_it import MarkdownIt

from pxcore.text import escaping
from pxcore.text.plain import plain

PRINTABLE = some.text(some.characters(min_codepoint=32, max_codepoint=126), min_size=1)
ONE_LINE = (
    escaping.for_terminal,
    escaping.for_log,
    escaping.for_prefect,
    escaping.for_markdown,
    escaping.for_cell,
    escaping.for_html,
    escaping.for_csv,
    escaping.for_alert,
    escaping.for_alert_markdown,
)


class _Text(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.text += data


def shown_by_markdown(text: str) -> str:
    return _Text(MarkdownIt("commonmark").enable("table").render(text)).text.strip("\n")


@pytest.mark.parametrize("function", ONE_LINE, ids=lambda one: one.__name__)
def test_one_text_is_one_line_that_acts_on_no_screen(function) -> None:
    if function is escaping.for_alert_markdown:
        made = function(HOSTILE.replace("\n", ""))
    else:
        made = function(HOSTILE)
    require_plain(made)
    assert "\n" not in made and "alert" in made


@pytest.mark.parametrize(
    "text",
    ["# head", "- item", "+ item", "1. one", "2) two", "> said", "---", "===", "- - -", "    code",
     "```", "~~~", "* x", "_x_", "[a]: http://x", "<div>", ":-:", "-", "1.", "http://x www.x a@b"],
)  # fmt: skip
def test_line_of_markdown_is_a_paragraph_of_text_wherever_it_begins(text: str) -> None:
    made = escaping.for_markdown(text)
    for line in (made, f"before\n{made}\nafter"):
        require_harmless_markdown(line)
        assert {t.type for t in tokens_of(line)} <= {
            "paragraph_open",
            "paragraph_close",
            "inline",
            "text",
            "softbreak",
        }
    assert shown_by_markdown(made) == " ".join(text.split())


@given(PRINTABLE)
def test_any_line_of_markdown_is_read_back_as_it_was(text: str) -> None:
    assert shown_by_markdown(escaping.for_markdown(text)) == " ".join(text.split())


@given(some.text())
def test_any_text_in_html_is_read_back_as_it_was_shown(text: str) -> None:
    made = escaping.for_html(text)
    assert not set(made) & set("<>\"'") and unescape(made) == plain(text)


@pytest.mark.parametrize("figure", ["-5.66", "+8.78", "29,512.75", "px_daily_loss", "08:30:04"])
def test_figure_and_name_stay_as_they_are_in_the_file(figure: str) -> None:
    assert escaping.for_markdown(figure) == escaping.for_cell(figure) == figure


@given(some.text())
def test_field_is_no_formula_and_keeps_its_text(text: str) -> None:
    made = escaping.for_csv(text)
    assert not made.lstrip().startswith(tuple("=+-@"))
    assert made in (plain(text), f"'{plain(text)}")


def test_alert_has_the_lines_that_it_is_given_and_calls_nobody_where_it_is_markdown() -> None:
    assert escaping.for_alert("a\nb", "c") == "a\\nb\nc"
    made = escaping.for_alert_markdown(f"one @here\n{ON_ONE_LINE}")
    assert "@" not in made and made.count("\n") == 1
    require_harmless_markdown(made)
