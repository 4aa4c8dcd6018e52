"""Processes that stand in for ours: each runs a few lines of Python, and is gone with its test."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

PROGRESS = (
    '{"line":"progress","at":"2026-11-20T14:30:00Z","phase":"flat","exposure":0,"bid":null,'
    '"ask":null,"average_price":null,"stop_price":null,"target_price":null,"day_usd":null,'
    '"headroom_usd":null,"trades":0,"denials":0,"ends_at":"2026-11-20T21:00:00Z"}'
)
RESTS = "import sys; sys.stdin.read()"
COMPUTES = "while True: sum(range(10 ** 6))"
HANG_UNITS = 3  # instead of what a start has: nothing here takes long


class StandIns:
    """`spawn` takes what `process.spawn` does, and runs `code` instead."""

    def __init__(self) -> None:
        self.code = ""
        self._started: list[subprocess.Popen[str]] = []

    def spawn(self, *arguments: str, **named: Any) -> "subprocess.Popen[str]":
        return self.run(self.code, errors=named.get("stderr"))

    def run(self, code: str, *, errors: Path | None = None) -> "subprocess.Popen[str]":
        with ExitStack() as files:
            if errors is not None:
                errors.parent.mkdir(parents=True, exist_ok=True)
            process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=files.enter_context(errors.open("ab")) if errors else None,
                text=True,
            )
        self._started.append(process)
        return process

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()
