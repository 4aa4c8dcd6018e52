"""Which exchanges repeat, and what each status proves. Questions repeat; instructions do not.

    the exchange          a question                    an instruction
    not connected         repeat, then Unavailable      Unavailable
    reply lost            repeat, then Unavailable      OutcomeUnknown
    401                   log in again and repeat, once (a 401 proves it was not taken)
    429                   repeat slowly, Unavailable    Unavailable
    403, 408, 5xx         repeat, then Unavailable      OutcomeUnknown
    400, 404              ProtocolError                 Refused
    any other             ProtocolError                 OutcomeUnknown
    200, unreadable       ProtocolError                 OutcomeUnknown
    200, success false    Refused                       Refused; OutcomeUnknown for "pending"
                                                        and "unknown error"

Source: gateway reference, 1.3, 1.4 and 3.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from pxcore.gateway.channel import Channel, Reply
from pxcore.gateway.wire import codes
from pxcore.gateway.wire.endpoints import Endpoint, Verdict
from pxcore.model import OutcomeUnknown, ProtocolError, Refused, Unavailable

ATTEMPTS_MAX = 4
_REPEATABLE = frozenset((403, 408, 500, 502, 503, 504))

A = TypeVar("A")


class RateLimited(Unavailable):
    """HTTP 429: nothing was taken, and asking again at once makes it worse."""


class NoSuchPath(ProtocolError):
    """HTTP 404: this gateway does not have the endpoint."""


class Unauthorised(Unavailable):
    """HTTP 401: nothing was taken, the token is not good."""


_pause_short = wait_random_exponential(multiplier=0.5, max=8)
_pause_long = wait_random_exponential(multiplier=5, min=2, max=30)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return (_pause_long if isinstance(error, RateLimited) else _pause_short)(state)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, Unavailable) and not isinstance(error, Unauthorised)


def patiently(ask: Callable[[], A], *, sleep: Callable[[float], None]) -> A:
    """The answer of the first of four attempts that is not Unavailable.

    A bad token is not repeated here: whoever holds the login renews it.
    """
    return Retrying(
        stop=stop_after_attempt(ATTEMPTS_MAX),
        wait=_pause,
        retry=retry_if_exception(_may_pass),
        sleep=sleep,
        reraise=True,
    )(ask)


def ask_once(
    channel: Channel,
    endpoint: Endpoint[A],
    request: msgspec.Struct,
    *,
    token: str | None,
    attempted: str,
) -> A:
    """The answer to a question. Raises as the table says; Unauthorised for a 401."""
    try:
        reply = channel.post(endpoint.path, msgspec.json.encode(request), token)
    except OutcomeUnknown as error:
        raise Unavailable(str(error)) from None
    _require_ok(reply, endpoint.path, channel.base_url)
    verdict = endpoint.verdict(reply.body)
    if not verdict.success:
        raise _refused(endpoint, verdict, attempted)
    return endpoint.read(reply.body)


def instruct_once(
    channel: Channel,
    endpoint: Endpoint[A],
    request: msgspec.Struct,
    *,
    token: str,
    attempted: str,
) -> A:
    """The answer to an instruction. Raises as the table says; Unauthorised for a 401."""
    reply = channel.post(endpoint.path, msgspec.json.encode(request), token)
    if reply.status == 401:
        raise Unauthorised(f"{attempted}: HTTP 401")
    if reply.status == 429:
        raise RateLimited(f"{attempted}: HTTP 429, too many requests")
    if reply.status in (400, 404):
        status = f"HTTP {reply.status}"
        raise Refused(attempted, code=reply.status, code_name=status, text=_detail(reply))
    if reply.status != 200:
        raise OutcomeUnknown(f"{attempted}: HTTP {reply.status}")
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


def _require_ok(reply: Reply, path: str, base_url: str) -> None:
    """Returns for 200 and raises, for a question, what any other status means."""
    said = f"{base_url}{path} answered HTTP {reply.status}"
    if reply.status == 200:
        return
    if reply.status == 401:
        raise Unauthorised(said)
    if reply.status == 429:
        raise RateLimited(f"{said}, too many requests")
    if reply.status in _REPEATABLE:
        raise Unavailable(said)
    if reply.status == 404:
        raise NoSuchPath(said)
    detail = _detail(reply)
    raise ProtocolError(f"{said}: {detail}" if detail else said)


def _refused(endpoint: Endpoint[A], verdict: Verdict, attempted: str) -> Refused:
    return Refused(
        attempted,
        code=verdict.error_code,
        code_name=endpoint.error_name(verdict.error_code),
        text=verdict.error_message,
        order_id=verdict.order_id,
    )


def _detail(reply: Reply) -> str | None:
    """What a 400 says of itself, in one line of at most 200 characters."""
    return " ".join(reply.body.decode(errors="replace").split())[:200] or None
