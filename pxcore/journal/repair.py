"""What a killed process left of its journal: the torn last line is set aside, and the rest sealed.

Only for a session that nobody writes any more: whoever calls holds its account.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from pxcore.journal.chain import GENESIS
from pxcore.journal.reader import Chain
from pxcore.journal.rows import RowKind
from pxcore.journal.seal import Seal, read_seal, write_seal
from pxcore.journal.segments import segment


class Repaired(msgspec.Struct, frozen=True, kw_only=True):
    """`torn_bytes` of a row that was not written to its end lie in `torn`, cut off the journal."""

    session: str
    rows: int
    torn_bytes: int
    torn: Path | None

    def __str__(self) -> str:
        ended = f"the journal of {self.session}, which died, is sealed with {self.rows} rows"
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
    kind: RowKind | None = None
    for row in chain:
        kind = row.kind
    torn = _set_aside(segment(path, chain.files), chain.torn) if chain.torn else None
    seal = Seal(
        session=path.stem,
        rows=chain.rows,
        hash=chain.hash or GENESIS,
        files=chain.files,
        is_closed=kind is RowKind.CLOSED,
        sealed_at=datetime.now(UTC),
    )
    write_seal(path, seal)
    return Repaired(session=path.stem, rows=chain.rows, torn_bytes=len(chain.torn), torn=torn)


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
