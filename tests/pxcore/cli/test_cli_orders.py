"""`px order place`, `modify` and `cancel`."""

import re
from typing import Any

import pytest
import wording
from gateway_samples import account_row, order_row
from paper_scenes import ACCOUNT
from paper_server import Gateway, entry
from px_runner import Px
from raw_http import RawHttp, answer, bad, good, hang_up

PLACE = "/api/Order/place"
MODIFY = "/api/Order/modify"
CANCEL = "/api/Order/cancel"
BY_ID = "/api/Order/searchById"
HISTORY = "/api/Order/search"
BARS = "/api/History/retrieveBars"
BUY = "order place market --side buy --size 1 --yes"
ID = 3400000101


def row(**changes: Any) -> dict[str, Any]:
    """Our market buy, filled, unless it is said otherwise."""
    ours = {"status": 2, "type": 2, "side": 0, "stopPrice": None, "parentOrderId": None}
    return order_row(ID, **({**ours, "filledPrice": 29500.25, "customTag": "t"} | changes))


def leg(number: int, **changes: Any) -> dict[str, Any]:
    return order_row(ID + number, **({"parentOrderId": ID, "customTag": f"t-{number}"} | changes))


@pytest.fixture
def http(http: RawHttp) -> RawHttp:
    """Takes an order at once; what becomes of it is scripted."""
    http.script(PLACE, good(orderId=ID))
    http.script(BY_ID, good(order=row()))
    http.script("/api/Order/v2/query", good(orders=[], totalCount=0))
    http.script("/api/Order/searchOpen", good(orders=[]))
    return http


# -- place, on the paper gateway --------------------------------------------------------------


def test_market_order_with_a_bracket_is_followed_until_its_legs_work(
    px: Px, gateway: Gateway
) -> None:
    said = px(f"{BUY} --stop-loss 40 --take-profit 60 --tag run-1")
    assert said.status == 0 and said.err == ""
    # 40 and 60 ticks of 0.50 USD
    assert "stop loss 40 ticks from the fill (20.00 USD), take profit 60 ticks" in said.out
    assert "is filled at 25000.25: market buy 1 MNQZ6" in said.out
    # 25000.25 less 40 and plus 60 ticks of 0.25
    assert "24990.25" in said.out and "25015.25" in said.out
    alive = gateway.post("/api/Order/searchOpen", accountId=ACCOUNT)[1]["orders"]
    assert [order["customTag"] for order in alive] == ["run-1-SL", "run-1-TP"]


def test_place_as_json_holds_order_and_legs_with_exact_prices(px: Px) -> None:
    document = px(f"{BUY} --stop-loss 40 --take-profit 60 --json").json
    assert (document["outcome"], document["problems"]) == ("filled", [])
    assert document["order"]["filled_price"] == "25000.25"
    assert [leg["stop_price"] or leg["limit_price"] for leg in document["legs"]] == [
        "24990.25",
        "25015.25",
    ]
    assert document["tag"] == document["order"]["tag"]
    assert re.fullmatch(r"hand-20261120-\d{6}-[0-9a-f]{6}", document["tag"])


def test_limit_order_is_done_once_it_works(px: Px) -> None:
    said = px("order place limit --side buy --size 2 --limit 24000.25 --yes --json")
    assert said.status == 0
    order = said.json["order"]
    assert (order["status"], order["limit_price"], order["size"]) == ("open", "24000.25", 2)


def test_stop_order_is_done_once_it_works(px: Px) -> None:
    said = px("order place stop --side sell --size 1 --stop 24000 --yes")
    assert said.status == 0 and "is working: stop sell 1 MNQZ6 at 24000.00" in said.out


def test_order_that_the_venue_rejects_is_status_one_with_its_words(px: Px) -> None:
    said = px("order place stop --side sell --size 1 --stop 26000 --yes --json")
    assert said.status == 1
    assert (said.json["outcome"], said.json["order"]) == ("rejected", None)
    assert "OrderRejected" in said.json["problems"][0]


