"""What is no answer of the venue: a web page and its kind, in place of an answer."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from gateway_samples import KEY, FixedClock
from paper_scenes import ACCOUNT, MNQ
from paper_server import Gateway, entry, fixed_tape, serving
from patience import patience
from raw_http import RawHttp, answer, good

from pxcore.gateway.rest import GatewayClient
from pxcore.model import NewOrder, OrderType, OutcomeUnknown, ProtocolError, Side, Unavailable
from pxcore.paper.faults.wire import NoAnswer, NoAnswerKind

pytestmark = pytest.mark.usefixtures("both_ways")

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNTS = "/api/Account/search"
LOGIN = "/api/Auth/loginKey"
PLACE = "/api/Order/place"
KINDS = get_args(NoAnswerKind)
PAGE = b"<!DOCTYPE html><html><title>Just a moment...</title></html>"
SAID = {
    "page": "a web page, not JSON",
    "nothing": "nothing, not JSON",
    "cut": "JSON that is cut short or broken",
    "packed_cut": "JSON that is cut short or broken",
    "other": "JSON, but no answer of a gateway",
    "redirect": "HTTP 302, which leads to http://login.invalid",
}
QUESTIONS: dict[str, Callable[[GatewayClient], object]] = {
    "/api/Auth/loginKey": lambda c: c.login(),
    "/api/Status/ping": lambda c: c.clock_reading(),
    ACCOUNTS: lambda c: c.resolve_account(ACCOUNT),
    "/api/Contract/available": lambda c: c.resolve_contract("MNQ"),
    "/api/Order/v2/query": lambda c: c.open_orders(ACCOUNT),
    "/api/Order/search": lambda c: c.orders(ACCOUNT, start=SINCE),
    "/api/Position/searchOpen": lambda c: c.positions(ACCOUNT),
    "/api/Trade/search": lambda c: c.fills(ACCOUNT, start=SINCE),
}


@pytest.fixture
def paper() -> Iterator[Gateway]:
    with serving(fixed_tape(), speed=50.0) as running:
        yield running.log_in()


@pytest.fixture
def asking(paper: Gateway, pauses: list[float]) -> Iterator[GatewayClient]:
    client = GatewayClient(
        base_url=paper.url,
        username="trader01",
        api_key=KEY,
        connect_timeout_s=patience(5),
        reply_timeout_s=patience(5),
        clock=FixedClock(),
        sleep=pauses.append,
    )
    yield client
    client.close()


def arm(paper: Gateway, **fault: Any) -> None:
    paper.run(lambda venue: venue.arm(NoAnswer(**fault)))


@pytest.mark.parametrize("how", KINDS)
@pytest.mark.parametrize("path", QUESTIONS)
def test_question_is_asked_again_after_what_is_no_answer(
    asking: GatewayClient, paper: Gateway, pauses: list[float], path: str, how: str
) -> None:
    if path.endswith("ping") and how not in ("page", "redirect"):
        return  # its answer is a word, and any word will do
    arm(paper, path=path, how=how, count=2)
    QUESTIONS[path](asking)
    assert len(pauses) == 2, "as after a 502, with its waits"


@pytest.mark.parametrize("how", KINDS)
@pytest.mark.parametrize("path", [LOGIN, ACCOUNTS])
def test_what_stays_no_answer_is_unavailable_and_says_what_came(
    asking: GatewayClient, paper: Gateway, pauses: list[float], path: str, how: str
) -> None:
    arm(paper, path=path, how=how, count=None)
    with pytest.raises(Unavailable) as raised:
        QUESTIONS[path](asking)
    assert SAID[how] in str(raised.value) and path in str(raised.value)
    assert len(pauses) == 3


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 500, 520, 526, 511])
def test_page_is_nobodys_word_whatever_its_status(
    client: GatewayClient, http: RawHttp, pauses: list[float], status: int
) -> None:
    http.script(ACCOUNTS, answer(status, raw=b"\xef\xbb\xbf\r\n " + PAGE), good(accounts=[]))
    assert client.accounts() == ()
    assert len(pauses) == 1
    http.script(LOGIN, answer(status, raw=PAGE), good(token="t"))  # no word on user and key
    client.login()
    assert len(pauses) == 2


@pytest.mark.parametrize("status", [502, 520, 522, 524, 530])
def test_question_repeats_after_any_trouble_of_a_server(
    client: GatewayClient, http: RawHttp, pauses: list[float], status: int
) -> None:
    http.script(ACCOUNTS, answer(status), good(accounts=[]))
    assert client.accounts() == ()
    assert len(pauses) == 1


@pytest.mark.parametrize("status", [200, 400, 401, 404])
def test_page_in_answer_to_an_order_leaves_it_unknown_and_is_not_resent(
    client: GatewayClient, http: RawHttp, status: int
) -> None:
    http.script("/api/Order/cancel", answer(status, raw=PAGE))
    with pytest.raises(OutcomeUnknown, match="a web page, not JSON"):
        client.cancel_order(ACCOUNT, 1)
    assert len(http.asked("/api/Order/cancel")) == 1


@pytest.mark.parametrize("how", KINDS)
def test_order_that_was_taken_is_found_by_its_tag_after_what_is_no_answer(
    asking: GatewayClient, paper: Gateway, how: str
) -> None:
    arm(paper, path=PLACE, how=how, moment="after")
    order = NewOrder(contract_id=MNQ.id, type=OrderType.MARKET, side=Side.BUY, size=1, tag="once")
    with pytest.raises(OutcomeUnknown):
        asking.place_order(ACCOUNT, order, MNQ)
    found = asking.resolve(ACCOUNT, "once", since=SINCE)
    assert found is not None
    assert paper.venue is not None
    assert len(paper.venue.exchange.orders(ACCOUNT)) == 1


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(answer(200, {"success": True, "errorCode": 1}), id="contradiction"),
        pytest.param(answer(200, {"success": "perhaps", "errorCode": 0}), id="odd verdict"),
        pytest.param(answer(200, {"success": True}), id="half a verdict"),
        pytest.param(good(accounts=[{"id": 1}]), id="row incomplete"),
        pytest.param(good(accounts=7), id="no list"),
    ],
)
def test_answer_of_the_venue_that_is_not_what_was_agreed_is_not_repeated(
    client: GatewayClient, http: RawHttp, step: Any
) -> None:
    http.script(ACCOUNTS, step)
    with pytest.raises(ProtocolError):
        client.accounts()
    assert len(http.asked(ACCOUNTS)) == 1


def test_answer_of_another_content_type_is_read_all_the_same(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script(ACCOUNTS, good(accounts=[]))  # it has none
    assert client.accounts() == ()


def test_position_is_closed_by_a_gateway_that_answers_each_close_with_a_page(
    asking: GatewayClient, paper: Gateway
) -> None:
    paper.post(PLACE, **entry())
    arm(paper, path="/api/Position/closeContract", moment="after")
    with pytest.raises(OutcomeUnknown, match="a web page"):
        asking.close_position(ACCOUNT, MNQ.id)
    assert asking.positions(ACCOUNT) == ()
