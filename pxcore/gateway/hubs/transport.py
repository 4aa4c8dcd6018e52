"""signalrcore's transport and hub connection, for one connection's life each.

Records become calls of handlers, one bad handler harms nobody else, an invocation waits for its
completion, and the end is reported once with its reason. There is no reconnect here: a new
connection is a new object. Source: signalrcore notes, 1, 3 and 6.
"""

import itertools
import queue
import ssl
import threading
from collections.abc import Callable
from typing import Any, Protocol

from signalrcore.hub.base_hub_connection import (
    BaseHubConnection,
)
from signalrcore.hub.errors import HubConnectionError
from signalrcore.messages.ping_message import PingMessage
from signalrcore.transport.base_transport import TransportState
from signalrcore.transport.websockets.websocket_transport import (
    WebsocketTransport,
)

from pxcore.gateway.hubs.protocol import CLOSE, COMPLETION, INVOCATION, HubProtocol, HubRecord
from pxcore.gateway.hubs.websocket import Client, HubLimits, HubLost
from pxcore.model import ProtocolError
from pxcore.text.plain import plain


class Transport(WebsocketTransport):  # type: ignore[misc]
    """Bytes of a WebSocket to records of a hub, for the life of one connection."""

    def __init__(
        self,
        *,
        url: str,
        name: str,
        limits: HubLimits,
        ssl_context: ssl.SSLContext | None,
        on_arrival: Callable[[], None],
        protocol: HubProtocol,
        on_open: Callable[[], None],
        on_message: Callable[[Any], None],
        on_usual: Callable[[list[Any]], None],
        on_lost: Callable[[str], None],
    ) -> None:
        super().__init__(url=url, protocol=protocol, on_open=on_open, on_message=on_message)
        self._name = name
        self._limits = limits
        self._tls = ssl_context
        self._on_arrival = on_arrival
        self._on_usual = on_usual
        self._on_lost = on_lost
        self._client = self.create_client()

    def create_client(self) -> Client:
        return Client(
            url=self.url,
            name=self._name,
            limits=self._limits,
            ssl_context=self._tls,
            on_arrival=self._on_arrival,
            on_message=self.on_message,
            on_open=self.on_socket_open,
            on_error=self.on_socket_error,
            on_close=self.on_socket_close,
        )

    def start(self, reconnection: bool = False) -> bool:
        """The WebSocket is open and the handshake is on its way. Raises HubLost."""
        self._set_state(TransportState.connecting)
        self._client.connect()
        return True

    def abort(self) -> None:
        self._client.close()

    def stop(self) -> None:
        self.manually_closing = True
        self._client.dispose()

    dispose = stop

    def on_message(self, app: Any, raw_message: bytes) -> None:
        if not self.handshake_received:
            self._on_message(self.evaluate_handshake(raw_message))
            return
        records = self.protocol.usual(raw_message)
        if records is not None:
            self._on_usual(records)
        else:
            self._on_message(self.protocol.parse_messages(raw_message))

    def evaluate_handshake(self, message: bytes) -> Any:
        try:
            answer, records = self.protocol.decode_handshake(message)
        except ProtocolError as error:
            raise HubLost(f"the handshake's answer cannot be read: {error}") from None
        if answer is not None:
            if answer.error:
                raise HubLost(f"the handshake was refused: {plain(answer.error)}")
            self.handshake_received = True
            self._set_state(TransportState.connected)
        return records

    def send(self, message: Any) -> None:
        """Raises HubLost: what was sent after a loss went nowhere."""
        try:
            self._client.send(self.protocol.encode(message))
        except OSError as error:
            raise HubLost(f"cannot send: {error}") from None

    def on_socket_error(self, error: Exception) -> None:
        self._on_lost(str(error) or type(error).__name__)

    def on_socket_close(self) -> None:
        self.state = TransportState.disconnected
        self._on_lost("the connection is closed")


class ReportLoss(Protocol):
    """Where a connection says what it could not hand over."""

    def bad_record(self, why: str) -> None: ...

    def handler_error(self, error: Exception) -> None: ...

    def unknown_target(self, target: str) -> None: ...


