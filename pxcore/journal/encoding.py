"""From queued entries to the bytes of rows: numbered, chained, with their holes told.

What the next batch continues from is a value, kept by the writer only when the bytes are
with the operating system.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from pxcore.journal.chain import GENESIS, TAIL, finished, link
from pxcore.journal.intake import Drops, QueuedRow
from pxcore.journal.rows import SCHEMA, Gap, Opening, RowKind, contract_of
from pxcore.journal.segments import LINE_BYTES_MAX


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Where the journal stands: its last row, what rows inherit, and what is lost since."""

    session: str
    rows: int = 0
    hash: str = GENESIS
    kind: RowKind | None = None  # the last row's
    contract: str = ""
    event_at: datetime | None = None
    lost: int = 0
    lost_why: str = ""

    def losing(self, batch: Sequence[QueuedRow], why: str) -> "Head":
        """Nothing of the batch is written. What a later command belongs to is not known."""
        rows = sum(e.body.rows if isinstance(e.body, Drops) else 1 for e in batch)
        return replace(self, lost=self.lost + rows, lost_why=self.lost_why or why, event_at=None)


class Encoded(msgspec.Struct, frozen=True, kw_only=True):
    """`unfit` is the first ticket that could not be encoded, `unfit_why` what was wrong with it."""

    data: bytes
    head: Head
    unfit: int | None
    unfit_why: str


class _Line(msgspec.Struct):
    """A row before its hash."""

    v: int
    seq: int
    kind: RowKind
    session: str
    contract: str
    at: datetime | None
    wall: datetime
    body: msgspec.Struct


_encode = msgspec.json.Encoder().encode


def encode_batch(head: Head, batch: Sequence[QueuedRow], *, is_last: bool = False) -> Encoded:
    """The rows of the batch, in order; a hole before the first one that comes after it, or at the
    end of the last batch.

    A row that cannot be encoded is part of a hole.
    """
    lines: list[bytes] = []
    unfit: int | None = None
    unfit_why = ""
    rows, digest, kind = head.rows, head.hash, head.kind
    contract, event_at = head.contract, head.event_at
    lost, lost_why = head.lost, head.lost_why

    def add(of: RowKind, at: datetime | None, wall_ns: int, body: msgspec.Struct) -> None:
        nonlocal rows, digest, kind
        line = _Line(
            SCHEMA,
            rows + 1,
            of,
            head.session,
            contract_of(body, contract),
            at,
            datetime.fromtimestamp(wall_ns / 1e9, UTC),
            body,
        )
        content = _encode(line)[:-1]
        if len(content) > LINE_BYTES_MAX - TAIL:
            raise ValueError(f"it has {len(content):,} bytes, and nobody could read it again")
        rows, kind, digest = rows + 1, of, link(digest, content)
        lines.append(finished(content, digest))

    for ticket, of, wall_ns, at, body in batch:
        if isinstance(body, Drops):
            lost, lost_why = lost + body.rows, lost_why or "the disk was too slow"
            continue
        if lost:
            add(RowKind.GAP, None, wall_ns, Gap(rows=lost, why=lost_why))
            lost, lost_why = 0, ""
        if of is RowKind.EVENT:
            at = event_at = at or getattr(body, "at", None)
        elif of is RowKind.COMMAND:
            at = at or event_at
        elif type(body) is Opening:
            contract = body.config.contract.id
        try:
            add(of, at, wall_ns, body)
        except Exception as error:  # whatever a body holds, it harms its own row alone
            lost, lost_why = 1, f"a row cannot be encoded: {error!r}"
            unfit, unfit_why = (ticket, lost_why) if unfit is None else (unfit, unfit_why)
    if is_last and lost:
        add(RowKind.GAP, None, time.time_ns(), Gap(rows=lost, why=lost_why))
        lost, lost_why = 0, ""
    return Encoded(
        data=b"".join(lines),
        head=Head(
            session=head.session,
            rows=rows,
            hash=digest,
            kind=kind,
            contract=contract,
            event_at=event_at,
            lost=lost,
            lost_why=lost_why,
        ),
        unfit=unfit,
        unfit_why=unfit_why,
    )
