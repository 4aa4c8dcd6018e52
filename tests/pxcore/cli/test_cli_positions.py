"""`px position close` and `reduce`: out of it, and what is still working afterwards."""

from typing import Any

import pytest
import wording
from gateway_samples import MNQ_ID, order_row, position_row
from paper_server import Gateway, entry
from px_runner import Px
from raw_http import RawHttp, answer, bad, good, hang_up

CLOSE = "/api/Position/closeContract"
REDUCE = "/api/Position/partialCloseContract"
HELD = "/api/Position/searchOpen"
ALIVE = "/api/Order/v2/query"


def bare(**more: object) -> dict[str, Any]:
    """An entry without a bracket."""
    return entry(stopLossBracket=None, takeProfitBracket=None, **more)


def no_orders() -> Any:
    return good(orders=[], totalCount=0)


def test_position_without_legs_is_closed_and_that_is_safe(px: Px, gateway: Gateway) -> None:
    gateway.post("/api/Order/place", **bare())
    said = px("position close --yes")
    assert said.status == 0 and said.err == ""
    assert "will close +1 MNQZ6" in said.out and wording.nothing_held("MNQZ6") in said.out
    assert px("positions open --json").json == []


def test_legs_survive_a_close_and_are_listed_with_what_cancels_them(
    px: Px, gateway: Gateway
) -> None:
    gateway.post("/api/Order/place", **entry())
    said = px("position close MNQ --yes")
    assert said.status == 1 and "the legs of its bracket survive" in said.out
    legs = [order["id"] for order in px("orders open --json").json]
    assert len(legs) == 2
    for order_id in legs:
        assert f"`px order cancel {order_id}`" in said.out
        assert f"order {order_id} is alive and can open a new position" in said.err
        assert px(f"order cancel {order_id} --yes").status == 0
    assert px("orders open --json").json == []


def test_close_as_json_lists_what_is_alive(px: Px, gateway: Gateway) -> None:
    gateway.post("/api/Order/place", **entry("run-1"))
    said = px("position close --yes --json")
    assert said.json["position"]["size"] == 0
    assert [o["tag"] for o in said.json["orders_alive"]] == ["run-1-SL", "run-1-TP"]
    assert len(said.json["problems"]) == 2


def test_close_of_nothing_is_done_already(px: Px) -> None:
    said = px("position close --yes")
    assert (said.status, said.out.strip()) == (0, "nothing is held")


def test_close_of_one_of_several_needs_its_name(px: Px, raw_px: Px, http: RawHttp) -> None:
    other = position_row(id=2, contractId="CON.F.US.EP.Z26", type=1, size=1)
    http.script(HELD, good(positions=[position_row(), other]))
    said = raw_px("position close --yes")
    assert said.status == 2 and "which one? held: -3 MNQZ6, +1" in said.err
    assert http.asked(CLOSE) == []


@pytest.mark.parametrize("command", ["position close ES", "position reduce ES --by 1"])
def test_contract_that_is_not_held_is_refused_with_what_is(
    command: str, px: Px, gateway: Gateway
) -> None:
    gateway.post("/api/Order/place", **bare())
    said = px(f"{command} --yes")
    assert said.status == 2 and "no one position is in 'ES'; held: +1 MNQZ6" in said.err
    assert len(px("positions open --json").json) == 1


@pytest.mark.parametrize(("side", "before", "after"), [(0, "+3", "+1"), (1, "-3", "-1")])
def test_position_is_reduced_by_so_many(
    side: int, before: str, after: str, px: Px, gateway: Gateway
) -> None:
    gateway.post("/api/Order/place", **bare(size=3, side=side))
    said = px("position reduce MNQ --by 2 --yes")
    assert said.status == 0
    assert f"will reduce {before} MNQZ6 ({MNQ_ID}) by 2 at the market, to {after}" in said.out
    assert px("positions open --json").json[0]["size"] == int(after)


def test_leg_that_is_larger_than_what_is_left_is_not_safe(px: Px, gateway: Gateway) -> None:
    gateway.post("/api/Order/place", **entry(size=2))
    said = px("position reduce MNQ --by 1 --yes")
    assert said.status == 1
    for order in px("orders open --json").json:
        assert f"`px order modify {order['id']} --size 1`" in said.err
        assert px(f"order modify {order['id']} --size 1 --yes").status == 0


def test_reduce_by_more_than_is_held_is_refused(px: Px, gateway: Gateway) -> None:
    gateway.post("/api/Order/place", **bare())
    said = px("position reduce MNQ --by 2 --yes")
    assert said.status == 2 and "--by 2: +1 MNQZ6 is held; nothing was sent" in said.err


def test_reduce_by_all_closes_it(px: Px, gateway: Gateway) -> None:
    gateway.post("/api/Order/place", **bare(size=2))
    assert px("position reduce MNQ --by 2 --yes").status == 0
    assert px("positions open --json").json == []


@pytest.mark.parametrize(
    ("after", "status"),
    [pytest.param([], 0, id="it arrived"), pytest.param([position_row()], 1, id="it did not")],
)
def test_lost_answer_to_a_close_is_read_from_the_position(
    after: list[dict[str, Any]], status: int, raw_px: Px, http: RawHttp
) -> None:
    http.script(HELD, good(positions=[position_row()]), good(positions=after))
    http.script(CLOSE, hang_up)
    http.script(ALIVE, no_orders())
    said = raw_px("position close --yes")
    assert said.status == status and len(http.asked(CLOSE)) == 1
    assert ("-3 MNQZ6 is held, +0 was wanted" in said.err) == bool(status)


def test_close_that_the_venue_refuses_says_why_and_what_is_held(raw_px: Px, http: RawHttp) -> None:
    http.script(HELD, good(positions=[position_row()]))
    http.script(CLOSE, bad(5, "market closed"))
    http.script(ALIVE, no_orders())
    said = raw_px("position close --yes --json")
    assert said.status == 1 and said.json["position"]["size"] == -3
    assert "OrderRejected: market closed" in said.json["problems"][0]


def test_close_whose_looks_fail_is_not_known(raw_px: Px, http: RawHttp) -> None:
    http.script(HELD, good(positions=[position_row()]), answer(500))
    http.script(CLOSE, good())
    said = raw_px("position close --yes")
    assert said.status == 1 and "what is held now is NOT KNOWN" in said.err
    assert len(http.asked(CLOSE)) == 1


def test_reduce_that_is_not_seen_is_looked_at_for_three_seconds(raw_px: Px, http: RawHttp) -> None:
    http.script(HELD, good(positions=[position_row()]))
    http.script(REDUCE, good())
    http.script(ALIVE, good(orders=[order_row(size=3)], totalCount=1))
    said = raw_px("position reduce MNQ --by 1 --yes")
    assert said.status == 1 and "-3 MNQZ6 is held, -2 was wanted" in said.err
    assert http.asked(REDUCE)[0].body["size"] == 1
    assert sum(said.pauses) == 11 * 0.25
