"""What the journals of flattens say of orders: the watchdog's own stops, sent without an answer."""

from datetime import date, datetime
from pathlib import Path

from pxcore.engine.commands import Command, PlaceStop
from pxcore.engine.events import Event
from pxcore.engine.intents import unanswered_tags
from pxcore.host.decoding import Decoder
from pxcore.journal.bulk import DAMAGED
from pxcore.journal.reader import decode_command, decode_event, read_rows
from pxcore.journal.rows import FlattenTerms, RowKind
from pxcore.journal.segments import flattens_in, last_touched
from pxcore.text.plain import plain

_terms: Decoder[FlattenTerms] = Decoder(FlattenTerms)


def unanswered_stops(folder: Path, *, account_id: int, trading_day: date) -> dict[str, datetime]:
    """Of the account's day: by tag, when (our own clock, UTC) each was written down.

    A journal that cannot be read counts as one that has just sent something, under its own name.
    """
    found: dict[str, datetime] = {}
    for path in flattens_in(folder, trading_day=trading_day):
        try:
            found |= _unanswered(path, account_id)
        except DAMAGED:
            found[plain(path.name)] = last_touched(path)
    return found


def _unanswered(path: Path, account_id: int) -> dict[str, datetime]:
    said: list[Event | Command] = []
    sent_at: dict[str, datetime] = {}
    for row in read_rows(path):
        if row.kind is RowKind.FLATTEN and _terms.decode(bytes(row.body)).account_id != account_id:
            return {}
        if row.kind is RowKind.COMMAND:
            command = decode_command(row)
            said.append(command)
            if isinstance(command, PlaceStop):
                sent_at[command.tag] = row.wall
        elif row.kind is RowKind.EVENT:
            said.append(decode_event(row))
    return {tag: sent_at[tag] for tag in unanswered_tags(said)}
