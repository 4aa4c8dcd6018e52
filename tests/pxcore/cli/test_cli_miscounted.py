"""A venue that counts more open orders than it lists: what a person gets of it."""

import pytest
from paper_scenes import ACCOUNT
from paper_server import Gateway, entry
from patience import patience
from px_runner import Px

from pxcore.paper.faults.wire import CountWrong, ListWithheld

LOOKS = "/api/Order/v2/query"


@pytest.fixture
def miscounting(gateway: Gateway) -> Gateway:
    gateway.run(lambda venue: venue.arm(CountWrong(by=4, count=None)))
    return gateway


def all_done(gateway: Gateway) -> bool:
    assert gateway.venue is not None
    exchange = gateway.venue.exchange
    return all(p.is_flat for p in exchange.positions(ACCOUNT)) and not any(
        o.is_alive for o in exchange.orders(ACCOUNT)
    )


def test_preflight_says_what_the_venue_said_and_a_day_may_begin(
    px: Px, miscounting: Gateway
) -> None:
    said = px("preflight --json")
    (state,) = [one for one in said.json["checks"] if one["name"] == "account state"]
    assert said.status == 0, said.all
    assert state["verdict"] == "warning"
    assert "the venue says 4 open orders and lists 0" in state["found"]


def test_flatten_closes_and_cancels_what_is_listed_and_proves_it_by_the_other_list(
    px: Px, miscounting: Gateway
) -> None:
    miscounting.post("/api/Order/place", **entry())
    done = px(f"flatten --yes --timeout {patience(30):g}")
    assert all_done(miscounting)
    assert done.status == 0, done.all
    assert "the venue says 4 open orders and lists 0" in done.all


def test_flatten_that_no_list_can_prove_says_what_the_venue_said(
    px: Px, miscounting: Gateway
) -> None:
    """The other list differs, too: that is nothing to be sure of."""
    miscounting.post(
        "/api/Order/place",
        **entry(type=1, limitPrice=24000, stopLossBracket=None, takeProfitBracket=None),
    )
    miscounting.run(
        lambda venue: venue.arm(ListWithheld(path="/api/Order/searchOpen", how="null", count=None))
    )
    done = px(f"flatten --yes --timeout {patience(2):g}")
    assert done.status == 1
    assert all_done(miscounting), "what it lists is cancelled all the same"
    assert "not proven flat" in done.err and "in the platform" in done.err
    assert "the venue says 4 open orders and lists 0" in done.err
