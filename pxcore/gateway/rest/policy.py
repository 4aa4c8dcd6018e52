"""Sends one request, once, and repeats where the table in `outcomes` lets it.

A 429, or a used-up budget, holds back whatever is not urgent (see `budget`). An urgent question
repeats after a 429 as after any other failure.
"""

import contextlib
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import msgspec
from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_attempt
from tenacity.wait import wait_random_exponential

from pxcore.gateway.rest.budget import Budget, Urgency
from pxcore.gateway.rest.channel import Channel, Reply
from pxcore.gateway.rest.failures import Attempt, Came, Failure, Mishap, Success, failed
from pxcore.gateway.rest.observer import Observed, Observer, Unobserved
from pxcore.gateway.rest.order_line import OrderLine
from pxcore.gateway.rest.outcomes import (
    Happened,
    Kind,
    OverBudget,
    Repeat,
    by_refusal,
    by_status,
)
from pxcore.gateway.rest.outgoing import Outgoing
from pxcore.gateway.rest.ready import Ready
from pxcore.gateway.wire import codes, requests
from pxcore.gateway.wire.endpoints import PING_PATH, Endpoint, Lane, WireVerdict
from pxcore.gateway.wire.foreign import came_instead
from pxcore.model import OutcomeUnknown, ProtocolError, Refused, Unavailable

ATTEMPTS_MAX = 4

A = TypeVar("A")

_pause_short = wait_random_exponential(multiplier=0.5, max=8)
BRIEFLY_S = 6.0  # for a free request, where somebody or something waits for the answer
_WARM_S = 25.0  # without a word, after which the line gets a ping: gateways end idle connections
A_WINDOW_S = 75.0  # longer than any request of ours counts: one has become free by then


def _came(state: RetryCallState) -> Came[A]:
    assert state.outcome is not None  # there was an attempt
    came: Came[A] = state.outcome.result()
    return came


def _pause(state: RetryCallState) -> float:
    came: Came[object] = _came(state)
    if isinstance(came, Failure) and isinstance(came.error, OverBudget):
        return came.error.wait_s
    return _pause_short(state)


def patiently(
    ask: Callable[[], Came[A]],
    *,
    sleep: Callable[[float], None],
    budget_patience_s: float = BRIEFLY_S,
) -> Came[A]:
    """What came of the first of four attempts that is not to be repeated, or of the last.

    A bad token is not repeated here: whoever holds the login renews it. Nor is what our own budget
    holds back for longer than the patience, in seconds.
    """

    def may_pass(came: Came[A]) -> bool:
        if isinstance(came, Failure) and isinstance(came.error, OverBudget):
            return came.repeat is Repeat.WHEN_FREE and came.error.wait_s <= budget_patience_s
        return came.repeat is Repeat.LATER

    return Retrying(
        stop=stop_after_attempt(ATTEMPTS_MAX),
        wait=_pause,
        retry=retry_if_result(may_pass),
        retry_error_callback=_came,
        sleep=sleep,
    )(ask)


