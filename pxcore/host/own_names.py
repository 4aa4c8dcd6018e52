"""Who is let in where one of ours listens on the loopback: no page of anybody else's.

A browser says by `Host` by which name it was led here, and by `Origin` whose page asks. A name that
is not ours was bound to our address by somebody else (DNS rebinding); a page that is not served
here has no business here. A program that is no browser names no origin.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

NAMES = ("127.0.0.1", "localhost")


class OwnNames:
    """Before an ASGI app: what does not ask by our name, or from our pages, does not reach it."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        why = _refusal(scope) if scope["type"] in ("http", "websocket") else None
        if why is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()  # that it wants to connect
            await send({"type": "websocket.close", "code": 1008, "reason": why})
        else:
            await answer(send, HTTPStatus.FORBIDDEN, why)


def _refusal(scope: Scope) -> str | None:
    """The port may be another one where a tunnel leads here; a page has come by the same one."""
    hosts, origins = headers(scope, b"host"), headers(scope, b"origin")
    name, _, port = hosts[0].lower().partition(":") if len(hosts) == 1 else ("", "", "")
    if name not in NAMES:
        return "this is asked for as 127.0.0.1 or localhost, and by no other name"
    ours = {f"http://{one}:{port}" for one in NAMES}
    if any(origin.lower() not in ours for origin in origins):
        return "this is asked for by its own pages, and by no others"
    return None


def headers(scope: Scope, name: bytes) -> list[str]:
    """All of that name, in small letters."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


async def answer(
    send: Send,
    status: HTTPStatus,
    text: str,
    *,
    kind: str = "text/plain",
    policy: str = "default-src 'none'",
) -> None:
    """A page that is kept nowhere, and shown in no frame."""
    body = text.encode()
    fields = {
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
            "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})
