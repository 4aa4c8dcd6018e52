"""What the venue calls things is shown and obeyed nowhere, and yet it is found and meant by it."""

import pytest
from gateway_samples import ACCOUNT, MNQ, account_row, contract, contract_row, order_row
from gateway_samples import position_row as held
from msgspec.structs import replace
from raw_http import RawHttp, answer, bad, good

from pxcore.gateway.rest import GatewayClient
from pxcore.gateway.rest.choose import choose_contract
from pxcore.model import Misconfigured, ProtocolError, Refused

pytestmark = pytest.mark.usefixtures("both_ways")

ACTING = "Ann\x1b[2J\u202e\n🚀"
SHOWN = r"Ann\x1b[2J\u202e\n🚀"
ODD_ID = "CON.F.US.\x1b\\MNQ.Z26"


@pytest.fixture
def client(http: RawHttp, new_client) -> GatewayClient:
    return new_client(http.url)


def test_names_of_accounts_contracts_and_orders_are_plain(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script("/api/Account/search", good(accounts=[account_row(name=ACTING)]))
    http.script(
        "/api/Contract/available",
        good(contracts=[contract_row(MNQ) | {"name": ACTING, "description": ACTING}]),
    )
    http.script("/api/Order/v2/query", good(orders=[order_row(customTag=ACTING)], totalCount=1))

    (account,), (listed,) = client.accounts(), client.available_contracts()
    (order,) = client.open_orders(ACCOUNT)

    assert (account.name, listed.name, listed.description) == (SHOWN,) * 3
    assert order.tag == SHOWN


def test_words_of_a_refusal_are_plain(client: GatewayClient, http: RawHttp) -> None:
    http.script("/api/Position/closeContract", bad(2, ACTING))
    with pytest.raises(Refused) as told:
        client.close_position(ACCOUNT, MNQ.id)
    assert told.value.text == SHOWN and str(told.value).isprintable()
    http.script("/api/Position/closeContract", answer(400, raw=ACTING.encode()))
    with pytest.raises(Refused) as told:
        client.close_position(ACCOUNT, MNQ.id)
    assert str(told.value).isprintable()


def test_words_of_an_odd_status_are_plain(client: GatewayClient, http: RawHttp) -> None:
    http.script("/api/Account/search", answer(418, raw=ACTING.encode()))
    with pytest.raises(ProtocolError) as told:
        client.accounts()
    assert str(told.value).isprintable()


def test_position_in_a_contract_with_an_odd_id_is_closed_by_that_id(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script("/api/Position/searchOpen", good(positions=[held(contractId=ODD_ID)]))
    http.script("/api/Position/closeContract", good())

    (position,) = client.positions(ACCOUNT)
    client.close_position(ACCOUNT, position.contract_id)

    assert position.contract_id.isprintable()
    (sent,) = http.asked("/api/Position/closeContract")
    assert sent.body["contractId"] == ODD_ID


def test_contract_of_an_order_is_asked_for_by_the_id_that_the_venue_gave(
    client: GatewayClient, http: RawHttp
) -> None:
    row = order_row(contractId=ODD_ID)
    http.script("/api/Order/v2/query", good(orders=[row], totalCount=1))
    http.script("/api/Contract/searchById", good(contract=contract_row(MNQ) | {"id": ODD_ID}))

    (order,) = client.open_orders(ACCOUNT)

    assert client.contract(order.contract_id).id == order.contract_id
    assert [r.body["contractId"] for r in http.asked("/api/Contract/searchById")] == [ODD_ID]


@pytest.mark.parametrize("typed", [ACTING, SHOWN], ids=["as the venue has it", "as it is shown"])
def test_contract_is_found_by_its_name_however_that_is_typed(typed: str) -> None:
    assert choose_contract(typed, [replace(MNQ, name=SHOWN), contract("ESZ6", "ES")]).name == SHOWN
    with pytest.raises(Misconfigured):
        choose_contract("Ann", [replace(MNQ, name=SHOWN)])
