"""The reference, row by row: request, answer, events in order (sections 2.9 to 2.15 and 7).

A venue without sockets in virtual time: requests go to the endpoints as bytes, events are read
as the records that a subscribed client gets. The market is 25000.00 to 25000.25, the last trade
25000.00.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import wording
from msgspec.structs import replace as struct_replace
from paper_scenes import ES, LISTED, MNQ, OPEN, START_USD, printed, quote

from pxcore.model import Contract
from pxcore.paper.exchange import (
    AccountSpec,
    BracketMode,
    Exchange,
    ExchangeConfig,
    OutsideHours,
    StopLimits,
)
from pxcore.paper.exchange.program import Program
from pxcore.paper.faults.base import Fault
from pxcore.paper.faults.venue import AsyncReject, OrderPending
from pxcore.paper.markets.market import TradingHalt
from pxcore.paper.server.rest import ENDPOINTS
from pxcore.paper.server.venue import PaperVenue

Json = dict[str, Any]
GOOD, POSITION_MODE, LOCKED, SMALL = 1, 2, 3, 4
EXPIRED = struct_replace(MNQ, id="CON.F.US.MNQ.U26", name="MNQU6", is_active=False)
ANSWERS = {endpoint.path: endpoint.answer for endpoint in ENDPOINTS}


class Clock:
    """Says what it is told."""

    speed = 1.0

    def __init__(self) -> None:
        self.moment = OPEN

    def now(self) -> datetime:
        return self.moment


class Ear:
    """A client of the user hub that is subscribed to everything."""

    def __init__(self) -> None:
        self.is_mute = self.is_catching_up = False
        self.new_topics: set[object] = set()
        accounts = (GOOD, POSITION_MODE, LOCKED, SMALL)
        self.topics = {(s, a) for s in ("orders", "positions", "trades") for a in accounts}
        self.topics.add(("accounts", None))
        self.heard: list[tuple[str, Json]] = []

    def offer(self, record: str) -> None:
        message = json.loads(record[:-1])
        self.heard.append((message["target"].removeprefix("GatewayUser"), message["arguments"][0]))


class Wire:
    def __init__(self, **config: Any) -> None:
        self.clock, self.ear = Clock(), Ear()
        small = Program(
            name="small", account_name="S", balance_usd=START_USD, micros_max=2, is_flat_daily=False
        )
        poor = replace(small, micros_max=None, margin_usd=START_USD)
        exchange = Exchange(
            contracts=(*LISTED, EXPIRED),
            accounts=(
                AccountSpec(GOOD, "PRAC", START_USD),
                AccountSpec(POSITION_MODE, "POS", START_USD, BracketMode.POSITION, program=poor),
                AccountSpec(LOCKED, "LOCK", START_USD, can_trade=False),
                AccountSpec(SMALL, "SMALL", START_USD, program=small),
            ),
            seed=7,
            config=ExchangeConfig(**config),
        )
        tape = iter([quote(0, 100_000, 100_001), printed(0, 100_000)])
        self.venue = PaperVenue(exchange=exchange, tape=tape, clock=self.clock)
        self.venue.stop()  # no alarm: time passes when the test says so
        self.venue.broadcaster.user_clients.add(self.ear)  # type: ignore[arg-type]
        self.venue.settle()

    def post(self, path: str, **body: Any) -> Json:
        answer = ANSWERS[f"/api/{path}"](self.venue, json.dumps(body).encode())
        self.venue.settle()
        return json.loads(json.dumps(answer))  # type: ignore[no-any-return]

    def run(self, ms: float) -> list[tuple[str, Json]]:
        """What is heard until so much later."""
        self.clock.moment += timedelta(milliseconds=ms)
        self.venue.settle()
        heard, self.ear.heard = self.ear.heard, []
        return heard

    def market(self, bid: int) -> None:
        moment = self.clock.moment
        self.venue.insert(struct_replace(quote(0, bid, bid + 1), at=moment))
        self.venue.insert(struct_replace(printed(0, bid), at=moment))

    def order(self, tag: str) -> Json:
        _, rows = self.orders()
        return next(row for row in rows if row["customTag"] == tag)

    def orders(self) -> tuple[int, list[Json]]:
        since = "2020-01-01T00:00:00Z"
        answer = self.post("Order/search", accountId=GOOD, startTimestamp=since)
        return answer["errorCode"], answer["orders"]


def place(**more: Any) -> Json:
    """A market buy of one MNQ with a tag."""
    plain = {"accountId": GOOD, "contractId": MNQ.id, "type": 2, "side": 0, "size": 1}
    return plain | {"customTag": "T"} | more


def legs(stop_loss: int, take_profit: int, stop_type: int = 4, profit_type: int = 1) -> Json:
    return {
        "stopLossBracket": {"ticks": stop_loss, "type": stop_type},
        "takeProfitBracket": {"ticks": take_profit, "type": profit_type},
    }


LONG = place(**legs(-40, 80))
SHORT = place(side=1, **legs(40, -80))


# 2.9: every code and text of place


@dataclass(frozen=True)
class Refused:
    """Reference row, request, code, text; what was done before; whether a rejected row is left."""

    row: str
    body: Json
    code: int
    text: str | None = None
    before: Callable[[Wire], object] = lambda wire: None
    has_row: bool = True


def halted(wire: Wire) -> None:
    wire.venue.insert(TradingHalt(at=wire.clock.moment, contract_id=MNQ.id, is_halted=True))


def untraded(wire: Wire) -> None:
    wire.venue.insert(quote(0, 100_000, 100_001, ES.id))


def taken(wire: Wire) -> None:
    wire.post("Order/place", **place())
    wire.run(100)


def pending(wire: Wire) -> None:
    wire.venue.arm(OrderPending(took_effect=False))


REFUSED = [
    Refused("code 1", place(accountId=99), 1, has_row=False),
    Refused("code 4", place(accountId=LOCKED), 4, has_row=False),
    Refused("code 6", place(), 6, before=pending, has_row=False),
    Refused("code 8", place(contractId="CON.F.US.NOPE.Z26"), 8, has_row=False),
    Refused("code 9", place(contractId=EXPIRED.id), 9, has_row=False),
    Refused(
        "position brackets", LONG | {"accountId": POSITION_MODE}, 2,
        wording.POSITION_BRACKETS,
    ),
    Refused(
        "stop loss of a long", place(**legs(40, 80)), 2,
        wording.wrong_side("stop loss", 40, is_long=True),
    ),
    Refused(
        "take profit of a short", place(side=1, **legs(40, 30)), 2,
        wording.wrong_side("take profit", 30, is_long=False),
    ),
    Refused(
        "take profit of a long", place(**legs(-40, -30)), 2,
        wording.wrong_side("take profit", -30, is_long=True),
    ),
    Refused(
        "stop loss of a short", place(side=1, **legs(-50, -80)), 2,
        wording.wrong_side("stop loss", -50, is_long=False),
    ),
    Refused(
        "stop loss within 4 ticks", place(side=1, **legs(1, -80)), 2,
        "Invalid stop loss ticks (1). Price should be at least 4 ticks away.",
    ),
    Refused(
        "stop loss type", place(**legs(-40, 80, stop_type=1)), 2, wording.STOP_TYPE_LIMIT
    ),
    Refused("tag taken", place(), 2, wording.TAG_TAKEN, before=taken, has_row=False),
    Refused(
        "stop misaligned", place(type=4, stopPrice=25010.1), 2,
        f"Invalid stop price. {wording.MISALIGNED}",
    ),
    Refused(
        "limit misaligned", place(type=1, limitPrice=24990.1), 2,
        f"Invalid limit price. {wording.MISALIGNED}",
    ),
    Refused(
        "buy stop at the market", place(type=4, stopPrice=25000), 2,
        wording.BELOW_BEST_BID,
    ),
    Refused("price far away", place(type=1, limitPrice=100), 2, wording.OUT_OF_RANGE),
    Refused("market halted", place(), 2, wording.MARKET_CLOSED, before=halted),
    Refused("not enough margin", place(accountId=POSITION_MODE, size=2), 2, "Not enough margin."),
    Refused("trail not set", place(type=5), 2, "Trail Distance not set."),
    Refused(
        "trail misaligned", place(type=5, trailPrice=24990.1), 2,
        f"Invalid trail price. {wording.MISALIGNED}",
    ),
    Refused(
        "trail without a last price", place(contractId=ES.id, type=5, trailPrice=24990), 2,
        wording.NO_LAST_PRICE, before=untraded,
    ),
    Refused(
        "trail too far", place(side=1, type=5, trailPrice=24749.75), 2,
        "Trail Distance exceeds maximum (1000)",
    ),
    Refused(
        "trail sent as a distance", place(side=1, type=5, trailPrice=1.5), 2,
        "Trail Distance exceeds maximum (1000)",
    ),
    Refused(
        "position cap", place(accountId=SMALL, size=3), 2, wording.POSITION_MAX
    ),
    Refused("type 0", place(type=0), 2, "Invalid order type (Unknown)"),
    Refused(
        "type 3", place(type=3, limitPrice=25001, stopPrice=25001), 2,
        "Invalid order type (StopLimit)",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.row)
def test_place_is_refused_as_the_reference_says(case: Refused) -> None:
    wire = Wire()
    case.before(wire)
    wire.run(0)
    answer = wire.post("Order/place", **case.body)
    assert (answer["success"], answer["errorCode"]) == (False, case.code)
    assert answer["errorMessage"] == case.text
    events = wire.run(100)
    if not case.has_row:
        assert answer["orderId"] is None and events == []
        return
    ((target, event),) = events
    row = event["data"]
    assert (target, row["status"], row["fillVolume"]) == ("Order", 5, 0)
    assert (row["id"], row["customTag"]) == (answer["orderId"], "T")
    assert "errorMessage" not in row  # a rejected order carries no reason (reference, 4.6)


# 2.9: every type that is accepted, and its events


@pytest.mark.parametrize(
    ("body", "statuses", "fields"),
    [
        (place(), [6, 2], {"filledPrice": 25000.25}),
        (place(side=1), [6, 2], {"filledPrice": 25000}),
        (place(type=1, limitPrice=24990), [6, 1], {"limitPrice": 24990}),
        (place(type=1, limitPrice=25010), [6, 1, 2], {"filledPrice": 25000.25}),
        (place(type=4, stopPrice=25010), [6, 1], {"stopPrice": 25010}),
        (place(side=1, type=5, trailPrice=24998.5), [6, 1], {"trailDistance": 6}),
        (place(type=5, trailPrice=25001.5), [6, 1], {"trailDistance": 6, "trailPrice": 1.5}),
        (place(type=6), [6, 1], {"limitPrice": 25000}),
        (place(side=1, type=7), [6, 1], {"limitPrice": 25000.25}),
    ],
    ids=["market buy", "market sell", "limit", "marketable limit", "stop", "trail sell",
         "trail buy", "join bid", "join ask"],
)  # fmt: skip
def test_place_is_accepted_and_told_in_order(body: Json, statuses: list[int], fields: Json) -> None:
    wire = Wire()
    answer = wire.post("Order/place", **body)
    assert answer == {
        "orderId": answer["orderId"],
        "success": True,
        "errorCode": 0,
        "errorMessage": None,
    }
    rows = [event["data"] for target, event in wire.run(100) if target == "Order"]
    assert [row["status"] for row in rows] == statuses
    assert {name: rows[-1].get(name) for name in fields} == fields
    assert {row["id"] for row in rows} == {answer["orderId"]} and answer["orderId"] > 2**31


def test_closed_market_answers_code_5_where_that_is_chosen() -> None:
    wire = Wire(outside_hours=OutsideHours.OUTSIDE_TRADING_HOURS)
    halted(wire)
    answer = wire.post("Order/place", **place())
    assert (answer["errorCode"], answer["orderId"]) == (5, None)


def test_stop_limit_is_accepted_where_that_is_chosen() -> None:
    wire = Wire(stop_limits=StopLimits.ACCEPTED)
    body = place(type=3, limitPrice=25003, stopPrice=25002)
    assert wire.post("Order/place", **body)["errorCode"] == 0


# 2.10 and 2.11: cancel and modify


def resting(wire: Wire) -> int:
    """The id of a sell stop at 24990 that works."""
    placed = wire.post("Order/place", **place(type=4, side=1, stopPrice=24990))
    wire.run(50)
    return int(placed["orderId"])


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({}, 0, None),
        ({"accountId": 99}, 1, None),
        ({"orderId": 5}, 2, None),
        ({"accountId": SMALL}, 2, None),  # somebody else's
    ],
    ids=["taken", "account", "order", "another account's order"],
)
def test_cancel_answers(change: Json, code: int, text: str | None) -> None:
    wire = Wire()
    body = {"accountId": GOOD, "orderId": resting(wire)} | change
    answer = wire.post("Order/cancel", **body)
    assert (answer["success"], answer["errorCode"], answer["errorMessage"]) == (
        not code,
        code,
        text,
    )
    events = wire.run(50)
    assert [event["data"]["status"] for _, event in events] == ([3] if not code else [])


def test_cancel_of_an_order_that_is_over_is_rejected_and_of_one_in_flight_pending() -> None:
    wire = Wire()
    placed = wire.post("Order/place", **place())
    body = {"accountId": GOOD, "orderId": placed["orderId"]}
    assert wire.post("Order/cancel", **body)["errorCode"] == 4
    wire.run(50)
    assert wire.post("Order/cancel", **body)["errorCode"] == 3


@pytest.mark.parametrize(
    ("change", "code", "text", "told"),
    [
        ({"stopPrice": 24980.25}, 0, None, {"stopPrice": 24980.25, "size": 1}),
        ({"size": 3}, 0, None, {"stopPrice": 24990, "size": 3}),
        ({"limitPrice": 24000}, 0, None, {"stopPrice": 24990}),
        ({}, 0, None, {"stopPrice": 24990, "size": 1}),
        ({"accountId": 99}, 1, None, None),
        ({"orderId": 5}, 2, None, None),
        ({"stopPrice": 24980.1}, 3, f"Invalid stop price. {wording.MISALIGNED}", None),
        ({"stopPrice": 25001}, 3, "Invalid stop price", None),
        ({"size": 0}, 3, wording.SIZE_ZERO, None),
    ],
    ids=["price", "size", "another type's price", "nothing", "account", "order", "misaligned",
         "wrong side", "size of zero"],
)  # fmt: skip
def test_modify_answers_and_keeps_the_order(
    change: Json, code: int, text: str | None, told: Json | None
) -> None:
    wire = Wire()
    order_id = resting(wire)
    answer = wire.post("Order/modify", **({"accountId": GOOD, "orderId": order_id} | change))
    assert (answer["errorCode"], answer["errorMessage"]) == (code, text)
    events = wire.run(50)
    if told is None:
        assert events == []
        return
    ((_, event),) = events
    assert event["data"]["id"] == order_id and event["data"]["status"] == 1
    assert {name: event["data"][name] for name in told} == told


@pytest.mark.parametrize(
    ("trail", "code", "text"),
    [
        (24900.25, 0, None),
        (24500, 0, None),  # no maximum on modify
        (24900.1, 3, f"Invalid trail price. {wording.MISALIGNED}"),
        (25000, 3, "Trail Distance not set."),
    ],
    ids=["taken", "beyond 1000", "misaligned", "no distance"],
)
def test_modify_of_a_trailing_stop(trail: float, code: int, text: str | None) -> None:
    wire = Wire()
    placed = wire.post("Order/place", **place(side=1, type=5, trailPrice=24990))
    wire.run(50)
    body = {"accountId": GOOD, "orderId": placed["orderId"], "trailPrice": trail}
    answer = wire.post("Order/modify", **body)
    assert (answer["errorCode"], answer["errorMessage"]) == (code, text)
    distance = [event["data"]["trailDistance"] for _, event in wire.run(50)]
    assert distance == ([] if code else [(25000 - trail) * 4])


# 2.12 to 2.15: positions, closes, trades


def held(wire: Wire, size: int = 2) -> None:
    wire.post("Order/place", **place(size=size))
    wire.run(50)


@pytest.mark.parametrize(
    ("path", "change", "code"),
    [
        ("closeContract", {}, 0),
        ("closeContract", {"accountId": 99}, 1),
        ("closeContract", {"accountId": SMALL}, 2),
        ("closeContract", {"contractId": "CON.X"}, 3),
        ("partialCloseContract", {"size": 1}, 0),
        ("partialCloseContract", {"size": 1, "accountId": 99}, 1),
        ("partialCloseContract", {"size": 1, "accountId": SMALL}, 2),
        ("partialCloseContract", {"size": 1, "contractId": "CON.X"}, 3),
        ("partialCloseContract", {"size": 0}, 5),
        ("partialCloseContract", {"size": 3}, 5),
    ],
)
def test_close_answers(path: str, change: Json, code: int) -> None:
    wire = Wire()
    held(wire)
    answer = wire.post(f"Position/{path}", **({"accountId": GOOD, "contractId": MNQ.id} | change))
    assert answer == {"success": not code, "errorCode": code, "errorMessage": None}


@pytest.mark.parametrize(
    ("fault", "code", "shifted"), [(None, 5, 6), (OrderPending(on="close"), 6, 7)]
)
def test_refused_and_pending_closes_have_codes_shifted_by_one(
    fault: Fault | None, code: int, shifted: int
) -> None:
    for path, wanted in (("closeContract", code), ("partialCloseContract", shifted)):
        wire = Wire()
        held(wire)
        if fault is None:
            halted(wire)
        else:
            wire.venue.arm(fault)
        body = {"accountId": GOOD, "contractId": MNQ.id, "size": 1}
        assert wire.post(f"Position/{path}", **body)["errorCode"] == wanted
        rejected = [row for row in wire.orders()[1] if row["status"] == 5]
        assert len(rejected) == (1 if fault is None else 0)


def test_position_row_has_a_size_without_sign_and_a_type() -> None:
    wire = Wire()
    wire.post("Order/place", **place(side=1, size=2))
    wire.run(50)
    (row,) = wire.post("Position/searchOpen", accountId=GOOD)["positions"]
    assert row == {
        "id": row["id"],
        "accountId": GOOD,
        "contractId": MNQ.id,
        "contractDisplayName": "MNQZ26",
        "creationTimestamp": "2026-11-20T14:30:00.003+00:00",
        "type": 2,
        "size": 2,
        "averagePrice": 25000,
    }


def test_trades_are_half_turns_newest_first_with_profit_on_the_closing_one_alone() -> None:
    wire = Wire()
    held(wire, 1)
    wire.market(100_040)
    wire.post("Position/closeContract", accountId=GOOD, contractId=MNQ.id)
    wire.run(50)
    since = "2020-01-01T00:00:00Z"
    closing, opening = wire.post("Trade/search", accountId=GOOD, startTimestamp=since)["trades"]
    assert (opening["profitAndLoss"], closing["profitAndLoss"]) == (None, 19.5)  # 39 ticks
    assert (closing["fees"], closing["commissions"], closing["voided"]) == (0.36, 0.25, False)
    assert closing["id"] > opening["id"] > 2**31


# 7: sequences

ENTRY = [
    ("Order", "T-SL", 8), ("Order", "T", 6), ("Order", "T-TP", 8), ("Order", "T", 2),
    ("Trade", None, None), ("Position", None, 1), ("Account", None, None),
    ("Order", "T-TP", 1), ("Order", "T-SL", 1),
]  # fmt: skip


def steps(events: list[tuple[str, Json]]) -> list[tuple[str, Any, Any]]:
    return [
        (
            target,
            event["data"].get("customTag"),
            event["data"].get("status" if target == "Order" else "type"),
        )
        for target, event in events
    ]


@dataclass(frozen=True)
class Sequence:
    """Reference row, what happens after a bracketed long entry, and the events of it in order."""

    row: str
    happens: Callable[[Wire], object]
    events: list[tuple[str, Any, Any]] = field(default_factory=list)


def closing(wire: Wire) -> None:
    wire.post("Position/closeContract", accountId=GOOD, contractId=MNQ.id)


def cancelling(tag: str) -> Callable[[Wire], object]:
    return lambda wire: wire.post("Order/cancel", accountId=GOOD, orderId=wire.order(tag)["id"])


FLAT = [("Trade", None, None), ("Position", None, 0), ("Account", None, None)]
SEQUENCES = [
    Sequence(
        "7.5 target fills", lambda wire: wire.market(100_090),
        [("Order", "T-TP", 2), *FLAT, ("Order", "T-SL", 3)],
    ),
    Sequence(
        "7.5 stop fills", lambda wire: wire.market(99_950),
        [("Order", "T-SL", 2), *FLAT, ("Order", "T-TP", 3)],
    ),
    Sequence("7.5 one leg is cancelled by hand", cancelling("T-SL"), [("Order", "T-SL", 3)]),
    Sequence("7.6 close, legs survive", closing, [("Order", None, 6), ("Order", None, 2), *FLAT]),
    Sequence(
        "7.6 opposing market order",
        lambda wire: wire.post("Order/place", **place(side=1, customTag="X")),
        [("Order", "X", 6), ("Order", "X", 2), *FLAT],
    ),
    Sequence(
        "7.7 crossing zero closes and opens",
        lambda wire: wire.post("Order/place", **place(side=1, size=3, customTag="X")),
        [("Order", "X", 6), ("Order", "X", 2), ("Trade", None, None), ("Trade", None, None),
         ("Position", None, 0), ("Account", None, None), ("Position", None, 2),
         ("Account", None, None)],
    ),
    Sequence(
        "7.7 scaling in keeps the row",
        lambda wire: wire.post("Order/place", **place(customTag="X")),
        [("Order", "X", 6), ("Order", "X", 2), ("Trade", None, None), ("Position", None, 1),
         ("Account", None, None)],
    ),
]  # fmt: skip


def test_7_3_bracketed_market_entry_is_told_in_its_exact_order() -> None:
    wire = Wire()
    wire.post("Order/place", **LONG)
    events = wire.run(100)
    assert steps(events) == [(t, tag, None if t == "Trade" else x) for t, tag, x in ENTRY]
    rows = {event["data"]["customTag"]: event["data"] for t, event in events[:3] if t == "Order"}
    assert (rows["T-SL"]["trailDistance"], rows["T-SL"]["trailPrice"]) == (-40, -10)
    assert (rows["T-TP"]["trailDistance"], rows["T-TP"]["trailPrice"]) == (80, 20)
    assert "stopPrice" not in rows["T-SL"] and "limitPrice" not in rows["T-TP"]
    assert rows["T-TP"]["linkedOrderId"] == rows["T-SL"]["id"] < rows["T-TP"]["id"]
    assert {row.get("parentOrderId") for row in rows.values()} == {None, rows["T"]["id"]}
    assert [event["data"].get("stopPrice") for _, event in events[-1:]] == [24990.25]
    assert events[-2][1]["data"]["limitPrice"] == 25020.25


@pytest.mark.parametrize("case", SEQUENCES, ids=lambda case: case.row)
def test_what_follows_an_entry_is_told_in_order(case: Sequence) -> None:
    wire = Wire()
    wire.post("Order/place", **LONG)
    wire.run(100)
    case.happens(wire)
    assert steps(wire.run(100)) == [
        (t, tag, None if t == "Trade" else x) for t, tag, x in case.events
    ]


@pytest.mark.parametrize(
    ("target", "actions"),
    [("Order", {1, 2}), ("Trade", {0}), ("Position", {1, 2}), ("Account", {1})],
)
def test_4_6_actions_are_those_that_were_seen(target: str, actions: set[int]) -> None:
    wire = Wire()
    wire.post("Order/place", **LONG)
    wire.run(100)
    wire.market(100_090)
    wire.post("Order/place", **place(customTag="X"))
    events = wire.run(100)
    assert {event["action"] for name, event in events if name == target} <= actions


def test_7_2_brackets_need_auto_oco_and_plain_orders_do_not() -> None:
    wire = Wire()
    assert wire.post("Order/place", **LONG | {"accountId": POSITION_MODE})["errorCode"] == 2
    assert (
        wire.post("Order/place", **place(accountId=POSITION_MODE, customTag="P"))["errorCode"] == 0
    )


def test_7_7_close_event_keeps_id_and_average_price() -> None:
    wire = Wire()
    wire.post("Order/place", **place())
    opened = next(event["data"] for t, event in wire.run(50) if t == "Position")
    closing(wire)
    event = next(event for t, event in wire.run(50) if t == "Position")
    gone = event["data"]
    assert (event["action"], gone["type"], gone["size"]) == (2, 0, 0)
    assert (gone["id"], gone["averagePrice"]) == (opened["id"], opened["averagePrice"])
    assert wire.post("Position/searchOpen", accountId=GOOD)["positions"] == []


def test_7_8_update_time_is_not_the_fills() -> None:
    wire = Wire()
    wire.post("Order/place", **LONG)
    wire.run(100)
    wire.market(100_090)
    wire.run(100)
    entry, target, stop_leg = (wire.order(tag) for tag in ("T", "T-TP", "T-SL"))
    assert entry["updateTimestamp"] == entry["creationTimestamp"]
    assert target["updateTimestamp"] == "2026-11-20T14:30:00.025+00:00"  # when it became Open
    assert stop_leg["updateTimestamp"] == "2026-11-20T14:30:00.112+00:00"  # when it was cancelled


def test_7_9_balance_moves_by_profit_less_costs_and_is_told_each_time() -> None:
    wire = Wire()
    wire.post("Order/place", **LONG)
    opened = [e["data"]["balance"] for t, e in wire.run(100) if t == "Account"]
    wire.market(100_090)
    closed = [e["data"]["balance"] for t, e in wire.run(100) if t == "Account"]
    assert opened == [49_999.39]  # 0.36 and 0.25
    assert closed == [50_038.78]  # 80 ticks at 0.50, less the costs again


def test_7_11_async_rejection_follows_a_success_without_a_reason() -> None:
    wire = Wire()
    wire.venue.arm(AsyncReject())
    assert wire.post("Order/place", **place())["success"]
    events = wire.run(50)
    assert steps(events) == [("Order", "T", 6), ("Order", "T", 5)]
    assert wire.order("T")["status"] == 5


@pytest.mark.parametrize("tag", ["T", "T-SL", "T-TP"])
def test_7_12_tags_stay_used_for_ever(tag: str) -> None:
    wire = Wire()
    wire.post("Order/place", **LONG)
    wire.run(100)
    wire.market(100_090)
    wire.run(86_400_000)
    assert wire.post("Order/place", **place(customTag=tag))["errorMessage"] == wording.TAG_TAKEN


def test_2_8_search_open_hides_suspended_legs_and_query_shows_them() -> None:
    wire = Wire()
    wire.post("Order/place", **place(type=1, limitPrice=24990, **legs(-40, 80)))
    wire.run(50)
    shown = wire.post("Order/searchOpen", accountId=GOOD)["orders"]
    asked = {"accountId": GOOD, "statuses": [1, 8]}
    queried = wire.post("Order/v2/query", filter=asked)["orders"]
    assert [row["customTag"] for row in shown] == ["T"]
    assert [row["customTag"] for row in queried] == ["T-TP", "T-SL", "T"]


def test_contracts_expire_and_still_resolve() -> None:
    wire = Wire()
    found: Contract | Json = wire.post("Contract/searchById", contractId=EXPIRED.id)["contract"]
    assert isinstance(found, dict) and found["activeContract"] is False
    listed = wire.post("Contract/available", live=False)["contracts"]
    assert len(listed) == 51
