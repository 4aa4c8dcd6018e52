"""What the shell asks of the gateway: of the whole account, or of one contract alone."""

from datetime import timedelta

from gateway_samples import ACCOUNT, MNQ_ID, NOW, account_row, order_row, position_row
from raw_http import RawHttp, good

from pxcore.engine.commands import TakeSnapshot
from pxcore.engine.events import SnapshotFailed, SnapshotTaken
from pxcore.gateway.rest import GatewayClient
from pxcore.model import WHOLE, Scope
from pxcore.venue.venue import Venue

QUERY = "/api/Order/v2/query"
OTHER = "CON.F.US.MES.Z26"


def looked(client: GatewayClient, http: RawHttp, clock, *, scope: Scope, trades) -> object:
    http.script("/api/Account/search", good(accounts=[account_row()]))
    http.script(QUERY, good(orders=[order_row(1), order_row(2, contractId=OTHER)], totalCount=2))
    positions = [position_row(), position_row(id=2, contractId=OTHER)]
    http.script("/api/Position/searchOpen", good(positions=positions))
    http.script("/api/Trade/search", trades)
    day_start = NOW - timedelta(hours=15)
    venue = Venue(client, account_id=ACCOUNT, day_start=day_start, clock=clock, scope=scope)
    return venue.ask(TakeSnapshot(request=1, why="test", is_urgent=True))


def test_look_at_one_contract_shows_nothing_of_the_others(client, http, clock) -> None:
    seen = looked(client, http, clock, scope=Scope.of((MNQ_ID,)), trades=good(trades=[]))
    assert isinstance(seen, SnapshotTaken)
    assert [o.id for o in seen.snapshot.orders] == [1]
    assert [p.contract_id for p in seen.snapshot.positions] == [MNQ_ID]


def test_look_at_the_account_shows_all_of_it(client, http, clock) -> None:
    seen = looked(client, http, clock, scope=WHOLE, trades=good(trades=[]))
    assert isinstance(seen, SnapshotTaken)
    assert [o.id for o in seen.snapshot.orders] == [1, 2]


def test_parts_of_a_failed_look_at_one_contract_show_nothing_of_the_others(
    client, http, clock
) -> None:
    seen = looked(client, http, clock, scope=Scope.of((MNQ_ID,)), trades=good(trades="none"))
    assert isinstance(seen, SnapshotFailed)
    assert seen.orders is not None and [o.id for o in seen.orders] == [1]
    assert seen.positions is not None and [p.contract_id for p in seen.positions] == [MNQ_ID]
