"""The table of outcomes: it is whole, every row is reached, and each cell is what a caller gets."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from gateway_samples import ACCOUNT, MNQ, entry
from raw_http import RawHttp, Step, answer, bad, hang_up

from pxcore.gateway.rest import Budget, GatewayClient, OverBudget, Urgency
from pxcore.gateway.rest.channel import Reply
from pxcore.gateway.rest.failures import Mishap
from pxcore.gateway.rest.outcomes import TABLE, Happened, Kind, Repeat, ruling
from pxcore.gateway.rest.outgoing import place_entry
from pxcore.gateway.rest.policy import read_reply
from pxcore.gateway.wire.endpoints import PLACE, Lane
from pxcore.model import OutcomeUnknown, PxError

pytestmark = pytest.mark.usefixtures("both_ways")

PAGE = b"<html>"
UNKNOWN_ERROR = {"/api/Order/place": 7, "/api/Auth/loginKey": 8}
PATHS = {
    Kind.QUESTION: "/api/Account/search",
    Kind.INSTRUCTION: "/api/Order/place",
    Kind.LOGIN: "/api/Auth/loginKey",
    Kind.PING: "/api/Status/ping",
}
ACTS: dict[Kind, Callable[[GatewayClient], object]] = {
    Kind.QUESTION: lambda client: client.accounts(urgency=Urgency.URGENT),
    Kind.INSTRUCTION: lambda client: client.instruct(place_entry(ACCOUNT, entry(), MNQ)),
    Kind.LOGIN: lambda client: client.login(),
    Kind.PING: lambda client: client.ping(),
}
STEPS: dict[Happened, Step] = {
    Happened.REPLY_LOST: hang_up,
    Happened.RATE_LIMITED: answer(429, raw=PAGE),
    Happened.PAGE: answer(401, raw=PAGE),
    Happened.UNAUTHORISED: answer(401),
    Happened.TROUBLE: answer(503),
    Happened.BAD_REQUEST: answer(400),
    Happened.NO_SUCH_PATH: answer(404),
    Happened.OTHER_STATUS: answer(409),
    Happened.NO_ANSWER: answer(200),
    Happened.UNREADABLE: answer(200, {"success": True}),
    Happened.REFUSED: bad(2),
}
# What is raised in the end, and how often it was sent by then. "-": any answer will do.
EXPECTED = """
                question           instruction       login             ping
