"""Is a journal what was written? Its chain, its seal, its holes and its end, in one value."""

from enum import StrEnum
from pathlib import Path

import msgspec

from pxcore.journal.reader import Chain, decode_gap
from pxcore.journal.rows import RowKind
from pxcore.journal.seal import read_seal
from pxcore.journal.segments import session_of
from pxcore.model import ProtocolError


class Soundness(StrEnum):
    SOUND = "sound"  # whole, and ended as its seal says
    OPEN = "open"  # no seal: its session runs, or died, or the end was cut off together with it
    DAMAGED = "damaged"  # edited, cut, re-ordered, or a file is missing


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """`lost` rows could not be kept when they were written, `torn_bytes` end it."""

    session: str
    soundness: Soundness
    rows: int
    files: int
    hash: str
    is_closed: bool
    lost: int
    torn_bytes: int
    problem: str | None

    def __str__(self) -> str:
        if self.problem is not None:
            return f"{self.session}: DAMAGED: {self.problem}"
        parts = [f"{self.rows} rows in {self.files} files", f"ends with {self.hash}"]
        if not self.is_closed:
            parts.append("no last row: the session runs, died, or its end was cut off")
        elif self.soundness is Soundness.OPEN:
            parts.append("not sealed: its last moment was a death, or the seal was taken away")
        if self.lost:
            parts.append(f"{self.lost} rows were lost in writing")
        if self.torn_bytes:
            parts.append(f"a torn row of {self.torn_bytes} bytes at the end")
        return f"{self.session}: {self.soundness}, {', '.join(parts)}"


def verify(path: Path, *, expected_hash: str | None = None) -> Verified:
    """Reads all of it. `expected_hash` is its last one by another record, such as the report.

    Never raises for what is wrong with the journal, nor where it cannot be read.
    """
    chain = Chain(path)
    kind: RowKind | None = None
    lost, problem, is_sealed = 0, None, False
    try:
        is_sealed = read_seal(path) is not None
        for row in chain:
            kind = row.kind
            if row.kind is RowKind.GAP:
                lost += decode_gap(row).rows
        if chain.rows == 0:
            problem = "it has no rows"
        elif expected_hash is not None and chain.hash != expected_hash:
            problem = f"it ends with {chain.hash}, and the report says {expected_hash}"
    except ProtocolError as error:
        problem = str(error)
    soundness = Soundness.SOUND if is_sealed else Soundness.OPEN
    return Verified(
        session=session_of(path),
        soundness=Soundness.DAMAGED if problem is not None else soundness,
        rows=chain.rows,
        files=chain.files,
        hash=chain.hash or "",
        is_closed=kind is RowKind.CLOSED,
        lost=lost,
        torn_bytes=len(chain.torn),
        problem=problem,
    )