class Sender:
    """Sends one request, once, when the budget has room for it."""

    def __init__(
        self,
        channel: Channel,
        line: OrderLine,
        budget: Budget,
        observer: Observer | None = None,
    ) -> None:
        self.channel = channel
        self._line = line
        self.budget = budget
        self._observer: Observer = observer or Unobserved()

    def observe(self, observer: Observer) -> Observer:
        """It is told of every request from the next one on; returns the one that was until now,
        which still hears what becomes of those under way.
        """
        before, self._observer = self._observer, observer
        return before

    def send(
        self,
        kind: Kind,
        endpoint: Endpoint[A],
        request: msgspec.Struct,
        *,
        token: str | None,
        attempted: str,
        urgency: Urgency,
    ) -> Came[A]:
        """What came of it; of any kind but a ping."""
        attempt = Attempt(kind, self.channel.base_url, endpoint.path, attempted)

        def post() -> Reply:
            body = requests.encode(request)
            told = Observed(self._observer, "POST", endpoint.path, body)
            return told.reply(lambda: self.channel.post(endpoint.path, body, token))

        reply = self._counted(attempt, endpoint.lane, urgency, post)
        return reply if isinstance(reply, Failure) else self._read(attempt, endpoint, reply)

    def instruct(self, instruction: Outgoing[A], token: str) -> Came[A]:
        """Over the line where that is free, else on a connection of the thread's own."""
        endpoint, attempt = instruction.endpoint, self._attempt(instruction)

        def post() -> Reply:
            body = requests.encode(instruction.request)
            ready = self._by_line("POST", endpoint.path, body, token)
            reply = ready.send() if ready else None
            if reply is not None:
                return reply()
            told = Observed(self._observer, "POST", endpoint.path, body)
            return told.reply(lambda: self.channel.post(endpoint.path, body, token))

        reply = self._counted(attempt, endpoint.lane, instruction.urgency, post)
        return reply if isinstance(reply, Failure) else self._read(attempt, endpoint, reply)

    def at_once(self, instruction: Outgoing[A], token: str) -> Ready[Came[A]] | None:
        """Over the line, without waiting for anything; None when it could not leave now."""
        endpoint, body = instruction.endpoint, requests.encode(instruction.request)
        ready = self._by_line("POST", endpoint.path, body, token, spends=True)
        if ready is None:
            return None
        return ready.told(partial(self._came, self._attempt(instruction), endpoint))

    def keep_ready(self) -> bool:
        """The line is open, and a request is in hand. False when one of them is not."""
        if not self._line.keep():
            return False
        if self._line.idle_s > _WARM_S and self.budget.take(Lane.REST, Urgency.NORMAL) == 0:
            self._ping_line()
        return self.budget.hold()

    def _ping_line(self) -> None:
        """One that fails ends the line, which is opened again the next time."""
        ready = self._by_line("GET", PING_PATH, None, None)
        reply = ready.send() if ready else None
        if reply is not None:
            with contextlib.suppress(OutcomeUnknown):
                reply()

    def _by_line(
        self,
        method: str,
        path: str,
        body: bytes | None,
        token: str | None,
        *,
        spends: bool = False,
    ) -> Ready[Reply] | None:
        """Over the line, where that is free; `spends` the request in hand, without which it does
        not leave.
        """
        line = self._line
        if not line.take(method, path, body, token):
            return None
        if spends and not self.budget.spend():
            line.give_back()
            return None
        told = Observed(self._observer, method, path, body)
        return Ready(partial(_left, line, told), partial(_call_off, line, told))

    def _attempt(self, instruction: Outgoing[A]) -> Attempt:
        return Attempt(
            Kind.INSTRUCTION,
            self.channel.base_url,
            instruction.endpoint.path,
            instruction.attempted,
        )

    def _came(self, attempt: Attempt, endpoint: Endpoint[A], get: Callable[[], Reply]) -> Came[A]:
        reply = _tried(attempt, get)
        return reply if isinstance(reply, Failure) else self._read(attempt, endpoint, reply)

    def _read(self, attempt: Attempt, endpoint: Endpoint[A], reply: Reply) -> Came[A]:
        if reply.status == 429:
            self.budget.was_limited()
        came = read_reply(endpoint, reply, attempt.attempted)
        return failed(attempt, came) if isinstance(came, Mishap) else came

    def ping(self, urgency: Urgency) -> Came[Reply]:
        """The reply, when the gateway answers. Needs no token."""
        attempt = Attempt(Kind.PING, self.channel.base_url, PING_PATH, "ping")

        def get() -> Reply:
            told = Observed(self._observer, "GET", PING_PATH, None)
            return told.reply(lambda: self.channel.get(PING_PATH))

        reply = self._counted(attempt, Lane.REST, urgency, get)
        if isinstance(reply, Failure):
            return reply
        happened = by_status(reply)
        return failed(attempt, Mishap(happened, reply)) if happened else Success(reply)

    def _counted(
        self, attempt: Attempt, lane: Lane, urgency: Urgency, send: Callable[[], Reply]
    ) -> Reply | Failure:
        wait_s = self.budget.take(lane, urgency)
        if wait_s > 0:
            return failed(attempt, Mishap(Happened.NO_BUDGET, wait_s=wait_s))
        return _tried(attempt, send)


def _left(line: OrderLine, told: Observed) -> Callable[[], Reply] | None:
    """How to get its reply; None when nothing of it has left."""
    if line.send():
        return partial(told.reply, line.reply)
    told.not_sent("nothing of it has left: the connection takes no more")
    return None


def _call_off(line: OrderLine, told: Observed) -> None:
    line.give_back()
    told.not_sent("called off before anything had left")


def _tried(attempt: Attempt, get: Callable[[], Reply]) -> Reply | Failure:
    try:
        return get()
    except Unavailable as error:
        return failed(attempt, Mishap(Happened.NOT_CONNECTED, words=str(error)))
    except OutcomeUnknown as error:
        return failed(attempt, Mishap(Happened.REPLY_LOST, words=str(error)))


def read_reply(endpoint: Endpoint[A], reply: Reply, attempted: str) -> Success[A] | Mishap:
    """What a reply holds. Neither who asked nor why has a part in it."""
    happened = by_status(reply)
    if happened:
        return Mishap(happened, reply)
    came = came_instead(reply.body)
    if came is not None:
        return Mishap(Happened.NO_ANSWER, reply, words=came)
    try:
        verdict = endpoint.verdict(reply.body)
        if verdict.success:
            return Success(endpoint.read(reply.body))
    except ProtocolError as error:
        return Mishap(Happened.UNREADABLE, reply, words=str(error))
    refused = _refused(endpoint, verdict, attempted)
    return Mishap(by_refusal(refused.code_name), reply, refused=refused)


def _refused(endpoint: Endpoint[A], verdict: WireVerdict, attempted: str) -> Refused:
    return Refused(
        attempted,
        code=verdict.error_code,
        code_name=endpoint.error_name(verdict.error_code),
        text=verdict.error_message,
        order_id=verdict.order_id,
        remedy=codes.remedy(verdict.error_message),
    )
