"""The wire's faults in force: spoils answers, events and sockets. With none armed it does nothing.

REST asks `before` and `after` each request; the broadcaster hands every event to `tell`; timed
faults come due with the market. Delays run at the market's speed.
"""

import asyncio
import gzip
import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import TypeVar

import msgspec
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pxcore.host.decoding import decode_json
from pxcore.paper.faults.base import Armed, Armory, Timed
from pxcore.paper.faults.wire import (
    LISTS,
    AnswerDelayed,
    AnswerLost,
    ClockSkewed,
    CountWrong,
    ErrorCode,
    EventDelayed,
    EventDuplicated,
    EventLost,
    EventReordered,
    HttpError,
    HubFault,
    ListWithheld,
    Logout,
    NoAnswer,
    RecordMalformed,
    RecordOversized,
    RecordsJoined,
    RecordSplit,
    RestFault,
    SocketClosed,
    SocketHalfOpen,
    SocketReset,
    SocketSilent,
    StreamFault,
    TokensExpired,
    WireFault,
)
from pxcore.paper.server.hub import END, ServedConnection
from pxcore.paper.server.transport import cut

F = TypeVar("F", bound=StreamFault)
_JOIN_S = 1.0  # the longest that records wait for each other, at speed 1
_UNAUTHORIZED = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


_GOOD = b'{"success":true,"errorCode":0,"errorMessage":null}'
_FOREIGN = {
    "page": (b"<!DOCTYPE html><html><title>Just a moment...</title></html>", "text/html"),
    "nothing": (b"", "application/json"),
    "cut": (_GOOD[:30], "application/json"),
    "other": (b'{"message":"no upstream"}', "application/json"),
}


@dataclass(slots=True)
class _Held:
    """What waits at a connection: an event that lets the next one pass, records to be joined."""

    late: str | None = None
    joined: list[str] = field(default_factory=list)
    wanted: int = 0


