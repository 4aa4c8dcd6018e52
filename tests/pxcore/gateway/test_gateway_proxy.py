"""The venue behind a proxy that alone knows its name: REST and both hubs, over real sockets."""

import queue
import socket
from collections.abc import Callable, Iterator

import pytest
from counting_proxy import CountingProxy, counting_proxy
from gateway_samples import KEY, FixedClock
from paper_scenes import ACCOUNT, MNQ
from paper_server import Gateway, fixed_tape, serving
from patience import patience

from pxcore.clock.clocks import WallClock
from pxcore.engine.events import Event, Hub, HubUp
from pxcore.gateway.hubs import Realtime
from pxcore.gateway.rest import GatewayClient
from pxcore.model import Misconfigured, NewOrder, OrderType, Side, Unavailable

VENUE = "http://venue.invalid:8080"
WAIT_S = patience(10)
ORDER = NewOrder(contract_id=MNQ.id, type=OrderType.MARKET, side=Side.BUY, size=1, tag="t")
KINDS = {"http": "CONNECT", "socks5": "SOCKS5", "socks5h": "SOCKS5", "socks4a": "SOCKS4"}


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for scheme in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme}_PROXY".upper(), raising=False)


@pytest.fixture
def paper() -> Iterator[Gateway]:
    with serving(fixed_tape(), speed=50.0) as running:
        yield running.log_in()


@pytest.fixture
def proxy(paper: Gateway) -> Iterator[CountingProxy]:
    with counting_proxy(paper.address) as proxy:
        yield proxy


@pytest.fixture
def connect(pauses: list[float]) -> Iterator[Callable[..., GatewayClient]]:
    made: list[GatewayClient] = []

    def connect(url: str, connect_timeout_s: float = patience(2)) -> GatewayClient:
        client = GatewayClient(
            base_url=url,
            username="trader01",
            api_key=KEY,
            connect_timeout_s=connect_timeout_s,
            reply_timeout_s=WAIT_S,
            clock=FixedClock(),
            sleep=pauses.append,
        )
        made.append(client)
        return client

    yield connect
    for client in made:
        client.close()


def hubs_of(client: GatewayClient, url: str) -> tuple[Realtime, "queue.SimpleQueue[Event]"]:
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    realtime = Realtime(
        rtc_url=url,
        token=client.token,
        renew_token=client.renew_token,
        account_id=ACCOUNT,
        contracts={MNQ.id: MNQ},
        deliver=events.put,
        clock=WallClock(),
    )
    realtime.start()
    return realtime, events


@pytest.mark.parametrize("scheme", KINDS)
@pytest.mark.parametrize("name", ["ALL_PROXY", "http_proxy"])
def test_rest_and_both_hubs_go_through_the_proxy_which_looks_the_name_up(
    connect: Callable[[str], GatewayClient],
    proxy: CountingProxy,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    name: str,
) -> None:
    monkeypatch.setenv(name, proxy.url(scheme))
    client = connect(VENUE)
    client.place_order(ACCOUNT, ORDER, MNQ)
    assert client.positions(ACCOUNT)
    assert len(proxy.asked) == 1, "one connection, used again"
    realtime, events = hubs_of(client, VENUE)
    ups: set[Hub] = set()
    while ups != set(Hub):
        event = events.get(timeout=WAIT_S)
        if isinstance(event, HubUp):
            ups.add(event.hub)
    realtime.stop()
    assert set(proxy.asked) == {(KINDS[scheme], "venue.invalid", 8080)}
    assert len(proxy.asked) == 3


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_login_at_the_proxy_is_given_and_told_to_nobody(
    connect: Callable[[str], GatewayClient],
    proxy: CountingProxy,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy.url(scheme, "trader:s3cret@"))
    connect(VENUE).login()
    assert proxy.logins in (
        ["trader:s3cret"],
        ["Proxy-Authorization: Basic dHJhZGVyOnMzY3JldA=="],
    )
    proxy.leads_to = None
    with pytest.raises(Unavailable) as raised:
        connect(VENUE).login()
    assert "s3cret" not in str(raised.value) and "trader:" not in str(raised.value)


def dead_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize("scheme", ["http", "socks5", "socks4"])
def test_order_is_not_sent_where_the_proxy_is_away_which_is_named(
    connect: Callable[[str], GatewayClient], monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    way = f"{scheme}://127.0.0.1:{dead_port()}"
    monkeypatch.setenv("ALL_PROXY", way)
    with pytest.raises(Unavailable, match=f"cannot be reached: the proxy {way} gave none"):
        connect(VENUE).place_order(ACCOUNT, ORDER, MNQ)


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "502 Bad Gateway"])
def test_order_is_not_sent_where_the_proxy_refuses_and_its_word_is_told(
    connect: Callable[[str], GatewayClient],
    proxy: CountingProxy,
    monkeypatch: pytest.MonkeyPatch,
    status: str,
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy.url())
    proxy.refuses_with = status
    with pytest.raises(Unavailable, match=status):
        connect(VENUE).place_order(ACCOUNT, ORDER, MNQ)


def test_proxy_that_drips_is_given_up_in_the_time_for_connecting(
    connect: Callable[..., GatewayClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(Unavailable, match=r"gave no connection in \d"):
            connect(VENUE, patience(0.25)).place_order(ACCOUNT, ORDER, MNQ)


def test_paper_gateway_is_reached_past_a_dead_proxy(
    connect: Callable[[str], GatewayClient], paper: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"socks5://127.0.0.1:{dead_port()}")
    client = connect(paper.url)
    client.login()
    realtime, events = hubs_of(client, paper.url)
    assert isinstance(events.get(timeout=WAIT_S), HubUp)
    realtime.stop()


def test_proxy_that_cannot_be_used_is_said_before_anything_is_sent(
    connect: Callable[[str], GatewayClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "quic://proxy:1")
    with pytest.raises(Misconfigured, match="ALL_PROXY names a proxy of the kind quic"):
        connect(VENUE)
