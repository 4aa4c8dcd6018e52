"""Orders of every kind: what goes over the wire, and what never leaves this machine."""

from decimal import Decimal
from typing import Any

import pytest
import wording
from gateway_samples import ACCOUNT, MNQ, MNQ_ID, NOW, contract, order_row
from raw_http import RawHttp, answer, bad, good

from pxcore.gateway.rest import GatewayClient
from pxcore.model import (
    BarUnit,
    Misconfigured,
    NewOrder,
    OrderChange,
    OrderType,
    OutcomeUnknown,
    Refused,
    Side,
)

pytestmark = pytest.mark.usefixtures("both_ways")

PLACE = "/api/Order/place"
MODIFY = "/api/Order/modify"
REDUCE = "/api/Position/partialCloseContract"
BARS = "/api/History/retrieveBars"


def new(**changes: Any) -> NewOrder:
    fields: dict[str, Any] = {
        "contract_id": MNQ_ID,
        "type": OrderType.MARKET,
        "side": Side.BUY,
        "size": 1,
        "tag": "run7-0001",
    }
    return NewOrder(**(fields | changes))


@pytest.mark.parametrize(
    ("order", "fields"),
    [
        pytest.param(new(), {"type": 2, "side": 0}, id="market"),
        pytest.param(
            new(type=OrderType.LIMIT, limit_ticks=118189, side=Side.SELL),
            {"type": 1, "side": 1, "limitPrice": 29547.25},
            id="limit",
        ),
        pytest.param(
            new(type=OrderType.STOP, stop_ticks=118200), {"type": 4, "stopPrice": 29550}, id="stop"
        ),
        pytest.param(
            new(type=OrderType.TRAILING_STOP, trail_ticks=118180),
            {"type": 5, "trailPrice": 29545},
            id="trailing stop",
        ),
        pytest.param(new(type=OrderType.JOIN_BID), {"type": 6}, id="join bid"),
        pytest.param(new(type=OrderType.JOIN_ASK), {"type": 7}, id="join ask"),
        pytest.param(
            new(stop_loss_ticks=40), {"stopLossBracket": {"ticks": -40, "type": 4}}, id="one leg"
        ),
        pytest.param(
            new(side=Side.SELL, take_profit_ticks=9),
            {"side": 1, "takeProfitBracket": {"ticks": -9, "type": 1}},
            id="the other leg, short",
        ),
    ],
)
def test_order_is_sent_as_the_venue_wants_it(
    client: GatewayClient, http: RawHttp, order: NewOrder, fields: dict[str, Any]
) -> None:
    http.script(PLACE, good(orderId=3400000100))
    assert client.place_order(ACCOUNT, order, MNQ) == 3400000100
    [sent] = http.asked(PLACE)
    assert (
        sent.body
        == {
            "accountId": ACCOUNT,
            "contractId": MNQ_ID,
            "type": 2,
            "side": 0,
            "size": 1,
            "limitPrice": None,
            "stopPrice": None,
            "trailPrice": None,
            "customTag": "run7-0001",
            "stopLossBracket": None,
            "takeProfitBracket": None,
        }
        | fields
    )


@pytest.mark.parametrize(
    ("order", "why"),
    [
        pytest.param(new(size=0), "size must be at least 1", id="no size"),
        pytest.param(new(tag=""), "needs a tag", id="no tag"),
        pytest.param(new(type=OrderType.LIMIT), "needs a limit price", id="limit without price"),
        pytest.param(new(type=OrderType.STOP), "needs a stop price", id="stop without price"),
        pytest.param(new(type=OrderType.TRAILING_STOP), "needs a trail price", id="no trail"),
        pytest.param(new(limit_ticks=5), "has no limit price", id="market with a price"),
        pytest.param(new(type=OrderType.LIMIT, limit_ticks=0), "above zero", id="price of nothing"),
        pytest.param(new(stop_loss_ticks=3), "the least is 4", id="stop too near"),
        pytest.param(new(take_profit_ticks=0), "the least is 1", id="no target"),
        pytest.param(new(type=OrderType.STOP_LIMIT), "cannot be placed", id="stop-limit"),
        pytest.param(new(type=OrderType.UNKNOWN), "cannot be placed", id="unknown type"),
        pytest.param(new(contract_id="CON.F.US.EP.Z26"), "is for CON.F.US.EP", id="other contract"),
    ],
)
def test_order_that_the_venue_cannot_take_never_leaves(
    client: GatewayClient, http: RawHttp, order: NewOrder, why: str
) -> None:
    with pytest.raises(Misconfigured, match=why):
        client.place_order(ACCOUNT, order, MNQ)
    assert http.requests == []


