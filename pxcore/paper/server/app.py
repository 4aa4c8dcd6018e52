"""The ASGI application: routes, log-in, limits, and the two hubs. Routes ignore case.

Source: gateway reference, 1 to 4.
"""

import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from pxcore.paper.server.access import (
    BARS_LIMIT,
    REST_LIMIT,
    RateLimit,
    Throttle,
    Tokens,
    WallSeconds,
)
from pxcore.paper.server.hub import (
    MARKET_SUBJECTS,
    USER_SUBJECTS,
    HubConnection,
    HubTiming,
)
from pxcore.paper.server.rest import ENDPOINTS, Endpoint
from pxcore.paper.server.venue import Venue
from pxcore.paper.server.wire import Json, LoginBody, envelope

_BARS_PATH = "/api/History/retrieveBars"
_LOGIN_INVALID = 3
_APP_NOT_FOUND = 4
_TIMING = HubTiming()
Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """`user_name` and `api_key` of None let anyone in who names both; a limit of None is off."""

    user_name: str | None = None
    api_key: str | None = None
    token_lifetime_s: float = 24 * 3600
    rest_limit: RateLimit | None = REST_LIMIT
    bars_limit: RateLimit | None = BARS_LIMIT
    timing: HubTiming = _TIMING
    wall: WallSeconds = time.time


def create_app(venue: Venue, config: ServerConfig) -> ASGIApp:
    """The venue's door. Starting the application starts the market."""
    door = _Door(venue, config)
    routes = [
        Route("/api/status/ping", door.ping, methods=["GET"]),
        Route("/api/auth/loginkey", door.login, methods=["POST"]),
        Route("/api/auth/loginapp", door.login_app, methods=["POST"]),
        Route("/api/auth/validate", door.validate, methods=["POST"]),
        Route("/api/auth/logout", door.logout, methods=["POST"]),
        Route("/hubs/{hub}/negotiate", door.negotiate, methods=["POST"]),
        WebSocketRoute("/hubs/user", door.user_hub),
        WebSocketRoute("/hubs/market", door.market_hub),
    ]
    for endpoint in ENDPOINTS:
        routes.append(Route(endpoint.path.lower(), door.rest(endpoint), methods=["POST"]))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        venue.start()
        yield
        venue.stop()

    return _case_blind(Starlette(routes=routes, lifespan=lifespan))


