"""`python kill_case.py JOURNAL WAY`: writes as fast as it can, and says of each intent that it may
go: once its row is with the operating system ("written"), or it is on the slip ("noted"), as a
session sends it then.
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from pxcore.engine.commands import PlaceEntry
from pxcore.engine.events import ClockTick
from pxcore.journal.rows import RowKind
from pxcore.journal.writer import Journal
from pxcore.model import Bracket, Side

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
EVENTS = 40  # between two intents


def main(path: Path, way: str) -> None:
    journal = Journal(path, on_fault=sys.exit, segment_bytes=200_000, notes_intents=True)
    bracket = Bracket(stop_loss_ticks=20, take_profit_ticks=30)
    number = 0
    while True:
        for _ in range(EVENTS):
            journal.append(RowKind.EVENT, ClockTick(at=NOW))
        number += 1
        intent = PlaceEntry(
            tag=f"px-{number}",
            contract_id="MNQ",
            side=Side.BUY,
            size=1,
            bracket=bracket,
            reason="test",
        )
        ticket = journal.append(RowKind.COMMAND, intent)
        is_noted = way == "noted" and journal.note_intent(ticket, intent, NOW)
        if is_noted or journal.wait_written(ticket, 5.0):
            os.write(1, f"{number}{' noted' * is_noted}\n".encode())
        journal.hurry()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