def test_price_with_many_digits_is_sent_exactly(client: GatewayClient, http: RawHttp) -> None:
    yen = contract("6JZ6", "JY6", tick="0.0000005")
    http.script(PLACE, good(orderId=1))
    order = new(contract_id=yen.id, type=OrderType.LIMIT, limit_ticks=13057)
    client.place_order(ACCOUNT, order, yen)
    assert Decimal(str(http.asked(PLACE)[0].body["limitPrice"])) == Decimal("0.0065285")


def test_position_brackets_refusal_says_what_to_change(
    client: GatewayClient, http: RawHttp
) -> None:
    text = wording.POSITION_BRACKETS
    http.script(PLACE, bad(2, text, orderId=3400000100))
    with pytest.raises(Refused, match="Risk Settings") as caught:
        client.place_order(ACCOUNT, new(stop_loss_ticks=40), MNQ)
    assert caught.value.remedy is not None and "Auto OCO Brackets" in caught.value.remedy


def test_market_that_is_closed_says_where_to_look(client: GatewayClient, http: RawHttp) -> None:
    http.script(PLACE, bad(2, wording.MARKET_CLOSED, orderId=3400000100))
    with pytest.raises(Refused) as caught:
        client.place_order(ACCOUNT, new(), MNQ)
    assert "trading day is over" in (caught.value.remedy or "")


def test_other_refusals_have_no_remedy(client: GatewayClient, http: RawHttp) -> None:
    http.script(PLACE, bad(2, "Not enough margin."))
    with pytest.raises(Refused) as caught:
        client.place_order(ACCOUNT, new(), MNQ)
    assert caught.value.remedy is None


def test_modify_sends_what_changes_and_null_for_the_rest(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script(MODIFY, good())
    client.modify_order(ACCOUNT, 3400000101, OrderChange(stop_ticks=120761), MNQ)
    assert http.asked(MODIFY)[0].body == {
        "accountId": ACCOUNT,
        "orderId": 3400000101,
        "size": None,
        "limitPrice": None,
        "stopPrice": 30190.25,
        "trailPrice": None,
    }


@pytest.mark.parametrize("change", [OrderChange(), OrderChange(size=0), OrderChange(stop_ticks=0)])
def test_modify_that_changes_nothing_or_to_nothing_never_leaves(
    client: GatewayClient, http: RawHttp, change: OrderChange
) -> None:
    with pytest.raises(Misconfigured):
        client.modify_order(ACCOUNT, 1, change, MNQ)
    assert http.requests == []


@pytest.mark.parametrize(
    ("code", "name"), [(2, "OrderNotFound"), (3, "Rejected"), (7, "ContractNotFound")]
)
def test_refused_modify_names_its_code(
    client: GatewayClient, http: RawHttp, code: int, name: str
) -> None:
    http.script(MODIFY, bad(code, "Invalid stop price"))
    with pytest.raises(Refused, match=name):
        client.modify_order(ACCOUNT, 1, OrderChange(size=2), MNQ)


@pytest.mark.parametrize(
    ("code", "name"), [(2, "PositionNotFound"), (5, "InvalidCloseSize"), (6, "OrderRejected")]
)
def test_refused_reduce_names_its_code_which_is_not_closes(
    client: GatewayClient, http: RawHttp, code: int, name: str
) -> None:
    http.script(REDUCE, bad(code))
    with pytest.raises(Refused, match=name):
        client.reduce_position(ACCOUNT, MNQ_ID, 1)


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(answer(500), id="HTTP 500"),
        pytest.param(bad(4), id="modify pending"),
        pytest.param(bad(5), id="modify unknown"),
    ],
)
def test_lost_or_undecided_modify_is_unknown_and_not_resent(
    client: GatewayClient, http: RawHttp, step: Any
) -> None:
    http.script(MODIFY, step)
    with pytest.raises(OutcomeUnknown):
        client.modify_order(ACCOUNT, 1, OrderChange(size=2), MNQ)
    assert len(http.asked(MODIFY)) == 1


