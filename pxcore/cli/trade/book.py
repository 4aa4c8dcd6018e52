"""`px orders`, `px positions open` and `px trades`: what the account has and did."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from pxcore.cli.output import Grid
from pxcore.cli.trade.desk import Gateway
from pxcore.cli.trade.times import moment
from pxcore.cli.trade.values import (
    ContractOf,
    chicago_text,
    dollars,
    fill_document,
    fills_table,
    order_document,
    orders_table,
    position_document,
)
from pxcore.model import Account, Order, OrderStatus
from pxcore.reports.render import usd


def contracts_of(desk: Gateway, contract_ids: Iterable[str]) -> ContractOf:
    return {wanted: desk.client.contract(wanted) for wanted in set(contract_ids)}


def show_open_orders(desk: Gateway) -> int:
    """Everything alive, bracket legs that wait for their entry's fill among it."""
    account = desk.account()
    orders = sorted(desk.client.open_orders(account.id), key=lambda order: order.id)
    return _show_orders(desk, account, orders, "no order is alive")


class OrdersAsked(msgspec.Struct, frozen=True, kw_only=True):
    """As typed. No status is every status; `tag` is how the tag begins."""

    since: str | None
    until: str | None
    statuses: tuple[OrderStatus, ...]
    tag: str | None


def search_orders(desk: Gateway, asked: OrdersAsked) -> int:
    """By when they were made, oldest first. Since the trading day began, if not said otherwise."""
    now = desk.now
    start = moment(asked.since, option="--since", now=now) if asked.since else desk.day_start
    end = moment(asked.until, option="--until", now=now) if asked.until else None
    account = desk.account()
    orders = [
        order
        for order in desk.client.orders(account.id, start=start, end=end)
        if (not asked.statuses or order.status in asked.statuses)
        and (asked.tag is None or (order.tag or "").startswith(asked.tag))
    ]
    return _show_orders(desk, account, orders, f"no such order since {chicago_text(start)} Chicago")


def _show_orders(desk: Gateway, account: Account, orders: Sequence[Order], nothing: str) -> int:
    contracts = contracts_of(desk, (order.contract_id for order in orders))
    desk.out.show(
        [order_document(order, contracts[order.contract_id]) for order in orders],
        f"account {account.id} {account.name}",
        orders_table(orders, contracts) if orders else nothing,
    )
    return 0


def show_positions(desk: Gateway) -> int:
    account = desk.account()
    held = [p for p in desk.client.positions(account.id) if not p.is_flat]
    contracts = contracts_of(desk, (p.contract_id for p in held))
    rows = [
        (
            contracts[p.contract_id].name,
            p.contract_id,
            f"{p.size:+d}",
            str(p.average_price),
            chicago_text(p.opened_at),
        )
        for p in held
    ]
    heads = ("contract", "id", "size", "average price", "opened (Chicago)")
    desk.out.show(
        [position_document(p, contracts[p.contract_id]) for p in held],
        f"account {account.id} {account.name}",
        Grid(heads, rows, right=("size", "average price")) if rows else "nothing is held",
    )
    return 0


def show_fills(desk: Gateway, since: str | None) -> int:
    """Our executions, oldest first, and what they came to. Voided ones count for nothing."""
    start = moment(since, option="--since", now=desk.now) if since else desk.day_start
    account = desk.account()
    fills = desk.client.fills(account.id, start=start)
    contracts = contracts_of(desk, (fill.contract_id for fill in fills))
    valid = [fill for fill in fills if not fill.is_voided]
    gross = sum((fill.pnl_usd or Decimal(0) for fill in valid), Decimal(0))
    costs = sum((fill.costs_usd for fill in valid), Decimal(0))
    total = f"gross {usd(gross)}, costs {dollars(costs)}, net {usd(gross - costs)} USD"
    desk.out.show(
        {
            "account_id": account.id,
            "since": start,
            "gross_usd": gross,
            "costs_usd": costs,
            "net_usd": gross - costs,
            "trades": [fill_document(fill, contracts[fill.contract_id]) for fill in fills],
        },
        f"account {account.id} {account.name}",
        fills_table(fills, contracts) if fills else f"none since {chicago_text(start)} Chicago",
        total,
    )
    return 0
