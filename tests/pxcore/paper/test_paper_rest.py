"""The REST side of the paper gateway, over real sockets."""

from collections.abc import Iterator

import pytest
import wording
from paper_scenes import ACCOUNT, MNQ, printed, quote
from paper_server import SINCE, Gateway, entry, fixed_tape, serving

from pxcore.paper.server.access import RateLimit
from pxcore.paper.server.app import ServerConfig


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with serving(fixed_tape()) as running:
        yield running.log_in()


@pytest.fixture(scope="module")
def shared() -> Iterator[Gateway]:
    """For tests that leave no trace."""
    with serving(fixed_tape()) as running:
        yield running.log_in()


def test_login_gives_a_token_shaped_like_a_jwt_and_another_each_time(shared: Gateway) -> None:
    status, answer = shared.post("/api/Auth/loginKey", userName="TRADER01", apiKey="key")
    assert (status, answer["success"], answer["errorCode"]) == (200, True, 0)
    assert answer["token"].count(".") == 2
    assert answer["token"] != shared.token


def test_login_fails_with_200_and_code_three(shared: Gateway) -> None:
    status, answer = shared.post("/api/Auth/loginKey", userName="trader01", apiKey="")
    assert (status, answer["errorCode"], answer["token"]) == (200, 3, None)


def test_login_checks_the_configured_name_and_key() -> None:
    config = ServerConfig(user_name="Trader01", api_key="right")
    with serving(fixed_tape(), config=config) as gateway:
        wrong = gateway.post("/api/Auth/loginKey", userName="trader01", apiKey="wrong")[1]
        right = gateway.post("/api/Auth/loginKey", userName="trader01", apiKey="right")[1]
    assert (wrong["errorCode"], right["errorCode"]) == (3, 0)


def test_missing_field_or_broken_json_is_a_400_problem(shared: Gateway) -> None:
    status, text, headers = shared.send("/api/Auth/loginKey", b'{"userName":"x"}')
    assert status == 400 and "apiKey" in text
    assert headers["content-type"] == "application/problem+json"
    assert shared.send("/api/Order/place", b"{")[0] == 400
    assert shared.send("/api/Order/searchOpen", b'{"accountId":"26200002"}')[0] == 400


def test_no_token_or_a_foreign_one_is_401_with_an_empty_body(shared: Gateway) -> None:
    status, text, headers = shared.send("/api/Account/search", b"{}", bearer="")
    assert (status, text, headers["www-authenticate"]) == (401, "", "Bearer")
    status, _, headers = shared.send("/api/Account/search", b"{}", bearer="a.b.c")
    assert status == 401 and 'error="invalid_token"' in headers["www-authenticate"]


def test_token_expires_after_its_lifetime_of_wall_time() -> None:
    now = [1_000_000.0]
    config = ServerConfig(wall=lambda: now[0], rest_limit=None)
    with serving(fixed_tape(), config=config) as gateway:
        gateway.log_in()
        now[0] += 24 * 3600 - 1
        assert gateway.post("/api/Account/search", onlyActiveAccounts=True)[0] == 200
        renewed = gateway.post("/api/Auth/validate")[1]["newToken"]
        now[0] += 1
        assert gateway.post("/api/Account/search", onlyActiveAccounts=True)[0] == 401
        gateway.token = renewed
        assert gateway.post("/api/Account/search", onlyActiveAccounts=True)[0] == 200


def test_logout_ends_one_token_alone(shared: Gateway) -> None:
    other = Gateway(int(shared.url.rsplit(":")[-1])).log_in()
    assert other.post("/api/Auth/logout")[1]["success"] is True
    assert other.post("/api/Auth/validate")[0] == 401
    assert shared.post("/api/Auth/validate")[0] == 200


def test_ping_needs_no_token(shared: Gateway) -> None:
    assert shared.send("/api/Status/ping", None, bearer="")[:2] == (200, "pong")


