"""In front of Prefect's server: a browser that has a ticket is logged in by it.

Prefect's own page asks for the key. Nobody is to type it: whoever has it buys a ticket for it,
which is good once, and a browser that comes with the ticket gets a page that hands it the key.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from http import HTTPStatus
from urllib.parse import parse_qs

from deployments.again import AskedAgain
from pxcore.host.own_names import App, OwnNames, Receive, Scope, Send, answer, headers

TICKET_PATH = "/px/ticket"
OPEN_PATH = "/px/open"
_TICKET_S = 600.0
_TICKETS_MAX = 100

_SCRIPT = 'localStorage.setItem("prefect-password", {password}); location.replace({page});'
_PAGE = "<!doctype html><meta charset=utf-8><title>px</title><script>{script}</script>"
_REFUSED = "this link was used already, or is too old: `px ui` makes a new one"


def guarded(app: App, *, key: str) -> App:
    """For pages of its own and by its own names alone (`pxcore/host/own_names.py`)."""
    return OwnNames(Tickets(AskedAgain(app), key=key))


class Tickets:
    """Before Prefect's app, which asks everybody for the key."""

    def __init__(self, app: App, *, key: str) -> None:
        self._app = app
        self._password = base64.b64encode(key.encode()).decode()
        self._tickets: dict[str, float] = {}  # and until when each is good

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if path == TICKET_PATH:
            await self._sell(scope, send)
        elif path == OPEN_PATH:
            await self._open(scope, send)
        else:
            await self._app(scope, receive, send)

    async def _sell(self, scope: Scope, send: Send) -> None:
        words = " ".join(headers(scope, b"authorization")).split()
        has_key = words[:1] == ["Basic"] and len(words) == 2
        if scope["method"] != "POST" or not has_key or not _is_same(words[1], self._password):
            await answer(send, HTTPStatus.UNAUTHORIZED, "unauthorized")
            return
        now_s = time.monotonic()
        self._tickets = {one: until for one, until in self._tickets.items() if until > now_s}
        if len(self._tickets) >= _TICKETS_MAX:
            self._tickets.pop(next(iter(self._tickets)))
        ticket = secrets.token_urlsafe(32)
        self._tickets[ticket] = now_s + _TICKET_S
        await answer(send, HTTPStatus.OK, json.dumps({"ticket": ticket}), kind="application/json")

    async def _open(self, scope: Scope, send: Send) -> None:
        asked = parse_qs(scope["query_string"].decode("latin-1"))
        ticket = "".join(asked.get("ticket", []))
        is_get = scope["method"] == "GET"
        if not is_get or self._tickets.pop(ticket, 0.0) < time.monotonic():
            await answer(send, HTTPStatus.FORBIDDEN, _REFUSED)
            return
        page = _in_script("".join(asked.get("page", [])))
        script = _SCRIPT.format(password=json.dumps(self._password), page=page)
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        policy = f"default-src 'none'; script-src 'sha256-{digest}'"
        page = _PAGE.format(script=script)
        await answer(send, HTTPStatus.OK, page, kind="text/html", policy=policy)


def _in_script(page: str) -> str:
    """A path on this server, as a text of JavaScript within a page."""
    is_ours = page.startswith("/") and not page.startswith(("//", "/\\"))
    return json.dumps(page if is_ours else "/runs").replace("<", "\\u003c")


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