NOT_CONNECTED   Unavailable 0      Unavailable 0     Unavailable 0     Unavailable 0
REPLY_LOST      Unavailable 4      OutcomeUnknown 1  Unavailable 4     Unavailable 4
RATE_LIMITED    RateLimited 4      RateLimited 1     RateLimited 4     Unavailable 4
PAGE            Unavailable 4      OutcomeUnknown 1  Unavailable 4     Unavailable 4
UNAUTHORISED    Unauthorised 2     Unauthorised 2    Misconfigured 1   Unavailable 4
TROUBLE         Unavailable 4      OutcomeUnknown 1  Unavailable 4     Unavailable 4
BAD_REQUEST     ProtocolError 1    Refused 1         ProtocolError 1   Unavailable 4
NO_SUCH_PATH    NoSuchPath 1       Refused 1         NoSuchPath 1      Unavailable 4
OTHER_STATUS    ProtocolError 1    OutcomeUnknown 1  ProtocolError 1   Unavailable 4
NO_ANSWER       Unavailable 4      OutcomeUnknown 1  Unavailable 4     -
UNREADABLE      ProtocolError 1    OutcomeUnknown 1  ProtocolError 1   -
REFUSED         Refused 1          Refused 1         Misconfigured 1   -
UNDECIDED       -                  OutcomeUnknown 1  Unavailable 1     -
"""


def cases() -> Iterator[Any]:
    for line in EXPECTED.strip().splitlines()[1:]:
        name, *cells = re.split(r"\s{2,}", line)
        for kind, cell in zip(Kind, cells, strict=True):
            if cell != "-":
                yield pytest.param(kind, Happened[name], cell, id=f"{name} {kind.name}")


@pytest.mark.parametrize(("kind", "happened", "expected"), list(cases()))
def test_each_cell_is_what_the_caller_gets_and_how_often_it_was_sent(
    client: GatewayClient, http: RawHttp, kind: Kind, happened: Happened, expected: str
) -> None:
    path = PATHS[kind]
    if kind is not Kind.PING:
        client.login()
    http.requests.clear()
    http.script(path, STEPS.get(happened) or bad(UNKNOWN_ERROR.get(path, 1)))
    if happened is Happened.NOT_CONNECTED:
        http.close()
        client.close()
    with pytest.raises(PxError) as raised:
        ACTS[kind](client)
    assert f"{type(raised.value).__name__} {len(http.asked(path))}" == expected


@pytest.mark.parametrize("kind", [Kind.INSTRUCTION, Kind.PING])
def test_what_our_own_count_holds_back_is_not_sent(
    client: GatewayClient, budget: Budget, http: RawHttp, kind: Kind
) -> None:
    while budget.take(Lane.REST, Urgency.NORMAL) == 0.0:
        continue
    with pytest.raises(OverBudget):
        ACTS[kind](client)
    assert http.asked(PATHS[kind]) == []


def test_table_has_a_cell_for_each_kind_and_all_that_can_happen_to_it() -> None:
    assert list(TABLE) == list(Happened)
    assert {len(row) for row in TABLE.values()} == {len(Kind)}
    empty = {
        (happened, kind)
        for happened, row in TABLE.items()
        for kind, cell in zip(Kind, row, strict=True)
        if cell is None
    }
    of_a_body = (Happened.NO_ANSWER, Happened.UNREADABLE, Happened.REFUSED, Happened.UNDECIDED)
    assert empty == {(happened, Kind.PING) for happened in of_a_body}


def test_instruction_repeats_after_a_401_alone_and_is_unknown_without_a_proof() -> None:
    proven = {
        Happened.NO_BUDGET,
        Happened.NOT_CONNECTED,
        Happened.RATE_LIMITED,
        Happened.UNAUTHORISED,
        Happened.BAD_REQUEST,
        Happened.NO_SUCH_PATH,
        Happened.REFUSED,
    }
    for happened in Happened:
        cell = ruling(Kind.INSTRUCTION, happened)
        assert (cell.repeat is not Repeat.NEVER) == (happened is Happened.UNAUTHORISED)
        assert (cell.raises is OutcomeUnknown) == (happened not in proven)


def reply(status: int, body: bytes = b"") -> Reply:
    return Reply(status, body)


VERDICT = b'{"success":false,"errorCode":%d}'
REPLIES: list[Any] = [
    (reply(429), Happened.RATE_LIMITED),
    (reply(429, PAGE), Happened.RATE_LIMITED),
    *((reply(status, PAGE), Happened.PAGE) for status in (200, 302, 400, 401, 404, 500)),
    (reply(401, VERDICT % 2), Happened.UNAUTHORISED),
    *((reply(status), Happened.TROUBLE) for status in (300, 302, 399, 403, 408, 500, 520, 599)),
    (reply(400, VERDICT % 2), Happened.BAD_REQUEST),
    (reply(404), Happened.NO_SUCH_PATH),
    *((reply(status), Happened.OTHER_STATUS) for status in (201, 204, 402, 405, 409, 422, 499)),
    *((reply(200, body), Happened.NO_ANSWER) for body in (b"", b'{"succ', b"text", b"[]", b"{}")),
    (reply(200, VERDICT % 0), Happened.UNREADABLE),
    (reply(200, b'{"success":true}'), Happened.UNREADABLE),
    (reply(200, b'{"success":true,"errorCode":0}'), Happened.UNREADABLE),
    *((reply(200, VERDICT % code), Happened.REFUSED) for code in (1, 2, 3, 4, 5, 8, 9, 10, 11)),
    *((reply(200, VERDICT % code), Happened.UNDECIDED) for code in (6, 7)),
]


@pytest.mark.parametrize(("came", "happened"), REPLIES)
def test_reply_is_read_as(came: Reply, happened: Happened) -> None:
    read = read_reply(PLACE, came, "place")
    assert isinstance(read, Mishap)
    assert read.happened is happened


def test_every_row_is_reached() -> None:
    on_the_way = {Happened.NO_BUDGET, Happened.NOT_CONNECTED, Happened.REPLY_LOST}
    assert on_the_way | {happened for _, happened in REPLIES} == set(Happened)