def test_routes_ignore_case_and_unknown_ones_are_404(shared: Gateway) -> None:
    assert shared.post("/API/account/SEARCH", onlyActiveAccounts=True)[0] == 200
    assert shared.send("/api/Account/nothing", b"{}")[0] == 404


def test_rate_limits_are_sliding_windows_of_wall_time_apart_for_bars() -> None:
    now = [1_000_000.0]
    config = ServerConfig(
        wall=lambda: now[0], rest_limit=RateLimit(3, 60), bars_limit=RateLimit(1, 30)
    )
    bars = {
        "contractId": MNQ.id,
        "live": False,
        "startTime": SINCE,
        "endTime": SINCE,
        "unit": 2,
        "unitNumber": 1,
        "limit": 10,
        "includePartialBar": False,
    }
    with serving(fixed_tape(), config=config) as gateway:
        gateway.log_in()  # counts as the first of three
        statuses = [gateway.post("/api/Account/search", onlyActiveAccounts=True)[0]]
        now[0] += 30
        statuses += [gateway.post("/api/Account/search", onlyActiveAccounts=True)[0] for _ in "12"]
        assert statuses == [200, 200, 429]
        assert gateway.send("/api/Account/search", b"{}")[1] == ""
        assert [gateway.post("/api/History/retrieveBars", **bars)[0] for _ in "12"] == [200, 429]
        now[0] += 30
        assert gateway.post("/api/Account/search", onlyActiveAccounts=True)[0] == 200


def test_accounts_are_listed_as_the_venue_does(shared: Gateway) -> None:
    _, answer = shared.post("/api/Account/search", onlyActiveAccounts=True)
    assert answer == {
        "accounts": [
            {
                "id": ACCOUNT,
                "name": "PRAC-V2-1",
                "balance": 50000,
                "canTrade": True,
                "isVisible": True,
                "simulated": True,
            }
        ],
        "success": True,
        "errorCode": 0,
        "errorMessage": None,
    }


def test_contracts_are_found_fuzzily_at_most_twenty_and_none_live(shared: Gateway) -> None:
    found = shared.post("/api/Contract/search", searchText="nq", live=False)[1]["contracts"]
    assert {"NQZ6", "MNQZ6", "QMF7"} <= {contract["name"] for contract in found}
    every = shared.post("/api/Contract/search", searchText="", live=False)[1]["contracts"]
    assert len(every) == 20
    assert len(shared.post("/api/Contract/available", live=False)[1]["contracts"]) == 51
    assert shared.post("/api/Contract/available", live=True)[1]["contracts"] == []


def test_one_contract_is_answered_in_the_singular(shared: Gateway) -> None:
    _, answer = shared.post("/api/Contract/searchById", contractId="CON.F.US.MNQ.Z26")
    assert answer["contract"] == {
        "id": "CON.F.US.MNQ.Z26",
        "name": "MNQZ6",
        "description": "Micro E-mini NASDAQ-100: December 2026",
        "tickSize": 0.25,
        "tickValue": 0.5,
        "activeContract": True,
        "symbolId": "F.US.MNQ",
    }
    _, unknown = shared.post("/api/Contract/searchById", contractId="CON.X")
    assert (unknown["errorCode"], unknown["contract"]) == (1, None)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, 0),
        ({"contractId": "CON.X"}, 1),
        ({"live": True}, 1),
        ({"unit": 0}, 2),
        ({"unitNumber": 0}, 3),
        ({"limit": 20_001}, 4),
    ],
    ids=["good", "contract", "live", "unit", "unit number", "limit"],
)
def test_bars_requests_are_checked(shared: Gateway, change: dict[str, object], code: int) -> None:
    body: dict[str, object] = {
        "contractId": MNQ.id,
        "live": False,
        "startTime": "2026-11-20T00:00:00Z",
        "endTime": "2026-11-20T21:00:00",
        "unit": 2,
        "unitNumber": 1,
        "limit": 10,
        "includePartialBar": False,
    }
    assert shared.post("/api/History/retrieveBars", **body | change)[1]["errorCode"] == code


