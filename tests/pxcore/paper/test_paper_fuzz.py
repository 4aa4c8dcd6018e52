"""Whatever is sent, the paper gateway never answers 500 and never stops answering.

Requests are made by schemathesis from the server's own page, and by hypothesis without any; so
are the records that a hub gets. The market has a program, position brackets and every order type,
so that a lucky request goes deep.
"""

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from paper_scenes import ACCOUNT, LISTED, MNQ, OPEN
from paper_server import CONTROL_KEY, END, Gateway, Hub, serving
from patience import patience
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance
from waiting import until
from websockets.exceptions import ConnectionClosed

from pxcore.clock.clocks import ShiftedClock
from pxcore.paper.exchange import (
    AccountSpec,
    Clips,
    Exchange,
    ExchangeConfig,
    StopLimits,
    program_named,
)
from pxcore.paper.markets.synthetic import synthetic
from pxcore.paper.server.app import ServerConfig
from pxcore.paper.server.rest import ENDPOINTS
from pxcore.paper.server.venue import PaperVenue

PATHS = (
    *(endpoint.path for endpoint in ENDPOINTS),
    "/api/Auth/loginKey",
    "/api/Auth/loginApp",
    "/hubs/user/negotiate",
    "/hubs/market/negotiate?negotiateVersion=1",
    "/paper/faults",
    "/paper/market",
    "/paper/script",
)
QUICK = settings(
    max_examples=25,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    """Without limits, so that it is the code behind them that is tried."""
    clock = ShiftedClock(market=OPEN, wall=datetime.now(UTC), speed=1.0)
    exchange = Exchange(
        contracts=LISTED,
        accounts=(AccountSpec(ACCOUNT, "A", Decimal(50_000), program=program_named("50k")),),
        seed=7,
        config=ExchangeConfig(clips=Clips(size=2), stop_limits=StopLimits.ACCEPTED),
    )
    venue = PaperVenue(exchange=exchange, tape=synthetic(MNQ, start=OPEN, seed=1), clock=clock)
    config = ServerConfig(rest_limit=None, bars_limit=None, control_key=CONTROL_KEY)
    with serving(iter(()), config=config, venue=venue) as running:
        yield running.log_in()


@pytest.fixture(scope="module")
def page(gateway: Gateway) -> Any:
    return schemathesis.openapi.from_url(f"{gateway.url}/swagger/v1/swagger.json")


@pytest.fixture
def session(gateway: Gateway) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {gateway.token}"
        yield session


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_requests_made_from_the_page_are_never_a_500(
    page: Any, session: requests.Session, mode: GenerationMode
) -> None:
    tried = set()
    for result in page.get_all_operations():
        operation = result.ok()
        if operation.path == "/api/Auth/logout":
            continue  # it would end the token of all the others

        @given(case=operation.as_strategy(generation_mode=mode))
        @QUICK
        def ask(case: Any) -> None:
            answer = case.call(session=session, timeout=patience(10))
            case.validate_response(answer, checks=[not_a_server_error, response_schema_conformance])

        if mode is GenerationMode.POSITIVE or operation.body:
            ask()
            tried.add(operation.path)
    assert len(tried) >= 17


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [name for part in (
        "accountId contractId orderId size type side limitPrice stopPrice trailPrice customTag",
        "stopLossBracket takeProfitBracket live unit unitNumber limit startTime endTime filter",
        "startTimestamp endTimestamp pageSize pageOffset includePartialBar fault contract ticks",
    ) for name in part.split()]
)  # fmt: skip
VALUES = JSON | st.sampled_from(
    [
        *(ACCOUNT, MNQ.id, -1, 0, 1, 2, 7, 2**31, 2**63, 10**400, 25000.25, 1e308, -0.0),
        *("0001-01-01T00:00:00-23:59", "9999-12-31T23:59:59+23:59", "", "\u0000"),
        {"ticks": -40, "type": 4},
    ]
)
BODIES = (
    st.binary(max_size=60)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(NAMES, VALUES, max_size=12).map(lambda value: json.dumps(value).encode())
)


@pytest.mark.parametrize("path", PATHS)
@given(body=BODIES)
@QUICK
def test_any_bytes_are_never_a_500(gateway: Gateway, path: str, body: bytes) -> None:
    status, _, _ = gateway.send(path, body)
    assert status < 500, (path, body)


GOOD = {
    "/api/History/retrieveBars": {
        "contractId": MNQ.id, "live": False, "startTime": "2026-11-20T00:00:00Z",
        "endTime": "2026-11-20T21:00:00Z", "unit": 2, "unitNumber": 1, "limit": 10,
        "includePartialBar": True,
    },
    "/api/Order/place": {
        "accountId": ACCOUNT, "contractId": MNQ.id, "type": 2, "side": 0, "size": 1,
        "limitPrice": 29500, "stopPrice": 29500, "trailPrice": 29500,
    },
    "/api/Order/modify": {"accountId": ACCOUNT, "orderId": 1, "size": 1, "stopPrice": 29000},
    "/api/Order/v2/query": {"filter": {"accountId": ACCOUNT}, "pageSize": 3},
    "/api/Order/search": {"accountId": ACCOUNT, "startTimestamp": "2026-11-20T00:00:00Z"},
    "/api/Position/partialCloseContract": {"accountId": ACCOUNT, "contractId": MNQ.id, "size": 1},
}  # fmt: skip


@pytest.mark.parametrize("path", GOOD)
@given(name=NAMES, value=VALUES, type_=st.integers(0, 8))
@settings(QUICK, max_examples=60)
def test_good_request_with_one_odd_field_is_never_a_500(
    gateway: Gateway, path: str, name: str, value: object, type_: int
) -> None:
    body = {**GOOD[path], name: value}
    if path == "/api/Order/place" and name != "type":
        body["type"] = type_
    status, _, _ = gateway.send(path, json.dumps(body).encode())
    assert status < 500, body


@given(records=st.lists(BODIES | st.text(max_size=30).map(str.encode), min_size=1, max_size=4))
@QUICK
def test_hub_survives_any_record(gateway: Gateway, records: list[bytes]) -> None:
    hub = Hub(f"{gateway.sockets}/hubs/user?access_token={gateway.token}")
    with contextlib.suppress(ConnectionClosed):  # it may say good-bye to such a client
        for record in records:
            hub.socket.send(record.decode(errors="replace") + END)
        hub.call("SubscribeAccounts")
    hub.socket.close()
    good = gateway.hub("user")
    assert good.call("SubscribeAccounts")["result"] == 0
    good.socket.close()


def test_after_all_that_an_order_is_filled_and_the_books_still_add_up(gateway: Gateway) -> None:
    assert gateway.venue is not None
    exchange = gateway.venue.exchange
    order = {"accountId": ACCOUNT, "contractId": MNQ.id, "type": 2, "side": 0, "size": 1}
    gateway.send("/api/Order/place", json.dumps(order).encode())
    until(lambda: exchange.fills(ACCOUNT), what="an order is filled")
    account = exchange.account(ACCOUNT)
    assert account is not None
    net = sum((f.net_usd for f in exchange.fills(ACCOUNT)), Decimal(0))
    assert account.balance_usd == Decimal(50_000) + net
