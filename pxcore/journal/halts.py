"""Halts that are in a journal and perhaps nowhere else: of sessions killed in between."""

from datetime import date
from pathlib import Path

import msgspec

from pxcore.engine.commands import Halt
from pxcore.journal.reader import decode_command, read_opening, read_rows
from pxcore.journal.rows import RowKind
from pxcore.model import PxError


def halt_in_journals(folder: Path, *, account_id: int, trading_day: date) -> str | None:
    """Why that day was halted, by the journals of its sessions that have no last row.

    A journal that ends properly is not read: its session has latched its halt in the store. One
    of this day and account that cannot be read is itself a reason: what it decided is not known.
    """
    for path in sorted(folder.glob(f"px-{trading_day:%Y%m%d}-*.jsonl")):
        try:
            if read_opening(path).config.account_id != account_id or _is_closed(path):
                continue
            for row in read_rows(path):
                if row.kind is RowKind.COMMAND and b'"halt"' in bytes(row.body):
                    command = decode_command(row)
                    if isinstance(command, Halt):
                        return command.reason
        except (PxError, msgspec.MsgspecError) as error:
            return f"the journal of an earlier session today cannot be read: {error}"
    return None


def _is_closed(path: Path) -> bool:
    """Does it end with the row that a session writes last?"""
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - 4096))
        lines = file.read().splitlines()
    return bool(lines) and b'"kind":"closed"' in lines[-1]
