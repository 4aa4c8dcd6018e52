"""`px flatten` while part of what it asks cannot be read: what is held is closed by what can be."""

import socket
import threading
from datetime import UTC, datetime

import pytest
from gateway_samples import ACCOUNT as RAW_ACCOUNT
from paper_scenes import ACCOUNT
from paper_server import Gateway, entry
from patience import patience
from px_runner import Px
from raw_http import RawHttp

from pxcore.flatten import by_hand
from pxcore.gateway.wire.loose import fills_net_in, orders_in, positions_in
from pxcore.model import OrderType, ProtocolError
from pxcore.paper.faults.wire import HttpError, ListWithheld

NAKED = {"stopLossBracket": None, "takeProfitBracket": None}
AWAY = {
    "accounts away": HttpError(path="/api/Account/search", status=503, count=None),
    "accounts withheld": ListWithheld(path="/api/Account/search", count=None),
    "contracts away": HttpError(path="/api/Contract/*", status=503, count=None),
    "positions away": HttpError(path="/api/Position/searchOpen", status=503, count=None),
    "orders away": HttpError(path="/api/Order/v2/query", status=503, count=None),
    "fills away": HttpError(path="/api/Trade/search", status=503, count=None),
}


@pytest.mark.parametrize(
    ("what", "legs"),
    [
        pytest.param(what, legs, id=f"{what}, {'naked' if legs else 'protected'}")
        for what in AWAY
        for legs in ((NAKED,) if what == "positions away" else ({},))
    ],
)
def test_position_is_closed_though_part_of_the_account_cannot_be_read(
    px: Px, gateway: Gateway, what: str, legs: dict[str, None]
) -> None:
    gateway.post("/api/Order/place", **entry(**legs))
    gateway.run(lambda venue: venue.arm(AWAY[what]))

    done = px(f"flatten --yes --timeout {patience(1.5):g}")

    assert gateway.venue is not None
    assert all(p.is_flat for p in gateway.venue.exchange.positions(ACCOUNT)), done.out
    left = [o for o in gateway.venue.exchange.orders(ACCOUNT) if o.is_alive]
    assert left == [] or what == "orders away"
    assert done.status == 1, "what cannot be read whole proves nothing"
    assert "in the platform" in done.err


def test_gateway_that_drips_is_given_up_in_the_time_given(
    px: Px, http: RawHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its status line never ends: each byte comes in time."""
    over = threading.Event()

    def drip_head(sock: socket.socket) -> bool:
        while not over.wait(patience(0.05)):
            sock.sendall(b"H")
        return False

    http.script("/api/Position/searchOpen", drip_head)
    monkeypatch.setattr(by_hand, "_LOOK_S", 0.5)
    done = px("flatten --yes --timeout 2", PX_PAPER_URL=http.url, PX_ACCOUNT_ID=str(RAW_ACCOUNT))
    over.set()
    assert done.status == 1
    assert "cannot be read" in done.out and "not proven flat within 2 s" in done.err


# -- rows that are odd ----------------------------------------------------------------------------

AT = datetime(2026, 11, 20, tzinfo=UTC)
ORDER = {"id": 5, "accountId": 7, "contractId": "C", "type": 1, "side": 1, "size": 2}


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (ORDER, OrderType.LIMIT),
        (ORDER | {"type": "x"}, OrderType.UNKNOWN),
        (ORDER | {"type": 99}, OrderType.UNKNOWN),
        ({"id": "5", "accountId": "7", "contractId": "C"}, OrderType.UNKNOWN),
        (ORDER | {"stopPrice": "off the grid", "size": -3}, OrderType.LIMIT),
    ],
)
def test_order_of_which_little_can_be_read_can_be_cancelled(row, kind) -> None:
    (order,) = orders_in([None, 3, {"id": 1}, row, row | {"accountId": 8}], 7, AT)
    assert (order.id, order.contract_id, order.type) == (5, "C", kind)


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({"type": 1, "size": 2}, 2),
        ({"type": 2, "size": 2, "averagePrice": None}, -2),
        ({"type": None, "size": 3}, 3),
        ({"size": "many"}, 1),
        ({"type": 1, "size": 0}, 0),
    ],
)
def test_position_of_which_little_can_be_read_can_be_closed(fields, size) -> None:
    (position,) = positions_in([[], {"contractId": "C", "accountId": 7} | fields], 7, AT)
    assert (position.contract_id, position.size) == ("C", size)


def test_sum_of_fills_with_a_part_missing_is_none() -> None:
    fill = {"accountId": 7, "contractId": "C", "side": 0, "size": 2}
    assert fills_net_in([fill, fill | {"side": 1, "size": 1}], 7) == {"C": 1}
    assert fills_net_in([fill, fill | {"side": 1}, fill | {"voided": True}], 7) == {}
    for odd in ({"side": None}, {"size": "?"}, {"contractId": None}, {"accountId": 8}):
        with pytest.raises(ProtocolError):
            fills_net_in([fill, fill | odd], 7)