def test_questions_about_an_unknown_account_are_code_one(shared: Gateway) -> None:
    assert shared.post("/api/Order/searchOpen", accountId=1)[1]["errorCode"] == 1
    assert shared.post("/api/Position/searchOpen", accountId=1)[1]["errorCode"] == 1
    trades = shared.post("/api/Trade/search", accountId=1, startTimestamp=SINCE)[1]
    assert (trades["errorCode"], trades["trades"]) == (1, None)


def settled_entry(gateway: Gateway) -> int:
    """Places a bracketed entry and waits until both legs work."""
    hub = gateway.hub("user")
    hub.call("SubscribeOrders", ACCOUNT)
    _, placed = gateway.post("/api/Order/place", **entry())
    assert (placed["success"], placed["errorCode"], placed["errorMessage"]) == (True, 0, None)
    hub.until(
        lambda r: (
            r.get("target") == "GatewayUserOrder"
            and r["arguments"][0]["data"]["customTag"] == "T-SL"
            and r["arguments"][0]["data"]["status"] == 1
        )
    )
    hub.socket.close()
    order_id: int = placed["orderId"]
    return order_id


def test_bracketed_entry_shows_in_every_question(gateway: Gateway) -> None:
    order_id = settled_entry(gateway)
    _, history = gateway.post("/api/Order/search", accountId=ACCOUNT, startTimestamp=SINCE)
    entry_row, stop_loss, target = history["orders"]
    assert entry_row["id"] == order_id
    assert (entry_row["status"], entry_row["fillVolume"], entry_row["filledPrice"]) == (
        2,
        1,
        25000.25,
    )
    assert entry_row["limitPrice"] is entry_row["stopPrice"] is None
    assert "parentOrderId" not in entry_row and "linkedOrderId" not in entry_row
    assert (stop_loss["type"], stop_loss["stopPrice"]) == (4, 24990.25)
    assert (target["type"], target["limitPrice"]) == (1, 25020.25)
    assert stop_loss["parentOrderId"] == target["parentOrderId"] == order_id
    assert target["linkedOrderId"] == stop_loss["id"] and "linkedOrderId" not in stop_loss
    assert "trailDistance" not in stop_loss

    _, working = gateway.post("/api/Order/searchOpen", accountId=ACCOUNT)
    assert [row["customTag"] for row in working["orders"]] == ["T-SL", "T-TP"]
    _, one = gateway.post("/api/Order/searchById", accountId=ACCOUNT, orderId=order_id)
    assert one["order"]["customTag"] == "T"
    assert gateway.post("/api/Order/searchById", accountId=ACCOUNT, orderId=1)[1] == {
        "order": None,
        "success": False,
        "errorCode": 1,
        "errorMessage": None,
    }
    _, held = gateway.post("/api/Position/searchOpen", accountId=ACCOUNT)
    (position,) = held["positions"]
    assert (position["type"], position["size"], position["averagePrice"]) == (1, 1, 25000.25)
    assert position["contractDisplayName"] == "MNQZ26"


def test_orders_can_be_queried_by_status_in_pages_newest_first(gateway: Gateway) -> None:
    settled_entry(gateway)
    working = {"accountId": ACCOUNT, "statuses": [1, 8]}
    _, both = gateway.post("/api/Order/v2/query", filter=working, includeTotalCount=True)
    assert [row["customTag"] for row in both["orders"]] == ["T-TP", "T-SL"]
    assert both["totalCount"] == 2
    _, page = gateway.post(
        "/api/Order/v2/query",
        filter={"accountId": ACCOUNT},
        pageSize=1,
        pageOffset=1,
        sortBy=1,
        sortDirection=0,
    )
    assert [row["customTag"] for row in page["orders"]] == ["T-SL"]
    assert page["totalCount"] is None
    assert gateway.post("/api/Order/v2/query", filter=working, pageSize=0)[0] == 400


