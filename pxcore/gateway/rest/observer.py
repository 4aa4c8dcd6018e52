"""Who wants to know of every request and what became of it: the record of a session.

Secrets are taken out here, where it is known which requests hold them: an observer never sees one.
"""

import time
from collections.abc import Callable
from typing import Protocol

from pxcore.gateway.rest.channel import Reply
from pxcore.model import OutcomeUnknown, Unavailable

_HAS_SECRETS = "/api/Auth/"  # user name and key go there, tokens come back


class Observer(Protocol):
    """Called from whatever thread sends, before and after; must neither wait nor raise.

    Bodies are None where there is none and where it holds a secret.
    """

    def sending(self, method: str, path: str, body: bytes | None) -> int:
        """A number for this request."""
        ...

    def answered(self, number: int, path: str, reply: Reply, took_s: float) -> None:
        """A reply came, with whatever status."""
        ...

    def failed(
        self, number: int, path: str, error: Unavailable | OutcomeUnknown, took_s: float
    ) -> None:
        """Nothing was sent, or no whole reply came."""
        ...


class Unobserved:
    """Nobody wants to know."""

    def sending(self, method: str, path: str, body: bytes | None) -> int:
        return 0

    def answered(self, number: int, path: str, reply: Reply, took_s: float) -> None:
        return

    def failed(
        self, number: int, path: str, error: Unavailable | OutcomeUnknown, took_s: float
    ) -> None:
        return


class Observed:
    """One request: told when it is made, and what became of it by `reply`."""

    def __init__(self, observer: Observer, method: str, path: str, body: bytes | None) -> None:
        self._observer = observer
        self._path = path
        self._is_secret = path.startswith(_HAS_SECRETS)
        self._number = observer.sending(method, path, None if self._is_secret else body)
        self._begun_s = time.monotonic()

    def reply(self, get: Callable[[], Reply]) -> Reply:
        """What `get` returns or raises."""
        try:
            reply = get()
        except (Unavailable, OutcomeUnknown) as error:
            self._observer.failed(self._number, self._path, error, self._took_s())
            raise
        shown = Reply(reply.status, b"") if self._is_secret else reply
        self._observer.answered(self._number, self._path, shown, self._took_s())
        return reply

    def not_sent(self, why: str) -> None:
        self._observer.failed(self._number, self._path, Unavailable(why), self._took_s())

    def _took_s(self) -> float:
        return time.monotonic() - self._begun_s