def test_tag_that_was_used_before_is_rejected(px: Px) -> None:
    assert px(f"{BUY} --tag once").status == 0
    said = px(f"{BUY} --tag once")
    assert said.status == 1 and wording.TAG_TAKEN in said.err
    assert len(px("positions open --json").json) == 1


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (
            "limit --side buy --size 1 --limit 25000.10",
            "25000.10 is not on the 0.25 tick grid of MNQZ6; near it are 25000.00 and 25000.25",
        ),
        (
            "stop --side sell --size 1 --stop 25000.3",
            "--stop: 25000.3 is not on the 0.25 tick grid",
        ),
        ("limit --side buy --size 1 --limit cheap", "--limit 'cheap' is no price"),
        ("limit --side buy --size 1 --limit nan", "--limit 'nan' is no price"),
        ("limit --side buy --size 1 --limit 1e999999999", "is no price"),
        ("limit --side buy --size 1 --limit -1", "is no price"),
        ("limit --side buy --size 1", "a limit order needs a limit price"),
        ("market --side buy --size 1 --limit 25000", "a market order has no limit price"),
        ("market --side buy --size 1 --trail 4", "--trail is for a trailing-stop"),
        ("trailing-stop --side buy --size 1", "--trail is for a trailing-stop"),
        ("trailing-stop --side buy --size 1 --trail 1001", "'1001': wanted is"),
        ("market --side buy --size 6", "--size 6 is above PX_CONTRACTS_MAX 5"),
        ("market --side buy --size 1 --tag with_underscore", "letters, digits and hyphens"),
        ("market --side buy --size 1 --contract NOPE", wording.no_contract("NOPE")),
        ("market --side buy --size 1 --stop-loss 3", "stop-loss"),
        ("market --side buy --size 0", "size"),
        ("market --side long --size 1", "side"),
        ("stop-limit --side buy --size 1", "TYPE"),
    ],
)
def test_order_that_cannot_be_is_refused_and_not_sent(
    command: str, problem: str, px: Px, gateway: Gateway
) -> None:
    said = px(f"order place {command} --yes")
    assert said.status == 2 and problem in said.err
    assert px("orders search --json").json == []


# -- place, where the venue is odd ------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "level"),
    [
        pytest.param("sell", 29495.75, id="sell trails 20 ticks below"),
        pytest.param("buy", 29505.75, id="buy trails 20 ticks above"),
    ],
)
def test_trailing_stop_sends_a_level_so_far_from_the_last_trade(
    side: str, level: float, raw_px: Px, http: RawHttp
) -> None:
    bar = {"t": "2026-11-20T14:30:00+00:00", "o": 1, "h": 1, "l": 1, "c": 29500.75, "v": 9}
    http.script(BARS, good(bars=[bar]))
    http.script(BY_ID, good(order=row(status=1, type=5)))
    said = raw_px(f"order place trailing-stop --side {side} --size 1 --trail 20 --yes")
    assert said.status == 0
    (sent,) = http.asked(PLACE)
    assert (sent.body["type"], sent.body["trailPrice"]) == (5, level)
    assert f"level {level} is sent, the last trade being 29500.75 (bar of" in said.out
    assert http.asked(BARS)[0].body["includePartialBar"] is True


def test_trailing_stop_without_a_last_price_is_not_sent(raw_px: Px, http: RawHttp) -> None:
    http.script(BARS, good(bars=[]))
    said = raw_px("order place trailing-stop --side sell --size 1 --trail 20 --yes")
    assert said.status == 1 and "its last price is not known" in said.err
    assert http.asked(PLACE) == []


@pytest.mark.parametrize(("kind", "code"), [("join-bid", 6), ("join-ask", 7)])
def test_joining_order_needs_no_price(kind: str, code: int, raw_px: Px, http: RawHttp) -> None:
    http.script(BY_ID, good(order=row(status=1, type=code)))
    assert raw_px(f"order place {kind} --side buy --size 1 --yes").status == 0
    assert http.asked(PLACE)[0].body["type"] == code


def test_order_that_is_rejected_after_it_was_taken_is_status_one(raw_px: Px, http: RawHttp) -> None:
    http.script(BY_ID, good(order=row(status=6)), good(order=row(status=5)))
    said = raw_px(f"{BUY} --json")
    assert said.status == 1 and said.json["outcome"] == "rejected"
    assert said.json["problems"] == [f"the venue rejected order {ID} and gave no reason"]


