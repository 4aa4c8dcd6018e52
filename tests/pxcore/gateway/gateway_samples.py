"""Rows as the venue writes them, and the model's values to compare with."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from pxcore.engine.commands import PlaceEntry
from pxcore.model import Bracket, Contract, Side

ACCOUNT = 26200002
KEY = "k3y-that-must-not-show"
MNQ_ID = "CON.F.US.MNQ.Z26"
NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)


def contract(
    name: str = "MNQZ6", symbol: str = "MNQ", *, tick: str = "0.25", is_active: bool = True
) -> Contract:
    return Contract(
        id=f"CON.F.US.{symbol}.{name[-2]}2{name[-1]}",
        name=name,
        description=f"{name}: test",
        symbol_id=f"F.US.{symbol}",
        tick_size=Decimal(tick),
        tick_value=Decimal("0.50"),
        is_active=is_active,
    )


MNQ = contract()


def contract_row(item: Contract = MNQ) -> dict[str, Any]:
    return {
        "id": item.id,
        "name": item.name,
        "description": item.description,
        "tickSize": float(item.tick_size),
        "tickValue": float(item.tick_value),
        "activeContract": item.is_active,
        "symbolId": item.symbol_id,
    }


def account_row(**changes: Any) -> dict[str, Any]:
    row = {
        "id": ACCOUNT,
        "name": "PRAC-V2-1",
        "balance": 149848.64,
        "canTrade": True,
        "isVisible": True,
        "simulated": True,
    }
    return row | changes


def order_row(order_id: int = 3400000101, **changes: Any) -> dict[str, Any]:
    row = {
        "id": order_id,
        "accountId": ACCOUNT,
        "contractId": MNQ_ID,
        "symbolId": "F.US.MNQ",
        "creationTimestamp": "2026-11-20T14:30:02.1567344+00:00",
        "updateTimestamp": None,
        "status": 1,
        "type": 4,
        "side": 1,
        "size": 1,
        "limitPrice": None,
        "stopPrice": 30196.75,
        "fillVolume": 0,
        "filledPrice": None,
        "customTag": "run7-0001-SL",
        "parentOrderId": 3400000100,
    }
    return row | changes


def position_row(**changes: Any) -> dict[str, Any]:
    row = {
        "id": 820000001,
        "accountId": ACCOUNT,
        "contractId": MNQ_ID,
        "contractDisplayName": "MNQZ26",
        "creationTimestamp": "2026-11-20T14:30:02.611387+00:00",
        "type": 2,
        "size": 3,
        "averagePrice": 29398.5,
    }
    return row | changes


def trade_row(trade_id: int = 3000000201, **changes: Any) -> dict[str, Any]:
    row = {
        "id": trade_id,
        "accountId": ACCOUNT,
        "contractId": MNQ_ID,
        "creationTimestamp": "2026-11-20T14:30:03.965787+00:00",
        "price": 29542.25,
        "profitAndLoss": -49,
        "fees": 0.36,
        "commissions": 0.25,
        "side": 1,
        "size": 1,
        "voided": False,
        "orderId": 3400000302,
    }
    return row | changes


def entry(side: Side = Side.BUY, *, stop: int = 40, target: int = 80, size: int = 1) -> PlaceEntry:
    return PlaceEntry(
        tag="run7-0001",
        reason="test",
        contract_id=MNQ_ID,
        side=side,
        size=size,
        bracket=Bracket(stop_loss_ticks=stop, take_profit_ticks=target),
    )


class Told:
    """What a tape says of prices that cannot be."""

    def __init__(self) -> None:
        self.bad_prices = 0
        self.texts: list[str] = []

    def bad_price(self) -> None:
        self.bad_prices += 1

    def tell(self, what: str) -> None:
        self.texts.append(what)


class FixedClock:
    """Stands still until a test moves it."""

    speed = 1.0
    late_s = None

    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> datetime:
        return self.moment

    def advance(self, hours: float) -> None:
        self.moment += timedelta(hours=hours)
