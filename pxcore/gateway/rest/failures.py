"""What came of one exchange, as a value: an answer, or the error that the table has for it.

An error says who was asked or what was attempted, what came, and what helps where that is known.
"""

from typing import ClassVar, Final, Generic, NoReturn, TypeAlias, TypeVar, assert_never

import msgspec

from pxcore.gateway.rest.channel import Reply
from pxcore.gateway.rest.outcomes import Happened, Kind, OverBudget, Repeat, ruling
from pxcore.model import PxError, Refused
from pxcore.text.plain import plain

A = TypeVar("A")

_CHECK_KEY: Final = (
    "check the user name (the platform's login name, not the e-mail address) and the API key"
)
_REMEDY: Final = {
    "AgreementsNotSigned": "log into the platform and sign the agreements",
    "ApiSubscriptionNotFound": "the user has no API subscription: buy or link it",
    "ApiKeyAuthenticationDisabled": "API keys are disabled for this user: ask support",
}


class Success(msgspec.Struct, Generic[A], frozen=True):
    answer: A
    repeat: ClassVar[Repeat] = Repeat.NEVER

    def get(self) -> A:
        return self.answer


class Failure(msgspec.Struct, frozen=True):
    error: PxError
    repeat: Repeat

    def get(self) -> NoReturn:
        raise self.error


Came: TypeAlias = Success[A] | Failure


class Attempt(msgspec.Struct, frozen=True):
    """`attempted` is what was to be done, in words."""

    kind: Kind
    base_url: str
    path: str
    attempted: str


_NO_REPLY: Final = Reply(0, b"")


class Mishap(msgspec.Struct, frozen=True):
    """What came in place of an answer; each happening has one or two of the rest. `words` say what
    failed on the way, or what came instead.
    """

    happened: Happened
    reply: Reply = _NO_REPLY
    words: str = ""
    refused: Refused | None = None
    wait_s: float = 0.0


def failed(attempt: Attempt, mishap: Mishap) -> Failure:
    """As the table says."""
    found = ruling(attempt.kind, mishap.happened)
    if found.raises is OverBudget:
        return Failure(OverBudget(attempt.attempted, mishap.wait_s), found.repeat)
    if found.raises is Refused:
        return Failure(mishap.refused or _refused(attempt.attempted, mishap.reply), found.repeat)
    return Failure(found.raises(_text(attempt, mishap)), found.repeat)


def _text(attempt: Attempt, mishap: Mishap) -> str:
    if mishap.happened in (Happened.NOT_CONNECTED, Happened.REPLY_LOST):
        return mishap.words
    match attempt.kind:
        case Kind.QUESTION:
            return _of_question(attempt, mishap)
        case Kind.INSTRUCTION if mishap.refused:
            return str(mishap.refused)
        case Kind.INSTRUCTION:
            return f"{attempt.attempted}: {_of_instruction(mishap)}"
        case Kind.LOGIN:
            return _of_login(attempt, mishap)
        case Kind.PING:
            return f"{attempt.base_url} answered a ping with {_of_ping(mishap.reply)}"
        case _:
            assert_never(attempt.kind)


def _of_question(attempt: Attempt, mishap: Mishap) -> str:
    if mishap.happened is Happened.UNREADABLE:
        return mishap.words
    reply, where = mishap.reply, f"{attempt.base_url}{attempt.path}"
    match mishap.happened:
        case Happened.NO_ANSWER:
            said = f"with {mishap.words}"
        case Happened.PAGE if reply.status == 200:
            said = "with a web page, not JSON"
        case Happened.BAD_REQUEST | Happened.OTHER_STATUS:
            detail = _detail(reply)
            said = f"HTTP {reply.status}: {detail}" if detail else f"HTTP {reply.status}"
        case _:
            said = _by_status(mishap)
    return f"{where} answered {said}"


def _of_instruction(mishap: Mishap) -> str:
    match mishap.happened:
        case Happened.NO_ANSWER:
            return f"answered with {mishap.words}"
        case Happened.UNREADABLE:
            return mishap.words
        case _:
            return _by_status(mishap)


def _of_login(attempt: Attempt, mishap: Mishap) -> str:
    refused = mishap.refused
    if refused is None:
        said = _of_question(attempt, mishap)
        return f"{said}; {_CHECK_KEY}" if mishap.happened is Happened.UNAUTHORISED else said
    said = f"{attempt.base_url}: {refused}"
    if mishap.happened is Happened.UNDECIDED:
        return said
    return f"{said}; {_REMEDY.get(refused.code_name, _CHECK_KEY)}"


def _of_ping(reply: Reply) -> str:
    return "a web page" if reply.status == 200 else f"HTTP {reply.status}{_leads_to(reply)}"


def _by_status(mishap: Mishap) -> str:
    status = f"HTTP {mishap.reply.status}"
    match mishap.happened:
        case Happened.RATE_LIMITED:
            return f"{status}, too many requests"
        case Happened.PAGE:
            return f"{status}{_leads_to(mishap.reply)} with a web page, not JSON"
        case Happened.UNAUTHORISED | Happened.NO_SUCH_PATH:
            return status
        case _:
            return f"{status}{_leads_to(mishap.reply)}"


def _refused(attempted: str, reply: Reply) -> Refused:
    """By its status."""
    status = f"HTTP {reply.status}"
    return Refused(attempted, code=reply.status, code_name=status, text=_detail(reply))


def _leads_to(reply: Reply) -> str:
    return f", which leads to {reply.leads_to}" if reply.leads_to else ""


def _detail(reply: Reply) -> str | None:
    """What a 400 says of itself, in one line of at most 200 characters."""
    return plain(" ".join(reply.body.decode(errors="replace").split())[:200]) or None
