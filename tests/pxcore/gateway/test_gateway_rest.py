"""Answers become the model's values; entries become what the venue takes."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from gateway_samples import (
    ACCOUNT,
    MNQ,
    MNQ_ID,
    NOW,
    FixedClock,
    account_row,
    contract,
    contract_row,
    entry,
    order_row,
    position_row,
    trade_row,
)
from raw_http import WAIT_S, RawHttp, answer, bad, good

from pxcore.engine.commands import PlaceEntry
from pxcore.gateway.rest import GatewayClient
from pxcore.gateway.rest.choose import choose_contract
from pxcore.gateway.rest.outgoing import place_entry
from pxcore.model import (
    Misconfigured,
    OrderStatus,
    OrderType,
    ProtocolError,
    Refused,
    Side,
)

pytestmark = pytest.mark.usefixtures("both_ways")

QUERY = "/api/Order/v2/query"


def test_order_is_read_whole(client: GatewayClient, http: RawHttp) -> None:
    http.script(QUERY, good(orders=[order_row()], totalCount=1))
    (order,) = client.open_orders(ACCOUNT)
    assert (order.id, order.status, order.type, order.side) == (
        3400000101,
        OrderStatus.OPEN,
        OrderType.STOP,
        Side.SELL,
    )
    assert order.stop_ticks == 120787  # 30196.75 / 0.25
    assert (order.limit_ticks, order.filled_ticks, order.filled_size) == (None, None, 0)
    assert (order.tag, order.parent_id, order.linked_id) == ("run7-0001-SL", 3400000100, None)
    assert order.created_at == datetime(2026, 11, 20, 14, 30, 2, 156734, tzinfo=UTC)


def test_average_fill_price_between_ticks_reads_as_not_known(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script(QUERY, good(orders=[order_row(filledPrice=30196.3, fillVolume=2)], totalCount=1))
    (order,) = client.open_orders(ACCOUNT)
    assert (order.filled_size, order.filled_ticks) == (2, None)


def test_level_off_the_grid_is_a_protocol_error_unless_the_order_was_rejected(
    client: GatewayClient, http: RawHttp
) -> None:
    path = "/api/Order/search"
    http.script(path, good(orders=[order_row(stopPrice=30196.8, status=5)]))
    (order,) = client.orders(ACCOUNT, start=NOW)
    assert (order.status, order.stop_ticks) == (OrderStatus.REJECTED, None)
    http.script(path, good(orders=[order_row(stopPrice=30196.8)]))
    with pytest.raises(ProtocolError, match=r"30196\.8"):
        client.orders(ACCOUNT, start=NOW)


def test_rejected_order_of_no_size_does_not_hide_the_others_and_any_other_is_an_error(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script(
        "/api/Order/search",
        good(orders=[order_row(1, status=5, size=0), order_row(2)]),
        good(orders=[order_row(1, status=1, size=0)]),
    )
    assert [o.size for o in client.orders(ACCOUNT, start=NOW)] == [0, 1]
    with pytest.raises(ProtocolError, match="size 0"):
        client.orders(ACCOUNT, start=NOW)


def test_unlisted_status_and_type_read_as_unknown(client: GatewayClient, http: RawHttp) -> None:
    http.script(QUERY, good(orders=[order_row(status=77, type=55)], totalCount=1))
    (order,) = client.open_orders(ACCOUNT)
    assert (order.status, order.type) == (OrderStatus.UNKNOWN, OrderType.UNKNOWN)
    assert order.is_alive


def test_row_of_another_account_is_a_protocol_error(client: GatewayClient, http: RawHttp) -> None:
    http.script("/api/Position/searchOpen", good(positions=[position_row(accountId=1)]))
    with pytest.raises(ProtocolError, match="account 1"):
        client.positions(ACCOUNT)


def test_alive_orders_are_paged_until_the_venues_count(
    client: GatewayClient, http: RawHttp
) -> None:
    first = good(orders=[order_row(i) for i in range(100)], totalCount=130)
    second = good(orders=[order_row(i) for i in range(100, 130)], totalCount=130)
    http.script(QUERY, first, second)
    assert [o.id for o in client.open_orders(ACCOUNT)] == list(range(130))
    pages = [r.body for r in http.asked(QUERY)]
    assert [p["pageOffset"] for p in pages] == [0, 100]
    assert pages[0]["filter"] == {"accountId": ACCOUNT, "statuses": [1, 6, 7, 8]}


@pytest.mark.parametrize("page_rows", [100, 50, 1])
def test_alive_orders_without_a_count_are_paged_until_nothing_new_comes(
    client: GatewayClient, http: RawHttp, page_rows: int
) -> None:
    """However few the venue gives at once."""
    rows = [order_row(i) for i in range(2 * page_rows + 1)]
    pages = [good(orders=rows[i : i + page_rows]) for i in range(0, len(rows), page_rows)]
    for look in (client.open_orders, client.alive_at_least):
        http.script(QUERY, *pages, good(orders=[]))
        assert [order.id for order in look(ACCOUNT)] == [row["id"] for row in rows]
    assert len(http.asked(QUERY)) == 2 * (len(pages) + 1)


def test_orders_that_can_be_cancelled_cost_one_request_where_the_venue_counts(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script(QUERY, good(orders=[order_row(1), order_row(2)], totalCount=2))
    assert len(client.alive_at_least(ACCOUNT)) == 2
    assert len(http.asked(QUERY)) == 1


def test_history_that_does_not_come_to_the_venues_count_is_a_protocol_error(
    client: GatewayClient, http: RawHttp
) -> None:
    since = datetime(2026, 11, 20, tzinfo=UTC)
    http.script("/api/Order/search", good(orders=[order_row(1)], totalCount=2))
    http.script("/api/Trade/search", good(trades=[trade_row()], totalCount=2))
    with pytest.raises(ProtocolError, match="counts 2 orders"):
        client.orders(ACCOUNT, start=since)
    with pytest.raises(ProtocolError, match="counts 2 fills"):
        client.fills(ACCOUNT, start=since)


def test_open_orders_come_from_search_open_where_query_does_not_exist(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script(QUERY, answer(404))
    http.script("/api/Order/searchOpen", good(orders=[order_row()]))
    assert [o.id for o in client.open_orders(ACCOUNT)] == [3400000101]


@pytest.mark.parametrize(("kind", "size"), [(1, 3), (2, -3)], ids=["long", "short"])
def test_position_is_signed_by_its_type(
    client: GatewayClient, http: RawHttp, kind: int, size: int
) -> None:
    http.script("/api/Position/searchOpen", good(positions=[position_row(type=kind)]))
    (position,) = client.positions(ACCOUNT)
    assert (position.size, position.average_price) == (size, Decimal("29398.5"))


def test_position_that_is_neither_long_nor_short_is_a_protocol_error(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script("/api/Position/searchOpen", good(positions=[position_row(type=0)]))
    with pytest.raises(ProtocolError):
        client.positions(ACCOUNT)


def test_fills_come_oldest_first_with_exact_money(client: GatewayClient, http: RawHttp) -> None:
    later = trade_row(2, creationTimestamp="2026-11-20T14:30:03Z", profitAndLoss=6.5)
    early = trade_row(1, creationTimestamp="2026-11-20T14:30:02.99", profitAndLoss=None)
    http.script("/api/Trade/search", good(trades=[later, early]))
    first, last = client.fills(ACCOUNT, start=NOW)
    assert (first.id, last.id) == (1, 2)
    assert first.pnl_usd is None
    assert (last.pnl_usd, last.fees_usd, last.commissions_usd) == (
        Decimal("6.5"),
        Decimal("0.36"),
        Decimal("0.25"),
    )
    assert first.price_ticks == 118169  # 29542.25 / 0.25


def test_fill_off_the_grid_is_a_protocol_error(client: GatewayClient, http: RawHttp) -> None:
    http.script("/api/Trade/search", good(trades=[trade_row(price=29542.3)]))
    with pytest.raises(ProtocolError):
        client.fills(ACCOUNT, start=NOW)


def test_snapshot_asks_for_orders_before_positions_and_positions_before_fills(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script("/api/Account/search", good(accounts=[account_row()]))
    http.script(QUERY, good(orders=[], totalCount=0))
    http.script("/api/Position/searchOpen", good(positions=[]))
    http.script("/api/Trade/search", good(trades=[trade_row()]))
    snapshot = client.snapshot(ACCOUNT, day_start=NOW - timedelta(hours=15))
    assert snapshot.shows_nothing and snapshot.taken_at == NOW
    assert not snapshot.is_flat, "the day's fills say that one is held"
    assert snapshot.account.balance_usd == Decimal("149848.64")
    assert [r.path for r in http.requests[1:5]] == [
        "/api/Account/search",
        QUERY,
        "/api/Position/searchOpen",
        "/api/Trade/search",
    ]
    assert http.asked("/api/Trade/search")[0].body["startTimestamp"] == "2026-11-19T23:30:00Z"


def test_contract_is_asked_for_once(client: GatewayClient, http: RawHttp) -> None:
    http.script(QUERY, good(orders=[order_row(1), order_row(2)], totalCount=2))
    client.open_orders(ACCOUNT)
    client.open_orders(ACCOUNT)
    assert len(http.asked("/api/Contract/searchById")) == 1


def test_order_is_found_by_its_tag_whatever_its_status(
    client: GatewayClient, http: RawHttp
) -> None:
    rows = [order_row(1, customTag="other"), order_row(2, customTag="run7-0001", status=5)]
    http.script("/api/Order/search", good(orders=rows))
    http.script("/api/Order/searchOpen", good(orders=[]))
    found = client.resolve(ACCOUNT, "run7-0001", since=NOW)
    assert found is not None and found.id == 2
    assert client.resolve(ACCOUNT, "run7", since=NOW) is None
    request = http.asked("/api/Order/search")[0].body
    assert request["startTimestamp"] == "2026-11-20T14:25:00Z"  # five minutes for the clocks


@pytest.mark.parametrize(
    ("side", "code", "stop", "target"),
    [(Side.BUY, 0, -40, 80), (Side.SELL, 1, 40, -80)],
    ids=["long", "short"],
)
def test_bracket_ticks_are_signed_by_side(
    client: GatewayClient, http: RawHttp, side: Side, code: int, stop: int, target: int
) -> None:
    http.script("/api/Order/place", good(orderId="3400000100"))
    assert client.instruct(place_entry(ACCOUNT, entry(side), MNQ)).order_id == 3400000100
    assert http.asked("/api/Order/place")[0].body == {
        "accountId": ACCOUNT,
        "contractId": MNQ_ID,
        "type": 2,
        "side": code,
        "size": 1,
        "limitPrice": None,
        "stopPrice": None,
        "trailPrice": None,
        "customTag": "run7-0001",
        "stopLossBracket": {"ticks": stop, "type": 4},
        "takeProfitBracket": {"ticks": target, "type": 1},
    }


@pytest.mark.parametrize(
    ("unfit", "what"),
    [(entry(stop=3), "stop 3"), (entry(target=0), "target 0"), (entry(size=0), "size")],
)
def test_entry_that_the_venue_cannot_take_is_never_sent(
    client: GatewayClient, http: RawHttp, unfit: PlaceEntry, what: str
) -> None:
    with pytest.raises(Misconfigured, match=what):
        client.instruct(place_entry(ACCOUNT, unfit, MNQ))
    assert http.requests == []


def test_entry_for_another_contract_is_never_sent(client: GatewayClient, http: RawHttp) -> None:
    with pytest.raises(Misconfigured, match=MNQ_ID):
        client.instruct(place_entry(ACCOUNT, entry(), contract("ESZ6", "EP")))
    assert http.requests == []


# -- what a person typed ----------------------------------------------------------------------

LISTED = [
    MNQ,
    contract("NQZ6", "ENQ"),
    contract("ESZ6", "EP"),
    contract("GCZ6", "GCE"),
    contract("QGZ6", "NQG"),
    contract("M6AZ6", "M6A"),
    contract("MNQU6", "MNQ", is_active=False),
]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("MNQ", "MNQZ6"),
        ("NQ", "NQZ6"),
        ("ENQ", "NQZ6"),
        ("es", "ESZ6"),
        ("GC", "GCZ6"),
        ("M6A", "M6AZ6"),
        (" MNQZ6 ", "MNQZ6"),
        ("CON.F.US.EP.Z26", "ESZ6"),
        ("F.US.GCE", "GCZ6"),
    ],
)
def test_contract_is_the_one_that_bears_the_name(text: str, name: str) -> None:
    assert choose_contract(text, LISTED).name == name


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("MNQU6", "not active"),
        ("MN", r"MNQZ6 \(CON\.F\.US\.MNQ\.Z26\)"),
        ("DAX", "nothing listed is near"),
        ("", "no active contract"),
    ],
)
def test_contract_that_is_not_there_is_misconfigured_and_names_what_is_near(
    text: str, says: str
) -> None:
    with pytest.raises(Misconfigured, match=says):
        choose_contract(text, LISTED)


def test_contract_with_two_active_expiries_is_misconfigured_and_names_both() -> None:
    with pytest.raises(Misconfigured, match=r"MNQZ6.*MNQH7"):
        choose_contract("MNQ", [MNQ, contract("MNQH7", "MNQ")])


def test_contract_outside_the_list_is_searched_for(client: GatewayClient, http: RawHttp) -> None:
    http.script("/api/Contract/available", good(contracts=[contract_row(contract("ESZ6", "EP"))]))
    http.script("/api/Contract/search", good(contracts=[contract_row(MNQ)]))
    assert client.resolve_contract("MNQ") == MNQ
    assert http.asked("/api/Contract/search")[0].body == {"searchText": "MNQ", "live": False}


def test_contract_id_that_does_not_exist_is_refused(client: GatewayClient, http: RawHttp) -> None:
    http.script("/api/Contract/searchById", bad(1))
    with pytest.raises(Refused, match="ContractNotFound"):
        client.contract("CON.F.US.XXX.Z26")


def test_account_that_may_trade_is_resolved(client: GatewayClient, http: RawHttp) -> None:
    http.script("/api/Account/search", good(accounts=[account_row()]))
    assert client.resolve_account(ACCOUNT).name == "PRAC-V2-1"


@pytest.mark.parametrize(
    ("row", "says"),
    [(account_row(id=7, name="50KTC"), r"7 \(50KTC\)"), (account_row(canTrade=False), "may not")],
)
def test_account_that_is_missing_or_locked_is_misconfigured(
    client: GatewayClient, http: RawHttp, row: dict[str, object], says: str
) -> None:
    http.script("/api/Account/search", good(accounts=[row]))
    with pytest.raises(Misconfigured, match=says):
        client.resolve_account(ACCOUNT)


def test_many_threads_share_one_login(
    new_client: Callable[[str], GatewayClient], http: RawHttp, clock: FixedClock
) -> None:
    client = new_client(http.url)
    http.script("/api/Position/searchOpen", good(positions=[position_row()]))
    sizes: list[int] = []
    threads = [
        threading.Thread(target=lambda: sizes.append(client.positions(ACCOUNT)[0].size))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert sizes == [-3] * 8
    assert len(http.asked("/api/Auth/loginKey")) == 1
