"""Every request of a session and what became of it is in its journal, and no secret is."""

from pathlib import Path

import pytest
from gateway_samples import ACCOUNT, MNQ, FixedClock, account_row, contract_row, entry
from patience import patience
from raw_http import RawHttp, answer, bad, good, hang_up

from pxcore.gateway.rest import GatewayClient
from pxcore.gateway.rest.outgoing import place_entry
from pxcore.journal.reader import decode_answer, decode_request, read_rows
from pxcore.journal.rows import Outcome, RowKind
from pxcore.journal.writer import Journal
from pxcore.model import PxError
from pxcore.venue.wire_record import WireRecord

KEY = "key-that-nobody-may-see"


def recorded(http: RawHttp, path: Path, clock: FixedClock, use) -> list:
    journal = Journal(path, on_fault=pytest.fail)
    client = GatewayClient(
        base_url=http.url,
        username="user",
        api_key=KEY,
        connect_timeout_s=patience(2),
        reply_timeout_s=patience(2),
        clock=clock,
        observer=WireRecord(journal, clock),
        sleep=lambda seconds: None,
    )
    try:
        use(client)
    finally:
        client.close()
    assert journal.close()
    return list(read_rows(path))


def decoded(rows: list) -> tuple[list, list]:
    requests = [decode_request(r) for r in rows if r.kind is RowKind.REQUEST]
    answers = [decode_answer(r) for r in rows if r.kind is RowKind.ANSWER]
    return requests, answers


def test_order_and_its_refusal_are_recorded_with_their_bodies(
    http: RawHttp, tmp_path: Path, clock: FixedClock
) -> None:
    http.script("/api/Order/place", bad(2, "no money"))

    def use(client: GatewayClient) -> None:
        with pytest.raises(PxError):
            client.instruct(place_entry(ACCOUNT, entry(), MNQ))

    rows = recorded(http, tmp_path / "px-1.jsonl", clock, use)

    requests, answers = decoded(rows)
    placed = next(r for r in requests if r.path == "/api/Order/place")
    answer = next(a for a in answers if a.number == placed.number)
    assert placed.body["customTag"] == entry().tag
    assert (answer.outcome, answer.status) == (Outcome.ANSWERED, 200)
    assert "no money" in answer.body and answer.took_ms > 0


def test_login_is_recorded_without_key_and_token(
    http: RawHttp, tmp_path: Path, clock: FixedClock
) -> None:
    path = tmp_path / "px-1.jsonl"

    rows = recorded(http, path, clock, lambda client: client.login())

    requests, answers = decoded(rows)
    assert [r.path for r in requests] == ["/api/Auth/loginKey"]
    assert requests[0].body is None and answers[0].body is None
    assert answers[0].status == 200
    text = path.read_text()
    assert KEY not in text and "token" not in text.lower()


def test_request_that_never_left_is_recorded_as_such(
    http: RawHttp, tmp_path: Path, clock: FixedClock
) -> None:
    http.close()  # before anything has connected

    def use(client: GatewayClient) -> None:
        with pytest.raises(PxError):
            client.login()

    rows = recorded(http, tmp_path / "px-1.jsonl", clock, use)

    _, answers = decoded(rows)
    assert answers and {a.outcome for a in answers} == {Outcome.NOT_SENT}
    assert all(a.status is None and a.why for a in answers)


def test_every_request_has_its_number_and_one_answer(
    http: RawHttp, tmp_path: Path, clock: FixedClock
) -> None:
    http.script("/api/Account/search", good(accounts=[account_row()]))
    http.script("/api/Contract/available", good(contracts=[contract_row(MNQ)]))

    def use(client: GatewayClient) -> None:
        client.accounts(only_active=False)
        client.available_contracts()

    rows = recorded(http, tmp_path / "px-1.jsonl", clock, use)

    requests, answers = decoded(rows)
    numbers = [r.number for r in requests]
    assert numbers == list(range(1, len(numbers) + 1))
    assert sorted(a.number for a in answers) == numbers


def test_ping_is_recorded_as_every_request_is(
    http: RawHttp, tmp_path: Path, clock: FixedClock
) -> None:
    http.script("/api/Status/ping", answer(200, "pong"))

    rows = recorded(http, tmp_path / "px-1.jsonl", clock, lambda client: client.ping())

    (request,), (said,) = decoded(rows)
    assert (request.method, request.path, request.body) == ("GET", "/api/Status/ping", None)
    assert (said.number, said.outcome, said.status) == (request.number, Outcome.ANSWERED, 200)


def test_order_whose_reply_is_lost_is_recorded_as_one_that_left(
    http: RawHttp, tmp_path: Path, clock: FixedClock
) -> None:
    http.script("/api/Order/place", hang_up)

    def use(client: GatewayClient) -> None:
        with pytest.raises(PxError):
            client.instruct(place_entry(ACCOUNT, entry(), MNQ))

    rows = recorded(http, tmp_path / "px-1.jsonl", clock, use)

    _, answers = decoded(rows)
    assert [a.outcome for a in answers if a.path == "/api/Order/place"] == [Outcome.LOST]


def test_requests_and_answers_have_the_time_of_the_market_and_ours(
    http: RawHttp, tmp_path: Path, clock: FixedClock
) -> None:
    rows = recorded(http, tmp_path / "px-1.jsonl", clock, lambda client: client.login())

    assert [row.at for row in rows] == [clock.now(), clock.now()]
    assert all(row.wall != row.at for row in rows)


def test_requests_are_told_to_whoever_observes_now(
    http: RawHttp, tmp_path: Path, clock: FixedClock
) -> None:
    http.script("/api/Account/search", good(accounts=[account_row()]))
    http.script("/api/Status/ping", answer(200, "pong"))
    of_flatten = Journal(tmp_path / "flatten-1.jsonl", on_fault=pytest.fail)

    def use(client: GatewayClient) -> None:
        client.accounts()
        before = client.observe(WireRecord(of_flatten, clock))
        client.ping()
        client.observe(before)
        client.accounts()

    session = recorded(http, tmp_path / "px-1.jsonl", clock, use)

    assert of_flatten.close()
    flatten, _ = decoded(list(read_rows(of_flatten.path)))
    requests, answers = decoded(session)
    assert [one.path for one in flatten] == ["/api/Status/ping"]
    assert [one.path for one in requests].count("/api/Account/search") == 2
    assert "/api/Status/ping" not in [one.path for one in requests]
    assert len(requests) == len(answers)