def test_order_that_stays_pending_is_looked_at_for_three_seconds_and_is_not_done(
    raw_px: Px, http: RawHttp
) -> None:
    http.script(BY_ID, good(order=row(status=6)))
    said = raw_px(BUY)
    assert said.status == 1 and f"order {ID} is pending" in said.err
    assert sum(said.pauses) == 11 * 0.25 and len(http.asked(BY_ID)) == 12


def test_order_that_the_venue_does_not_know_yet_is_looked_for_again(
    raw_px: Px, http: RawHttp
) -> None:
    http.script(BY_ID, bad(1, order=None), good(order=row()))
    assert raw_px(BUY).status == 0


def test_order_whose_looks_fail_was_accepted_and_is_unknown(raw_px: Px, http: RawHttp) -> None:
    http.script(BY_ID, answer(500))
    said = raw_px(f"{BUY} --json")
    assert said.status == 1 and said.json["outcome"] == "unknown"
    assert f"order {ID} was accepted" in said.json["problems"][0]
    assert len(http.asked(PLACE)) == 1


@pytest.mark.parametrize(
    ("legs", "status"),
    [
        pytest.param([leg(1), leg(2)], 0, id="both work"),
        pytest.param([leg(1, status=3), leg(2, status=2)], 0, id="one took it out"),
        pytest.param([leg(1, status=8), leg(2, status=8)], 1, id="both wait still"),
        pytest.param([leg(1)], 1, id="one is missing"),
        pytest.param([leg(1, status=5), leg(2)], 1, id="one was rejected"),
    ],
)
def test_filled_entry_is_safe_only_with_its_legs_working(
    legs: list[dict[str, Any]], status: int, raw_px: Px, http: RawHttp
) -> None:
    http.script(HISTORY, good(orders=[row(), *legs]))
    said = raw_px(f"{BUY} --stop-loss 40 --take-profit 60")
    assert said.status == status
    assert ("NOT PROTECTED" in said.err) == bool(status)


@pytest.mark.parametrize(
    "lost", [pytest.param(hang_up, id="hung up"), pytest.param(answer(502), id="502")]
)
def test_lost_answer_is_looked_up_by_tag_and_the_order_found_is_followed(
    lost: Any, raw_px: Px, http: RawHttp
) -> None:
    http.script(PLACE, lost)
    http.script(HISTORY, good(orders=[]), good(orders=[row(customTag="mine")]))
    said = raw_px(f"{BUY} --tag mine --json")
    assert said.status == 0 and said.json["outcome"] == "filled"
    assert "the answer was lost" in said.err and f"order {ID} has that tag" in said.err
    assert len(http.asked(PLACE)) == 1


def test_order_that_cannot_be_found_stays_unknown_and_is_never_sent_again(
    raw_px: Px, http: RawHttp
) -> None:
    http.script(PLACE, hang_up)
    http.script(HISTORY, good(orders=[]))
    said = raw_px(f"{BUY} --tag mine --json", PX_UNKNOWN_GRACE_S="20")
    assert said.status == 1
    assert (said.json["outcome"], said.json["order"]) == ("unknown", None)
    assert "UNKNOWN: no order with tag mine was found within 20 s" in said.json["problems"][0]
    assert sum(said.pauses) == 20 and len(http.asked(PLACE)) == 1


def test_order_that_cannot_be_looked_for_stays_unknown(raw_px: Px, http: RawHttp) -> None:
    http.script(PLACE, hang_up)
    http.script(HISTORY, answer(500))
    said = raw_px(f"{BUY} --tag mine")
    assert said.status == 1 and "it could not be looked for" in said.err
    assert len(http.asked(PLACE)) == 1


def test_order_that_was_refused_for_its_account_says_what_to_change(
    raw_px: Px, http: RawHttp
) -> None:
    text = wording.POSITION_BRACKETS
    http.script(PLACE, bad(2, text, orderId=None))
    said = raw_px(f"{BUY} --stop-loss 40")
    assert said.status == 1 and "Risk Settings" in said.err
    assert "one leg alone" in said.out


