"""The hubs' client on a SignalR server that is not ours, with its pings and time-outs."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aiosignalr.server import Hub as ServerHub
from aiosignalr.server import ServerOptions, SignalRServer
from gateway_samples import ACCOUNT, MNQ_ID, order_row
from patience import patience
from raw_hub import WAIT_S

from pxcore.engine.events import Hub, HubDown, OrderSeen
from pxcore.model import DepthLevel, MarketTrade, Quote

STAMP = "2026-11-20T14:30:31.348+00:00"


class Market(ServerHub):
    async def SubscribeContractQuotes(self, contract_id: str) -> int:
        row = {"symbol": "F.US.MNQ", "bestBid": 29547, "bestAsk": 29547.5, "timestamp": STAMP}
        await self.clients.caller.send("GatewayQuote", contract_id, row)
        return 0

    async def SubscribeContractTrades(self, contract_id: str) -> int:
        row = {"price": 29547.25, "timestamp": STAMP, "type": 0, "volume": 2}
        await self.clients.caller.send("GatewayTrade", contract_id, [row, row])
        return 0

    async def SubscribeContractMarketDepth(self, contract_id: str) -> int:
        rows = [{"price": 29547, "timestamp": STAMP, "type": 2, "volume": 1}] * 400  # over 16 kB
        await self.clients.caller.send("GatewayDepth", contract_id, rows)
        return 0


class User(ServerHub):
    async def SubscribeAccounts(self) -> int:
        return 0

    async def SubscribeOrders(self, account_id: int) -> int:
        event = {"action": 1, "data": order_row()}
        await self.clients.caller.send("GatewayUserOrder", event)
        return 0

    async def SubscribePositions(self, account_id: int) -> int:
        return 0

    async def SubscribeTrades(self, account_id: int) -> int:
        return 0


class RefusingUser(User):
    async def SubscribeTrades(self, account_id: int) -> int:
        raise ValueError("not yours")


@contextmanager
def serving(hub: type[ServerHub], path: str, **options: Any) -> Iterator[str]:
    loop, is_up = asyncio.new_event_loop(), threading.Event()
    server, where = SignalRServer(hub, options=ServerOptions(**options)), []

    async def start() -> None:
        where.append(await server.serve("127.0.0.1", 0, path=path))
        is_up.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(server.close())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert is_up.wait(WAIT_S)
        yield f"http://127.0.0.1:{where[0][1]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(WAIT_S)
        assert not thread.is_alive()


@pytest.fixture
def listen(new_listener: Any) -> Callable[..., Any]:
    return lambda url, **options: new_listener(url, **options)


def test_market_hub_of_another_server_delivers_quotes_prints_and_large_depth(listen: Any) -> None:
    with serving(Market, "/hubs/market") as url:
        listener = listen(url, wants_depth=True)
        listener.realtime.market.start()
        listener.wait_up(Hub.MARKET)
        assert listener.next(Quote).bid_ticks == 118188
        assert [listener.next(MarketTrade).size for _ in range(2)] == [2, 2]
        assert [listener.next(DepthLevel).size for _ in range(400)] == [1] * 400
        assert listener.realtime.bad_records == 0
        listener.realtime.stop()


def test_user_hub_of_another_server_delivers_orders(listen: Any) -> None:
    with serving(User, "/hubs/user") as url:
        listener = listen(url)
        listener.realtime.user.start()
        listener.wait_up(Hub.USER)
        seen = listener.next(OrderSeen).order
        assert (seen.account_id, seen.contract_id) == (ACCOUNT, MNQ_ID)
        listener.realtime.stop()


def test_another_server_keeps_a_quiet_client_because_it_pings(listen: Any) -> None:
    silent_s = patience(0.5)
    quick = {"keep_alive_interval": 0.05, "client_timeout_interval": silent_s}
    with serving(User, "/hubs/user", **quick) as url:
        listener = listen(url, ping_every_s=0.05, silence_limit_s=silent_s)
        listener.realtime.user.start()
        listener.wait_up(Hub.USER)
        assert not listener.gone.wait(1.5 * silent_s)  # neither side was silent for so long
        assert listener.count(HubDown) == 0
        listener.realtime.stop()


def test_another_server_drops_a_client_that_does_not_ping_and_it_comes_back(listen: Any) -> None:
    quick = {"keep_alive_interval": 0.05, "client_timeout_interval": patience(0.1)}
    with serving(User, "/hubs/user", **quick) as url:
        listener = listen(url, ping_every_s=30.0)
        listener.realtime.user.start()
        listener.wait_up(Hub.USER)
        listener.next(HubDown)
        listener.wait_up(Hub.USER)
        listener.realtime.stop()


def test_subscription_that_another_server_refuses_is_no_connection(listen: Any) -> None:
    with serving(RefusingUser, "/hubs/user") as url:
        listener = listen(url, quick=True)
        listener.realtime.user.start()
        listener.next(OrderSeen)
        listener.next(OrderSeen)  # it was tried again
        assert "SubscribeTrades was refused" in (listener.realtime.user.last_fault or "")
        assert listener.realtime.user.ups == 0
        listener.realtime.stop()
