"""Faults of the way to the venue: lost answers, dead sockets, torn records, expired tokens.

Occasions of REST faults are requests whose path fits `path` (a pattern as in file names, case
aside), those of stream faults are events to one client whose target fits `target`. Moments of
timed ones are told in `base`. Milliseconds pass at the market's speed.
"""

from fnmatch import fnmatchcase
from typing import Final, Literal

from pxcore.paper.faults.base import Fault, Timed

HubName = Literal["user", "market", "both"]


class RestFault(Fault, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`moment` is before the request was carried out, or after it took effect."""

    path: str = "*"
    moment: Literal["before", "after"] = "before"

    def fits(self, path: str) -> bool:
        return fnmatchcase(path.lower(), self.path.lower())


class AnswerLost(RestFault, frozen=True, kw_only=True, tag_field="fault", tag="answer_lost"):
    """The connection ends without an answer: closed, reset, or never until the client gives up."""

    how: Literal["closed", "reset", "silent"] = "closed"


class AnswerDelayed(RestFault, frozen=True, kw_only=True, tag_field="fault", tag="answer_delayed"):
    """The answer comes `ms` later; `before` holds the request back, `after` the answer alone."""

    ms: float = 5000.0


class HttpError(RestFault, frozen=True, kw_only=True, tag_field="fault", tag="http_error"):
    """An HTTP status instead of the answer, such as 401, 429, 500 or 503; its body is empty.

    Of a hub's path it meets the negotiation and the upgrade.
    """

    status: int = 503

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 400 <= self.status <= 599:
            raise ValueError(f"status is {self.status}, must be an error from 400 to 599")


class ErrorCode(RestFault, frozen=True, kw_only=True, tag_field="fault", tag="error_code"):
    """HTTP 200 with `success` false and this `code` of the endpoint, for whatever reason."""

    code: int = 1
    text: str | None = None


NoAnswerKind = Literal["page", "nothing", "cut", "packed_cut", "other", "redirect"]


class NoAnswer(RestFault, frozen=True, kw_only=True, tag_field="fault", tag="no_answer"):
    """Something that is no answer of a venue, with this HTTP `status`, `how`: a web page, no byte
    at all, JSON that is cut short, the same packed by gzip, JSON of somebody else, or a redirect
    to a log-in page (302, whatever the status).
    """

    how: NoAnswerKind = "page"
    status: int = 200

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 200 <= self.status <= 599:
            raise ValueError(f"status is {self.status}, must be from 200 to 599")


class CountWrong(Fault, frozen=True, kw_only=True, tag_field="fault", tag="count_wrong"):
    """`totalCount` is `by` more than there are. Occasion: an answer that has one."""

    by: int = 4


LISTS: Final = {
    "/api/account/search": "accounts",
    "/api/order/search": "orders",
    "/api/order/searchopen": "orders",
    "/api/position/searchopen": "positions",
    "/api/trade/search": "trades",
    "/api/history/retrievebars": "bars",
}


class ListWithheld(RestFault, frozen=True, kw_only=True, tag_field="fault", tag="list_withheld"):
    """HTTP 200 with success, and in place of what is there `how`: an empty list, null, or nothing.
    Of the paths in `LISTS` alone.
    """

    how: Literal["empty", "null", "missing"] = "empty"

    def fits(self, path: str) -> bool:
        return path.lower() in LISTS and super().fits(path)


class StreamFault(Fault, frozen=True, kw_only=True, forbid_unknown_fields=True):
    hub: HubName = "both"
    target: str = "*"

    def fits(self, hub: str, target: str) -> bool:
        return self.hub in ("both", hub) and fnmatchcase(target, self.target)


class EventLost(StreamFault, frozen=True, kw_only=True, tag_field="fault", tag="event_lost"):
    """The event never comes, and nobody says so."""


class EventDelayed(StreamFault, frozen=True, kw_only=True, tag_field="fault", tag="event_delayed"):
    """The event comes `ms` later, behind those that followed it."""

    ms: float = 1000.0


class EventDuplicated(
    StreamFault, frozen=True, kw_only=True, tag_field="fault", tag="event_duplicated"
):
    """The event comes again `ms` later; at once with 0."""

    ms: float = 0.0


class EventReordered(
    StreamFault, frozen=True, kw_only=True, tag_field="fault", tag="event_reordered"
):
    """The event changes places with the one after it on the same connection."""


class RecordSplit(StreamFault, frozen=True, kw_only=True, tag_field="fault", tag="record_split"):
    """The event's record comes in two WebSocket messages, torn in its middle."""


class RecordsJoined(
    StreamFault, frozen=True, kw_only=True, tag_field="fault", tag="records_joined"
):
    """The event waits until there are `records` of them, or a second, and all come in one."""

    records: int = 5


class RecordMalformed(
    StreamFault, frozen=True, kw_only=True, tag_field="fault", tag="record_malformed"
):
    """The event's record ends in its middle, with its 0x1E: it is no JSON."""


class RecordOversized(
    StreamFault, frozen=True, kw_only=True, tag_field="fault", tag="record_oversized"
):
    """The event's record is blown up to so many characters by a key that means nothing."""

    chars: int = 2_000_000


class HubFault(Timed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Meets every connection of the hub that is open at the moment."""

    hub: HubName = "both"


class SocketClosed(HubFault, frozen=True, kw_only=True, tag_field="fault", tag="socket_closed"):
    """A close message with an error, then the WebSocket's own closing."""

    error: str = "Connection closed with an error."
    allow_reconnect: bool | None = None


class SocketReset(HubFault, frozen=True, kw_only=True, tag_field="fault", tag="socket_reset"):
    """The connection is torn down at once (TCP reset)."""


class SocketHalfOpen(
    HubFault, frozen=True, kw_only=True, tag_field="fault", tag="socket_half_open"
):
    """Nothing is sent and nothing heard any more, for `for_s` or for ever; nobody closes."""

    for_s: float | None = None


class SocketSilent(HubFault, frozen=True, kw_only=True, tag_field="fault", tag="socket_silent"):
    """No event is sent for `for_s` or for ever; pings and answers to calls go on."""

    for_s: float | None = None


class Logout(HubFault, frozen=True, kw_only=True, tag_field="fault", tag="logout"):
    """The undocumented event `GatewayLogout`; the connection stays (reference, 4.9)."""

    text: str = "Logged in elsewhere"


class TokensExpired(Timed, frozen=True, kw_only=True, tag_field="fault", tag="tokens_expired"):
    """Every token issued so far is worthless. Open sockets stay, or are closed."""

    sockets: Literal["stay", "closed"] = "stay"


class ClockSkewed(Timed, frozen=True, kw_only=True, tag_field="fault", tag="clock_skewed"):
    """From then on the venue's stamps are `skew_s` ahead of the market's time; back with 0."""

    skew_s: float = 3600.0


WireFault = (
    AnswerLost
    | AnswerDelayed
    | HttpError
    | ErrorCode
    | NoAnswer
    | CountWrong
    | ListWithheld
    | EventLost
    | EventDelayed
    | EventDuplicated
    | EventReordered
    | RecordSplit
    | RecordsJoined
    | RecordMalformed
    | RecordOversized
    | SocketClosed
    | SocketReset
    | SocketHalfOpen
    | SocketSilent
    | Logout
    | TokensExpired
    | ClockSkewed
)
