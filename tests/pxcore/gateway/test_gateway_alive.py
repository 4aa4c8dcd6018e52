"""Open orders of which the venue's count and its list disagree."""

from datetime import UTC, datetime
from typing import Any

import pytest
from gateway_samples import ACCOUNT, order_row
from raw_http import RawHttp, Step, answer, good

from pxcore.gateway.rest import GatewayClient, Urgency
from pxcore.gateway.rest.alive import PAUSES_S, SAME_LOOKS, Miscounted

QUERY = "/api/Order/v2/query"
OPEN = "/api/Order/searchOpen"
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def counted(total: int, *ids: int, **fields: Any) -> tuple[Step, Step]:
    """A look's two pages, of which the second has nothing new."""
    page = good(orders=[order_row(i, **fields) for i in ids], totalCount=total)
    return page, good(orders=[], totalCount=total)


def listed(*ids: int) -> Step:
    return good(orders=[order_row(i) for i in ids])


def ids_of(client: GatewayClient, urgency: Urgency = Urgency.NORMAL) -> list[int]:
    return [order.id for order in client.open_orders(ACCOUNT, urgency=urgency)]


@pytest.mark.parametrize("total", [7, 1])
def test_count_that_stays_off_is_taken_for_wrong_when_another_list_says_the_same(
    client: GatewayClient, http: RawHttp, pauses: list[float], total: int
) -> None:
    pages = counted(total, 1, 2, 3) if total > 3 else counted(total, 1, 2, 3)[:1]
    http.script(QUERY, *pages * SAME_LOOKS)
    http.script(OPEN, listed(1, 2, 3))
    assert ids_of(client) == [1, 2, 3]
    assert pauses == list(PAUSES_S)
    assert len(http.asked(OPEN)) == 1, "not before it was off by the same number so often"
    said = f"the venue says {total} open orders and lists 3"
    assert client.miscounted == f"{said}; its other list has the same ones open"


def test_count_that_fits_again_was_a_moment(
    client: GatewayClient, http: RawHttp, pauses: list[float]
) -> None:
    http.script(QUERY, *counted(2, 1), *counted(2, 1, 2)[:1])
    assert ids_of(client) == [1, 2]
    assert len(pauses) == 1 and client.miscounted is None and not http.asked(OPEN)


def test_order_that_only_the_other_list_has_makes_the_count_right(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script(QUERY, *counted(2, 1) * SAME_LOOKS)
    http.script(OPEN, listed(1, 2))
    assert sorted(ids_of(client)) == [1, 2]
    assert client.miscounted is None


@pytest.mark.parametrize("other", [(1, 2, 3, 4), (1, 2), ()])
def test_two_lists_that_differ_and_a_count_that_fits_neither_say_nothing(
    client: GatewayClient, http: RawHttp, other: tuple[int, ...]
) -> None:
    http.script(QUERY, *counted(7, 1, 2, 3) * SAME_LOOKS)
    http.script(OPEN, listed(*other))
    with pytest.raises(Miscounted, match=rf"says 7 open orders and lists 3; .* has {len(other)}"):
        client.open_orders(ACCOUNT)


def test_legs_that_wait_are_not_wanted_of_the_other_list(
    client: GatewayClient, http: RawHttp
) -> None:
    page = good(orders=[order_row(1), order_row(2, status=8)], totalCount=5)
    http.script(QUERY, *(page, good(orders=[], totalCount=5)) * SAME_LOOKS)
    http.script(OPEN, listed(1))
    assert ids_of(client) == [1, 2]


def test_count_that_changes_is_no_count_that_stays_off(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script(QUERY, *(step for total in (4, 5, 6, 7) for step in counted(total, 1)))
    http.script(OPEN, listed(1))
    with pytest.raises(Miscounted, match="says 7 open orders and lists 1"):
        client.open_orders(ACCOUNT)


def test_what_is_urgent_waits_for_no_second_look_and_settles_over_several(
    client: GatewayClient, http: RawHttp, pauses: list[float]
) -> None:
    http.script(QUERY, *counted(7, 1) * (SAME_LOOKS + 1))
    http.script(OPEN, listed(1))
    for _ in range(SAME_LOOKS - 1):
        with pytest.raises(Miscounted, match="says 7 open orders and lists 1"):
            client.open_orders(ACCOUNT, urgency=Urgency.URGENT)
    assert ids_of(client, Urgency.URGENT) == [1]
    assert ids_of(client, Urgency.URGENT) == [1], "from then on it is known"
    assert pauses == []


def test_what_can_be_cancelled_is_what_either_list_has(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script(QUERY, good(orders=[order_row(1), order_row(2)], totalCount=7))
    http.script(OPEN, listed(2, 3))
    assert sorted(o.id for o in client.alive_at_least(ACCOUNT)) == [1, 2, 3]


def test_order_is_found_by_its_tag_though_the_count_is_off(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script("/api/Order/search", good(orders=[]))
    http.script(QUERY, *counted(7, 1, customTag="ours"))
    http.script(OPEN, listed())
    found = client.resolve(ACCOUNT, "ours", since=SINCE)
    assert found is not None and found.id == 1


def test_order_that_no_list_has_is_not_said_to_be_none_while_the_count_is_off(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script("/api/Order/search", good(orders=[]))
    http.script(QUERY, *counted(7, 1))
    http.script(OPEN, listed())
    with pytest.raises(Miscounted):
        client.resolve(ACCOUNT, "ours", since=SINCE)


def test_gateway_without_the_query_has_one_list(client: GatewayClient, http: RawHttp) -> None:
    http.script(QUERY, answer(404))
    http.script(OPEN, listed(1))
    assert ids_of(client) == [1] and client.miscounted is None