def test_close_writes_trades_newest_first_and_moves_the_balance(gateway: Gateway) -> None:
    settled_entry(gateway)
    hub = gateway.hub("user")
    hub.call("SubscribeAccounts")
    closing = {"accountId": ACCOUNT, "contractId": MNQ.id}
    assert gateway.post("/api/Position/closeContract", **closing)[1]["errorCode"] == 0
    hub.event("GatewayUserAccount")
    assert gateway.post("/api/Position/closeContract", **closing)[1]["errorCode"] == 2
    _, answer = gateway.post("/api/Trade/search", accountId=ACCOUNT, startTimestamp=SINCE)
    closed, opened = answer["trades"]
    assert (opened["profitAndLoss"], closed["profitAndLoss"]) == (None, -0.5)  # one tick
    assert (closed["fees"], closed["commissions"], closed["voided"]) == (0.36, 0.25, False)
    assert (opened["side"], closed["side"], closed["price"]) == (0, 1, 25000)
    _, accounts = gateway.post("/api/Account/search", onlyActiveAccounts=True)
    assert accounts["accounts"][0]["balance"] == 49998.28  # 50000 - 0.50 - 2 x 0.61
    assert len(gateway.post("/api/Order/searchOpen", accountId=ACCOUNT)[1]["orders"]) == 2
    hub.socket.close()


def test_refused_order_has_its_text_and_an_id(gateway: Gateway) -> None:
    legs = {"stopLossBracket": {"ticks": 40, "type": 4}}
    _, answer = gateway.post("/api/Order/place", **entry() | legs)
    assert (answer["success"], answer["errorCode"]) == (False, 2)
    assert answer["errorMessage"] == wording.wrong_side("stop loss", 40, is_long=True)
    _, row = gateway.post("/api/Order/searchById", accountId=ACCOUNT, orderId=answer["orderId"])
    assert (row["order"]["status"], row["order"]["customTag"]) == (5, "T")


def test_working_order_is_modified_and_cancelled_with_the_endpoints_own_codes(
    gateway: Gateway,
) -> None:
    settled_entry(gateway)
    _, working = gateway.post("/api/Order/searchOpen", accountId=ACCOUNT)
    leg = working["orders"][0]["id"]
    hub = gateway.hub("user")
    hub.call("SubscribeOrders", ACCOUNT)

    which = {"accountId": ACCOUNT, "orderId": leg}
    assert gateway.post("/api/Order/modify", **which, stopPrice=24980.1)[1]["errorCode"] == 3
    assert gateway.post("/api/Order/modify", **which, stopPrice=24980.5)[1]["errorCode"] == 0
    assert hub.event("GatewayUserOrder")[0]["data"]["stopPrice"] == 24980.5
    assert gateway.post("/api/Order/cancel", **which)[1]["errorCode"] == 0
    assert hub.event("GatewayUserOrder")[0]["data"]["status"] == 3
    assert gateway.post("/api/Order/cancel", **which)[1]["errorCode"] == 3
    assert gateway.post("/api/Order/cancel", accountId=ACCOUNT, orderId=1)[1]["errorCode"] == 2
    partial = {"accountId": ACCOUNT, "contractId": MNQ.id, "size": 2}
    assert gateway.post("/api/Position/partialCloseContract", **partial)[1]["errorCode"] == 5
    hub.socket.close()


def test_bars_are_answered_as_the_venue_writes_them() -> None:
    tape = iter([quote(0, 100_000, 100_001), printed(0, 100_001, 3), printed(0, 100_005, 2)])
    with serving(tape) as gateway:
        _, answer = gateway.log_in().post(
            "/api/History/retrieveBars",
            contractId=MNQ.id,
            live=False,
            startTime="2026-11-20T14:00:00Z",
            endTime="2026-11-20T15:00:00Z",
            unit=2,
            unitNumber=1,
            limit=10,
            includePartialBar=True,
        )
    bar = {"t": "2026-11-20T14:30:00+00:00", "o": 25000.25, "h": 25001.25, "l": 25000.25}
    assert answer == {
        "bars": [bar | {"c": 25001.25, "v": 5}],
        "success": True,
        "errorCode": 0,
        "errorMessage": None,
    }
