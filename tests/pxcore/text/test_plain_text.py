"""Text from outside is shown, and does nothing else."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pxcore.text.plain import original, plain, plain_id, plain_json, plain_lines

ACTING = [
    pytest.param("\x1b[2J", r"\x1b[2J", id="a sequence that clears the screen"),
    pytest.param("\x9b2J", r"\x9b2J", id="the same in one byte"),
    pytest.param("a\r\nflat", r"a\r\nflat", id="a line of its own"),
    pytest.param("a\u2028b", r"a\u2028b", id="another kind of line"),
    pytest.param("\u202e001", r"\u202e001", id="the order of reading turned"),
    pytest.param("a\u200bb", r"a\u200bb", id="what nobody sees"),
    pytest.param("\x07\x08\x7f\0", r"\x07\x08\x7f\x00", id="bell, backspace, delete, zero"),
    pytest.param("\ud83d", r"\ud83d", id="half a character"),
    pytest.param("\U000e0041", r"\U000e0041", id="a tag beyond all planes that show"),
]


@pytest.mark.parametrize(("text", "shown"), ACTING)
def test_what_would_act_on_a_screen_is_shown_as_python_writes_it(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize("text", ["", "50KTC-V2 (main)", "Zoë 🚀 東京 ₿", r"C:\new", "a b"])
def test_what_acts_on_none_stays_as_it_is(text: str) -> None:
    assert plain(text) is text


def test_text_of_several_lines_keeps_them() -> None:
    assert plain_lines("a\n\x1bb\n") == "a\n\\x1bb\n"


@given(some.text())
def test_plain_text_is_printable_and_made_once(text: str) -> None:
    made = plain(text)
    assert made.isprintable() and plain(made) == made
    assert {unicodedata.category(one)[0] for one in made} <= set("LMNPSZ")


@given(some.text())
def test_id_that_was_made_plain_is_given_back_as_it_was(text: str) -> None:
    assert plain_id(text).isprintable() and original(plain_id(text)) == text


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252", "utf-16", "koi8-r", "no such"])
@given(text=some.text(some.characters(exclude_categories=["Cs"])))
def test_json_is_the_same_document_in_any_encoding_and_acts_on_no_screen(
    encoding: str, text: str
) -> None:
    document = json.dumps({"name": text}, ensure_ascii=False, indent=2)
    made = plain_json(document, encoding)
    assert json.loads(made) == {"name": text}
    assert made.replace("\n", "").isprintable()
    if encoding != "no such":
        made.encode(encoding)
