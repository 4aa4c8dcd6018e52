"""What is no answer of the venue: a web page, nothing, half an answer, JSON of somebody else.

Whoever stands between us and it (a network's log-in page, a shield against robots, a proxy or a
server in trouble) may answer in its place, with any status. Such a body says nothing of the
request: whether it was taken is not known, and asking again later may help. What carries any part
of a verdict is the venue's own word, readable or not.
"""

import codecs
from typing import Final

import msgspec

from pxcore.host.decoding import Decoder
from pxcore.model import ProtocolError

_BLANK: Final = b" \t\r\n"


class _Signs(msgspec.Struct, rename="camel"):
    """Of a verdict, whatever they hold."""

    success: object = msgspec.UNSET
    error_code: object = msgspec.UNSET


_signs: Decoder[_Signs] = Decoder(_Signs)
_anything: Decoder[object] = Decoder(object)


def is_page(body: bytes) -> bool:
    """No JSON begins so."""
    return _begun(body).startswith(b"<")


def came_instead(body: bytes) -> str | None:
    """What came in place of the venue's answer, in words; None when it may be its own."""
    begun = _begun(body)
    if is_page(begun):
        return "a web page, not JSON"
    if not begun:
        return "nothing, not JSON"
    try:
        signs = _signs.decode(body)
    except ProtocolError:
        return _what_is(body, begun)
    is_ours = signs.success is not msgspec.UNSET or signs.error_code is not msgspec.UNSET
    return None if is_ours else "JSON, but no answer of a gateway"


def _what_is(body: bytes, begun: bytes) -> str:
    try:
        _anything.decode(body)
    except ProtocolError:
        is_json = begun.startswith((b"{", b"["))
        return "JSON that is cut short or broken" if is_json else "a text, not JSON"
    return "JSON, but no answer of a gateway"


def _begun(body: bytes) -> bytes:
    return body.removeprefix(codecs.BOM_UTF8).lstrip(_BLANK)