class _Door:
    """Lets callers in, and hands their requests to the venue."""

    def __init__(self, venue: Venue, config: ServerConfig) -> None:
        self._venue = venue
        self._config = config
        self._tokens = Tokens(lifetime_s=config.token_lifetime_s, wall=config.wall)
        self._rest_throttle = config.rest_limit and Throttle(config.rest_limit, config.wall)
        self._bars_throttle = config.bars_limit and Throttle(config.bars_limit, config.wall)

    # Log-in

    async def ping(self, request: Request) -> Response:
        return PlainTextResponse("pong")

    async def login(self, request: Request) -> Response:
        try:
            body = msgspec.json.decode(await request.body(), type=LoginBody)
        except msgspec.DecodeError as error:
            return _bad_request(request, error)
        if self._rest_throttle and not self._rest_throttle.admits(body.user_name.lower()):
            return Response(status_code=429)
        if not self._may_enter(body):
            return _json(envelope(_LOGIN_INVALID, token=None))
        return _json(envelope(0, token=self._tokens.issue(body.user_name)))

    async def login_app(self, request: Request) -> Response:
        return _json(envelope(_APP_NOT_FOUND, token=None))

    async def validate(self, request: Request) -> Response:
        user = self._user(request)
        if user is None:
            return _unauthorized(request)
        return _json(envelope(0, newToken=self._tokens.issue(user)))

    async def logout(self, request: Request) -> Response:
        """Ends this token; others of the same user live on."""
        if self._user(request) is None:
            return _unauthorized(request)
        self._tokens.revoke(_token(request))
        return _json(envelope(0))

    # REST

    def rest(self, endpoint: Endpoint) -> Handler:
        is_bars = endpoint.path == _BARS_PATH
        throttle = self._bars_throttle if is_bars else self._rest_throttle

        async def answer(request: Request) -> Response:
            user = self._user(request)
            if user is None:
                return _unauthorized(request)
            if throttle and not throttle.admits(user.lower()):
                return Response(status_code=429)
            body = await request.body()
            self._venue.settle()
            try:
                payload = endpoint.answer(self._venue, body)
            except msgspec.DecodeError as error:
                return _bad_request(request, error)
            self._venue.settle()
            return _json(payload)

        return answer

    # Hubs

    async def negotiate(self, request: Request) -> Response:
        if self._user(request) is None:
            return _unauthorized(request)
        connection_id = uuid.uuid4().hex
        transports = [{"transport": "WebSockets", "transferFormats": ["Text", "Binary"]}]
        if request.query_params.get("negotiateVersion") != "1":
            offer: Json = {"negotiateVersion": 0, "connectionId": connection_id}
        else:
            token = uuid.uuid4().hex
            offer = {
                "negotiateVersion": 1,
                "connectionId": connection_id,
                "connectionToken": token,
            }
        return _json(offer | {"availableTransports": transports})

    async def user_hub(self, socket: WebSocket) -> None:
        await self._hub(socket, self._venue.broadcaster.user_clients, USER_SUBJECTS)

    async def market_hub(self, socket: WebSocket) -> None:
        await self._hub(socket, self._venue.broadcaster.market_clients, MARKET_SUBJECTS)

    async def _hub(
        self,
        socket: WebSocket,
        clients: set[HubConnection],
        subjects: Mapping[str, type | None],
    ) -> None:
        if self._user(socket) is None:
            await socket.send_denial_response(_unauthorized(socket))
            return
        client = HubConnection(socket, subjects, self._config.timing)
        clients.add(client)
        try:
            await client.serve()
        finally:
            clients.discard(client)

    def _may_enter(self, body: LoginBody) -> bool:
        wanted_user, wanted_key = self._config.user_name, self._config.api_key
        is_user = wanted_user is None or body.user_name.lower() == wanted_user.lower()
        is_key = wanted_key is None or body.api_key == wanted_key
        return bool(body.user_name and body.api_key) and is_user and is_key

    def _user(self, caller: HTTPConnection) -> str | None:
        return self._tokens.user(_token(caller))


def _token(caller: HTTPConnection) -> str:
    """From the header, or as hub clients send it in the URL; empty when there is none."""
    scheme, _, token = caller.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    is_hub = caller.url.path.startswith("/hubs/")
    return caller.query_params.get("access_token", "") if is_hub else ""


def _unauthorized(caller: HTTPConnection) -> Response:
    reason = (
        ' error="invalid_token", error_description="The signature key was not found"'
        if _token(caller)
        else ""
    )
    return Response(status_code=401, headers={"WWW-Authenticate": f"Bearer{reason}"})


def _bad_request(request: Request, error: msgspec.DecodeError) -> Response:
    problem: Json = {
        "type": "https://tools.ietf.org/html/rfc9110#section-15.5.1",
        "title": "One or more validation errors occurred.",
        "status": 400,
        "detail": str(error),
        "instance": request.url.path,
    }
    return Response(
        msgspec.json.encode(problem), status_code=400, media_type="application/problem+json"
    )


def _json(payload: Json) -> Response:
    return Response(msgspec.json.encode(payload), media_type="application/json")


def _case_blind(app: ASGIApp) -> ASGIApp:
    async def lowered(scope: Scope, receive: Receive, send: Send) -> None:
        if "path" in scope:
            scope = {**scope, "path": scope["path"].lower()}
        await app(scope, receive, send)

    return lowered
