"""What flattens by REST alone did to an account: their journals, folded into a session's record."""

from datetime import date, datetime
from pathlib import Path

from pxcore.engine.commands import ClosePosition
from pxcore.engine.events import CloseAnswered, SnapshotTaken
from pxcore.host.decoding import Decoder
from pxcore.journal.bulk import DAMAGED
from pxcore.journal.reader import decode_body, decode_command, decode_event, read_rows
from pxcore.journal.rows import FlattenTerms, RowKind
from pxcore.journal.segments import flattens_in
from pxcore.reports.record import NO_CLOSE, Record
from pxcore.text.plain import plain

_terms: Decoder[FlattenTerms] = Decoder(FlattenTerms)


def add_flattens(
    record: Record,
    folder: Path,
    *,
    account_id: int,
    trading_day: date,
    since: datetime | None = None,
) -> None:
    """Of that account and day, from `since` on (our own clock). Damage is damage of the record."""
    for path in flattens_in(folder, trading_day=trading_day):
        try:
            _add(record, path, account_id, since)
        except DAMAGED as error:
            record.damage = record.damage or plain(str(error)) or type(error).__name__


def _add(record: Record, path: Path, account_id: int, since: datetime | None) -> None:
    for row in read_rows(path):
        match row.kind:
            case RowKind.FLATTEN:
                is_other = decode_body(row, _terms).account_id != account_id
                if is_other or (since is not None and row.wall < since):
                    return
            case RowKind.COMMAND:
                command = decode_command(row)
                if isinstance(command, ClosePosition):
                    record.closes_outside[command.contract_id] += 1
            case RowKind.EVENT:
                event = decode_event(row)
                if isinstance(event, SnapshotTaken):
                    record.fills_by_rest |= {f.id: f for f in event.snapshot.fills}
                elif isinstance(event, CloseAnswered) and event.answer in NO_CLOSE:
                    record.closes_outside[event.contract_id] -= 1
            case _:
                pass
