"""A state machine over the exchange: any instruction, any market, any fault, and what must hold.

Position equals the sum of fills; the balance is the start plus profit and loss less costs; no
order is working and filled at once; no fill without an order; no bracket ends with both legs
filled, unless the market reached the second one before its cancel was due, or a fault kept it.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from paper_scenes import LISTED, MNQ, OPEN, bracketed, printed, quote

from pxcore.model import Fill, Order, OrderStatus, OrderType, Side
from pxcore.paper.exchange import (
    AccountSpec,
    BracketMode,
    Change,
    Clips,
    Exchange,
    ExchangeConfig,
    ExchangeState,
    FillMade,
    FillRule,
    Leftovers,
    Leg,
    OrderChanged,
    PlaceRequest,
    PositionBrackets,
    Program,
    Sibling,
    StopLimits,
    VenueEvent,
)
from pxcore.paper.faults.venue import (
    AsyncReject,
    BracketModeSwitched,
    FillDelayed,
    ForcedLiquidation,
    ForeignOrder,
    LegMissing,
    LegRefused,
    OrderPending,
    PartialFill,
    SiblingSurvives,
)
from pxcore.paper.markets.market import TradingHalt

ACCOUNT = 1
START_USD = Decimal(50_000)
OCO_MS = ExchangeConfig().latencies.oco_ms
SIDES = st.sampled_from(Side)
TICKS = st.integers(-40, 40)
SIZES = st.integers(1, 5)
PROGRAM = Program(
    name="small",
    account_name="A",
    balance_usd=START_USD,
    loss_usd_max=Decimal(300),
    day_loss_usd_max=Decimal(150),
    micros_max=20,
)
BRACKETS = PositionBrackets(loss_usd=Decimal(5), profit_usd=Decimal(8))
FAULTS = st.sampled_from(
    [
        AsyncReject(),
        FillDelayed(ms=40),
        LegMissing(leg="take_profit"),
        LegRefused(leg="stop_loss"),
        OrderPending(took_effect=False),
        PartialFill(size=1, rest_after_ms=7),
        PartialFill(size=1, rest_after_ms=None),
        SiblingSurvives(),
        ForeignOrder(side=Side.SELL, size=2),
        ForcedLiquidation(from_s=0.05),
        BracketModeSwitched(from_s=0.05),
    ]
)
CONFIGS = st.builds(
    ExchangeConfig,
    fill_rule=st.sampled_from(FillRule),
    clips=st.none() | st.builds(Clips, size=st.integers(1, 3)),
    leftovers=st.sampled_from(Leftovers),
    sibling=st.sampled_from(Sibling),
    stop_limits=st.just(StopLimits.ACCEPTED),
    stop_slippage_ticks_max=st.integers(0, 2),
)


class Venue(RuleBasedStateMachine):
    """Half of the runs are calm: nothing but orders and the market, so that OCO is seen at work."""

    @initialize(
        config=CONFIGS,
        program=st.sampled_from([None, PROGRAM]),
        seed=st.integers(0, 9),
        is_hostile=st.booleans(),
        mode=st.sampled_from(BracketMode),
    )
    def begin(
        self,
        config: ExchangeConfig,
        program: Program | None,
        seed: int,
        is_hostile: bool,
        mode: BracketMode,
    ) -> None:
        self.is_hostile = is_hostile
        program = program if is_hostile else None
        self.spec = AccountSpec(
            ACCOUNT, "A", START_USD, mode, program=program, position_brackets=BRACKETS
        )
        self.config, self.seed = config, seed
        self.exchange = Exchange(contracts=LISTED, accounts=(self.spec,), seed=seed, config=config)
        self.now = OPEN
        self.bid = 100_000
        self.tags = 0
        self.surviving = False
        self.filled_at: dict[int, float] = {}  # ms, of legs
        self.told: dict[int, Order] = {}
        self.told_fills: list[Fill] = []
        self.see(self.exchange.feed(quote(0, self.bid, self.bid + 1)))

    def see(self, events: list[VenueEvent]) -> None:
        for event in events:
            if isinstance(event, OrderChanged):
                before = self.told.get(event.order.id)
                assert before is None or before.is_alive, "a finished order changed"
                self.told[event.order.id] = event.order
                if event.order.status is OrderStatus.FILLED:
                    self.filled_at[event.order.id] = (event.at - OPEN).total_seconds() * 1000
            elif isinstance(event, FillMade):
                self.told_fills.append(event.fill)

    def tag(self) -> str:
        self.tags += 1
        return f"t{self.tags}"

    @rule(ms=st.integers(0, 60))
    def wait(self, ms: int) -> None:
        self.now += timedelta(milliseconds=ms)
        self.see(self.exchange.advance(self.now))

    @rule(ticks=TICKS, spread=st.integers(1, 3))
    def move(self, ticks: int, spread: int) -> None:
        self.bid += ticks
        step = msgspec.structs.replace(quote(0, self.bid, self.bid + spread), at=self.now)
        self.see(self.exchange.feed(step))

    @rule(ticks=TICKS)
    def trade(self, ticks: int) -> None:
        step = msgspec.structs.replace(printed(0, self.bid + ticks), at=self.now)
        self.see(self.exchange.feed(step))

    @rule(side=SIDES, size=SIZES, ms=st.integers(30, 90))
    def enter(self, side: Side, size: int, ms: int) -> None:
        sign = side.sign
        request = bracketed(side, loss=-9 * sign, profit=15 * sign, tag=self.tag())
        self.exchange.place(self.now, ACCOUNT, replace(request, size=size))
        self.wait(ms)

    @rule(ms=st.integers(0, 20), up=st.booleans())
    def swing(self, ms: int, up: bool) -> None:
        """There and back again, through both legs of most brackets, within or beyond the race."""
        for ticks in (30, -60) if up else (-30, 60):
            self.move(ticks, 1)
            self.trade(0)
            self.wait(ms)

    @rule(side=SIDES, ticks=TICKS, size=SIZES, type_=st.sampled_from(OrderType), legs=st.booleans())
    def place(self, side: Side, ticks: int, size: int, type_: OrderType, legs: bool) -> None:
        price = MNQ.price(self.bid + ticks)
        loss = Leg(ticks=-8 * side.sign, type=OrderType.TRAILING_STOP)
        request = PlaceRequest(
            contract_id=MNQ.id,
            type=type_,
            side=side,
            size=size,
            limit_price=price,
            stop_price=price,
            trail_price=price,
            tag=self.tag(),
            stop_loss=loss if legs else None,
        )
        self.exchange.place(self.now, ACCOUNT, request)

    @precondition(lambda self: self.exchange.orders(ACCOUNT))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(self.exchange.orders(ACCOUNT)))
        self.exchange.cancel(self.now, ACCOUNT, order.id)

    @precondition(lambda self: self.exchange.orders(ACCOUNT))
    @rule(data=st.data(), ticks=TICKS, size=st.none() | SIZES)
    def modify(self, data: st.DataObject, ticks: int, size: int | None) -> None:
        order = data.draw(st.sampled_from(self.exchange.orders(ACCOUNT)))
        price = MNQ.price(self.bid + ticks)
        change = Change(size=size, limit_price=price, stop_price=price, trail_price=price)
        self.exchange.modify(self.now, ACCOUNT, order.id, change)

    @rule(size=st.none() | SIZES)
    def close(self, size: int | None) -> None:
        if size is None:
            self.exchange.close(self.now, ACCOUNT, MNQ.id)
        else:
            self.exchange.partial_close(self.now, ACCOUNT, MNQ.id, size)

    @precondition(lambda self: self.is_hostile)
    @rule(is_halted=st.booleans())
    def halt(self, is_halted: bool) -> None:
        step = TradingHalt(at=self.now, contract_id=MNQ.id, is_halted=is_halted)
        self.see(self.exchange.feed(step))

    @precondition(lambda self: self.is_hostile)
    @rule(fault=FAULTS)
    def go_wrong(self, fault: AsyncReject) -> None:
        self.surviving |= isinstance(fault, SiblingSurvives)
        self.exchange.arm(fault, self.now)

    @precondition(lambda self: self.is_hostile)
    @rule(days=st.integers(1, 2))
    def next_day(self, days: int) -> None:
        self.now += timedelta(days=days)
        self.see(self.exchange.advance(self.now))

    @precondition(lambda self: self.is_hostile)
    @rule()
    def restart(self) -> None:
        self.see(self.exchange.advance(self.now))
        kept = msgspec.json.decode(msgspec.json.encode(self.exchange.state()), type=ExchangeState)
        self.surviving = True  # a sibling whose cancel was under way may fill before it is resumed
        self.exchange = Exchange(
            contracts=LISTED, accounts=(self.spec,), seed=self.seed, config=self.config, state=kept
        )
        self.move(0, 1)

    @invariant()
    def position_is_the_sum_of_fills(self) -> None:
        held = sum(position.size for position in self.exchange.positions(ACCOUNT))
        assert held == sum(fill.signed_size for fill in self.exchange.fills(ACCOUNT))

    @invariant()
    def balance_is_the_start_plus_profit_less_costs(self) -> None:
        account = self.exchange.account(ACCOUNT)
        assert account is not None
        fills = self.exchange.fills(ACCOUNT)
        net = sum((fill.net_usd for fill in fills), Decimal(0))
        assert account.balance_usd == START_USD + net == round(account.balance_usd, 2)

    @invariant()
    def orders_fill_by_their_fills_and_no_further_than_their_size(self) -> None:
        filled: dict[int, int] = {}
        for fill in self.exchange.fills(ACCOUNT):
            filled[fill.order_id] = filled.get(fill.order_id, 0) + fill.size
        for order in self.exchange.orders(ACCOUNT):
            assert order.filled_size == filled.pop(order.id, 0) <= order.size
            assert (order.status is OrderStatus.FILLED) is (order.filled_size == order.size)
        assert not filled, "a fill without an order"

    @invariant()
    def both_legs_fill_only_within_the_documented_race(self) -> None:
        if self.surviving:
            return
        for order_id, at_ms in self.filled_at.items():
            leg = self.told[order_id]
            for other in self.told.values():
                is_sibling = leg.parent_id is not None and other.parent_id == leg.parent_id
                if is_sibling and other.id in self.filled_at:
                    assert abs(self.filled_at[other.id] - at_ms) <= OCO_MS

    @invariant()
    def what_was_told_is_how_it_is(self) -> None:
        self.see(self.exchange.advance(self.now))
        assert list(self.exchange.orders(ACCOUNT)) == [self.told[i] for i in sorted(self.told)]
        assert tuple(self.told_fills) == self.exchange.fills(ACCOUNT)

    @invariant()
    def locked_account_comes_to_rest(self) -> None:
        """Whoever is locked has no order of its own alive: what is left is the venue's."""
        account = self.exchange.account(ACCOUNT)
        assert account is not None
        alive = [order for order in self.exchange.orders(ACCOUNT) if order.is_alive]
        assert account.can_trade or all(order.tag is None for order in alive)


TestVenue = Venue.TestCase
TestVenue.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, derandomize=True
)