def press_ctrl_c() -> None:
    raise KeyboardInterrupt


def test_ctrl_c_after_an_order_was_sent_says_that_it_may_have_been_taken(
    raw_px: Px, http: RawHttp
) -> None:
    http.script(BY_ID, good(order=row(status=6)))
    raw_px.on_pause = press_ctrl_c
    said = raw_px(f"{BUY} --json")
    assert (said.status, said.out, len(http.asked(PLACE))) == (130, "", 1)
    assert "what was sent may have been taken" in said.err


# -- modify -----------------------------------------------------------------------------------


def test_limit_order_gets_another_price_and_size(px: Px) -> None:
    order = px("order place limit --side buy --size 1 --limit 24000 --yes --json").json["order"]
    said = px(f"order modify {order['id']} --limit 24010.50 --size 2 --yes")
    assert said.status == 0
    assert "limit 24000.00 becomes 24010.50" in said.out and "size 1 becomes 2" in said.out
    (alive,) = px("orders open --json").json
    assert (alive["limit_price"], alive["size"], alive["id"]) == ("24010.50", 2, order["id"])


def test_stop_leg_of_a_bracket_is_moved(px: Px, gateway: Gateway) -> None:
    gateway.post("/api/Order/place", **entry("run-1"))
    stop = px("orders open --json").json[0]
    said = px(f"order modify {stop['id']} --stop 24995.25 --yes --json")
    assert said.status == 0 and said.json["order"]["stop_price"] == "24995.25"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("--limit 24000.10", "is not on the 0.25 tick grid"),
        ("--stop 24000", "is a limit order"),
        ("--trail 4", "is a limit order"),
        ("", "nothing is to be changed"),
        ("--size 6", "above PX_CONTRACTS_MAX 5"),
    ],
)
def test_change_that_cannot_be_is_refused_and_not_sent(options: str, problem: str, px: Px) -> None:
    order = px("order place limit --side buy --size 1 --limit 24000 --yes --json").json["order"]
    said = px(f"order modify {order['id']} {options} --yes")
    assert said.status == 2 and problem in said.err
    assert px("orders open --json").json == [order]


def test_order_does_not_grow_under_the_kill_switch(px: Px) -> None:
    order = px("order place limit --side buy --size 2 --limit 24000 --yes --json").json["order"]
    modify = f"order modify {order['id']} --yes --size"
    assert px(f"{modify} 3", PX_KILL_SWITCH="holiday").status == 2
    assert px(f"{modify} 1", PX_KILL_SWITCH="holiday").status == 0


def test_order_that_is_over_cannot_be_modified(px: Px) -> None:
    order = px(f"{BUY} --json").json["order"]
    said = px(f"order modify {order['id']} --size 2 --yes")
    assert said.status == 2 and "is filled: nothing was sent" in said.err


@pytest.mark.parametrize("verb", ["modify --size 1", "cancel"])
def test_order_that_does_not_exist_is_refused(verb: str, px: Px) -> None:
    said = px(f"order {verb} 42 --yes")
    assert said.status == 2 and "has no order 42" in said.err


def test_change_that_the_venue_refuses_is_status_one(raw_px: Px, http: RawHttp) -> None:
    http.script(BY_ID, good(order=order_row(ID)))
    http.script(MODIFY, bad(3, "Invalid stop price"))
    said = raw_px(f"order modify {ID} --stop 30190.25 --yes --json")
    assert said.status == 1 and "Invalid stop price" in said.json["problems"][0]


@pytest.mark.parametrize(
    ("price", "status"),
    [pytest.param(30190.25, 0, id="it arrived"), pytest.param(30196.75, 1, id="it did not")],
)
def test_lost_answer_to_a_change_is_read_from_the_order(
    price: float, status: int, raw_px: Px, http: RawHttp
) -> None:
    http.script(BY_ID, good(order=order_row(ID)), good(order=order_row(ID, stopPrice=price)))
    http.script(MODIFY, hang_up)
    said = raw_px(f"order modify {ID} --stop 30190.25 --yes")
    assert said.status == status and len(http.asked(MODIFY)) == 1
    assert ("the answer was lost" in said.err) == bool(status)


