"""The journal of a flatten that no session makes: what it was told, sent and saw, and its receipt.

A flatten never waits for its record, nor is it held up by one that cannot be made.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from pxcore.calendar import trading_day_at
from pxcore.engine.commands import Command, FlatProven, Level, Notice
from pxcore.engine.events import Event
from pxcore.journal import Closing, FlattenTerms, Journal, RowKind
from pxcore.runtime.plan import Paths
from pxcore.settings import Settings

Say = Callable[[Notice], None]


class FlattenRecord:
    """`with FlattenRecord(...) as record:`; whatever goes wrong with it is said and no more."""

    def __init__(self, settings: Settings, account_id: int, reason: str, *, say: Say) -> None:
        self._clock = settings.clock
        self._say = say
        self._is_flat = False
        day = trading_day_at(settings.clock.now()).day
        self._terms = FlattenTerms(account_id=account_id, trading_day=day, reason=reason)
        stamp = f"{datetime.now(UTC):%H%M%S}-{secrets.token_hex(2)}"
        name = f"flatten-{day:%Y%m%d}-{stamp}.jsonl"
        self._path = Paths(settings.home).journals / name
        self._journal: Journal | None = None

    def __enter__(self) -> Self:
        try:
            self._journal = Journal(self._path, on_fault=self._tell)
        except OSError as error:
            self._tell(f"cannot be made: {error.strerror}")
            return self
        self._journal.append(RowKind.FLATTEN, self._terms, at=self._clock.now())
        return self

    def command(self, command: Command) -> None:
        self._is_flat |= isinstance(command, FlatProven)
        if self._journal is not None:
            self._journal.append(RowKind.COMMAND, command, at=self._clock.now())

    def event(self, event: Event) -> None:
        if self._journal is not None:
            self._journal.append(RowKind.EVENT, event)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._journal is None:
            return
        closing = Closing(
            reason=self._terms.reason if error is None else f"{self._terms.reason}; {error}",
            is_flat=self._is_flat,
            headroom_usd_min=None,
            conflated_quotes=0,
            bad_records=0,
            reconnects=0,
            rows_dropped=self._journal.rows_dropped,
        )
        self._journal.append(RowKind.CLOSED, closing, at=self._clock.now())
        if not self._journal.close():
            self._tell("is not complete")

    def _tell(self, what: str) -> None:
        text = f"the flatten goes on without its whole record: {self._path.name} {what}"
        self._say(Notice(level=Level.ALARM, code="flatten.unrecorded", text=text))