class HubConnection(BaseHubConnection):  # type: ignore[misc]
    """One connection to one hub: start, invoke, listen, lost.

    Register handlers with `on` before `start`; they get the arguments as raw JSON, on the
    reader's thread, and must not wait for anything.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str,
        limits: HubLimits,
        ssl_context: ssl.SSLContext | None = None,
        on_arrival: Callable[[], None] = lambda: None,
        report: ReportLoss,
    ) -> None:
        protocol = HubProtocol(report.bad_record)
        super().__init__(url, skip_negotiation=True, protocol=protocol)
        self.protocol = protocol
        self._usual: Callable[[list[Any]], None] | None = None
        self.limits = limits
        self.lost = threading.Event()
        self.reason = ""
        self._opened = threading.Event()
        self._ids = itertools.count(1)
        self._waiting: dict[str, queue.SimpleQueue[HubRecord | None]] = {}
        self._lock = threading.Lock()
        self._report = report
        self.transport = Transport(
            url=url,
            name=name,
            limits=limits,
            ssl_context=ssl_context,
            on_arrival=on_arrival,
            protocol=protocol,
            on_open=self._opened.set,
            on_message=self.on_message,
            on_usual=self._take_usual,
            on_lost=self.fail,
        )

    def start(self) -> bool:
        """Connected, upgraded, and the handshake answered. Raises HubLost."""
        self.transport.start()
        if not self._opened.wait(self.limits.handshake_timeout_s):
            self.fail(f"no handshake within {self.limits.handshake_timeout_s:g} s")
        if self.lost.is_set():
            raise HubLost(self.reason)
        return True

    def stop(self) -> None:
        """Ended, and the reader gone unless a handler holds it for over a second."""
        self.fail("stopped")
        self.transport.stop()

    def abort(self) -> None:
        """Ends the connection, or the attempt at one, without waiting for anything."""
        self.transport.abort()

    def fail(self, reason: str) -> None:
        """The connection is lost, for the first reason given; whoever waits is told."""
        with self._lock:
            if self.lost.is_set():
                return
            self.reason = reason
            self.lost.set()
            waiting = list(self._waiting.values())
        self._opened.set()
        for answer in waiting:
            answer.put(None)

    def ping(self) -> None:
        """Tells the server that we are here. Raises HubLost."""
        self.transport.send(PingMessage())

    def call(self, target: str, *arguments: object) -> None:
        """Returns when the hub completed the invocation. Raises HubLost when it does not."""
        invocation_id = str(next(self._ids))
        answer: queue.SimpleQueue[HubRecord | None] = queue.SimpleQueue()
        with self._lock:
            if self.lost.is_set():
                raise HubLost(self.reason)
            self._waiting[invocation_id] = answer
        try:
            self.invoke(target, list(arguments), invocation_id=invocation_id)
            completion = answer.get(timeout=self.limits.invoke_timeout_s)
        except HubConnectionError:
            raise HubLost(f"{target} was not sent: the connection is closed") from None
        except queue.Empty:
            limit_s = self.limits.invoke_timeout_s
            raise HubLost(f"{target} was not completed within {limit_s:g} s") from None
        finally:
            with self._lock:
                del self._waiting[invocation_id]
        if completion is None:
            raise HubLost(self.reason)
        if completion.error:
            raise HubLost(f"{target} was refused: {plain(completion.error)}")

    def listen(
        self, decode_lines: Callable[[bytes], list[Any]], take: Callable[[list[Any]], None]
    ) -> None:
        """From here on records of the usual shape are decoded together, and taken together."""
        self._usual = take
        self.protocol.decode_lines = decode_lines

    def _take_usual(self, records: list[Any]) -> None:
        if self._usual is not None:
            self._usual(records)

    def on_message(self, messages: list[HubRecord]) -> None:
        for record in messages:
            self._take(record)

    def _take(self, record: HubRecord) -> None:
        if record.type == INVOCATION:
            self._hand_over(record)
        elif record.type == COMPLETION:
            with self._lock:
                waiting = self._waiting.get(record.invocation_id or "")
            if waiting is not None:
                waiting.put(record)
        elif record.type == CLOSE:
            why = plain(record.error or "no reason given")
            raise HubLost(f"the hub closed the connection: {why}")

    def _hand_over(self, record: HubRecord) -> None:
        handlers = self.handlers.get(record.target, ())
        if not handlers:
            self._report.unknown_target(record.target or "")
        for handler in handlers:
            try:
                handler(record.arguments)
            except Exception as error:  # the edge of the reader: the stream goes on
                self._report.handler_error(error)