class Hostility:
    """`market_now` is the market's time, `speed` how much of it passes in a second of ours."""

    def __init__(
        self,
        *,
        seed: int,
        market_now: Callable[[], datetime],
        speed: float,
        clients: Callable[[str], Iterable[ServedConnection]],
    ) -> None:
        self.armory = Armory(seed)
        self.skew = timedelta(0)
        self.on_tokens_expired: Callable[[], None] = lambda: None
        self._now = market_now
        self._speed = speed
        self._clients = clients
        self._due: list[tuple[datetime, int, Armed, Iterator[float]]] = []
        self._numbers = count()
        self._held: dict[ServedConnection, _Held] = {}

    def arm(self, fault: WireFault, at: datetime) -> Armed:
        armed = self.armory.arm(fault, at)
        if isinstance(fault, Timed):
            self._await(armed, fault.moments_s())
        return armed

    # Timed faults

    def next_due(self) -> datetime | None:
        return self._due[0][0] if self._due else None

    def run_until(self, now: datetime) -> None:
        """Lets every timed fault happen whose moment has come."""
        while self._due and self._due[0][0] <= now:
            moment, _, armed, moments_s = heapq.heappop(self._due)
            if not self.armory.is_armed(armed):
                continue
            if armed.bites(max(moment, armed.armed_at)):
                self._happen(armed.fault)
            self._await(armed, moments_s)

    def _await(self, armed: Armed, moments_s: Iterator[float]) -> None:
        after_s = next(moments_s, None)
        if after_s is not None:
            entry = (armed.moment(after_s), next(self._numbers), armed, moments_s)
            heapq.heappush(self._due, entry)

    def _happen(self, fault: object) -> None:
        if isinstance(fault, HubFault):
            for hub in ("user", "market"):
                for client in tuple(self._clients(hub)) if fault.hub in ("both", hub) else ():
                    self._meet(client, fault)
        elif isinstance(fault, TokensExpired):
            self.on_tokens_expired()
            if fault.sockets == "closed":
                for client in (*self._clients("user"), *self._clients("market")):
                    client.close("Connection closed with an error.")
        elif isinstance(fault, ClockSkewed):
            self.skew = timedelta(seconds=fault.skew_s)

    def _meet(self, client: ServedConnection, fault: HubFault) -> None:
        if isinstance(fault, SocketClosed):
            client.close(fault.error, fault.allow_reconnect)
        elif isinstance(fault, SocketReset):
            client.reset()
        elif isinstance(fault, SocketHalfOpen):
            client.is_frozen = True
            self._later(fault.for_s, lambda: setattr(client, "is_frozen", False))
        elif isinstance(fault, SocketSilent):
            client.is_mute = True
            self._later(fault.for_s, lambda: setattr(client, "is_mute", False))
        elif isinstance(fault, Logout):
            message = {"type": 1, "target": "GatewayLogout", "arguments": [fault.text]}
            client.offer(msgspec.json.encode(message).decode() + END)

    # REST

    async def before(self, request: Request) -> Response | None:
        """What meets a request that has not been carried out; None lets it through."""
        return await self._spoiled(request, "before")

    async def after(self, request: Request, answer: Response) -> Response:
        """What is answered in place of the real answer, or that answer."""
        spoiled = await self._spoiled(request, "after")
        return spoiled or self._miscounted(answer)

    def _miscounted(self, answer: Response) -> Response:
        if self.armory.is_empty or b'"totalCount":' not in (body := bytes(answer.body)):
            return answer
        told = decode_json(body, dict)
        if told["totalCount"] is None:
            return answer
        wrong = self.armory.bites(CountWrong, self._now())
        if wrong is None:
            return answer
        return _json(told | {"totalCount": told["totalCount"] + wrong.by})

    def upgrade_error(self, socket: HTTPConnection) -> Response | None:
        """What refuses a WebSocket upgrade."""
        path = socket.url.path
        failed = self.armory.bites(HttpError, self._now(), lambda fault: fault.fits(path))
        return None if failed is None else _failed(failed)

    async def _spoiled(self, request: Request, moment: str) -> Response | None:
        def fits(fault: RestFault) -> bool:
            return fault.moment == moment and fault.fits(request.url.path)

        now = self._now()
        delayed = self.armory.bites(AnswerDelayed, now, fits)
        if delayed is not None:
            await asyncio.sleep(delayed.ms / 1000 / self._speed)
        failed = self.armory.bites(HttpError, now, fits)
        if failed is not None:
            return _failed(failed)
        coded = self.armory.bites(ErrorCode, now, fits)
        if coded is not None:
            body: dict[str, object] = {
                "success": False,
                "errorCode": coded.code,
                "errorMessage": coded.text,
            }
            return _json(body)
        foreign = self.armory.bites(NoAnswer, now, fits)
        if foreign is not None:
            return _no_answer(foreign)
        withheld = self.armory.bites(ListWithheld, now, fits)
        if withheld is not None:
            return _without_list(withheld, request.url.path)
        lost = self.armory.bites(AnswerLost, now, fits)
        return _NoAnswer(request, lost) if lost is not None else None

    # Events

    def tell(self, hub: str, client: ServedConnection, target: str, record: str) -> None:
        """Offers an event to a client, unless something happens to it on the way."""
        if client.is_mute:
            return
        if self.armory.is_empty:
            client.offer(record)
            return
        bites = _Bites(self.armory, self._now(), hub, target)
        if bites.one(EventLost):
            return
        delayed = bites.one(EventDelayed)
        if delayed is not None:
            self._later(delayed.ms / 1000, lambda: client.offer(record))
            return
        if bites.one(EventReordered):
            self._release(client)
            self._held.setdefault(client, _Held()).late = record
            return
        self._send(client, bites, record)
        doubled = bites.one(EventDuplicated)
        if doubled is not None:
            self._later(doubled.ms / 1000, lambda: client.offer(record))
        self._release(client)

    def forget(self, client: ServedConnection) -> None:
        """The client has gone; nothing waits for it any more."""
        self._held.pop(client, None)

    def _send(self, client: ServedConnection, bites: "_Bites", record: str) -> None:
        held = self._held.get(client)
        joined = bites.one(RecordsJoined)
        if joined is not None or (held is not None and held.wanted):
            self._join(client, record, joined.records if joined else 0)
        elif bites.one(RecordSplit):
            middle = len(record) // 2
            client.offer(record[:middle], is_alone=True)
            client.offer(record[middle:], is_alone=True)
        elif bites.one(RecordMalformed):
            client.offer(record[: len(record) // 2] + END)
        elif (oversized := bites.one(RecordOversized)) is not None:
            filler = "x" * max(0, oversized.chars - len(record))
            client.offer(f'{record[:-2]},"filler":"{filler}"}}{END}', is_alone=True)
        else:
            client.offer(record)

    def _join(self, client: ServedConnection, record: str, wanted: int) -> None:
        held = self._held.setdefault(client, _Held())
        if not held.wanted:
            held.wanted = wanted
            self._later(_JOIN_S, lambda: self._offer_joined(client))
        held.joined.append(record)
        if len(held.joined) >= held.wanted:
            self._offer_joined(client)

    def _offer_joined(self, client: ServedConnection) -> None:
        held = self._held.get(client)
        if held is not None and held.joined:
            client.offer("".join(held.joined), is_alone=True)
            held.joined, held.wanted = [], 0

    def _release(self, client: ServedConnection) -> None:
        held = self._held.get(client)
        if held is not None and held.late is not None:
            client.offer(held.late)
            held.late = None

    def _later(self, market_s: float | None, action: Callable[[], None]) -> None:
        """Does it so much market time from now; never, with None."""
        if market_s is not None:
            asyncio.get_running_loop().call_later(market_s / self._speed, action)


@dataclass(frozen=True, slots=True)
class _Bites:
    """One event to one client as an occasion for faults."""

    armory: Armory
    now: datetime
    hub: str
    target: str

    def one(self, kind: type[F]) -> F | None:
        return self.armory.bites(kind, self.now, lambda fault: fault.fits(self.hub, self.target))


def _failed(fault: HttpError) -> Response:
    headers = _UNAUTHORIZED if fault.status == 401 else None
    return Response(status_code=fault.status, headers=headers)


def _no_answer(fault: NoAnswer) -> Response:
    if fault.how == "redirect":
        return Response(status_code=302, headers={"Location": "http://login.invalid/?from=us"})
    if fault.how == "packed_cut":
        packed = gzip.compress(_GOOD)[:-20]
        headers = {"Content-Encoding": "gzip"}
        return Response(packed, fault.status, headers, media_type="application/json")
    body, kind = _FOREIGN[fault.how]
    return Response(body, fault.status, media_type=kind)


def _without_list(fault: ListWithheld, path: str) -> Response:
    body: dict[str, object] = {"success": True, "errorCode": 0, "errorMessage": None}
    if fault.how != "missing":
        body[LISTS[path.lower()]] = [] if fault.how == "empty" else None
    return _json(body)


def _json(body: dict[str, object]) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json")


class _NoAnswer(Response):
    """Ends the connection, or leaves it open and says nothing, until the client has gone."""

    def __init__(self, request: Request, fault: AnswerLost) -> None:
        super().__init__()
        self._request = request
        self._fault = fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._fault.how != "silent":
            cut(self._request, is_reset=self._fault.how == "reset")
        while (await receive())["type"] != "http.disconnect":
            pass
