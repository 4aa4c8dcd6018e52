"""Prefect's server writes one thing after the other, and tries again what it could not write before
whoever asked hears of it: the Run button of a flatten must not fail because the server is busy.

Prefect begins a transaction with a read. Where another one writes before its own first write,
SQLite refuses that at once ("database is locked"), without the wait that it has for a lock: the
whole of it is taken back, and the answer is a 503. Prefect's own clients ask again, its page does
not. Requests take turns, so that only Prefect's own services can come between; a run to be created
gets a key of its own first, so that asking twice can never make two.
"""

import asyncio
import json
import re
import secrets
import time
from http import HTTPStatus
from typing import Any, Final

from pxcore.host.decoding import json_value
from pxcore.host.own_names import App, Receive, Scope, Send
from pxcore.model import ProtocolError

FOR_S: Final = 25.0  # shorter than a browser, or a client of ours, waits for an answer
_FIRST_S, _MOST_S = 0.05, 1.0
_BODY_MAX: Final = 1 << 20  # of a request; what is longer is asked once
_NEW_RUN: Final = re.compile(r"/api/deployments/[0-9a-f-]+/create_flow_run\Z")
_ONLY_ASKS: Final = ("GET", "HEAD", "OPTIONS")
_QUESTIONS: Final = ("/filter", "/count", "/paginate", "/history", "/lateness")  # by POST

Message = dict[str, Any]


class AskedAgain:
    """Before Prefect's app."""

    def __init__(self, app: App, *, for_s: float = FOR_S) -> None:
        self._app = app
        self._for_s = for_s
        self._turn = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _only_asks(scope):
            await self._app(scope, receive, send)
            return
        came, body = await _body(receive)
        if body is None:
            await self._app(scope, _after(came, receive), send)
            return
        if _NEW_RUN.match(scope["path"]):
            body = _with_key(body)
            scope = {**scope, "headers": _of_length(scope["headers"], len(body))}
        whole = [{"type": "http.request", "body": body, "more_body": False}]
        deadline, pause_s = time.monotonic() + self._for_s, _FIRST_S
        while True:
            is_last = time.monotonic() + pause_s >= deadline
            attempt = _Attempt(send, is_last=is_last)
            try:
                async with self._turn:
                    await self._app(dict(scope), _after(whole, receive), attempt.send)
            except Exception:  # Starlette raises, for a log, what it has answered already
                if not attempt.is_refused:
                    raise
            if not attempt.is_refused:
                return
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _MOST_S)


def _only_asks(scope: Scope) -> bool:
    return scope["method"] in _ONLY_ASKS or scope["path"].endswith(_QUESTIONS)


class _Attempt:
    """Passes an answer on, unless it is the 503 of one that may be asked again."""

    def __init__(self, send: Send, *, is_last: bool) -> None:
        self._send = send
        self._is_last = is_last
        self.is_refused = False

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start" and not self._is_last:
            self.is_refused = message["status"] == HTTPStatus.SERVICE_UNAVAILABLE
        if not self.is_refused:
            await self._send(message)


async def _body(receive: Receive) -> tuple[list[Message], bytes | None]:
    """What came, and the whole body; None for one that is too long, or whose sender has gone."""
    came: list[Message] = []
    parts: list[bytes] = []
    while True:
        message = dict(await receive())
        came.append(message)
        if message["type"] != "http.request":
            return came, None
        parts.append(message.get("body", b""))
        if sum(map(len, parts)) > _BODY_MAX:
            return came, None
        if not message.get("more_body", False):
            return came, b"".join(parts)


def _after(came: list[Message], receive: Receive) -> Receive:
    """First what came already, then what comes."""
    waiting = iter(came)

    async def next_one() -> Message:
        message = next(waiting, None)
        return dict(await receive()) if message is None else message

    return next_one


def _with_key(body: bytes) -> bytes:
    """The wish for a run, with a key by which the server knows it again; another body as it is."""
    try:
        wish = json_value(body.decode("utf-8", "replace"))
    except ProtocolError:
        return body
    if not isinstance(wish, dict) or wish.get("idempotency_key"):
        return body
    return json.dumps(wish | {"idempotency_key": secrets.token_hex(16)}).encode()


def _of_length(fields: list[tuple[bytes, bytes]], size: int) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in fields if name.lower() != b"content-length"]
    return [*kept, (b"content-length", str(size).encode())]
