"""Asking and instructing with the shared token, and the one repeat that a 401 allows."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import msgspec

from pxcore.gateway.rest.budget import Urgency
from pxcore.gateway.rest.channel import Reply
from pxcore.gateway.rest.clock_reading import ClockReading, read_clock
from pxcore.gateway.rest.failures import Came
from pxcore.gateway.rest.login import Login
from pxcore.gateway.rest.outcomes import Kind, Repeat
from pxcore.gateway.rest.outgoing import Outgoing
from pxcore.gateway.rest.policy import Sender, patiently
from pxcore.gateway.rest.ready import Ready
from pxcore.gateway.wire.endpoints import Endpoint
from pxcore.model import ProtocolError, Unavailable

A = TypeVar("A")

_LOGIN_MAX_S = 3.0


class Caller:
    def __init__(
        self,
        sender: Sender,
        login: Login,
        *,
        sleep: Callable[[float], None],
        budget_patience_s: float,
    ) -> None:
        self._sender = sender
        self._login = login
        self._budget_patience_s = budget_patience_s
        self.pause = sleep
        self._patiently = partial(patiently, sleep=sleep, budget_patience_s=budget_patience_s)

    def ask(
        self,
        endpoint: Endpoint[A],
        request: msgspec.Struct,
        attempted: str,
        urgency: Urgency = Urgency.NORMAL,
        *,
        budget_patience_s: float | None = None,
    ) -> A:
        """The answer to a question, which may have been asked several times. `budget_patience_s`
        is how long a free request is waited for, where that is not as long as for any other.
        """
        patience_s = self._budget_patience_s if budget_patience_s is None else budget_patience_s

        def ask(token: str) -> Came[A]:
            return self._patiently(
                lambda: self._sender.send(
                    Kind.QUESTION,
                    endpoint,
                    request,
                    token=token,
                    attempted=attempted,
                    urgency=urgency,
                ),
                budget_patience_s=patience_s,
            )

        token = self._login.token()
        came = ask(token)
        if came.repeat is Repeat.AFTER_LOGIN:
            came = ask(self._login.renew(token))
        return came.get()

    def instruct(self, instruction: Outgoing[A]) -> A:
        """The answer to an instruction, sent once, and again where the table says so: a 401
        proves that it was not taken.

        Not sent at all when the login took long and the instruction opens something: whatever
        it was decided on is old by then.
        """
        begun_s = time.monotonic()
        token = self._token_for(instruction.attempted, self._login.token)
        return self._answer(instruction, self._send(instruction, token, begun_s), token, begun_s)

    def at_once(self, instruction: Outgoing[A]) -> Ready[A] | None:
        """As `instruct`, without waiting for anything; None when it could not leave now."""
        token = self._login.token_in_hand()
        ready = None if token is None else self._sender.at_once(instruction, token)
        if token is None or ready is None:
            return None
        begun_s = time.monotonic()
        return ready.told(lambda came: self._answer(instruction, came(), token, begun_s))

    def _send(self, instruction: Outgoing[A], token: str, begun_s: float) -> Came[A]:
        waited_s = time.monotonic() - begun_s
        if instruction.urgency is Urgency.NORMAL and waited_s > _LOGIN_MAX_S:
            attempted = instruction.attempted
            raise Unavailable(f"{attempted}: not sent, the login took {waited_s:.1f} s")
        return self._sender.instruct(instruction, token)

    def _answer(self, instruction: Outgoing[A], came: Came[A], token: str, begun_s: float) -> A:
        if came.repeat is Repeat.AFTER_LOGIN:
            renewed = self._token_for(instruction.attempted, lambda: self._login.renew(token))
            came = self._send(instruction, renewed, begun_s)
        return came.get()

    def ping(self) -> None:
        """Returns when the gateway answers. Needs no token."""
        self._patiently(lambda: self._sender.ping(Urgency.NORMAL)).get()

    def clock_reading(self) -> ClockReading | None:
        """How our wall clock stands to the gateway's, by a ping; None when it does not say."""

        before = datetime.now(UTC)

        def ping() -> Came[Reply]:
            nonlocal before
            before = datetime.now(UTC)
            return self._sender.ping(Urgency.NORMAL)

        reply = self._patiently(ping).get()
        return read_clock(reply.date, before=before, after=datetime.now(UTC))

    def keep_ready(self) -> bool:
        """What `at_once` needs is at hand. False when it is not, and nothing leaves at once."""
        return self._login.token_in_hand() is not None and self._sender.keep_ready()

    def _token_for(self, attempted: str, token: Callable[[], str]) -> str:
        """A login that fails before an instruction means that nothing was sent."""
        try:
            return token()
        except ProtocolError as error:
            raise Unavailable(f"{attempted}: not sent, {error}") from error
