"""What a killed process left of its journal: the torn last line is set aside, an intent that is on
its slip alone is written, and all of it sealed.

Only for a session that nobody writes any more: whoever calls holds its account.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec.structs import replace

from pxcore.engine.commands import tag_of
from pxcore.journal.encoding import Head, encode_batch
from pxcore.journal.intake import QueuedRow
from pxcore.journal.reader import Chain, decode_command
from pxcore.journal.rows import RowKind
from pxcore.journal.seal import Seal, read_seal, write_seal
from pxcore.journal.segments import segment, session_of
from pxcore.journal.slip import read_slip, remove_slip
from pxcore.model import ProtocolError


class Repaired(msgspec.Struct, frozen=True, kw_only=True):
    """`torn_bytes` of a row that was not written to its end lie in `torn`, cut off the journal.
    `slipped` is the tag of an intent that was on its slip alone.
    """

    session: str
    rows: int
    torn_bytes: int
    torn: Path | None
    slipped: str | None = None

    def __str__(self) -> str:
        ended = f"the journal of {self.session}, which died, is sealed with {self.rows} rows"
        if self.slipped is not None:
            ended = f"{ended}; its last order {self.slipped} was noted and not written yet"
        if self.torn is None:
            return ended
        return f"{ended}; {self.torn_bytes} bytes of a torn row are in {self.torn.name}"


def repair(path: Path) -> Repaired | None:
    """Sealed as it is; None when it was so already. May be done twice.

    Raises ProtocolError for any other damage, which is left for a person, and OSError.
    """
    if read_seal(path) is not None:
        return None
    chain = Chain(path)
    head = Head(session=session_of(path))
    tags: set[str | None] = set()
    for row in chain:
        head = replace(head, rows=row.seq, hash=row.hash, kind=row.kind, contract=row.contract)
        if row.kind is RowKind.COMMAND and b'"place_' in bytes(row.body):
            tags.add(tag_of(decode_command(row)))
    file = segment(path, chain.files)
    torn = _set_aside(file, chain.torn) if chain.torn else None
    head, slipped = _with_slip(path, file, head, tags)
    seal = Seal(
        session=path.stem,
        rows=head.rows,
        hash=head.hash,
        files=chain.files,
        is_closed=head.kind is RowKind.CLOSED,
        sealed_at=datetime.now(UTC),
    )
    write_seal(path, seal)
    remove_slip(path)
    return Repaired(
        session=path.stem,
        rows=head.rows,
        torn_bytes=len(chain.torn),
        torn=torn,
        slipped=slipped,
    )


def _with_slip(
    path: Path, file: Path, head: Head, tags: set[str | None]
) -> tuple[Head, str | None]:
    """Where the journal stands once the intent on its slip is in it, and that one's tag: None when
    it was there already, or there is none.
    """
    if not head.rows or head.kind is RowKind.CLOSED:
        return head, None
    try:
        intent = read_slip(path)
    except ProtocolError:
        return head, None  # it is gone: nothing more can be known
    if intent is None or (tag := tag_of(intent.command)) is None or tag in tags:
        return head, None
    wall_ns = int(intent.wall.timestamp() * 1e9)
    row = QueuedRow(0, RowKind.COMMAND, wall_ns, intent.at, intent.command)
    encoded = encode_batch(head, [row])
    with file.open("ab") as journal:
        journal.write(encoded.data)
        journal.flush()
        os.fsync(journal.fileno())
    return encoded.head, tag


def _set_aside(file: Path, torn: bytes) -> Path:
    """Kept first, and only then cut off: killed in between, it is found and cut off again."""
    aside = file.with_name(f"{file.name}.torn")
    with aside.open("wb") as kept:
        kept.write(torn)
        kept.flush()
        os.fsync(kept.fileno())
    with file.open("rb+") as journal:
        journal.truncate(file.stat().st_size - len(torn))
        os.fsync(journal.fileno())
    return aside
