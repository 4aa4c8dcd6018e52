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
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from pxcore.host.decoding import decode_json
from pxcore.host.own_names import OwnNames
from pxcore.model import ProtocolError
from pxcore.paper.server.access import (
    BARS_LIMIT,
    REST_LIMIT,
    RateLimit,
    Throttle,
    Tokens,
    WallSeconds,
)
from pxcore.paper.server.bodies import LoginBody
from pxcore.paper.server.control import control_routes
from pxcore.paper.server.dialect import Dialect
from pxcore.paper.server.hub import (
    MARKET_SUBJECTS,
    USER_SUBJECTS,
    HubTiming,
    ServedConnection,
)
from pxcore.paper.server.rest import ENDPOINTS, INSTRUCTIONS, ServedEndpoint
from pxcore.paper.server.rows import Json, envelope
from pxcore.paper.server.swagger import specification
from pxcore.paper.server.venue import PaperVenue
from pxcore.paper.server.wire_faults import Hostility

_BARS_PATH = "/api/History/retrieveBars"
_LOGIN_INVALID = 3
_APP_NOT_FOUND = 4
_TIMING = HubTiming()
_RECORDED = Dialect()
Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """`user_name` and `api_key` of None let anyone in who names both; a limit of None is off.

    `control_key` opens the control API under `/paper/` to whoever has it.
    """

    user_name: str | None = None
    api_key: str | None = None
    token_lifetime_s: float = 24 * 3600
    rest_limit: RateLimit | None = REST_LIMIT
    bars_limit: RateLimit | None = BARS_LIMIT
    timing: HubTiming = _TIMING
    dialect: Dialect = _RECORDED
    wall: WallSeconds = time.time
    control_key: str = ""


def create_app(venue: PaperVenue, config: ServerConfig) -> ASGIApp:
    """The venue's door. Starting the application starts the market."""
    door = _Door(venue, config)
    hostile = venue.hostility
    posts: dict[str, Handler] = {
        "/api/Auth/loginKey": door.login,
        "/api/Auth/loginApp": door.login_app,
        "/api/Auth/validate": door.validate,
        "/api/Auth/logout": door.logout,
        "/hubs/{hub}/negotiate": door.negotiate,
        **{endpoint.path: door.rest(endpoint) for endpoint in ENDPOINTS},
    }
    routes: list[BaseRoute] = [
        Route(path.lower(), _spoiled(hostile, answer), methods=["POST"])
        for path, answer in posts.items()
    ]
    routes += [
        Route("/api/status/ping", _spoiled(hostile, door.ping), methods=["GET"]),
        Route("/swagger/v1/swagger.json", door.swagger, methods=["GET"]),
        WebSocketRoute("/hubs/user", door.user_hub),
        WebSocketRoute("/hubs/market", door.market_hub),
    ]
    if config.control_key:
        routes += control_routes(venue, key=config.control_key)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        venue.start()
        yield
        venue.stop()

    return OwnNames(_case_blind(Starlette(routes=routes, lifespan=lifespan)))


def _spoiled(hostility: Hostility, answer: Handler) -> Handler:
    """The same answers, unless a fault meets the request before or after it is carried out.

    A request is read whole before it is held back: whoever dies after sending it does not take
    it back.
    """

    async def hostile_answer(request: Request) -> Response:
        await request.body()
        met = await hostility.before(request)
        if met is not None:
            return met
        response = await answer(request)
        return await hostility.after(request, response)

    return hostile_answer


class _Door:
    """Lets callers in, and hands their requests to the venue."""

    def __init__(self, venue: PaperVenue, config: ServerConfig) -> None:
        self._venue = venue
        self._config = config
        self._tokens = Tokens(lifetime_s=config.token_lifetime_s, wall=config.wall)
        self._rest_throttle = config.rest_limit and Throttle(config.rest_limit, config.wall)
        self._bars_throttle = config.bars_limit and Throttle(config.bars_limit, config.wall)
        self._negotiated: set[str] = set()
        venue.hostility.on_tokens_expired = self._tokens.expire_all

    # Log-in

    async def ping(self, request: Request) -> Response:
        return PlainTextResponse("pong")

    async def swagger(self, request: Request) -> Response:
        return _json(specification())

    async def login(self, request: Request) -> Response:
        try:
            body = decode_json(await request.body(), LoginBody)
        except ProtocolError as error:
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

    def rest(self, endpoint: ServedEndpoint) -> Handler:
        is_bars = endpoint.path == _BARS_PATH
        throttle = self._bars_throttle if is_bars else self._rest_throttle

        async def answer(request: Request) -> Response:
            user = self._user(request)
            if user is None:
                return _unauthorized(request)
            if throttle and not throttle.admits(user.lower()):
                return Response(status_code=429)
            body = await request.body()
            if endpoint.path in INSTRUCTIONS:
                self._venue.bell.instructed()
            self._venue.settle()
            try:
                payload = endpoint.answer(self._venue, body)
            except ProtocolError as error:
                return _bad_request(request, error)
            self._venue.settle()
            return _json(payload)

        return answer

    # Hubs

    async def negotiate(self, request: Request) -> Response:
        if self._config.dialect.negotiation == "refused":
            return Response(status_code=404)
        if self._user(request) is None:
            return _unauthorized(request)
        offer: Json = {"negotiateVersion": 0, "connectionId": uuid.uuid4().hex}
        key = offer["connectionId"]
        if request.query_params.get("negotiateVersion") == "1":
            key = uuid.uuid4().hex
            offer |= {"negotiateVersion": 1, "connectionToken": key}
        self._negotiated.add(str(key))
        transports = [{"transport": "WebSockets", "transferFormats": ["Text", "Binary"]}]
        return _json(offer | {"availableTransports": transports})

    async def user_hub(self, socket: WebSocket) -> None:
        await self._hub(socket, "user", USER_SUBJECTS)

    async def market_hub(self, socket: WebSocket) -> None:
        await self._hub(socket, "market", MARKET_SUBJECTS)

    async def _hub(self, socket: WebSocket, name: str, subjects: Mapping[str, type | None]) -> None:
        refusal = self._hub_refusal(socket)
        if refusal is not None:
            await socket.send_denial_response(refusal)
            return
        result = 0 if self._config.dialect.call_result == "zero" else None
        bell = self._venue.bell
        client = ServedConnection(
            socket,
            subjects,
            self._config.timing,
            result,
            calls=bell.calls(name),
            on_subscribed=lambda client: bell.subscribed(name, client),
        )
        clients = self._venue.broadcaster.clients(name)
        clients.add(client)
        try:
            await client.serve()
        finally:
            clients.discard(client)
            bell.gone(client)
            self._venue.hostility.forget(client)

    def _hub_refusal(self, socket: WebSocket) -> Response | None:
        """Why the upgrade is refused. A negotiated id opens one connection."""
        failed = self._venue.hostility.upgrade_error(socket)
        if failed is not None:
            return failed
        if self._user(socket) is None:
            return _unauthorized(socket)
        key = socket.query_params.get("id")
        if key is None and self._config.dialect.negotiation != "required":
            return None
        if key not in self._negotiated:
            return Response("No Connection with that ID", status_code=404)
        self._negotiated.discard(key)
        return None

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


def _bad_request(request: Request, error: ProtocolError) -> Response:
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
