"""The wire's other forms, its fragments, its negotiated ids, and the page about itself."""

from datetime import UTC, datetime
from typing import Any

import pytest
from paper_scenes import ACCOUNT, LISTED, MNQ, OPEN, START_USD
from paper_server import Gateway, Hub, entry, lively_tape, serving
from websockets.exceptions import InvalidStatus

from pxcore.clock.clocks import ShiftedClock
from pxcore.paper.exchange import AccountSpec, Exchange
from pxcore.paper.server.app import ServerConfig
from pxcore.paper.server.dialect import Dialect
from pxcore.paper.server.rest import ENDPOINTS
from pxcore.paper.server.venue import PaperVenue


def speaking(dialect: Dialect) -> Any:
    """A gateway with a moving market that speaks so."""
    venue = PaperVenue(
        exchange=Exchange(
            contracts=LISTED, accounts=(AccountSpec(ACCOUNT, "A", START_USD),), seed=7
        ),
        tape=lively_tape(),
        clock=ShiftedClock(market=OPEN, wall=datetime.now(UTC), speed=1.0),
        dialect=dialect,
    )
    config = ServerConfig(rest_limit=None, bars_limit=None, dialect=dialect)
    return serving(iter(()), config=config, venue=venue)


def market_hub(gateway: Gateway) -> Hub:
    hub = gateway.hub("market")
    for subject in ("Quotes", "Trades", "MarketDepth"):
        hub.send({"type": 1, "target": f"SubscribeContract{subject}", "arguments": [MNQ.id]})
    return hub


def test_other_forms_of_every_message_can_be_asked_for() -> None:
    dialect = Dialect(
        user_events="bare",
        market_rows="objects",
        quotes="full",
        call_result="null",
        depth_snapshot="off",
    )
    with speaking(dialect) as gateway:
        user, market = gateway.log_in().hub("user"), market_hub(gateway)
        assert user.call("SubscribeOrders", ACCOUNT)["result"] is None
        gateway.post("/api/Order/place", **entry())
        assert user.event("GatewayUserOrder")[0]["customTag"] == "T-SL"
        assert market.event("GatewayTrade")[1]["symbolId"] == "F.US.MNQ"
        assert "price" in market.event("GatewayDepth")[1]
        market.event("GatewayQuote")
        quotes = [market.event("GatewayQuote")[1] for _ in range(10)]
        assert all({"bestBid", "bestAsk", "lastPrice"} <= set(quote) for quote in quotes)
        user.socket.close()
        market.socket.close()


def test_large_message_comes_in_fragments_and_a_small_one_whole() -> None:
    with serving(lively_tape()) as gateway:
        hub = gateway.log_in().hub("market")
        hub.send({"type": 1, "target": "SubscribeContractMarketDepth", "arguments": [MNQ.id]})
        fragments = [str(part) for part in hub.socket.recv_streaming()]
        assert len(fragments) >= 3
        assert {len(part) for part in fragments[:-1]} == {4096}
        assert "".join(fragments).endswith("\x1e")
        hub.socket.close()


def test_negotiated_id_opens_one_connection_and_an_invented_one_none() -> None:
    with serving(lively_tape()) as gateway:
        _, offer = gateway.log_in().post("/hubs/user/negotiate?negotiateVersion=1")
        url = f"{gateway.sockets}/hubs/user?access_token={gateway.token}&id="
        Hub(url + offer["connectionToken"]).socket.close()
        for key in (offer["connectionToken"], offer["connectionId"], "invented"):
            with pytest.raises(InvalidStatus) as raised:
                Hub(url + key)
            assert raised.value.response.status_code == 404


def test_negotiation_can_be_required_or_refused() -> None:
    with speaking(Dialect(negotiation="required")) as gateway, pytest.raises(InvalidStatus):
        gateway.log_in().hub("user")
    with speaking(Dialect(negotiation="refused")) as gateway:
        assert gateway.log_in().send("/hubs/user/negotiate?negotiateVersion=1", b"")[0] == 404
        gateway.hub("user").socket.close()


def test_page_describes_every_endpoint_and_body() -> None:
    with serving(lively_tape()) as gateway:
        page = gateway.get("/swagger/v1/swagger.json")
    assert {endpoint.path for endpoint in ENDPOINTS} < set(page["paths"])
    place = page["definitions"]["PlaceBody"]
    assert set(place["required"]) == {"accountId", "contractId", "type", "side", "size"}
    assert place["properties"]["stopLossBracket"]["$ref"] == "#/definitions/LegBody"
    assert place["properties"]["limitPrice"] == {"type": "number", "x-nullable": True}
