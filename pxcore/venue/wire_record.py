"""The session's requests and what became of them, as rows of its journal."""

import itertools

import msgspec

from pxcore.clock.clocks import Clock
from pxcore.gateway.rest import Reply
from pxcore.journal.rows import Answer, Outcome, Request, RowKind
from pxcore.journal.writer import Journal
from pxcore.model import OutcomeUnknown, Unavailable

_BODY_MAX = 4000  # characters of a reply: a refusal's words, the beginning of a long list


class WireRecord:
    """An `Observer`. Called from every thread that sends; costs it two queue appends."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._numbers = itertools.count(1)

    def sending(self, method: str, path: str, body: bytes | None) -> int:
        number = next(self._numbers)
        raw = None if body is None else msgspec.Raw(body)
        request = Request(number=number, method=method, path=path, body=raw)
        self._journal.append(RowKind.REQUEST, request, at=self._clock.now())
        return number

    def answered(self, number: int, path: str, reply: Reply, took_s: float) -> None:
        text = reply.body[: 4 * _BODY_MAX].decode(errors="replace")[:_BODY_MAX]
        self._append(
            Answer(
                number=number,
                path=path,
                outcome=Outcome.ANSWERED,
                status=reply.status,
                took_ms=round(took_s * 1000, 3),
                body=text or None,
                body_bytes=len(reply.body),
                why=None,
            )
        )

    def failed(
        self, number: int, path: str, error: Unavailable | OutcomeUnknown, took_s: float
    ) -> None:
        is_lost = isinstance(error, OutcomeUnknown)
        self._append(
            Answer(
                number=number,
                path=path,
                outcome=Outcome.LOST if is_lost else Outcome.NOT_SENT,
                status=None,
                took_ms=round(took_s * 1000, 3),
                body=None,
                body_bytes=0,
                why=str(error),
            )
        )

    def _append(self, answer: Answer) -> None:
        self._journal.append(RowKind.ANSWER, answer, at=self._clock.now())
