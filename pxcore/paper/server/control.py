"""The control API under `/paper/`: for tests and demonstrations, off unless asked for.

It looks at the venue, opens a market that waits, arms faults, moves the market and plays scripts.
It asks for a key, as a bearer's token: whoever is on this machine can reach it.
"""

import hmac
from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from pxcore.host.decoding import Decoder, decode_json
from pxcore.model import Contract, Misconfigured, ProtocolError
from pxcore.paper.exchange import Exchange
from pxcore.paper.faults.base import Armed, kind_of
from pxcore.paper.faults.file import AnyFault
from pxcore.paper.markets.catalogue import find_contract
from pxcore.paper.markets.market import TradingHalt
from pxcore.paper.markets.script import Script, scripted
from pxcore.paper.server.rows import Json, RowForm, account_row, number, order_row, position_row
from pxcore.paper.server.venue import PaperVenue

Handler = Callable[[Request], Awaitable[Response]]
_MOVE_TICKS_MAX = 1_000_000


class MarketMove(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`ticks` is a jump from here; `halt` stops trading in the contract, or lets it go on."""

    contract: str
    ticks: int = 0
    halt: bool | None = None


_faults: Decoder[AnyFault | list[AnyFault]] = Decoder(AnyFault | list[AnyFault])


def control_routes(venue: PaperVenue, *, key: str) -> list[BaseRoute]:
    async def state(request: Request) -> Response:
        venue.settle()
        return _json(_state(venue))

    async def opening(request: Request) -> Response:
        venue.bell.open()
        venue.settle()
        return _json(_clock(venue))

    async def faults(request: Request) -> Response:
        return _json({"faults": _armed(venue)})

    async def arm(request: Request) -> Response:
        sent = _faults.decode(await request.body())
        venue.settle()
        armed = [venue.arm(fault) for fault in (sent if isinstance(sent, list) else [sent])]
        venue.settle()
        return _json({"armed": [one.name for one in armed]})

    async def disarm(request: Request) -> Response:
        name = request.path_params.get("name")
        return _json({"disarmed": sum(armory.disarm(name) for armory in venue.armories)})

    async def market(request: Request) -> Response:
        move = decode_json(await request.body(), MarketMove)
        _move(venue, move)
        return _json(_markets(venue.exchange))

    async def script(request: Request) -> Response:
        sent = decode_json(await request.body(), Script)
        venue.settle()
        steps = list(scripted(sent, venue.exchange.contracts, start=venue.now))
        venue.insert(*steps)
        return _json({"steps": len(steps)})

    doors: list[tuple[str, Handler, str]] = [
        ("/paper/state", state, "GET"),
        ("/paper/open", opening, "POST"),
        ("/paper/faults", faults, "GET"),
        ("/paper/faults", _checked(arm), "POST"),
        ("/paper/faults", disarm, "DELETE"),
        ("/paper/faults/{name}", disarm, "DELETE"),
        ("/paper/market", _checked(market), "POST"),
        ("/paper/script", _checked(script), "POST"),
    ]
    return [Route(path, _for_key(key, handler), methods=[how]) for path, handler, how in doors]


def _for_key(key: str, handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {key}".encode()):
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        return await handler(request)

    return answer


def _checked(handler: Handler) -> Handler:
    """A body that is not what it should be is answered with 400 and why."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except (ProtocolError, Misconfigured) as error:
            return Response(
                msgspec.json.encode({"error": str(error)}),
                status_code=400,
                media_type="application/json",
            )

    return answer


def _move(venue: PaperVenue, move: MarketMove) -> None:
    """Raises Misconfigured for a contract that is not listed and a jump that is absurd."""
    contract = find_contract(venue.exchange.contracts, move.contract)
    if abs(move.ticks) > _MOVE_TICKS_MAX:
        raise Misconfigured(f"a market moves by at most {_MOVE_TICKS_MAX} ticks")
    bid = venue.exchange.top(contract.id).bid
    if bid is not None and bid + move.ticks < 1:
        raise Misconfigured(f"{contract.name} is at {bid} ticks and cannot move by {move.ticks}")
    venue.settle()
    if move.ticks:
        venue.move(contract.id, move.ticks)
    if move.halt is not None:
        venue.insert(TradingHalt(at=venue.now, contract_id=contract.id, is_halted=move.halt))


def _state(venue: PaperVenue) -> Json:
    exchange, form = venue.exchange, RowForm(is_stream=False)
    return {
        "now": form.time(venue.now),
        "clock": _clock(venue),
        "accounts": [_account(exchange, account.id, form) for account in exchange.accounts],
        "markets": _markets(exchange),
        "faults": _armed(venue),
        "clients": {hub: len(venue.broadcaster.clients(hub)) for hub in ("user", "market")},
    }


def _clock(venue: PaperVenue) -> Json:
    """Lag and slowing in seconds of ours: the paper gateway's own, no real one has them."""
    time = venue.time
    return {
        "pace": time.pace.name.lower(),
        "speed": time.speed,
        "lagSeconds": time.lag.total_seconds(),
        "slowedSeconds": time.slowed.total_seconds(),
    }


def _account(exchange: Exchange, account_id: int, form: RowForm) -> Json:
    account, standing = exchange.account(account_id), exchange.standing(account_id)
    assert account is not None
    alive = [row for row in exchange.order_rows(account_id) if row.order.is_alive]
    return account_row(account) | {
        "lock": standing.lock if standing else None,
        "dayStartBalance": None if standing is None else number(standing.day_start_usd),
        "orders": [
            order_row(row, _contract(exchange, row.order.contract_id), form) for row in alive
        ],
        "positions": [
            position_row(held, _contract(exchange, held.contract_id), form)
            for held in exchange.positions(account_id)
        ],
        "fills": len(exchange.fills(account_id)),
    }


def _markets(exchange: Exchange) -> Json:
    markets: Json = {}
    for contract in exchange.contracts:
        top = exchange.top(contract.id)
        if top.is_known:
            ticks = {"bid": top.bid, "ask": top.ask, "last": top.last}
            markets[contract.name] = {
                name: None if value is None else number(contract.price(value))
                for name, value in ticks.items()
            }
    return markets


def _armed(venue: PaperVenue) -> list[Json]:
    return [_fault(armed) for armory in venue.armories for armed in armory.armed]


def _fault(armed: Armed) -> Json:
    return {
        "name": armed.name,
        "fault": kind_of(armed.fault),
        "bitten": armed.bitten,
        "isSpent": armed.is_spent,
    }


def _contract(exchange: Exchange, contract_id: str) -> Contract:
    contract = exchange.contract(contract_id)
    assert contract is not None, f"an order or position is in {contract_id}, which is not listed"
    return contract


def _json(payload: object) -> Response:
    return Response(msgspec.json.encode(payload), media_type="application/json")
