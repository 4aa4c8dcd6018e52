"""The running hash: each row's covers the row and the hash before it.

A row that was edited, cut out, put in or moved does not fit any more, nor does any after it. The
hash is the row's last field, of fixed length, so that the bytes it covers need no parsing. It is
not secret: whoever rewrites a whole journal can make a new chain, which no longer has the last
hash that the seal and the day's report hold.
"""

import hashlib

from pxcore.host.decoding import Decoder
from pxcore.journal.rows import Row
from pxcore.model import ProtocolError

GENESIS = "0" * 32  # what the first row's hash covers
HASH_FIELD = b',"hash":"'
END = b'"}\n'
TAIL = len(HASH_FIELD) + len(GENESIS) + len(END)  # bytes that no hash covers
MARK_AT = slice(-TAIL, len(HASH_FIELD) - TAIL)  # of a whole line
HASH_AT = slice(len(HASH_FIELD) - TAIL, -len(END))

_row: Decoder[Row] = Decoder(Row)


def link(before: str, content: bytes) -> str:
    """The hash after `content`: a row's bytes without its hash and closing brace."""
    return hashlib.blake2b(before.encode() + content, digest_size=16).hexdigest()


def finished(content: bytes, digest: str) -> bytes:
    """The row's whole line."""
    return content + HASH_FIELD + digest.encode() + END


def decode_row(line: bytes) -> Row:
    """The row alone, its hash believed. Raises ProtocolError for what is none."""
    return _row.decode(line)


def read_line(line: bytes, *, before: str | None, seq: int | None) -> Row:
    """The row, when it follows the hash `before` and has the number `seq`; None where not known.

    Raises ProtocolError, saying which of them it is not.
    """
    row = decode_row(line)
    if seq is not None and row.seq != seq:
        raise ProtocolError(f"has number {row.seq}, not {seq}")
    if line[MARK_AT] != HASH_FIELD or line[-len(END) :] != END:
        raise ProtocolError(f"row {row.seq} does not end with its hash")
    if before is not None and link(before, line[:-TAIL]) != row.hash:
        raise ProtocolError(f"row {row.seq} is not what was written after the row before it")
    return row
