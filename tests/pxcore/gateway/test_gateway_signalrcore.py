"""signalrcore 1.0.2 is subclassed below its public surface: its shape must not change unseen."""

import importlib.metadata
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from signalrcore.hub.base_hub_connection import BaseHubConnection
from signalrcore.protocol.base_hub_protocol import BaseHubProtocol
from signalrcore.protocol.json_hub_protocol import JsonHubProtocol
from signalrcore.transport.base_transport import BaseTransport, TransportState
from signalrcore.transport.sockets.base_socket_client import BaseSocketClient
from signalrcore.transport.websockets.websocket_client import WebSocketClient
from signalrcore.transport.websockets.websocket_transport import WebsocketTransport

SHAPES: list[tuple[Callable[..., Any], list[str]]] = [
    (BaseHubProtocol.__init__, ["protocol", "version", "transfer_format", "record_separator"]),
    (BaseHubProtocol.handshake_message, []),
    (BaseHubProtocol.decode_handshake, ["raw_message"]),
    (BaseHubProtocol.parse_messages, ["raw_message"]),
    (JsonHubProtocol.encode, ["message"]),
    (
        WebSocketClient.__init__,
        [
            "url",
            "connection_id",
            "is_binary",
            "headers",
            "proxies",
            "ssl_context",
            "enable_trace",
            "on_message",
            "on_open",
            "on_error",
            "on_close",
        ],
    ),
    (WebSocketClient.send, ["message", "opcode"]),
    (BaseSocketClient.connect, []),
    (BaseSocketClient.run, []),
    (BaseSocketClient.close, []),
    (BaseSocketClient.dispose, []),
    (WebsocketTransport.__init__, ["keep_alive_interval", "kwargs"]),
    (WebsocketTransport.create_client, []),
    (WebsocketTransport.evaluate_handshake, ["message"]),
    (WebsocketTransport.on_message, ["app", "raw_message"]),
    (WebsocketTransport.send, ["message"]),
    (WebsocketTransport.on_socket_open, []),
    (WebsocketTransport.on_socket_error, ["error"]),
    (WebsocketTransport.on_socket_close, []),
    (BaseTransport.start, ["reconnection"]),
    (BaseTransport.stop, []),
    (BaseTransport.dispose, []),
    (BaseTransport.send_handshake, []),
    (BaseTransport._set_state, ["new_state"]),
    (BaseTransport.is_running, []),
    (BaseHubConnection.start, []),
    (BaseHubConnection.stop, []),
    (BaseHubConnection.on, ["event", "callback_function"]),
    (BaseHubConnection.invoke, ["method", "arguments", "on_invocation", "invocation_id"]),
    (BaseHubConnection.on_message, ["messages"]),
]


@pytest.mark.parametrize(
    ("function", "parameters"), SHAPES, ids=[function.__qualname__ for function, _ in SHAPES]
)
def test_overridden_internal_has_the_parameters_we_know(
    function: Callable[..., Any], parameters: list[str]
) -> None:
    assert [name for name in inspect.signature(function).parameters if name != "self"] == parameters


def test_signalrcore_is_the_version_that_was_read() -> None:
    assert importlib.metadata.version("signalrcore") == "1.0.2"


def test_transport_states_are_the_four_we_know() -> None:
    assert [s.name for s in TransportState] == [
        "connecting",
        "connected",
        "reconnecting",
        "disconnected",
    ]
