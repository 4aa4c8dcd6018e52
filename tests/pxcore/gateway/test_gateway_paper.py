"""The client against the paper gateway, over real sockets: both sides are ours, both are real."""

import queue
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from paper_scenes import ACCOUNT, LISTED, MNQ, OPEN
from paper_server import Gateway, fixed_tape, lively_tape, serving
from patience import patience

from pxcore.clock.clocks import Clock, WallClock
from pxcore.engine.commands import PlaceEntry
from pxcore.engine.events import Event, FillSeen, Hub, HubUp, OrderSeen, PositionSeen
from pxcore.gateway.hubs import Realtime
from pxcore.gateway.rest import Budget, GatewayClient
from pxcore.gateway.rest.budget import OwnLedger
from pxcore.gateway.rest.outgoing import place_entry
from pxcore.model import (
    Bracket,
    MarketTrade,
    NewOrder,
    OrderChange,
    OrderStatus,
    OrderType,
    Quote,
    Refused,
    Side,
    Unavailable,
)
from pxcore.paper.server.access import RateLimit
from pxcore.paper.server.app import ServerConfig

E = TypeVar("E", bound=Event)
WAIT_S = patience(10)


class Wall:
    """Seconds that only a sleep moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def paper(stack: ExitStack) -> Gateway:
    return stack.enter_context(serving(fixed_tape()))


@pytest.fixture
def connect(stack: ExitStack) -> Callable[..., GatewayClient]:
    def connect(gateway: Gateway, wall: Wall | None = None) -> GatewayClient:
        options: dict[str, Any] = {}
        if wall is not None:
            options = {"budget": Budget(OwnLedger(), now=wall), "sleep": wall.sleep}
        client = GatewayClient(
            base_url=gateway.url,
            username="trader01",
            api_key="key",
            connect_timeout_s=patience(2),
            reply_timeout_s=patience(5),
            clock=WallClock(),
            **options,
        )
        stack.callback(client.close)
        return client

    return connect


class Ear:
    def __init__(self, client: GatewayClient, gateway: Gateway, clock: Clock) -> None:
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.realtime = Realtime(
            rtc_url=gateway.url,
            token=client.token,
            renew_token=client.renew_token,
            account_id=ACCOUNT,
            contracts={MNQ.id: MNQ},
            deliver=self.events.put,
            clock=clock,
        )
        self.realtime.start()

    def until(self, kind: type[E], is_it: Callable[[E], bool] = lambda event: True) -> E:
        while True:
            event = self.events.get(timeout=WAIT_S)
            if isinstance(event, kind) and is_it(event):
                return event


@pytest.fixture
def listen(stack: ExitStack) -> Callable[..., Ear]:
    def listen(client: GatewayClient, gateway: Gateway) -> Ear:
        ear = Ear(client, gateway, WallClock())
        stack.callback(ear.realtime.stop)
        ups = {ear.until(HubUp).hub, ear.until(HubUp).hub}
        assert ups == set(Hub)
        return ear

    return listen


def order(**changes: Any) -> NewOrder:
    fields: dict[str, Any] = {
        "contract_id": MNQ.id,
        "type": OrderType.MARKET,
        "side": Side.BUY,
        "size": 2,
        "tag": "run7-0001",
    }
    return NewOrder(**(fields | changes))


def test_bracketed_position_is_entered_moved_reduced_and_closed(
    paper: Gateway, connect: Callable[..., GatewayClient], listen: Callable[..., Ear]
) -> None:
    client = connect(paper)
    ear = listen(client, paper)
    entry_id = client.place_order(ACCOUNT, order(stop_loss_ticks=40, take_profit_ticks=80), MNQ)
    working = [
        ear.until(OrderSeen, lambda e: e.order.status is OrderStatus.OPEN).order for _ in range(2)
    ]
    stop = next(leg for leg in working if leg.type is OrderType.STOP)
    target = next(leg for leg in working if leg.type is OrderType.LIMIT)
    assert (stop.parent_id, target.linked_id, stop.tag) == (entry_id, stop.id, "run7-0001-SL")
    assert (stop.stop_ticks, target.limit_ticks) == (100_001 - 40, 100_001 + 80)

    client.modify_order(ACCOUNT, stop.id, OrderChange(stop_ticks=100_001 - 20), MNQ)
    moved = ear.until(OrderSeen, lambda e: e.order.id == stop.id).order
    assert moved.stop_ticks == 100_001 - 20

    client.reduce_position(ACCOUNT, MNQ.id, 1)
    assert ear.until(PositionSeen, lambda e: e.position.size == 1)
    with pytest.raises(Refused, match="InvalidCloseSize"):
        client.reduce_position(ACCOUNT, MNQ.id, 2)
    client.close_position(ACCOUNT, MNQ.id)
    assert ear.until(PositionSeen, lambda e: e.position.is_flat)

    alive = {o.id for o in client.open_orders(ACCOUNT)}
    assert alive == {stop.id, target.id}  # the legs survive a close
    for order_id in alive:
        client.cancel_order(ACCOUNT, order_id)
        ear.until(
            OrderSeen,
            lambda e, i=order_id: e.order.id == i and e.order.status is OrderStatus.CANCELLED,
        )
    assert client.snapshot(ACCOUNT, day_start=OPEN).is_flat
    fills = client.fills(ACCOUNT, start=OPEN)
    assert [f.signed_size for f in fills] == [2, -1, -1]
    assert client.order(ACCOUNT, entry_id).filled_size == 2
    assert ear.realtime.bad_records == ear.realtime.unknown_targets == 0


def test_engine_entry_is_taken_and_its_tag_is_found_and_used_up(
    paper: Gateway, connect: Callable[..., GatewayClient]
) -> None:
    client = connect(paper)
    entry = PlaceEntry(
        tag="px-1-0001",
        contract_id=MNQ.id,
        side=Side.SELL,
        size=1,
        bracket=Bracket(stop_loss_ticks=10, take_profit_ticks=10),
        reason="test",
    )
    order_id = client.instruct(place_entry(ACCOUNT, entry, MNQ)).order_id
    found = client.resolve(ACCOUNT, "px-1-0001", since=OPEN)
    assert found is not None and found.id == order_id
    assert client.resolve(ACCOUNT, "px-1-0002", since=OPEN) is None
    with pytest.raises(Refused, match="already in use"):
        client.instruct(place_entry(ACCOUNT, entry, MNQ))


@pytest.mark.parametrize(
    ("wanted", "level"),
    [
        (order(type=OrderType.LIMIT, limit_ticks=99_900), ("limit_ticks", 99_900)),
        (order(type=OrderType.STOP, stop_ticks=100_100), ("stop_ticks", 100_100)),
    ],
    ids=["limit", "stop"],
)
def test_resting_order_is_seen_changed_and_cancelled(
    paper: Gateway,
    connect: Callable[..., GatewayClient],
    listen: Callable[..., Ear],
    wanted: NewOrder,
    level: tuple[str, int],
) -> None:
    client = connect(paper)
    ear = listen(client, paper)
    order_id = client.place_order(ACCOUNT, wanted, MNQ)
    seen = ear.until(OrderSeen, lambda e: e.order.status is OrderStatus.OPEN).order
    assert (seen.id, getattr(seen, level[0])) == (order_id, level[1])
    client.modify_order(ACCOUNT, order_id, OrderChange(size=1), MNQ)
    assert ear.until(OrderSeen).order.size == 1
    client.cancel_order(ACCOUNT, order_id)
    assert ear.until(OrderSeen).order.status is OrderStatus.CANCELLED
    with pytest.raises(Refused, match="Rejected"):
        client.cancel_order(ACCOUNT, order_id)


def test_fills_of_the_hub_are_those_of_rest(
    paper: Gateway, connect: Callable[..., GatewayClient], listen: Callable[..., Ear]
) -> None:
    client = connect(paper)
    ear = listen(client, paper)
    client.place_order(ACCOUNT, order(), MNQ)
    seen = ear.until(FillSeen).fill
    assert client.fills(ACCOUNT, start=OPEN) == (seen,)


def test_market_of_the_paper_gateway_is_heard(
    stack: ExitStack, connect: Callable[..., GatewayClient], listen: Callable[..., Ear]
) -> None:
    lively = stack.enter_context(serving(lively_tape()))
    ear = listen(connect(lively), lively)
    first = ear.until(Quote)
    assert first.bid_ticks is not None and first.ask_ticks is not None
    assert ear.until(MarketTrade).size > 0
    assert ear.realtime.bad_records == ear.realtime.unknown_targets == 0


def test_contracts_are_listed_searched_and_found(
    paper: Gateway, connect: Callable[..., GatewayClient]
) -> None:
    client = connect(paper)
    assert {c.id for c in client.available_contracts()} <= {c.id for c in LISTED}
    assert client.resolve_contract("MNQ").id == MNQ.id
    assert MNQ in client.search_contracts("nasdaq")
    assert client.contract(MNQ.id) == MNQ
    client.ping()


def test_two_programs_of_one_user_do_not_log_each_other_out(
    paper: Gateway, connect: Callable[..., GatewayClient]
) -> None:
    one, other = connect(paper), connect(paper)
    one.accounts()
    first = one.token()
    other.accounts()
    other.login()
    one.accounts()
    assert one.token() == first != other.token()


def test_token_that_ended_is_replaced_by_one_login_and_the_order_goes_out_once(
    stack: ExitStack, connect: Callable[..., GatewayClient]
) -> None:
    wall = Wall()
    config = ServerConfig(token_lifetime_s=60, rest_limit=None, bars_limit=None, wall=wall)
    paper = stack.enter_context(serving(fixed_tape(), config=config))
    client = connect(paper)
    client.accounts()
    first = client.token()
    wall.now += 61
    client.place_order(ACCOUNT, order(), MNQ)
    assert client.token() != first
    assert len(client.orders(ACCOUNT, start=OPEN - timedelta(minutes=1))) == 1


def test_client_that_keeps_its_budget_is_never_limited_by_the_venue(
    stack: ExitStack, connect: Callable[..., GatewayClient]
) -> None:
    wall = Wall()
    config = ServerConfig(rest_limit=RateLimit(200, 60), wall=wall)
    paper = stack.enter_context(serving(fixed_tape(), config=config))
    client = connect(paper, wall)
    began, answered = wall.now, 0
    while answered < 500:
        try:
            client.accounts()
            answered += 1
        except Unavailable as error:
            assert "not sent" in str(error)  # ours, not the venue's 429
            wall.sleep(1.0)
    assert 120 < wall.now - began < 200  # 160 a minute


def test_client_that_does_not_is_refused_with_429_and_pauses(
    stack: ExitStack, connect: Callable[..., GatewayClient]
) -> None:
    wall = Wall()
    config = ServerConfig(rest_limit=RateLimit(5, 60), wall=wall)
    paper = stack.enter_context(serving(fixed_tape(), config=config))
    client = connect(paper, wall)
    for _ in range(4):
        client.accounts()
    with pytest.raises(Unavailable):
        client.accounts()
    assert client.requests_left()[0].paused_s > 0
    wall.sleep(61)
    client.accounts()