@pytest.mark.parametrize("step", [answer(502), bad(7), bad(8)])
def test_lost_or_undecided_reduce_is_unknown_and_not_resent(
    client: GatewayClient, http: RawHttp, step: Any
) -> None:
    http.script(REDUCE, step)
    with pytest.raises(OutcomeUnknown):
        client.reduce_position(ACCOUNT, MNQ_ID, 2)
    [sent] = http.asked(REDUCE)
    assert sent.body == {"accountId": ACCOUNT, "contractId": MNQ_ID, "size": 2}


def test_reduce_by_nothing_never_leaves(client: GatewayClient, http: RawHttp) -> None:
    with pytest.raises(Misconfigured):
        client.reduce_position(ACCOUNT, MNQ_ID, 0)
    assert http.requests == []


def test_bars_are_read_oldest_first_in_ticks(client: GatewayClient, http: RawHttp) -> None:
    row = {"t": "2026-11-20T14:31:00+00:00", "o": 100, "h": 100.5, "l": 99.75, "c": 100.25, "v": 7}
    http.script(BARS, good(bars=[row, row | {"t": "2026-11-20T14:30:00+00:00", "v": 3}]))
    first, second = client.bars(
        MNQ, unit=BarUnit.MINUTE, unit_number=5, start=NOW, end=NOW, limit=2
    )
    assert (first.volume, second.volume) == (3, 7)
    assert (second.open_ticks, second.high_ticks, second.low_ticks, second.close_ticks) == (
        400,
        402,
        399,
        401,
    )
    body = http.asked(BARS)[0].body
    assert (body["unit"], body["unitNumber"], body["limit"], body["live"]) == (2, 5, 2, False)
    assert body["includePartialBar"] is False


@pytest.mark.parametrize(("code", "name"), [(1, "ContractNotFound"), (4, "LimitInvalid")])
def test_refused_bars_name_their_code(
    client: GatewayClient, http: RawHttp, code: int, name: str
) -> None:
    http.script(BARS, bad(code))
    with pytest.raises(Refused, match=name):
        client.bars(MNQ, unit=BarUnit.DAY, unit_number=1, start=NOW, end=NOW)


def test_order_is_found_by_its_id_or_refused(client: GatewayClient, http: RawHttp) -> None:
    path = "/api/Order/searchById"
    http.script(path, good(order=order_row()), bad(1, order=None))
    assert client.order(ACCOUNT, 3400000101).contract_id == MNQ_ID
    with pytest.raises(Refused, match="OrderNotFound"):
        client.order(ACCOUNT, 5)


def test_tag_is_looked_up_in_history_then_among_the_alive_then_the_open(
    client: GatewayClient, http: RawHttp
) -> None:
    history, alive, working = "/api/Order/search", "/api/Order/v2/query", "/api/Order/searchOpen"
    http.script(history, good(orders=[]))
    http.script(alive, good(orders=[], totalCount=0))
    http.script(working, good(orders=[order_row(customTag="mine")]))
    found = client.resolve(ACCOUNT, "mine", since=NOW)
    assert found is not None and found.tag == "mine"
    paths = [r.path for r in http.requests if r.path.startswith("/api/Order")]
    assert paths == [history, alive, working]
    assert client.resolve(ACCOUNT, "other", since=NOW) is None
