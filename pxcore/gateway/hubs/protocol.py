"""SignalR's JSON protocol, version 1: records out of bytes.

A record ends in byte 0x1E, which cannot occur inside JSON. What follows the last one is kept
for the next message. A record that cannot be read is counted and left out; its neighbours are
not touched. Overrides hooks of signalrcore 1.0.2; a contract test holds us to its signatures.
Source: gateway reference, 4.2; signalrcore notes, 1 and 4.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from signalrcore.messages.handshake.request import (
    HandshakeRequestMessage,
)
from signalrcore.messages.handshake.response import (
    HandshakeResponseMessage,
)
from signalrcore.messages.invocation_message import (
    InvocationMessage,
)
from signalrcore.protocol.base_hub_protocol import BaseHubProtocol
from signalrcore.types import (
    RECORD_SEPARATOR,
    HubProtocolEncoding,
)

from pxcore.host.decoding import Decoder
from pxcore.model import ProtocolError

TAIL_BYTES_MAX: Final = 4 * 1024 * 1024
_SEPARATOR: Final = b"\x1e"

INVOCATION: Final = 1
COMPLETION: Final = 3
CLOSE: Final = 7
_KNOWN_TYPES: Final = frozenset(range(1, 10))


class HubRecord(msgspec.Struct):
    """One message of a hub. `arguments` stay bytes until somebody wants them."""

    type: int
    target: str | None = None
    arguments: list[msgspec.Raw] | None = None
    invocation_id: str | None = msgspec.field(default=None, name="invocationId")
    error: str | None = None


class _HandshakeAnswer(msgspec.Struct):
    error: str | None = None


_record: Decoder[HubRecord] = Decoder(HubRecord)
_handshake: Decoder[_HandshakeAnswer] = Decoder(_HandshakeAnswer)


class HubProtocol(BaseHubProtocol):  # type: ignore[misc]
    """For one connection after the other: asking for the handshake starts again.

    `decode_lines`, where a feed has one, decodes records of that hub's usual shape, a line each.
    """

    def __init__(self, on_bad_record: Callable[[str], None]) -> None:
        super().__init__("json", 1, HubProtocolEncoding.text, RECORD_SEPARATOR)
        self.decode_lines: Callable[[bytes], list[Any]] | None = None
        self._on_bad_record = on_bad_record
        self._tail = b""
        self._skips_to_separator = False

    def handshake_message(self) -> Any:
        self._tail = b""
        self._skips_to_separator = False
        return HandshakeRequestMessage(self.protocol, self.version)

    def decode_handshake(self, raw_message: bytes) -> tuple[Any, list[HubRecord]]:
        """The server's answer, None while it is not whole, and the records that came after it.

        Raises ProtocolError when it is no handshake.
        """
        whole = self._split(raw_message)
        if not whole:
            return None, []
        answer = _handshake.decode(whole[0])
        return HandshakeResponseMessage(answer.error), self._decode(whole[1:])

    def usual(self, raw_message: bytes) -> list[Any] | None:
        """All of it, decoded in one go; None, and nothing is done, unless all is as usual."""
        decode_lines = self.decode_lines
        if decode_lines is None or self._tail or self._skips_to_separator:
            return None
        if not raw_message.endswith(_SEPARATOR):
            return None
        try:
            return decode_lines(raw_message.replace(_SEPARATOR, b"\n"))
        except ProtocolError:
            return None  # one of them is different: they are read one by one

    def parse_messages(self, raw_message: bytes) -> list[HubRecord]:
        return self._decode(self._split(raw_message))

    def encode(self, message: Any) -> bytes:
        """The record of a handshake, an invocation or a ping. No headers: they hold the token."""
        if isinstance(message, HandshakeRequestMessage):
            fields = {"protocol": message.protocol, "version": message.version}
        elif isinstance(message, InvocationMessage):
            fields = {
                "type": INVOCATION,
                "invocationId": message.invocation_id,
                "target": message.target,
                "arguments": message.arguments,
            }
        else:
            fields = {"type": message.type.value}
        return msgspec.json.encode(fields) + _SEPARATOR

    def _split(self, data: bytes) -> list[bytes]:
        """Records that are whole now. An endless one is dropped up to the next separator."""
        *whole, tail = (self._tail + data if self._tail else data).split(_SEPARATOR)
        if self._skips_to_separator and whole:
            self._skips_to_separator = False
            del whole[0]
        if self._skips_to_separator:
            tail = b""
        elif len(tail) > TAIL_BYTES_MAX:
            self._on_bad_record(f"a record of more than {TAIL_BYTES_MAX} bytes")
            self._skips_to_separator = True
            tail = b""
        self._tail = tail
        return whole

    def _decode(self, whole: list[bytes]) -> list[HubRecord]:
        records = []
        for raw in whole:
            try:
                record = _record.decode(raw)
                _require_whole(record)
            except ProtocolError as error:
                self._on_bad_record(f"a hub record: {error}")
                continue
            records.append(record)
        return records


def _require_whole(record: HubRecord) -> None:
    """Raises ProtocolError for a type that SignalR does not have, and for what its type lacks."""
    if record.type not in _KNOWN_TYPES:
        raise ProtocolError(f"unknown type {record.type}")
    if record.type == INVOCATION and (record.target is None or record.arguments is None):
        raise ProtocolError("an invocation without target or arguments")
    if record.type == COMPLETION and record.invocation_id is None:
        raise ProtocolError("a completion without its invocation")
