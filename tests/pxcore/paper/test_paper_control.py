"""The control API, and markets written by hand."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
import requests
import wording
from paper_scenes import ACCOUNT, LISTED, MNQ, OPEN
from paper_server import CONTROL_KEY, Gateway, entry, fixed_tape, lively_tape, serving
from patience import patience
from websockets.exceptions import InvalidHandshake
from websockets.sync.client import connect

from pxcore.model import MarketTrade, Misconfigured, Quote, Side
from pxcore.paper.markets.market import TradingHalt
from pxcore.paper.markets.script import Script, ScriptStep, read_script, scripted
from pxcore.paper.server.app import ServerConfig

CONTROL = ServerConfig(rest_limit=None, bars_limit=None, control_key=CONTROL_KEY)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with serving(fixed_tape(), config=CONTROL) as running:
        yield running.log_in()


def test_control_is_off_unless_asked_for() -> None:
    with serving(fixed_tape()) as plain:
        assert plain.send("/paper/state", None)[0] == 404
        assert plain.send("/paper/faults", b"{}")[0] == 404


def test_state_shows_accounts_markets_faults_and_clients(gateway: Gateway) -> None:
    gateway.post("/api/Order/place", **entry())
    gateway.post("/paper/faults", fault="event_lost", name="mine")
    hub = gateway.hub("user")
    state = gateway.get("/paper/state")
    (account,) = state["accounts"]
    assert (account["id"], account["balance"] <= 50_000) == (ACCOUNT, True)
    assert len(account["orders"]) >= 2
    assert state["markets"] == {"MNQZ6": {"bid": 25000, "ask": 25000.25, "last": None}}
    assert state["faults"][0] == {
        "name": "mine",
        "fault": "event_lost",
        "bitten": 0,
        "isSpent": False,
    }
    assert state["clients"] == {"user": 1, "market": 0}
    hub.socket.close()


def test_faults_are_armed_one_or_many_at_a_time_and_taken_back(gateway: Gateway) -> None:
    many = [{"fault": "http_error", "path": "/api/Account/*"}, {"fault": "async_reject"}]
    status, answer = gateway.post_raw("/paper/faults", many)
    assert (status, answer) == (200, {"armed": ["http_error", "async_reject"]})
    assert gateway.delete("/paper/faults/http_error") == {"disarmed": 1}
    assert gateway.post("/api/Account/search", onlyActiveAccounts=True)[0] == 200
    assert gateway.delete("/paper/faults") == {"disarmed": 1}
    assert gateway.get("/paper/faults") == {"faults": []}


@pytest.mark.parametrize(
    ("path", "body", "complaint"),
    [
        ("/paper/faults", {"fault": "earthquake"}, "Invalid value 'earthquake'"),
        ("/paper/faults", {"fault": "http_error", "status": 200}, "status is 200"),
        ("/paper/faults", {"fault": "event_lost", "ms": 3}, "unknown field `ms`"),
        ("/paper/market", {"contract": "MNX", "ticks": 1}, "no contract 'MNX'"),
        ("/paper/market", {"contract": "MNQ", "ticks": -200_000}, "cannot move by -200000"),
        ("/paper/market", {"contract": "MNQ", "ticks": 9_000_000}, "at most 1000000 ticks"),
        ("/paper/script", {"steps": [{"contract": "MNQ"}]}, "one of them"),
        ("/paper/script", {"steps": [{"contract": "MNQ", "price": "1.1"}]}, "tick grid"),
    ],
)
def test_what_makes_no_sense_is_a_400_that_says_why(
    gateway: Gateway, path: str, body: object, complaint: str
) -> None:
    status, answer = gateway.post_raw(path, body)
    assert status == 400
    assert complaint in answer["error"]


def test_market_is_moved_and_fills_what_it_passes(gateway: Gateway) -> None:
    hub = gateway.hub("user")
    hub.call("SubscribeOrders", ACCOUNT)
    gateway.post("/api/Order/place", **entry())
    for _ in range(6):
        hub.event("GatewayUserOrder")
    assert gateway.post("/paper/market", contract="MNQ", ticks=-60)[0] == 200
    filled = hub.event("GatewayUserOrder")[0]["data"]
    assert (filled["customTag"], filled["status"], filled["filledPrice"]) == ("T-SL", 2, 24985)
    hub.socket.close()


def test_move_of_a_living_market_lasts() -> None:
    with serving(lively_tape(), config=CONTROL) as gateway:
        before = gateway.log_in().get("/paper/state")["markets"]["MNQZ6"]["bid"]
        gateway.post("/paper/market", contract="MNQ", ticks=40_000)
        hub = gateway.hub("market")
        hub.call("SubscribeContractQuotes", MNQ.id)
        for _ in range(20):
            hub.event("GatewayQuote")
        after = gateway.get("/paper/state")["markets"]["MNQZ6"]["bid"]
        assert abs(after - before - 10_000) < 200
        hub.socket.close()


def test_market_is_halted_and_goes_on(gateway: Gateway) -> None:
    gateway.post("/paper/market", contract="MNQ", halt=True)
    _, refused = gateway.post("/api/Order/place", **entry("A"))
    assert refused["errorMessage"] == wording.MARKET_CLOSED
    gateway.post("/paper/market", contract="MNQ", halt=False)
    assert gateway.post("/api/Order/place", **entry("B"))[1]["success"]


def test_script_is_played_in_time_order(gateway: Gateway) -> None:
    hub = gateway.hub("market")
    hub.call("SubscribeContractTrades", MNQ.id)
    steps = [
        {"after_ms": 20, "contract": "MNQ", "price": "25001.00", "size": 2, "side": "sell"},
        {"after_ms": 0, "contract": "MNQ", "price": "25000.50"},
    ]
    assert gateway.post("/paper/script", steps=steps) == (200, {"steps": 2})
    rows = [hub.event("GatewayTrade")[1][0] for _ in steps]
    assert [(row["price"], row["volume"], row["type"]) for row in rows] == [
        (25000.5, 1, 0),
        (25001, 2, 1),
    ]
    hub.socket.close()


# Scripts as values and files


def test_script_makes_quotes_prints_and_halts_on_the_grid() -> None:
    script = Script(
        steps=(
            ScriptStep(contract="MNQ", after_ms=5, halt=True),
            ScriptStep(contract="MNQ", bid=Decimal("25000.00"), ask=Decimal("25000.25")),
            ScriptStep(contract="MNQ", after_ms=1, price=Decimal("25000.25"), side=Side.BUY),
        )
    )
    first, second, third = scripted(script, LISTED, start=OPEN)
    assert isinstance(first, Quote) and (first.bid_ticks, first.ask_ticks) == (100_000, 100_001)
    assert isinstance(second, MarketTrade) and second.aggressor is Side.BUY
    assert isinstance(third, TradingHalt) and third.at == OPEN + timedelta(milliseconds=5)


def test_script_file_is_read_and_what_is_wrong_with_it_named(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps({"steps": [{"contract": "MNQ", "bid": "1.25"}]}))
    bad.write_text('{"steps": [{"contract": "MNQ", "bd": 1}]}')
    assert read_script(good).steps[0].bid == Decimal("1.25")
    with pytest.raises(Misconfigured, match=r"bad.json is .*: `bd` is not known in steps"):
        read_script(bad)
    with pytest.raises(Misconfigured, match="cannot be read"):
        read_script(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("<!DOCTYPE html><html>", "is a web page: ", id="page"),
        pytest.param("PK\x03\x04", "is a zip file", id="zip"),
        pytest.param("[1,2]", "is no script of a market: it is of another kind; wanted", id="list"),
        pytest.param('{"a":1}', "is no script of a market: `a` is not known; wanted", id="object"),
        pytest.param("{}", "is no script of a market: there is no `steps`; wanted", id="empty"),
        pytest.param('{"steps":[1]}', "market: steps[0] is of another kind", id="steps"),
        pytest.param("{", "truncated", id="half"),
    ],
)
def test_file_that_is_no_script_says_what_it_is_and_what_is_wanted(
    tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "market.json"
    path.write_text(content)
    with pytest.raises(Misconfigured) as told:
        read_script(path)
    assert said in str(told.value) and "Expected" not in str(told.value), told.value


def test_script_values_travel_as_json() -> None:
    script = Script(steps=(ScriptStep(contract="MNQ", price=Decimal("25000.25")),))
    assert msgspec.json.decode(msgspec.json.encode(script), type=Script) == script


# -- who asks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("bearer", ["", "another", None], ids=["nobody", "a wrong key", "the key"])
def test_control_is_for_whoever_has_the_key(gateway: Gateway, bearer: str | None) -> None:
    expected = 200 if bearer is None else 401
    fault = b'{"fault": "event_lost"}'
    assert gateway.send("/paper/state", None, bearer=bearer)[0] == expected
    assert gateway.send("/paper/faults", fault, bearer=bearer)[0] == expected
    assert gateway.send("/paper/faults", None, bearer=bearer, method="DELETE")[0] == expected


@pytest.mark.parametrize(
    "names",
    [
        {"Host": "evil.example"},
        {"Host": "evil.localhost"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
    ],
    ids=str,
)
def test_nobody_elses_page_reaches_the_gateway(gateway: Gateway, names: dict[str, str]) -> None:
    control, venue = {"Authorization": f"Bearer {CONTROL_KEY}"}, {"Authorization": gateway.token}
    for path, who in (("/paper/state", control), ("/api/Status/ping", venue)):
        assert requests.get(gateway.url + path, headers=who, timeout=patience(5)).ok
        refused = requests.get(gateway.url + path, headers=who | names, timeout=patience(5))
        assert refused.status_code == 403
    with pytest.raises(InvalidHandshake):
        connect(
            f"{gateway.sockets}/hubs/user?access_token={gateway.token}",
            additional_headers=names,
            open_timeout=patience(5),
        )


def test_our_own_page_does(gateway: Gateway) -> None:
    for name in ("127.0.0.1", "localhost"):
        origin = {"Origin": gateway.url.replace("127.0.0.1", name)}
        found = requests.get(f"{gateway.url}/api/Status/ping", headers=origin, timeout=patience(5))
        assert found.ok
