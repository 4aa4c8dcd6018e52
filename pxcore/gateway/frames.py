"""WebSocket frames: bytes in, messages out, whatever way the network cut them. Pure.

Fragments are joined, control frames may lie between them. Whatever RFC 6455 forbids a server
raises BadFrame, after which the stream is of no use. Text is not checked here: the records in
it are, each by itself.
"""

import os
from collections.abc import Iterator
from enum import IntEnum
from typing import Final, NamedTuple

MESSAGE_BYTES_MAX: Final = 64 * 1024 * 1024
_CONTROL_BYTES_MAX: Final = 125


class Opcode(IntEnum):
    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


_OPCODES: Final = {opcode.value: opcode for opcode in Opcode}


class BadFrame(Exception):
    """The server broke the WebSocket protocol."""


class Message(NamedTuple):
    """A whole text or binary message, or a control frame."""

    opcode: Opcode
    payload: bytes


class FrameReader:
    def __init__(self) -> None:
        self._unread = bytearray()
        self._fragments = bytearray()
        self._opcode: Opcode | None = None

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that these bytes complete, in order. Raises BadFrame."""
        self._unread += data
        position = 0
        try:
            while (frame := self._frame(position)) is not None:
                is_last, opcode, start, position = frame
                message = self._join(is_last, opcode, bytes(self._unread[start:position]))
                if message is not None:
                    yield message
        finally:
            del self._unread[:position]

    def _frame(self, position: int) -> tuple[bool, Opcode, int, int] | None:
        """Of the frame at `position`: last?, opcode, payload's start and end. None if not whole."""
        unread = self._unread
        start = position + 2
        if len(unread) < start:
            return None
        first, second = unread[position], unread[position + 1]
        if first & 0x70:
            raise BadFrame("a frame uses an extension that was not agreed")
        if second & 0x80:
            raise BadFrame("the server masked a frame")
        length = second
        if second >= 126:
            start += 2 if second == 126 else 8
            if len(unread) < start:
                return None
            length = int.from_bytes(unread[position + 2 : start], "big")
        if length + len(self._fragments) > MESSAGE_BYTES_MAX:
            raise BadFrame(f"a message of {length} bytes or more, allowed are {MESSAGE_BYTES_MAX}")
        if len(unread) < start + length:
            return None
        return bool(first & 0x80), _opcode(first & 0x0F), start, start + length

    def _join(self, is_last: bool, opcode: Opcode, payload: bytes) -> Message | None:
        if opcode >= Opcode.CLOSE:
            if not is_last or len(payload) > _CONTROL_BYTES_MAX:
                raise BadFrame("a control frame is fragmented or too long")
            return Message(opcode, payload)
        if (opcode is Opcode.CONTINUATION) != (self._opcode is not None):
            raise BadFrame("a fragment is out of place")
        if is_last and self._opcode is None:
            return Message(opcode, payload)
        self._fragments += payload
        self._opcode = self._opcode or opcode
        if not is_last:
            return None
        whole = Message(self._opcode, bytes(self._fragments))
        self._fragments.clear()
        self._opcode = None
        return whole


def _opcode(code: int) -> Opcode:
    opcode = _OPCODES.get(code)
    if opcode is None:
        raise BadFrame(f"a frame has the unknown opcode {code}")
    return opcode


def frame(opcode: int, payload: bytes) -> bytes:
    """One whole frame as a client sends it: masked."""
    length = len(payload)
    if length <= 125:
        head = bytes((0x80 | opcode, 0x80 | length))
    elif length <= 0xFFFF:
        head = bytes((0x80 | opcode, 0x80 | 126)) + length.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0x80 | 127)) + length.to_bytes(8, "big")
    mask = os.urandom(4)
    cover = int.from_bytes((mask * (length // 4 + 1))[:length], "big")
    masked = (int.from_bytes(payload, "big") ^ cover).to_bytes(length, "big")
    return head + mask + masked
