"""A web page in place of an answer: what a person at a terminal gets of it."""

from typing import Any

import pytest
from paper_scenes import ACCOUNT
from paper_server import Gateway, entry
from patience import patience
from px_runner import Px

from pxcore.paper.faults.wire import NoAnswer

PATHS = (
    "/api/Status/ping",
    "/api/Auth/loginKey",
    "/api/Account/search",
    "/api/Contract/available",
    "/api/Order/v2/query",
    "/api/Position/searchOpen",
    "/api/Trade/search",
)


def arm(gateway: Gateway, path: str, count: int | None) -> None:
    gateway.run(lambda venue: venue.arm(NoAnswer(path=path, count=count)))


@pytest.mark.parametrize("path", PATHS)
def test_preflight_asks_again_after_a_page(px: Px, gateway: Gateway, path: str) -> None:
    arm(gateway, path, 2)
    said = px("preflight")
    assert said.status == 0, said.all
    assert said.pauses, "with its waits"


@pytest.mark.parametrize("path", PATHS)
def test_preflight_that_gets_nothing_but_pages_says_so_and_what_to_do(
    px: Px, gateway: Gateway, path: str
) -> None:
    arm(gateway, path, None)
    said = px("preflight --json")
    assert said.status == 1
    failed = [one for one in said.json["checks"] if "a web page" in one["found"]]
    assert failed and all(
        "network" in one["remedy"] or "px paper" in one["remedy"] for one in failed
    )


@pytest.mark.parametrize("path", PATHS[2:])
def test_flatten_goes_through_pages(px: Px, gateway: Gateway, path: str) -> None:
    gateway.post("/api/Order/place", **entry())
    arm(gateway, path, 2)
    done = px(f"flatten --yes --timeout {patience(20):g}")
    assert done.status == 0, done.all
    assert gateway.venue is not None
    assert not [o for o in gateway.venue.exchange.orders(ACCOUNT) if o.is_alive]


@pytest.mark.parametrize("path", ["/api/Position/closeContract", "/api/Order/cancel"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_flatten_whose_instruction_is_answered_with_a_page_looks_and_ends_flat(
    px: Px, gateway: Gateway, path: str, moment: Any
) -> None:
    gateway.post("/api/Order/place", **entry())
    gateway.run(lambda venue: venue.arm(NoAnswer(path=path, moment=moment)))
    done = px(f"flatten --yes --timeout {patience(20):g}")
    assert done.status == 0, done.all
    assert gateway.venue is not None
    assert all(p.is_flat for p in gateway.venue.exchange.positions(ACCOUNT))


def test_page_in_place_of_every_answer_is_no_fault_of_a_person(px: Px, gateway: Gateway) -> None:
    arm(gateway, "*", None)
    said = px("positions open")
    assert said.status == 1, "2 is for what a person must change"
    assert "a web page" in said.err and len(said.problems) == 1
