"""The model's values as a person reads them (rows, Chicago time) and as a program does (JSON)."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pxcore.calendar.hours import CHICAGO
from pxcore.cli.output import Grid
from pxcore.model import Account, Bar, Contract, Fill, Order, Position
from pxcore.reports.render import usd

Document = dict[str, Any]
ContractOf = dict[str, Contract]  # by id


def chicago_text(moment: datetime) -> str:
    return moment.astimezone(CHICAGO).strftime("%Y-%m-%d %H:%M:%S")


def dollars(amount: Decimal) -> str:
    """An amount that is no gain or loss: without a plus."""
    return f"{amount:,.2f}"


def level(contract: Contract, ticks: int | None) -> Decimal | None:
    return None if ticks is None else contract.price(ticks)


def words(value: StrEnum) -> str:
    """As it is said: `trailing stop`."""
    return value.value.replace("_", " ")


def _text(value: object) -> str:
    return "-" if value is None else str(value)


# -- orders -----------------------------------------------------------------------------------


def order_document(order: Order, contract: Contract) -> Document:
    return {
        "id": order.id,
        "account_id": order.account_id,
        "contract_id": order.contract_id,
        "contract": contract.name,
        "status": order.status,
        "type": order.type,
        "side": order.side,
        "size": order.size,
        "filled_size": order.filled_size,
        "limit_price": level(contract, order.limit_ticks),
        "stop_price": level(contract, order.stop_ticks),
        "filled_price": level(contract, order.filled_ticks),
        "created_at": order.created_at,
        "tag": order.tag,
        "parent_id": order.parent_id,
        "linked_id": order.linked_id,
    }


_ORDER_HEADS = ("id", "created", "contract", "status", "type", "side", "size", "filled")
_ORDER_PRICES = ("limit", "stop", "fill price")


def orders_table(orders: Iterable[Order], contracts: ContractOf) -> Grid:
    rows = []
    for order in orders:
        contract = contracts[order.contract_id]
        levels = (order.limit_ticks, order.stop_ticks, order.filled_ticks)
        rows.append(
            (
                str(order.id),
                chicago_text(order.created_at),
                contract.name,
                words(order.status),
                words(order.type),
                order.side.value,
                str(order.size),
                str(order.filled_size),
                *(_text(level(contract, ticks)) for ticks in levels),
                _text(order.tag),
                _text(order.parent_id),
            )
        )
    heads = (*_ORDER_HEADS, *_ORDER_PRICES, "tag", "parent")
    return Grid(heads, rows, right=("size", "filled", *_ORDER_PRICES))


def order_line(order: Order, contract: Contract) -> str:
    """One order in a sentence: `stop sell 1 MNQZ6 at 29507.00`."""
    levels = (order.limit_ticks, order.stop_ticks)
    at = next((f" at {contract.price(ticks)}" for ticks in levels if ticks is not None), "")
    return f"{words(order.type)} {order.side.value} {order.size} {contract.name}{at}"


# -- the rest ---------------------------------------------------------------------------------


def account_document(account: Account) -> Document:
    return {
        "id": account.id,
        "name": account.name,
        "kind": account_kind(account),
        "balance_usd": account.balance_usd,
        "can_trade": account.can_trade,
        "is_simulated": account.is_simulated,
    }


def account_kind(account: Account) -> str:
    """By its name, which is free text: for a person to confirm. Source: reference, 6.9."""
    name = account.name.upper()
    if account.is_simulated is False:
        return "live-funded"
    if name.startswith("PRAC"):
        return "practice"
    if "KTC-" in name:
        return "combine with daily loss limit" if "-DLL-" in name else "combine"
    if name.startswith("EXPRESS"):
        return "express funded"
    return "unknown"


def contract_document(contract: Contract) -> Document:
    return {
        "id": contract.id,
        "name": contract.name,
        "description": contract.description,
        "symbol_id": contract.symbol_id,
        "tick_size": contract.tick_size,
        "tick_value_usd": contract.tick_value,
        "point_value_usd": contract.tick_value / contract.tick_size,
        "is_active": contract.is_active,
    }


def contracts_table(contracts: Iterable[Contract]) -> Grid:
    rows = [
        (
            c.name,
            c.id,
            str(c.tick_size),
            str(c.tick_value),
            "yes" if c.is_active else "no",
            c.description,
        )
        for c in contracts
    ]
    heads = ("name", "id", "tick", "tick USD", "active", "description")
    return Grid(heads, rows, right=("tick", "tick USD"))


def bar_document(bar: Bar, contract: Contract) -> Document:
    return {
        "opened_at": bar.opened_at,
        "open": contract.price(bar.open_ticks),
        "high": contract.price(bar.high_ticks),
        "low": contract.price(bar.low_ticks),
        "close": contract.price(bar.close_ticks),
        "volume": bar.volume,
    }


def bars_table(bars: Iterable[Bar], contract: Contract) -> Grid:
    rows = []
    for bar in bars:
        prices = (bar.open_ticks, bar.high_ticks, bar.low_ticks, bar.close_ticks)
        texts = (str(contract.price(ticks)) for ticks in prices)
        rows.append((chicago_text(bar.opened_at), *texts, str(bar.volume)))
    numbers = ("open", "high", "low", "close", "volume")
    return Grid(("opened (Chicago)", *numbers), rows, right=numbers)


def position_document(position: Position, contract: Contract) -> Document:
    return {
        "id": position.id,
        "account_id": position.account_id,
        "contract_id": position.contract_id,
        "contract": contract.name,
        "size": position.size,
        "average_price": position.average_price,
        "opened_at": position.opened_at,
    }


def fill_document(fill: Fill, contract: Contract) -> Document:
    return {
        "id": fill.id,
        "account_id": fill.account_id,
        "contract_id": fill.contract_id,
        "contract": contract.name,
        "order_id": fill.order_id,
        "side": fill.side,
        "size": fill.size,
        "price": contract.price(fill.price_ticks),
        "pnl_usd": fill.pnl_usd,
        "fees_usd": fill.fees_usd,
        "commissions_usd": fill.commissions_usd,
        "net_usd": fill.net_usd,
        "happened_at": fill.happened_at,
        "is_voided": fill.is_voided,
    }


def fills_table(fills: Iterable[Fill], contracts: ContractOf) -> Grid:
    rows = [
        (
            str(fill.id),
            chicago_text(fill.happened_at),
            contracts[fill.contract_id].name,
            fill.side.value,
            str(fill.size),
            str(contracts[fill.contract_id].price(fill.price_ticks)),
            usd(fill.pnl_usd),
            dollars(fill.costs_usd),
            "voided" if fill.is_voided else usd(fill.net_usd),
            str(fill.order_id),
        )
        for fill in fills
    ]
    heads = ("id", "when (Chicago)", "contract", "side", "size")
    numbers = ("price", "gross", "costs", "net")
    return Grid((*heads, *numbers, "order"), rows, right=("size", *numbers))
