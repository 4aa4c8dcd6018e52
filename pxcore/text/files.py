"""The text of a file that a person wrote, which is UTF-8, or a sentence that says to save it so."""

import codecs
import re
from typing import Final

SAVE_AS_UTF8: Final = "save the file as UTF-8"
LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_WIDE: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def text_of(data: bytes) -> str:
    """Without the mark that some editors put before it. Raises ValueError."""
    if name := wide_encoding_of(data):
        raise ValueError(f"it is {name}, not UTF-8; {SAVE_AS_UTF8}")
    try:
        text = without_mark(data).decode("utf-8")
    except UnicodeDecodeError as error:
        number = len(LINE_END.findall(data, 0, error.start)) + 1
        raise ValueError(f"line {number}: not UTF-8; {SAVE_AS_UTF8}") from None
    if "\0" in text:
        raise ValueError(f"it holds NUL bytes: it is UTF-16 or no text; {SAVE_AS_UTF8}")
    return text


def wide_encoding_of(data: bytes) -> str | None:
    """By its mark; None for one that may be UTF-8."""
    return next((name for mark, name in _WIDE if data.startswith(mark)), None)


def without_mark(data: bytes) -> bytes:
    return data.removeprefix(codecs.BOM_UTF8)
