"""Who wants to know of every request and what became of it: the record of a session.

Secrets are taken out here, where it is known which requests hold them: an observer never sees one.
"""

import time
from collections.abc import Callable
from typing import Protocol

from pxcore.gateway.rest.channel import Channel, Reply
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


def observed_post(
    channel: Channel, observer: Observer, path: str, body: bytes, token: str | None
) -> Reply:
    """As `Channel.post`, told to the observer."""
    return _observed(observer, "POST", path, body, lambda: channel.post(path, body, token))


def observed_get(channel: Channel, observer: Observer, path: str) -> Reply:
    """As `Channel.get`, told to the observer."""
    return _observed(observer, "GET", path, None, lambda: channel.get(path))


def _observed(
    observer: Observer, method: str, path: str, body: bytes | None, send: Callable[[], Reply]
) -> Reply:
    is_secret = path.startswith(_HAS_SECRETS)
    number = observer.sending(method, path, None if is_secret else body)
    begun = time.monotonic()
    try:
        reply = send()
    except (Unavailable, OutcomeUnknown) as error:
        observer.failed(number, path, error, time.monotonic() - begun)
        raise
    shown = Reply(reply.status, b"") if is_secret else reply
    observer.answered(number, path, shown, time.monotonic() - begun)
    return reply
