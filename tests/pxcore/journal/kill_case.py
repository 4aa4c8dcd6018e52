"""`python kill_case.py JOURNAL`: writes as fast as it can, and says of each intent that it may go.

An intent's number is printed once its row is with the operating system, as a session sends it then.
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


def main(path: Path) -> None:
    journal = Journal(path, on_fault=sys.exit, segment_bytes=200_000)
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
        if journal.wait_written(journal.append(RowKind.COMMAND, intent), 5.0):
            os.write(1, f"{number}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
