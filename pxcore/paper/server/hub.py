"""One client of a SignalR hub: handshake, subscriptions, keep-alive, and a bounded way out.

JSON protocol over WebSocket text frames, each holding whole records that end in 0x1E. A client
that does not read is disconnected when its queue is full: it can neither hold up the others nor
grow the memory. Source: gateway reference, 4.1 to 4.3; signalrcore reference, 6.9.

On request a connection misbehaves: mute (no events), frozen (no byte either way), cut.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from pxcore.host.decoding import decode_json, require_shallow
from pxcore.model import ProtocolError
from pxcore.paper.server.transport import cut

Topic = tuple[str, int | str | None]

END = "\x1e"
_PING = '{"type":6}' + END
_FRAME_CHARS = 32_768  # records are joined up to here
_RECORD_CHARS_MAX = 65_536  # of what a client sends
_HANDSHAKE_S = 15.0
_GOODBYE_S = 1.0
_MUCH_CHARS = 500_000  # unread, of a client that is waited for
_STUCK_S = 2.0  # without taking anything: such a client is not waited for
_TAKEN_WITHIN_STUCKS = 5  # as much as makes it be waited for, or it is not waited for either

_NO_CALLS: Mapping[str, Callable[["ServedConnection", list[object]], str | None]] = {}
USER_SUBJECTS: Mapping[str, type | None] = {
    "accounts": None,
    "orders": int,
    "positions": int,
    "trades": int,
}
MARKET_SUBJECTS: Mapping[str, type | None] = {
    "contractquotes": str,
    "contracttrades": str,
    "contractmarketdepth": str,
}


@dataclass(frozen=True, slots=True)
class HubTiming:
    """The SignalR defaults; `queue_chars_max` is what a client may be behind."""

    ping_s: float = 15.0
    client_timeout_s: float = 30.0
    queue_chars_max: int = 4_000_000


class _Message(msgspec.Struct, frozen=True, rename="camel"):
    type: int = 0
    target: str = ""
    invocation_id: str | None = None
    arguments: list[object] = []
    protocol: str = ""
    version: int = -1


class ServedConnection:
    """`subjects` are what may be subscribed to, with the type of the one argument; `calls` what
    may be called besides, by lower-case name, answering why it failed; `on_subscribed` hears of
    each subscription.
    """

    def __init__(
        self,
        socket: WebSocket,
        subjects: Mapping[str, type | None],
        timing: HubTiming,
        result: int | None = 0,
        calls: Mapping[str, Callable[["ServedConnection", list[object]], str | None]] = _NO_CALLS,
        on_subscribed: Callable[["ServedConnection"], None] = lambda client: None,
    ) -> None:
        self.is_mute = False
        self.is_frozen = False
        self.topics: set[Topic] = set()
        self.new_topics: set[Topic] = set()  # nothing has been told about these yet
        self._socket = socket
        self._subjects = subjects
        self._timing = timing
        self._result = result
        self._calls = calls
        self._on_subscribed = on_subscribed
        self._queue: deque[tuple[str, bool, bool]] = deque()  # record, alone?, its own answer?
        self._queued_chars = self._answer_chars = self._taken_chars = 0
        self._mark: tuple[float, int] | None = None  # since when it has much to read, taken then
        self._is_too_slow = False
        self._is_greeted = False
        self._is_ending = False
        self._overflow = asyncio.Event()
        self._unfinished = ""
        self._news = asyncio.Event()
        self._heard_at = self._took_at = asyncio.get_running_loop().time()

    @property
    def is_catching_up(self) -> bool:
        """It reads, and has much to read still: who makes more for it had better wait."""
        unread = self._queued_chars - self._answer_chars  # nobody waits for what it asked for
        if unread < _MUCH_CHARS / 2:
            self._mark, self._is_too_slow = None, False
        if unread < _MUCH_CHARS or self.is_frozen:
            return False
        now = asyncio.get_running_loop().time()
        since, taken = self._mark = self._mark or (now, self._taken_chars)
        if now - since > _TAKEN_WITHIN_STUCKS * _STUCK_S:
            self._is_too_slow = self._taken_chars - taken < _MUCH_CHARS
            self._mark = (now, self._taken_chars)
        return not self._is_too_slow and now - self._took_at < _STUCK_S

    def offer(self, record: str, *, is_alone: bool = False, is_answer: bool = False) -> None:
        """Queues a record, whole and ended. Never waits: a full queue ends the connection.

        What is to be alone becomes a WebSocket message of its own, as it is.
        """
        if self.is_frozen:
            return
        if self._queued_chars + len(record) > self._timing.queue_chars_max:
            self._overflow.set()
        elif not self._is_ending:
            self._queue.append((record, is_alone, is_answer))
            self._queued_chars += len(record)
            self._answer_chars += len(record) * is_answer
        self._news.set()

    def close(self, error: str, allow_reconnect: bool | None = None) -> None:
        """Says that it closes, and why, and does so once that is sent."""
        message: dict[str, object] = {"type": 7, "error": error}
        if allow_reconnect is not None:
            message["allowReconnect"] = allow_reconnect
        self.offer(msgspec.json.encode(message).decode() + END)
        self._is_ending = True
        self._news.set()

    def reset(self) -> None:
        """The connection is gone at once, without a word."""
        cut(self._socket, is_reset=True)

    async def serve(self) -> None:
        """Speaks with the client. Returns when the connection is over, for whatever reason."""
        await self._socket.accept()
        jobs = (self._read(), self._ping(), self._watch(), self._overflow.wait())
        tasks = [asyncio.create_task(job) for job in jobs]
        writer = asyncio.create_task(self._write())
        try:
            await asyncio.wait([*tasks, writer], return_when=asyncio.FIRST_COMPLETED)
            if not self._overflow.is_set():
                self._end("")
                await asyncio.wait([writer], timeout=_GOODBYE_S)
        finally:
            for task in (*tasks, writer):
                task.cancel()
            results = await asyncio.gather(*tasks, writer, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect):
                raise result

    async def _read(self) -> None:
        while not self._is_ending:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                self._queue.clear()
                return
            if self.is_frozen:
                continue
            self._heard_at = asyncio.get_running_loop().time()
            text = message.get("text") or (message.get("bytes") or b"").decode(errors="replace")
            *records, self._unfinished = (self._unfinished + text).split(END)
            for record in records:
                self._take(record)
            if len(self._unfinished) > _RECORD_CHARS_MAX:
                self._end("Connection closed with an error.")

    async def _write(self) -> None:
        while not (self._is_ending and not self._queue):
            await self._news.wait()
            self._news.clear()
            while self._queue and not self.is_frozen:
                await self._socket.send_text(self._next_frame())
                self._took_at = asyncio.get_running_loop().time()
        if self._socket.client_state is WebSocketState.CONNECTED:
            await self._socket.close()

    def _next_frame(self) -> str:
        """As many of the queued records as go into one message."""
        record, is_alone, is_answer = self._queue.popleft()
        records, chars = [record], len(record)
        self._answer_chars -= len(record) * is_answer
        while self._queue and not is_alone:
            record, is_next_alone, is_answer = self._queue[0]
            if is_next_alone or chars + len(record) > _FRAME_CHARS:
                break
            self._queue.popleft()
            records.append(record)
            chars += len(record)
            self._answer_chars -= len(record) * is_answer
        self._queued_chars -= chars
        self._taken_chars += chars
        return "".join(records)

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self._timing.ping_s)
            self.offer(_PING)

    async def _watch(self) -> None:
        """Returns when the client has been silent too long, or never shook hands."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(min(_HANDSHAKE_S, self._timing.client_timeout_s))
        while self._is_greeted:
            left_s = self._heard_at + self._timing.client_timeout_s - loop.time()
            if self.is_frozen:
                left_s = self._timing.client_timeout_s
            elif left_s <= 0:
                self._end("Client timed out.")
                return
            await asyncio.sleep(left_s)

    def _take(self, record: str) -> None:
        try:
            message = decode_json(record, _Message)
            require_shallow(message.arguments)
        except ProtocolError:
            self._end("Connection closed with an error.")
            return
        if not self._is_greeted:
            self._greet(message)
        elif message.type == 1:
            self._invoke(message)
        elif message.type == 7:
            self._is_ending = True

    def _greet(self, message: _Message) -> None:
        if message.protocol == "json" and message.version in (0, 1):
            self._is_greeted = True
            self.offer("{}" + END)
            return
        error = f"The protocol '{message.protocol}' version {message.version} is not supported."
        self.offer(msgspec.json.encode({"error": error}).decode() + END)
        self._is_ending = True

    def _invoke(self, message: _Message) -> None:
        error = self._carry_out(message.target, message.arguments)
        if message.invocation_id is not None:
            outcome = {"result": self._result} if error is None else {"error": error}
            completion = {"type": 3, "invocationId": message.invocation_id, **outcome}
            self.offer(msgspec.json.encode(completion).decode() + END, is_answer=True)

    def _carry_out(self, method: str, arguments: list[object]) -> str | None:
        """Why it failed, in ASP.NET's words; None when done. Names are matched without case."""
        name = method.lower()
        if name in self._calls:
            return self._calls[name](self, arguments)
        subject = name.removeprefix("un").removeprefix("subscribe")
        if not name.startswith(("subscribe", "unsubscribe")) or subject not in self._subjects:
            return f"Unknown hub method '{method}'"
        wanted = self._subjects[subject]
        given = [type(argument) for argument in arguments]
        if given != ([] if wanted is None else [wanted]):
            return f"Failed to invoke '{method}' due to an error on the server."
        argument = arguments[0] if arguments else None
        topic: Topic = (subject, argument if isinstance(argument, int | str) else None)
        if name.startswith("un"):
            self.topics.discard(topic)
        else:
            self.topics.add(topic)
            self.new_topics.add(topic)
            self._on_subscribed(self)
        return None

    def _end(self, error: str) -> None:
        """Says good-bye, with the reason if there is one, and closes once that is sent."""
        if error:
            self.close(error)
        self._is_ending = True
        self._news.set()
