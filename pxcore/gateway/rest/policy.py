"""Which exchanges repeat, and what each status proves. Questions repeat; instructions do not.

    the exchange          a question                    an instruction
    not connected         repeat, then Unavailable      Unavailable
    reply lost            repeat, then Unavailable      OutcomeUnknown
    401                   log in again and repeat, once (a 401 proves it was not taken)
    429                   pause, repeat, Unavailable    Unavailable
    no request is left    wait a little, Unavailable    Unavailable
    3xx, 403, 408, 5xx    repeat, then Unavailable      OutcomeUnknown
    200, no answer        repeat, then Unavailable      OutcomeUnknown
    a web page            as "no answer", whatever the status, but for 429
    400, 404              ProtocolError                 Refused
    any other             ProtocolError                 OutcomeUnknown
    200, unreadable       ProtocolError                 OutcomeUnknown
    200, success false    Refused                       Refused; OutcomeUnknown for "pending"
                                                        and "unknown error"

"No answer" is what is not the venue's word at all, see `wire.foreign`: a page, nothing, half of
one. "Unreadable" is the venue's own, in a form that was not agreed: asking again would not fix it.
A 429, or a used-up budget, holds back whatever is not urgent (see `budget`). An urgent question
repeats after a 429 as after any other failure. Source: gateway reference, 1.3, 1.4 and 3.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from pxcore.gateway.rest.budget import Budget, Urgency
from pxcore.gateway.rest.channel import Channel, Reply
from pxcore.gateway.rest.observer import Observer, Unobserved, observed_get, observed_post
from pxcore.gateway.wire import codes, requests
from pxcore.gateway.wire.endpoints import PING_PATH, Endpoint, Lane, WireVerdict
from pxcore.gateway.wire.foreign import came_instead, is_page
from pxcore.model import OutcomeUnknown, ProtocolError, Refused, Unavailable
from pxcore.text.plain import plain

ATTEMPTS_MAX = 4
_REPEATABLE = frozenset((403, 408, *range(300, 400), *range(500, 600)))

A = TypeVar("A")


class RateLimited(Unavailable):
    """HTTP 429: nothing was taken, and asking again at once makes it worse."""


class OverBudget(Unavailable):
    """Not sent: our own count says that the venue would refuse it now."""

    def __init__(self, attempted: str, wait_s: float) -> None:
        self.wait_s = wait_s
        super().__init__(f"{attempted}: not sent, the next request is free in {wait_s:.0f} s")


class NoSuchPath(ProtocolError):
    """HTTP 404: this gateway does not have the endpoint."""


class Unauthorised(Unavailable):
    """HTTP 401: nothing was taken, the token is not good."""


_pause_short = wait_random_exponential(multiplier=0.5, max=8)
BRIEFLY_S = 6.0  # for a free request, where somebody or something waits for the answer
A_WINDOW_S = 75.0  # longer than any request of ours counts: one has become free by then


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return error.wait_s if isinstance(error, OverBudget) else _pause_short(state)


def patiently(
    ask: Callable[[], A],
    *,
    sleep: Callable[[float], None],
    budget_patience_s: float = BRIEFLY_S,
) -> A:
    """The answer of the first of four attempts that is not Unavailable.

    A bad token is not repeated here: whoever holds the login renews it. Nor is what our own budget
    holds back for longer than the patience, in seconds.
    """

    def may_pass(error: BaseException) -> bool:
        if isinstance(error, OverBudget):
            return error.wait_s <= budget_patience_s
        return isinstance(error, Unavailable) and not isinstance(error, Unauthorised)

    return Retrying(
        stop=stop_after_attempt(ATTEMPTS_MAX),
        wait=_pause,
        retry=retry_if_exception(may_pass),
        sleep=sleep,
        reraise=True,
    )(ask)


class Sender:
    """Sends one request, once, when the budget has room for it."""

    def __init__(self, channel: Channel, budget: Budget, observer: Observer | None = None) -> None:
        self.channel = channel
        self.budget = budget
        self._observer: Observer = observer or Unobserved()

    def observe(self, observer: Observer) -> Observer:
        """It is told of every request from the next one on; returns the one that was until now,
        which still hears what becomes of those under way.
        """
        before, self._observer = self._observer, observer
        return before

    def ask(
        self,
        endpoint: Endpoint[A],
        request: msgspec.Struct,
        *,
        token: str | None,
        attempted: str,
        urgency: Urgency,
    ) -> A:
        """The answer to a question. Raises as the table says; Unauthorised for a 401."""
        try:
            reply = self._send(endpoint, request, token, attempted, urgency)
        except OutcomeUnknown as error:
            raise Unavailable(str(error)) from None
        where = f"{self.channel.base_url}{endpoint.path}"
        _require_ok(reply, where)
        came = came_instead(reply.body)
        if came is not None:
            raise Unavailable(f"{where} answered with {came}")
        verdict = endpoint.verdict(reply.body)
        if not verdict.success:
            raise _refused(endpoint, verdict, attempted)
        return endpoint.read(reply.body)

    def instruct(
        self,
        endpoint: Endpoint[A],
        request: msgspec.Struct,
        *,
        token: str,
        attempted: str,
        urgency: Urgency,
    ) -> A:
        """The answer to an instruction. Raises as the table says; Unauthorised for a 401."""
        reply = self._send(endpoint, request, token, attempted, urgency)
        if reply.status == 429:
            raise RateLimited(f"{attempted}: HTTP 429, too many requests")
        if is_page(reply.body):
            status = f"HTTP {reply.status}{_leads_to(reply)}"
            raise OutcomeUnknown(f"{attempted}: {status} with a web page, not JSON")
        if reply.status == 401:
            raise Unauthorised(f"{attempted}: HTTP 401")
        if reply.status in (400, 404):
            status = f"HTTP {reply.status}"
            raise Refused(attempted, code=reply.status, code_name=status, text=_detail(reply))
        if reply.status != 200:
            raise OutcomeUnknown(f"{attempted}: HTTP {reply.status}{_leads_to(reply)}")
        came = came_instead(reply.body)
        if came is not None:
            raise OutcomeUnknown(f"{attempted}: answered with {came}")
        try:
            verdict = endpoint.verdict(reply.body)
            if verdict.success:
                return endpoint.read(reply.body)
        except ProtocolError as error:
            raise OutcomeUnknown(f"{attempted}: {error}") from error
        refused = _refused(endpoint, verdict, attempted)
        if refused.code_name in codes.UNDECIDED:
            raise OutcomeUnknown(str(refused))
        raise refused

    def ping(self, urgency: Urgency) -> Reply:
        """The reply, when the gateway answers. Needs no token."""
        self._admit(Lane.REST, "ping", urgency)
        try:
            reply = observed_get(self.channel, self._observer, PING_PATH)
        except OutcomeUnknown as error:
            raise Unavailable(str(error)) from None
        if reply.status != 200:
            what = f"HTTP {reply.status}{_leads_to(reply)}"
            raise Unavailable(f"{self.channel.base_url} answered a ping with {what}")
        if is_page(reply.body):
            raise Unavailable(f"{self.channel.base_url} answered a ping with a web page")
        return reply

    def _send(
        self,
        endpoint: Endpoint[A],
        request: msgspec.Struct,
        token: str | None,
        attempted: str,
        urgency: Urgency,
    ) -> Reply:
        self._admit(endpoint.lane, attempted, urgency)
        body = requests.encode(request)
        reply = observed_post(self.channel, self._observer, endpoint.path, body, token)
        if reply.status == 429:
            self.budget.was_limited()
        return reply

    def _admit(self, lane: Lane, attempted: str, urgency: Urgency) -> None:
        wait_s = self.budget.take(lane, urgency)
        if wait_s > 0:
            raise OverBudget(attempted, wait_s)


def _require_ok(reply: Reply, where: str) -> None:
    """Returns for 200 and raises, for a question, what any other status means."""
    said = f"{where} answered HTTP {reply.status}"
    if reply.status == 200:
        return
    if reply.status == 429:
        raise RateLimited(f"{said}, too many requests")
    if is_page(reply.body):
        raise Unavailable(f"{said}{_leads_to(reply)} with a web page, not JSON")
    if reply.status == 401:
        raise Unauthorised(said)
    if reply.status in _REPEATABLE:
        raise Unavailable(f"{said}{_leads_to(reply)}")
    if reply.status == 404:
        raise NoSuchPath(said)
    detail = _detail(reply)
    raise ProtocolError(f"{said}: {detail}" if detail else said)


def _refused(endpoint: Endpoint[A], verdict: WireVerdict, attempted: str) -> Refused:
    return Refused(
        attempted,
        code=verdict.error_code,
        code_name=endpoint.error_name(verdict.error_code),
        text=verdict.error_message,
        order_id=verdict.order_id,
        remedy=codes.remedy(verdict.error_message),
    )


def _leads_to(reply: Reply) -> str:
    return f", which leads to {reply.leads_to}" if reply.leads_to else ""


def _detail(reply: Reply) -> str | None:
    """What a 400 says of itself, in one line of at most 200 characters."""
    return plain(" ".join(reply.body.decode(errors="replace").split())[:200]) or None
