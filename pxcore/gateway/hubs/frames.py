"""WebSocket frames: bytes in, messages out, whatever way the network cut them. Pure.

Fragments are joined, control frames may lie between them. Whatever RFC 6455 forbids a server
raises BadFrame, after which the stream is of no use. Text is not checked here: the records in
it are, each by itself.
"""

import os
from collections.abc import Iterator
from enum import IntEnum
from typing import Final

MESSAGE_BYTES_MAX: Final = 64 * 1024 * 1024
_CONTROL_BYTES_MAX: Final = 125
_HEAD_BYTES: Final = 4  # of a frame up to 64 KiB, unmasked
_WHOLE_TEXT: Final = 0x81  # the first byte of a text message in one frame


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


class FrameReader:
    def __init__(self) -> None:
        self._unread = bytearray()
        self._wanted = 0  # bytes until the frame that is under way can be whole
        self._fragments = bytearray()
        self._opcode: Opcode | None = None

    def feed(self, data: bytes) -> Iterator[tuple[Opcode, bytes]]:
        """The messages that these bytes complete, in order. Raises BadFrame.

        Text messages that follow one another come as one: the records in them say themselves
        where they end, and what is done once a batch costs nothing a message.
        """
        if self._unread:
            self._unread += data
            if len(self._unread) < self._wanted:
                return
            data = bytes(self._unread)
            self._unread.clear()
        position, end = 0, len(data)
        self._wanted = 0
        try:
            while end - position >= 2:
                if self._opcode is None:
                    texts, position = _whole_texts(data, position, end)
                    if texts:
                        yield Opcode.TEXT, b"".join(texts)
                        continue
                start, length = self._payload(data, position)
                stop = start + length
                if stop > end:
                    self._wanted = stop - position
                    return
                message = self._join(data[position], data[start:stop])
                position = stop
                if message is not None:
                    yield message
        finally:
            self._unread += data[position:]

    def _payload(self, data: bytes, position: int) -> tuple[int, int]:
        """Start and length of the payload of the frame that begins there.

        While its length has not arrived, that is one that cannot have arrived either.
        """
        length, start = data[position + 1], position + 2
        if length <= 125:
            return start, length
        if length & 0x80:
            raise BadFrame("the server masked a frame")
        width = 2 if length == 126 else 8
        if len(data) < start + width:
            return start, len(data) - start + 1
        length = int.from_bytes(data[start : start + width], "big")
        if length + len(self._fragments) > MESSAGE_BYTES_MAX:
            raise BadFrame(f"a message of {length} bytes or more, allowed are {MESSAGE_BYTES_MAX}")
        return start + width, length

    def _join(self, first: int, payload: bytes) -> tuple[Opcode, bytes] | None:
        if first & 0x70:
            raise BadFrame("a frame uses an extension that was not agreed")
        is_last, opcode = bool(first & 0x80), _opcode(first & 0x0F)
        if opcode >= Opcode.CLOSE:
            if not is_last or len(payload) > _CONTROL_BYTES_MAX:
                raise BadFrame("a control frame is fragmented or too long")
            return opcode, payload
        if (opcode is Opcode.CONTINUATION) != (self._opcode is not None):
            raise BadFrame("a fragment is out of place")
        if is_last and self._opcode is None:
            return opcode, payload
        if len(self._fragments) + len(payload) > MESSAGE_BYTES_MAX:
            raise BadFrame(f"a message of more than {MESSAGE_BYTES_MAX} bytes")
        self._fragments += payload
        self._opcode = self._opcode or opcode
        if not is_last:
            return None
        whole = self._opcode, bytes(self._fragments)
        self._fragments.clear()
        self._opcode = None
        return whole


def _whole_texts(data: bytes, position: int, end: int) -> tuple[list[bytes], int]:
    """The text messages in one frame each, and not huge, that lie there; where they end.

    Written for speed: its loop runs thousands of times a second.
    """
    texts: list[bytes] = []
    last = end - _HEAD_BYTES
    while position <= last and data[position] == _WHOLE_TEXT:
        length, start = data[position + 1], position + 2
        if length > 125:
            if length != 126:
                break
            length, start = data[start] << 8 | data[start + 1], position + _HEAD_BYTES
        stop = start + length
        if stop > end:
            break
        texts.append(data[start:stop])
        position = stop
    return texts, position


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
