"""Who may speak to the server on this port: browsers on pages of its own, and whoever has the key.

A browser says by `Host` which name it was led here by, and by `Origin` whose page asks. A name that
is not ours was bound to our address by somebody else; a page that is not ours has no business here.
Neither gets as far as Prefect. For a ticket, which only the key buys and which is good once, a
browser gets a page that logs it in.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TICKET_PATH = "/px/ticket"
OPEN_PATH = "/px/open"
NAMES = ("127.0.0.1", "localhost")
_TICKET_S = 600.0
_TICKETS_MAX = 100

_SCRIPT = 'localStorage.setItem("prefect-password", {password}); location.replace({page});'
_PAGE = "<!doctype html><meta charset=utf-8><title>px</title><script>{script}</script>"
_REFUSED = "this link was used already, or is too old: `px ui` makes a new one"


class Guard:
    """Before an ASGI app that listens on this port of the loopback."""

    def __init__(self, app: App, *, port: int, key: str) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}" for name in NAMES}
        self._origins = {f"http://{host}" for host in self._hosts}
        self._password = base64.b64encode(key.encode()).decode()
        self._tickets: dict[str, float] = {}  # and until when each is good

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await _refuse(scope, receive, send, refusal)
        elif scope["type"] == "http" and scope["path"] == TICKET_PATH:
            await self._sell_ticket(scope, send)
        elif scope["type"] == "http" and scope["path"] == OPEN_PATH:
            await self._open(scope, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        hosts, origins = _all(scope, b"host"), _all(scope, b"origin")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return "this server is asked as 127.0.0.1 or localhost, and by no other name"
        if any(origin.lower() not in self._origins for origin in origins):
            return "this server is asked by its own pages, and by no others"
        return None

    async def _sell_ticket(self, scope: Scope, send: Send) -> None:
        words = " ".join(_all(scope, b"authorization")).split()
        has_key = words[:1] == ["Basic"] and len(words) == 2
        if scope["method"] != "POST" or not has_key or not _is_same(words[1], self._password):
            await _answer(send, HTTPStatus.UNAUTHORIZED, "unauthorized")
            return
        now_s = time.monotonic()
        self._tickets = {one: until for one, until in self._tickets.items() if until > now_s}
        if len(self._tickets) >= _TICKETS_MAX:
            self._tickets.pop(next(iter(self._tickets)))
        ticket = secrets.token_urlsafe(32)
        self._tickets[ticket] = now_s + _TICKET_S
        await _answer(send, HTTPStatus.OK, json.dumps({"ticket": ticket}), kind="application/json")

    async def _open(self, scope: Scope, send: Send) -> None:
        asked = parse_qs(scope["query_string"].decode("latin-1"))
        until_s = self._tickets.pop("".join(asked.get("ticket", [])), 0.0)
        if scope["method"] != "GET" or until_s < time.monotonic():
            await _answer(send, HTTPStatus.FORBIDDEN, _REFUSED)
            return
        script = _SCRIPT.format(
            password=json.dumps(self._password), page=_in_script("".join(asked.get("page", [])))
        )
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        await _answer(
            send,
            HTTPStatus.OK,
            _PAGE.format(script=script),
            kind="text/html",
            policy=f"default-src 'none'; script-src 'sha256-{digest}'",
        )


def _in_script(page: str) -> str:
    """A path on this server, as a text of JavaScript within a page."""
    is_ours = page.startswith("/") and not page.startswith(("//", "/\\"))
    return json.dumps(page if is_ours else "/runs").replace("<", "\\u003c")


def _all(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


async def _refuse(scope: Scope, receive: Receive, send: Send, why: str) -> None:
    if scope["type"] == "websocket":
        await receive()  # that it wants to connect
        await send({"type": "websocket.close", "code": 1008, "reason": why})
    else:
        await _answer(send, HTTPStatus.FORBIDDEN, why)


async def _answer(
    send: Send,
    status: HTTPStatus,
    text: str,
    *,
    kind: str = "text/plain",
    policy: str = "default-src 'none'",
) -> None:
    body = text.encode()
    headers = {
        "content-type": f"{kind}; charset=utf-8",
        "content-length": str(len(body)),
        "cache-control": "no-store",
        "content-security-policy": policy,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    await send(
        {
            "type": "http.response.start",
            "status": int(status),
            "headers": [(n.encode(), v.encode()) for n, v in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})
