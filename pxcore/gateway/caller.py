"""Asking and instructing with the shared token, and the one repeat that a 401 allows."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from pxcore.gateway.channel import Channel
from pxcore.gateway.login import Login
from pxcore.gateway.policy import Unauthorised, ask_once, instruct_once, patiently
from pxcore.gateway.wire.endpoints import PING_PATH, Endpoint
from pxcore.model import OutcomeUnknown, ProtocolError, Unavailable

A = TypeVar("A")


class Caller:
    def __init__(self, channel: Channel, login: Login, *, sleep: Callable[[float], None]) -> None:
        self._channel = channel
        self._login = login
        self._sleep = sleep

    def ask(self, endpoint: Endpoint[A], request: msgspec.Struct, attempted: str) -> A:
        """The answer to a question, which may have been asked several times."""

        def ask(token: str) -> A:
            return patiently(
                lambda: ask_once(
                    self._channel, endpoint, request, token=token, attempted=attempted
                ),
                sleep=self._sleep,
            )

        token = self._login.token()
        try:
            return ask(token)
        except Unauthorised:
            return ask(self._login.renew(token))

    def instruct(self, endpoint: Endpoint[A], request: msgspec.Struct, attempted: str) -> A:
        """The answer to an instruction, sent once: a 401 proves that it was not taken."""

        def instruct(token: str) -> A:
            return instruct_once(self._channel, endpoint, request, token=token, attempted=attempted)

        token = self._token_for(attempted, self._login.token)
        try:
            return instruct(token)
        except Unauthorised:
            return instruct(self._token_for(attempted, lambda: self._login.renew(token)))

    def ping(self) -> None:
        """Returns when the gateway answers. Needs no token."""
        patiently(self._ping, sleep=self._sleep)

    def _ping(self) -> None:
        try:
            reply = self._channel.get(PING_PATH)
        except OutcomeUnknown as error:
            raise Unavailable(str(error)) from None
        if reply.status != 200:
            raise Unavailable(f"{self._channel.base_url} answered a ping with HTTP {reply.status}")

    def _token_for(self, attempted: str, token: Callable[[], str]) -> str:
        """A login that fails before an instruction means that nothing was sent."""
        try:
            return token()
        except ProtocolError as error:
            raise Unavailable(f"{attempted}: not sent, {error}") from error
