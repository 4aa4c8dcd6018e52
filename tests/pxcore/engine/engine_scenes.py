"""An engine ready to trade, and short ways to tell it what happens."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from pxcore.engine.commands import Command, PlaceEntry, TakeSnapshot
from pxcore.engine.config import EngineConfig, Limits
from pxcore.engine.engine import Engine
from pxcore.engine.events import (
    ClockTick,
    Event,
    FillSeen,
    Hub,
    HubUp,
    OrderSeen,
    PlaceAccepted,
    PositionSeen,
    SnapshotTaken,
)
from pxcore.engine.strategy import Enter, MarketView, Signal
from pxcore.model import (
    Account,
    Bracket,
    Contract,
    Fill,
    MarketTrade,
    Order,
    OrderStatus,
    OrderType,
    Position,
    Quote,
    Side,
    Snapshot,
)

MNQ = Contract(
    id="CON.F.US.MNQ.Z26",
    name="MNQZ6",
    description="Micro E-mini Nasdaq-100: December 2026",
    symbol_id="F.US.MNQ",
    tick_size=Decimal("0.25"),
    tick_value=Decimal("0.50"),
    is_active=True,
)
ACCOUNT = Account(id=7, name="PRAC", balance_usd=Decimal(50000), can_trade=True, is_simulated=True)
OPEN = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
LIMITS = Limits(
    loss_usd_max=Decimal(100),
    trades_max=3,
    contracts_max=2,
    cooldown_s=60,
    stale_data_s=10,
    entry_deadline_s=5,
    unknown_grace_s=20,
    protection_deadline_s=5,
    settle_deadline_s=2,
    blind_limit_s=30,
    flatten_round_s=10,
    slippage_ticks=4,
    costs_usd_per_side=Decimal("0.61"),
)
CONFIG = EngineConfig(
    session_id="px-test",
    account_id=ACCOUNT.id,
    contract=MNQ,
    trading_day=OPEN.date(),
    window_start=OPEN,
    window_end=OPEN + timedelta(minutes=30),
    size=1,
    bracket=Bracket(stop_loss_ticks=20, take_profit_ticks=30),
    limits=LIMITS,
)


_TICK = timedelta(seconds=2)


class OnDemand:
    """Signals once each time it is armed, until it follows another one."""

    name = "on-demand"

    def __init__(self) -> None:
        self.side: Side | None = None

    def follow(self, other: Any) -> None:
        """From here on it says what the other one says, at no cost of its own."""
        vars(self).update(name=other.name, on_event=other.on_event)

    def on_event(self, event: Event, view: MarketView) -> Signal | None:
        side, self.side = self.side, None
        return None if side is None else Enter(side=side, reason="armed")


class Scene:
    """An engine with its strategy at hand. `now` moves only when told."""

    def __init__(self, **changes: Any) -> None:
        limits = {n: changes.pop(n) for n in list(changes) if n in Limits.__struct_fields__}
        config = replace(CONFIG, limits=replace(LIMITS, **limits), **changes)
        self.strategy = OnDemand()
        self.engine = Engine(config, self.strategy)
        self.now = OPEN + timedelta(seconds=1)
        self.said: list[Command] = []

    def tell(self, event: Event) -> list[Command]:
        commands = self.engine.step(event)
        self.said += commands
        return commands

    def pass_time(self, seconds: float) -> list[Command]:
        """The clock ticks meanwhile, as it does while nobody stands still."""
        until, commands = self.now + timedelta(seconds=seconds), []
        while self.now < until:
            self.now = min(self.now + _TICK, until)
            commands += self.tell(ClockTick(at=self.now))
        return commands

    def stand_still(self, seconds: float) -> list[Command]:
        """Nothing is told for so long, not even the time."""
        self.now += timedelta(seconds=seconds)
        return self.tell(ClockTick(at=self.now))

    def connect(self, snapshot: Snapshot | None = None) -> "Scene":
        """Both hubs up, one clean snapshot, a fresh market at 100000 / 100001 ticks."""
        for hub in Hub:
            self.tell(HubUp(at=self.now, hub=hub))
        self.answer_snapshot(snapshot or self.snapshot())
        self.price(100_000, 100_001)
        return self

    def price(self, bid: int, ask: int) -> list[Command]:
        quote = Quote(
            at=self.now, happened_at=self.now, contract_id=MNQ.id, bid_ticks=bid, ask_ticks=ask
        )
        commands = self.tell(quote)
        trade = MarketTrade(
            at=self.now, happened_at=self.now, contract_id=MNQ.id, price_ticks=bid, size=1
        )
        return commands + self.tell(trade)

    def snapshot(self, **changes: Any) -> Snapshot:
        empty = Snapshot(taken_at=self.now, account=ACCOUNT, orders=(), positions=(), fills=())
        return replace(empty, **changes)

    def asked(self) -> TakeSnapshot:
        """The newest snapshot that the engine asked for."""
        return [c for c in self.said if isinstance(c, TakeSnapshot)][-1]

    def answer_snapshot(self, snapshot: Snapshot) -> list[Command]:
        request = self.asked().request
        return self.tell(SnapshotTaken(at=self.now, request=request, snapshot=snapshot))

    def signal(self, side: Side = Side.BUY) -> list[Command]:
        self.strategy.side = side
        return self.tell(ClockTick(at=self.now))

    def enter(self, side: Side = Side.BUY) -> PlaceEntry:
        """A signal that passes, accepted by the venue as order 1000."""
        entry = next(c for c in self.signal(side) if isinstance(c, PlaceEntry))
        self.tell(PlaceAccepted(at=self.now, tag=entry.tag, order_id=1000))
        return entry

    def fill_entry(self, entry: PlaceEntry, ticks: int = 100_001) -> list[Command]:
        """Entry filled: order, fill and position events, in the venue's usual order."""
        commands = self.tell(
            self.order(
                1000,
                OrderType.MARKET,
                entry.side,
                OrderStatus.FILLED,
                tag=entry.tag,
                filled_size=entry.size,
                filled_ticks=ticks,
            )
        )
        commands += self.tell(self.fill(1, 1000, entry.side, ticks, size=entry.size))
        return commands + self.tell(self.position(entry.side.sign * entry.size, ticks))

    def legs(self, entry: PlaceEntry, ticks: int = 100_001) -> list[Command]:
        """Both legs working where the bracket wants them."""
        sign, exit_side = entry.side.sign, entry.side.opposite
        commands = self.tell(
            self.order(
                1001,
                OrderType.STOP,
                exit_side,
                OrderStatus.OPEN,
                tag=f"{entry.tag}-SL",
                parent_id=1000,
                stop_ticks=ticks - sign * 20,
                size=entry.size,
            )
        )
        return commands + self.tell(
            self.order(
                1002,
                OrderType.LIMIT,
                exit_side,
                OrderStatus.OPEN,
                tag=f"{entry.tag}-TP",
                parent_id=1000,
                linked_id=1001,
                limit_ticks=ticks + sign * 30,
                size=entry.size,
            )
        )

    def hold(self, side: Side = Side.BUY) -> PlaceEntry:
        """An entry that is filled and protected."""
        entry = self.enter(side)
        self.fill_entry(entry)
        self.legs(entry)
        return entry

    def order(
        self, order_id: int, kind: OrderType, side: Side, status: OrderStatus, **more: Any
    ) -> OrderSeen:
        fields: dict[str, Any] = {"size": 1, **more}
        order = Order(
            id=order_id,
            account_id=ACCOUNT.id,
            contract_id=MNQ.id,
            status=status,
            type=kind,
            side=side,
            created_at=self.now,
            **fields,
        )
        return OrderSeen(at=self.now, order=order)

    def fill(
        self,
        fill_id: int,
        order_id: int,
        side: Side,
        ticks: int,
        *,
        size: int = 1,
        pnl: str | None = None,
    ) -> FillSeen:
        fill = Fill(
            id=fill_id,
            account_id=ACCOUNT.id,
            contract_id=MNQ.id,
            order_id=order_id,
            side=side,
            size=size,
            price_ticks=ticks,
            pnl_usd=None if pnl is None else Decimal(pnl),
            fees_usd=Decimal("0.36"),
            commissions_usd=Decimal("0.25"),
            happened_at=self.now,
        )
        return FillSeen(at=self.now, fill=fill)

    def position(self, size: int, ticks: int = 100_001) -> PositionSeen:
        position = Position(
            id=55,
            account_id=ACCOUNT.id,
            contract_id=MNQ.id,
            size=size,
            average_price=MNQ.price(ticks),
            opened_at=self.now,
        )
        return PositionSeen(at=self.now, position=position)


def kinds(commands: list[Command], *wanted: type) -> list[Command]:
    return [c for c in commands if isinstance(c, wanted)]
