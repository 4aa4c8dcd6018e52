"""The journal of a flatten that no session makes: what it was told, sent and saw, every request
with what became of it, and its receipt.

A flatten never waits for its record, nor is it held up by one that cannot be made.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from loguru import logger

from pxcore.calendar.hours import trading_day_at
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.engine.commands import Command, FlatProven, Level, Notice
from pxcore.engine.events import Event
from pxcore.gateway.rest import GatewayClient, Observer
from pxcore.host.courtesy import bounded, reason_of
from pxcore.journal.rows import Closing, FlattenTerms, RowKind
from pxcore.journal.writer import Journal
from pxcore.model import Unavailable
from pxcore.venue.wire_record import WireRecord

Say = Callable[[Notice], None]


class FlattenRecord:
    """`with FlattenRecord(...) as record:`; whatever goes wrong with it is said and no more.

    Meanwhile the requests of `client` are rows of it; without one, they are recorded elsewhere.
    """

    def __init__(
        self,
        settings: Settings,
        account_id: int,
        reason: str,
        *,
        say: Say,
        client: GatewayClient | None = None,
    ) -> None:
        self._clock = settings.clock.detached()  # as the flatten's own
        self._say = say
        self._is_flat = False
        day = trading_day_at(settings.clock.now()).day
        self._terms = FlattenTerms(account_id=account_id, trading_day=day, reason=reason)
        stamp = f"{datetime.now(UTC):%H%M%S}-{secrets.token_hex(2)}"
        name = f"flatten-{day:%Y%m%d}-{stamp}.jsonl"
        self._path = Paths(settings.home).journals / name
        self._journal: Journal | None = None
        self._client = client
        self._observer_before: Observer | None = None

    def __enter__(self) -> Self:
        try:
            self._journal = bounded("the record", lambda: Journal(self._path, on_fault=self._tell))
        except (OSError, Unavailable) as error:
            self._tell(f"cannot be made: {reason_of(error)}")
            return self
        self._journal.append(RowKind.FLATTEN, self._terms, at=self._clock.now())
        if self._client is not None:
            self._observer_before = self._client.observe(WireRecord(self._journal, self._clock))
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
        if self._client is not None and self._observer_before is not None:
            self._client.observe(self._observer_before)
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
        """Also from within a request: nobody who cannot be told may keep it from leaving."""
        text = f"the flatten goes on without its whole record: {self._path.name} {what}"
        try:
            self._say(Notice(level=Level.ALARM, code="flatten.unrecorded", text=text))
        except Exception as error:  # a terminal or a pipe that has gone
            logger.error("{} (and it cannot be said: {})", text, error)
