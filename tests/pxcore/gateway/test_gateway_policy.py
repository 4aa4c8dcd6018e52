"""What repeats, what never does, and what each failure is taken for."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import wording
from gateway_samples import ACCOUNT, KEY, MNQ, MNQ_ID, FixedClock, account_row, entry
from raw_http import (
    WAIT_S,
    RawHttp,
    Step,
    answer,
    answer_and_hang_up,
    bad,
    drip,
    drip_headers,
    drip_line,
    good,
    half_a_reply,
    hang_up,
    reset,
)

from pxcore.gateway.rest import A_WINDOW_S, Budget, GatewayClient, OverBudget, Urgency
from pxcore.gateway.rest.outgoing import place_entry
from pxcore.gateway.wire.endpoints import Lane
from pxcore.model import (
    Misconfigured,
    OutcomeUnknown,
    ProtocolError,
    PxError,
    Refused,
    Unavailable,
)

pytestmark = pytest.mark.usefixtures("both_ways")

ACCOUNTS = "/api/Account/search"
LOGIN = "/api/Auth/loginKey"
PLACE = "/api/Order/place"
CANCEL = "/api/Order/cancel"
CLOSE = "/api/Position/closeContract"
DRIPS = (drip, drip_line, drip_headers)
ODD_ADDRESSES = ("http://[bad", "http://host:port/", "\xff\xfe")
PLACED = good(orderId=3400000100)
LISTED = good(accounts=[account_row()])
PROBLEM = answer(400, {"title": "bad", "detail": "size"})


def place(client: GatewayClient) -> int:
    return client.instruct(place_entry(ACCOUNT, entry(), MNQ)).order_id


def unused_url() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


# -- instructions -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(hang_up, id="connection ended"),
        pytest.param(reset, id="connection reset"),
        pytest.param(half_a_reply, id="half a reply"),
        pytest.param(None, id="no reply in time"),
        pytest.param(answer(500), id="HTTP 500"),
        pytest.param(answer(503), id="HTTP 503"),
        pytest.param(answer(302), id="redirect"),
        pytest.param(answer(403), id="HTTP 403"),
        pytest.param(answer(200, raw=b"<html>"), id="no JSON"),
        pytest.param(good(orderId=None), id="success without order id"),
        pytest.param(answer(200, {"success": True, "errorCode": 2}), id="success with a code"),
        pytest.param(answer(200, {"success": False, "errorCode": 0}), id="failure without one"),
        pytest.param(bad(6), id="OrderPending"),
        pytest.param(bad(7), id="UnknownError"),
    ],
)
def test_lost_or_unclear_place_reply_leaves_outcome_unknown_and_is_not_resent(
    client: GatewayClient, hasty_client: GatewayClient, http: RawHttp, step: Step | None
) -> None:
    http.script(PLACE, step or http.silence, PLACED)
    with pytest.raises(OutcomeUnknown):
        place(hasty_client if step is None else client)
    assert len(http.asked(PLACE)) == 1


@pytest.mark.parametrize("location", ODD_ADDRESSES)
def test_redirect_to_no_address_leaves_an_order_unknown_and_a_question_unanswered(
    client: GatewayClient, http: RawHttp, location: str
) -> None:
    http.script(PLACE, answer(302, location=location), PLACED)
    with pytest.raises(OutcomeUnknown, match="HTTP 302, which leads to"):
        place(client)
    http.script(ACCOUNTS, answer(302, location=location), LISTED)
    assert client.accounts()
    assert (len(http.asked(PLACE)), len(http.asked(ACCOUNTS))) == (1, 2)


@pytest.mark.parametrize(
    ("path", "act", "step"),
    [
        (CANCEL, lambda c: c.cancel_order(ACCOUNT, 1), hang_up),
        (CANCEL, lambda c: c.cancel_order(ACCOUNT, 1), bad(4)),
        (CLOSE, lambda c: c.close_position(ACCOUNT, MNQ_ID), hang_up),
        (CLOSE, lambda c: c.close_position(ACCOUNT, MNQ_ID), bad(6)),
        *((CLOSE, lambda c: c.close_position(ACCOUNT, MNQ_ID), how) for how in DRIPS),
    ],
    ids=[
        "cancel lost",
        "cancel pending",
        "close lost",
        "close pending",
        "body without end",
        "first line without end",
        "headers without end",
    ],
)
def test_lost_or_pending_cancel_and_close_are_unknown_and_not_resent(
    client: GatewayClient,
    hasty_client: GatewayClient,
    http: RawHttp,
    path: str,
    act: Callable[[GatewayClient], None],
    step: Step,
) -> None:
    http.script(path, step, good())
    with pytest.raises(OutcomeUnknown):
        act(hasty_client if step in DRIPS else client)
    assert len(http.asked(path)) == 1


def test_instruction_on_a_connection_that_resets_is_unknown_and_not_resent(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script(CANCEL, good())
    client.cancel_order(ACCOUNT, 1)
    used = http.connections
    http.script(PLACE, reset, PLACED)
    with pytest.raises(OutcomeUnknown):
        place(client)
    assert http.connections == used  # it was the kept connection that broke
    assert len(http.asked(PLACE)) == 1


def test_instruction_after_the_server_ended_the_kept_connection_is_sent_once_on_a_new_one(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script(CANCEL, answer_and_hang_up(good()))
    client.cancel_order(ACCOUNT, 1)
    before = http.connections
    assert http.ended.acquire(timeout=WAIT_S)
    http.script(PLACE, PLACED)
    assert place(client) == 3400000100
    assert (http.connections, len(http.asked(PLACE))) == (before + 1, 1)


def test_refused_place_carries_code_name_text_and_order_id(
    client: GatewayClient, http: RawHttp
) -> None:
    text = wording.POSITION_BRACKETS
    http.script(PLACE, bad(2, text, orderId=3400000858))
    with pytest.raises(Refused) as caught:
        place(client)
    refused = caught.value
    assert (refused.code, refused.code_name, refused.text, refused.order_id) == (
        2,
        "OrderRejected",
        text,
        3400000858,
    )
    assert len(http.asked(PLACE)) == 1


@pytest.mark.parametrize(
    ("path", "act", "code", "name"),
    [
        (PLACE, place, 5, "OutsideTradingHours"),
        (CANCEL, lambda c: c.cancel_order(ACCOUNT, 1), 2, "OrderNotFound"),
        (CLOSE, lambda c: c.close_position(ACCOUNT, MNQ_ID), 2, "PositionNotFound"),
        (CLOSE, lambda c: c.close_position(ACCOUNT, MNQ_ID), 5, "OrderRejected"),
        (PLACE, place, 99, "Unlisted"),
    ],
)
def test_error_code_is_named_by_its_endpoint(
    client: GatewayClient,
    http: RawHttp,
    path: str,
    act: Callable[[GatewayClient], None],
    code: int,
    name: str,
) -> None:
    http.script(path, bad(code))
    with pytest.raises(Refused) as caught:
        act(client)
    assert caught.value.code_name == name


def test_instruction_repeats_once_after_401_with_a_new_token(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script(PLACE, answer(401), PLACED)
    assert place(client) == 3400000100
    assert [r.token for r in http.asked(PLACE)] == ["token-1", "token-2"]


def test_instruction_that_gets_401_twice_is_unavailable(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script(PLACE, answer(401))
    with pytest.raises(Unavailable):
        place(client)
    assert len(http.asked(PLACE)) == 2


def test_rate_limited_instruction_is_unavailable_and_not_resent(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script(PLACE, answer(429), PLACED)
    with pytest.raises(Unavailable):
        place(client)
    assert len(http.asked(PLACE)) == 1


def test_malformed_instruction_is_refused_with_the_venues_words(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script(PLACE, PROBLEM)
    with pytest.raises(Refused, match="size"):
        place(client)


def test_instruction_is_unavailable_when_the_login_before_it_fails(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script(LOGIN, answer(200, raw=b"nonsense"))
    with pytest.raises(Unavailable):
        place(client)
    assert http.asked(PLACE) == []


# -- questions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "step", [hang_up, reset, half_a_reply, answer(500), answer(503), answer(403)]
)
def test_question_repeats_after_a_lost_reply_or_server_trouble(
    client: GatewayClient, http: RawHttp, pauses: list[float], step: Step
) -> None:
    http.script(ACCOUNTS, step, step, LISTED)
    assert [a.id for a in client.accounts()] == [ACCOUNT]
    assert len(http.asked(ACCOUNTS)) == 3
    assert len(pauses) == 2


def test_question_gives_up_after_four_attempts(client: GatewayClient, http: RawHttp) -> None:
    http.script(ACCOUNTS, hang_up)
    with pytest.raises(Unavailable, match=http.url):
        client.accounts()
    assert len(http.asked(ACCOUNTS)) == 4


def test_rate_limited_question_waits_five_seconds_and_then_repeats(
    client: GatewayClient, http: RawHttp, pauses: list[float]
) -> None:
    http.script(ACCOUNTS, answer(429), LISTED)
    client.accounts()
    assert sum(pauses) == pytest.approx(5.0)
    assert len(http.asked(ACCOUNTS)) == 2


def test_after_a_429_only_what_takes_risk_off_is_sent(client: GatewayClient, http: RawHttp) -> None:
    http.script(ACCOUNTS, answer(429))
    with pytest.raises(Unavailable):
        client.accounts()
    asked = len(http.asked(ACCOUNTS))
    with pytest.raises(Unavailable, match="next request is free in"):
        client.accounts()
    with pytest.raises(Unavailable, match="not sent"):
        place(client)
    assert len(http.asked(ACCOUNTS)) == asked and http.asked(PLACE) == []
    http.script(CANCEL, good())
    http.script(CLOSE, good())
    client.cancel_order(ACCOUNT, 5)
    client.close_position(ACCOUNT, MNQ_ID)
    http.script(ACCOUNTS, LISTED)
    client.accounts(urgency=Urgency.URGENT)


def test_question_that_our_own_count_holds_back_fails_or_waits_as_its_client_was_told(
    client: GatewayClient,
    new_client: Callable[..., GatewayClient],
    budget: Budget,
    http: RawHttp,
    pauses: list[float],
) -> None:
    """A session that trades cannot wait a minute for a look; the start of one can."""
    http.script(ACCOUNTS, LISTED)
    while budget.take(Lane.REST, Urgency.NORMAL) == 0.0:
        continue
    with pytest.raises(OverBudget, match="next request is free in 61 s"):
        client.accounts()
    assert pauses == []
    assert new_client(http.url, budget_patience_s=A_WINDOW_S).accounts()
    assert pauses == [pytest.approx(61.0)]


def test_question_logs_in_again_after_401_and_only_once(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script(ACCOUNTS, answer(401), LISTED)
    client.accounts()
    assert [r.token for r in http.asked(ACCOUNTS)] == ["token-1", "token-2"]

    http.script(ACCOUNTS, answer(401))
    with pytest.raises(Unavailable):
        client.accounts()
    assert len(http.asked(LOGIN)) == 3


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(answer(200, {"success": True, "errorCode": 1}), id="contradiction"),
        pytest.param(good(), id="list missing"),
        pytest.param(good(accounts=[{"id": 1}]), id="row incomplete"),
        pytest.param(PROBLEM, id="HTTP 400"),
    ],
)
def test_unreadable_answer_to_a_question_is_a_protocol_error_and_not_repeated(
    client: GatewayClient, http: RawHttp, step: Step
) -> None:
    http.script(ACCOUNTS, step)
    with pytest.raises(ProtocolError):
        client.accounts()
    assert len(http.asked(ACCOUNTS)) == 1


SINCE = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "rows", "ask"),
    [
        (ACCOUNTS, "accounts", lambda client: client.accounts()),
        ("/api/Position/searchOpen", "positions", lambda client: client.positions(ACCOUNT)),
        ("/api/Order/v2/query", "orders", lambda client: client.open_orders(ACCOUNT)),
        ("/api/Order/searchOpen", "orders", lambda client: client.open_orders(ACCOUNT)),
        ("/api/Order/search", "orders", lambda client: client.orders(ACCOUNT, start=SINCE)),
        ("/api/Trade/search", "trades", lambda client: client.fills(ACCOUNT, start=SINCE)),
    ],
)
@pytest.mark.parametrize("there", [{"null": None}, {}])
def test_list_that_is_null_or_missing_is_no_word_on_what_an_account_has(
    client: GatewayClient, http: RawHttp, path: str, rows: str, ask: Any, there: dict[str, None]
) -> None:
    http.script(path, good(**dict.fromkeys([rows] if there else [])))
    with pytest.raises(ProtocolError, match="cannot be read"):
        ask(client)


def test_refused_question_is_not_repeated(client: GatewayClient, http: RawHttp) -> None:
    http.script("/api/Position/searchOpen", bad(1))
    with pytest.raises(Refused, match="AccountNotFound"):
        client.positions(ACCOUNT)
    assert len(http.asked("/api/Position/searchOpen")) == 1


# -- reaching it, and who we are --------------------------------------------------------------


def test_unreachable_gateway_is_unavailable_with_one_line_that_names_it(
    new_client: Callable[[str], GatewayClient],
) -> None:
    url = unused_url()
    with pytest.raises(Unavailable) as caught:
        new_client(url).accounts()
    assert str(caught.value) == f"{url} cannot be reached: Connection refused"


def test_instruction_to_an_unreachable_gateway_is_unavailable(
    client: GatewayClient, http: RawHttp
) -> None:
    client.login()
    http.close()
    client.close()
    with pytest.raises(Unavailable):
        place(client)


@pytest.mark.parametrize(
    ("code", "advice"), [(3, "user name"), (2, "API key"), (7, "agreements"), (9, "subscription")]
)
def test_wrong_login_says_what_to_do_and_is_not_repeated(
    client: GatewayClient, http: RawHttp, code: int, advice: str
) -> None:
    http.script(LOGIN, bad(code))
    with pytest.raises(Misconfigured, match=advice):
        client.login()
    assert len(http.asked(LOGIN)) == 1


@pytest.mark.parametrize("step", [bad(3), answer(401), answer(400, {"x": 1}), answer(500), hang_up])
def test_no_error_shows_the_key_or_a_token(
    client: GatewayClient, http: RawHttp, step: Step
) -> None:
    http.script(LOGIN, step)
    with pytest.raises(PxError) as caught:
        client.login()
    error: BaseException | None = caught.value
    while error is not None:
        assert KEY not in repr(error) and KEY not in repr(vars(error))
        error = error.__cause__
    http.script(LOGIN, good(token="secret-token"))
    http.script(PLACE, hang_up)
    with pytest.raises(OutcomeUnknown) as lost:
        place(client)
    assert "secret-token" not in str(lost.value)


def test_token_is_shared_and_renewed_by_validate_after_23_hours(
    client: GatewayClient, http: RawHttp, clock: FixedClock
) -> None:
    http.script("/api/Auth/validate", good(newToken="token-of-day-two"))
    assert client.token() == client.token() == "token-1"
    clock.advance(hours=22.9)
    assert client.token() == "token-1"
    clock.advance(hours=0.2)
    assert client.token() == client.token() == "token-of-day-two"
    assert len(http.asked("/api/Auth/validate")) == 1


@pytest.mark.parametrize("step", [answer(401), bad(3), hang_up])
def test_failed_renewal_ends_in_a_login(
    client: GatewayClient, http: RawHttp, clock: FixedClock, step: Step
) -> None:
    client.login()
    http.script("/api/Auth/validate", step)
    clock.advance(hours=23)
    assert client.token() == "token-2"


def test_renewal_without_a_new_token_keeps_the_old_one(
    client: GatewayClient, http: RawHttp, clock: FixedClock
) -> None:
    client.login()
    http.script("/api/Auth/validate", good(newToken=None))
    clock.advance(hours=23)
    assert client.token() == "token-1"


def test_ping_needs_no_token(client: GatewayClient, http: RawHttp) -> None:
    http.script("/api/Status/ping", answer(200, raw=b"pong"))
    client.ping()
    (request,) = http.requests
    assert (request.method, request.token) == ("GET", None)


@pytest.mark.parametrize("url", ["ftp://x", "api.topstepx.com", "https://"])
def test_base_url_that_is_none_is_refused_at_once(
    new_client: Callable[[str], GatewayClient], url: str
) -> None:
    with pytest.raises(Misconfigured):
        new_client(url)


def test_loopback_is_reached_past_proxy_variables(
    client: GatewayClient, http: RawHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", unused_url())
    http.script(ACCOUNTS, LISTED)
    assert client.accounts()
