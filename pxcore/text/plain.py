r"""Text from outside, made such that whoever shows it shows it, and nothing else happens.

An account's name, an order's tag or a venue's reason may hold anything: bytes that colour, move
or clear a screen, a line feed that forges a line of ours, signs that turn the order in which a
line is read, halves of characters that no stream can write. Those are shown as Python writes them
(`\x1b`, `\u202e`); letters of every script, signs and emojis stay as they are.
"""

import re
from typing import Final

_ESCAPED: Final = re.compile(r"\\(\\|n|r|t|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
_SHORT: Final = {"\\": "\\", "n": "\n", "r": "\r", "t": "\t"}
_BEYOND_BMP: Final = 0x10000


def plain(text: str) -> str:
    """On one line, and nothing in it acts on a screen. Plain already, it stays as it is."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def plain_lines(text: str) -> str:
    """As `plain`, but line feeds stay: for a text of ours of several lines."""
    return "\n".join(map(plain, text.split("\n")))


def plain_id(text: str) -> str:
    """As `plain`, and `original` gives back what it was: for what the venue must hear again as it
    said it.
    """
    return plain(text.replace("\\", "\\\\"))


def original(text: str) -> str:
    """What `plain_id` was given."""
    return _ESCAPED.sub(_meant, text) if "\\" in text else text


def _meant(match: re.Match[str]) -> str:
    code = match[1]
    return _SHORT[code] if code in _SHORT else chr(int(code[1:], 16))


def plain_json(text: str, encoding: str) -> str:
    """The same document, in characters that this encoding has and that act on no screen."""
    try:
        text.encode(encoding)
    except (UnicodeError, LookupError):
        return "".join(one if one.isascii() and _is_shown(one) else _in_json(one) for one in text)
    if text.replace("\n", "").isprintable():
        return text
    return "".join(one if _is_shown(one) else _in_json(one) for one in text)


def _is_shown(one: str) -> bool:
    return one == "\n" or one.isprintable()


def _in_json(one: str) -> str:
    """Inside a string: nowhere else does JSON hold such a character."""
    code = ord(one)
    if code < _BEYOND_BMP:
        return f"\\u{code:04x}"
    high, low = divmod(code - _BEYOND_BMP, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