def test_trailing_stop_is_moved_by_a_distance_from_the_last_trade(
    raw_px: Px, http: RawHttp
) -> None:
    bar = {"t": "2026-11-20T14:30:00+00:00", "o": 1, "h": 1, "l": 1, "c": 29500.75, "v": 9}
    http.script(BARS, good(bars=[bar]))
    http.script(BY_ID, good(order=order_row(ID, type=5, stopPrice=None)))
    http.script(MODIFY, good())
    assert raw_px(f"order modify {ID} --trail 20 --yes").status == 0
    assert http.asked(MODIFY)[0].body["trailPrice"] == 29495.75  # a sell: 20 ticks below


# -- cancel -----------------------------------------------------------------------------------


def test_working_order_is_cancelled_and_seen_to_be_gone(px: Px) -> None:
    order = px("order place limit --side buy --size 1 --limit 24000 --yes --json").json["order"]
    said = px(f"order cancel {order['id']} --yes --json")
    assert (said.status, said.json["order"]["status"]) == (0, "cancelled")
    again = px(f"order cancel {order['id']} --yes")
    assert again.status == 0 and "is cancelled already: nothing was sent" in again.out


def test_filled_order_cannot_be_cancelled(px: Px) -> None:
    order = px(f"{BUY} --json").json["order"]
    said = px(f"order cancel {order['id']} --yes")
    assert said.status == 1 and "filled, it was not cancelled" in said.err


def test_cancel_of_a_leg_says_that_the_position_loses_it(px: Px, gateway: Gateway) -> None:
    gateway.post("/api/Order/place", **entry("run-1"))
    stop = px("orders open --json").json[0]
    said = px(f"order cancel {stop['id']} --yes")
    assert said.status == 0 and "it is a leg of entry" in said.out


def test_order_that_fills_instead_of_being_cancelled_is_status_one(
    raw_px: Px, http: RawHttp
) -> None:
    http.script(BY_ID, good(order=order_row(ID)), good(order=order_row(ID, status=2)))
    http.script(CANCEL, bad(2))
    said = raw_px(f"order cancel {ID} --yes")
    assert said.status == 1 and "filled, it was not cancelled" in said.err


@pytest.mark.parametrize(
    ("status", "found"), [pytest.param(0, 3, id="gone"), pytest.param(1, 1, id="alive still")]
)
def test_lost_answer_to_a_cancel_is_read_from_the_order(
    status: int, found: int, raw_px: Px, http: RawHttp
) -> None:
    http.script(BY_ID, good(order=order_row(ID)), good(order=order_row(ID, status=found)))
    http.script(CANCEL, hang_up)
    said = raw_px(f"order cancel {ID} --yes")
    assert said.status == status and len(http.asked(CANCEL)) == 1


def test_cancel_whose_looks_fail_is_not_known(raw_px: Px, http: RawHttp) -> None:
    http.script(BY_ID, good(order=order_row(ID)), answer(500))
    http.script(CANCEL, good())
    said = raw_px(f"order cancel {ID} --yes")
    assert said.status == 1 and f"whether order {ID} is gone is not known" in said.err


def test_gateway_without_orders_by_id_is_asked_for_its_recent_ones(
    raw_px: Px, http: RawHttp
) -> None:
    http.script(BY_ID, answer(404))
    http.script(HISTORY, good(orders=[order_row(ID)]), good(orders=[order_row(ID, status=3)]))
    http.script(CANCEL, good())
    assert raw_px(f"order cancel {ID} --yes").status == 0


def test_order_may_be_cancelled_on_an_account_that_may_not_trade(raw_px: Px, http: RawHttp) -> None:
    http.script("/api/Account/search", good(accounts=[account_row(canTrade=False)]))
    http.script(BY_ID, good(order=order_row(ID)), good(order=order_row(ID, status=3)))
    http.script(CANCEL, good())
    assert raw_px(f"order cancel {ID} --yes").status == 0
