"""What came of an exchange in place of an answer, and what whoever began it may do then: a table.

A question changes nothing, so what may pass is asked again, four times in all. An instruction moves
money, and sent twice it may be taken twice: it goes out once, whatever becomes of its answer. It
raises Unavailable or Refused only where it is proven that it was not taken, and OutcomeUnknown
everywhere else: then its tag is looked for. A login is a question about who we are, so what the
venue says against it is for a person to put right. A ping asks for a sign of life: any word is one.

What proves that nothing was taken:
- no connection came about, or our own count of requests held it back: nothing was sent;
- 429: the venue counts before it acts, and asking at once makes it worse. It stands before a page,
  since a shield that counts answers with one;
- 401: the token is looked at before the request is read. It alone lets an instruction go out again,
  once, with a new token;
- 400 and 404: the request was not understood, or there is nothing at that path to take it;
- `success` false, but for "pending" and "unknown error": these do not say what was done.

What proves nothing: a reply that is lost; a page, and what else is not the venue's word (see
`wire.foreign`), with whatever status; any other status; an answer of the venue's own in a form that
was not agreed. For a question the last is final: asking again would not fix it.
Source: gateway reference, 1.3, 1.4 and 3.
"""

from enum import Enum, auto
from typing import Final

import msgspec

from pxcore.gateway.rest.channel import Reply
from pxcore.gateway.wire import codes
from pxcore.gateway.wire.foreign import is_page
from pxcore.model import (
    Misconfigured,
    OutcomeUnknown,
    ProtocolError,
    PxError,
    Refused,
    Unavailable,
)


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


class Kind(Enum):
    QUESTION = auto()
    INSTRUCTION = auto()
    LOGIN = auto()
    PING = auto()


class Happened(Enum):
    """In place of an answer. Of several that are true of one reply, the first counts."""

    NO_BUDGET = auto()
    NOT_CONNECTED = auto()
    REPLY_LOST = auto()
    RATE_LIMITED = auto()  # 429
    PAGE = auto()
    UNAUTHORISED = auto()  # 401
    TROUBLE = auto()  # 3xx, 403, 408, 5xx: who stands in between, or a server that may recover
    BAD_REQUEST = auto()  # 400
    NO_SUCH_PATH = auto()  # 404
    OTHER_STATUS = auto()
    NO_ANSWER = auto()  # 200 with what is not the venue's word
    UNREADABLE = auto()  # 200 with the venue's own, not as agreed
    REFUSED = auto()  # success false
    UNDECIDED = auto()  # success false, and no word on whether it was taken


class Repeat(Enum):
    NEVER = auto()
    LATER = auto()  # after a pause, as long as attempts are left
    WHEN_FREE = auto()  # after the wait that the budget names, if it is no longer than the patience
    AFTER_LOGIN = auto()  # once, with a new token


class Ruling(msgspec.Struct, frozen=True):
    """`raises` is for when it is not repeated, or the last attempt ended so."""

    raises: type[PxError]
    repeat: Repeat = Repeat.NEVER


_again = Ruling(Unavailable, Repeat.LATER)
_slower = Ruling(RateLimited, Repeat.LATER)
_waits = Ruling(OverBudget, Repeat.WHEN_FREE)
_logs_in = Ruling(Unauthorised, Repeat.AFTER_LOGIN)
_no_path = Ruling(NoSuchPath)
_odd = Ruling(ProtocolError)
_refused = Ruling(Refused)
_person = Ruling(Misconfigured)
_limited = Ruling(RateLimited)
_held = Ruling(OverBudget)
_not_now = Ruling(Unavailable)
_unknown = Ruling(OutcomeUnknown)
_never = None  # cannot happen to it

TABLE: Final[dict[Happened, tuple[Ruling | None, ...]]] = {
    #                        question   instruction  login      ping
    Happened.NO_BUDGET:     (_waits,    _held,       _waits,    _waits),
    Happened.NOT_CONNECTED: (_again,    _not_now,    _again,    _again),
    Happened.REPLY_LOST:    (_again,    _unknown,    _again,    _again),
    Happened.RATE_LIMITED:  (_slower,   _limited,    _slower,   _again),
    Happened.PAGE:          (_again,    _unknown,    _again,    _again),
    Happened.UNAUTHORISED:  (_logs_in,  _logs_in,    _person,   _again),
    Happened.TROUBLE:       (_again,    _unknown,    _again,    _again),
    Happened.BAD_REQUEST:   (_odd,      _refused,    _odd,      _again),
    Happened.NO_SUCH_PATH:  (_no_path,  _refused,    _no_path,  _again),
    Happened.OTHER_STATUS:  (_odd,      _unknown,    _odd,      _again),
    Happened.NO_ANSWER:     (_again,    _unknown,    _again,    _never),
    Happened.UNREADABLE:    (_odd,      _unknown,    _odd,      _never),
    Happened.REFUSED:       (_refused,  _refused,    _person,   _never),
    Happened.UNDECIDED:     (_refused,  _unknown,    _not_now,  _never),
}  # fmt: skip
_COLUMN: Final = {kind: column for column, kind in enumerate(Kind)}

_BY_STATUS: Final = {
    401: Happened.UNAUTHORISED,
    400: Happened.BAD_REQUEST,
    404: Happened.NO_SUCH_PATH,
    **dict.fromkeys((403, 408, *range(300, 400), *range(500, 600)), Happened.TROUBLE),
}


def ruling(kind: Kind, happened: Happened) -> Ruling:
    found = TABLE[happened][_COLUMN[kind]]
    assert found is not None, f"{happened.name} cannot happen to a {kind.name}"
    return found


def by_status(reply: Reply) -> Happened | None:
    """What the status and a page say; None for a 200 whose body decides."""
    if reply.status == 429:
        return Happened.RATE_LIMITED
    if is_page(reply.body):
        return Happened.PAGE
    if reply.status == 200:
        return None
    return _BY_STATUS.get(reply.status, Happened.OTHER_STATUS)


def by_refusal(code_name: str) -> Happened:
    """What `success` false says, by the name of its code."""
    return Happened.UNDECIDED if code_name in codes.UNDECIDED else Happened.REFUSED
