"""What each REST endpoint answers: a function of venue and body, with no HTTP in it.

Business failures are answers too, in the endpoint's own codes. Source: gateway reference, 2.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pxcore.host.decoding import Decoder
from pxcore.model import Contract, OrderStatus
from pxcore.paper.exchange import OrderChanged
from pxcore.paper.server.bodies import (
    AccountBody,
    AccountsBody,
    BarsBody,
    Body,
    CloseBody,
    ContractBody,
    ContractsBody,
    HistoryBody,
    ModifyBody,
    OrderBody,
    PartialCloseBody,
    PlaceBody,
    QueryBody,
    utc,
)
from pxcore.paper.server.dialect import BARS_MAX
from pxcore.paper.server.rows import (
    BAR_UNIT_OF,
    STATUS_OF,
    Json,
    RowForm,
    account_row,
    bar_row,
    contract_row,
    envelope,
    order_row,
    position_row,
    trade_row,
)
from pxcore.paper.server.venue import PaperVenue

_NOT_FOUND = 1  # the account, order or contract that a question names
_CONTRACTS_MAX = 20
_BAR_UNIT_NUMBER_MAX = 100_000
B = TypeVar("B", bound=Body)


@dataclass(frozen=True, slots=True)
class ServedEndpoint:
    """`answer` takes the request's bytes; they raise msgspec.DecodeError when they are no body."""

    path: str
    body: type[Body]
    answer: Callable[[PaperVenue, bytes], Json]


def search_accounts(venue: PaperVenue, body: AccountsBody) -> Json:
    accounts = [
        account_row(account)
        for account in venue.exchange.accounts
        if not body.only_active_accounts or venue.exchange.is_active(account.id)
    ]
    return envelope(0, accounts=accounts)


def search_contracts(venue: PaperVenue, body: ContractsBody) -> Json:
    """Fuzzy: the text anywhere in name, id or description."""
    wanted = body.search_text.lower()
    found = [
        contract_row(contract)
        for contract in _tradable(venue, live=body.live)
        if wanted in f"{contract.name} {contract.id} {contract.description}".lower()
    ]
    return envelope(0, contracts=found[:_CONTRACTS_MAX])


def available_contracts(venue: PaperVenue, body: ContractsBody) -> Json:
    return envelope(0, contracts=[contract_row(c) for c in _tradable(venue, live=body.live)])


def contract_by_id(venue: PaperVenue, body: ContractBody) -> Json:
    contract = venue.exchange.contract(body.contract_id)
    if contract is None:
        return envelope(_NOT_FOUND, contract=None)
    return envelope(0, contract=contract_row(contract))


def retrieve_bars(venue: PaperVenue, body: BarsBody) -> Json:
    """Newest first; the limit keeps the newest, unless the dialect has it otherwise. A forming bar
    is in it only if asked for.
    """
    contract = venue.exchange.contract(body.contract_id)
    if body.live or contract is None:
        return envelope(1, bars=None)
    unit = BAR_UNIT_OF.get(body.unit)
    if unit is None:
        return envelope(2, bars=None)
    if not 1 <= body.unit_number <= _BAR_UNIT_NUMBER_MAX:
        return envelope(3, bars=None)
    if not 1 <= body.limit <= BARS_MAX:
        return envelope(4, bars=None)
    limit, dialect = min(body.limit, venue.dialect.bars_max), venue.dialect
    bars = venue.bars.bars(
        contract.id,
        unit=unit,
        number=body.unit_number,
        start=utc(body.start_time),
        end=utc(body.end_time),
        limit=limit if dialect.bars_kept == "newest" else None,
        finished_by=None if body.include_partial_bar else venue.now,
    )
    if dialect.bars_kept == "oldest":
        bars = bars[-limit:]
    if dialect.bars_order == "oldest first":
        bars.reverse()
    return envelope(0, bars=[bar_row(bar, contract) for bar in bars])


def search_orders(venue: PaperVenue, body: HistoryBody) -> Json:
    """Every status, oldest first, by creation time."""
    rows = [
        row
        for row in venue.exchange.order_rows(body.account_id)
        if utc(body.start_timestamp) <= row.order.created_at
        and (body.end_timestamp is None or row.order.created_at <= utc(body.end_timestamp))
    ]
    return _orders(venue, body.account_id, rows[: venue.dialect.history_max])


def open_orders(venue: PaperVenue, body: AccountBody) -> Json:
    """Status Open alone: suspended legs are not shown here."""
    rows = list(venue.exchange.order_rows(body.account_id, OrderStatus.OPEN))
    return _orders(venue, body.account_id, rows)


def order_by_id(venue: PaperVenue, body: OrderBody) -> Json:
    for row in venue.exchange.order_rows(body.account_id):
        if row.order.id == body.order_id:
            return envelope(0, order=_order(venue, row))
    return envelope(_NOT_FOUND, order=None)


def query_orders(venue: PaperVenue, body: QueryBody) -> Json:
    """A page of the orders that match, newest first unless asked otherwise; offset in rows."""
    wanted = body.filter
    statuses = [STATUS_OF.get(n, OrderStatus.UNKNOWN) for n in wanted.statuses or ()]
    rows = [
        row
        for row in venue.exchange.order_rows(wanted.account_id, *statuses)
        if wanted.contract_id in (None, row.order.contract_id)
        and (wanted.created_after is None or utc(wanted.created_after) <= row.order.created_at)
        and (wanted.created_before is None or row.order.created_at <= utc(wanted.created_before))
    ]
    rows.sort(
        key=lambda row: (row.order.created_at if body.sort_by == 0 else 0, row.order.id),
        reverse=body.sort_direction == 1,
    )
    page = rows[body.page_offset : body.page_offset + body.page_size]
    total = len(rows) if body.include_total_count else None
    return _orders(venue, wanted.account_id, page) | {"totalCount": total}


def place_order(venue: PaperVenue, body: PlaceBody) -> Json:
    result = venue.exchange.place(venue.now, body.account_id, body.request())
    return envelope(result.code, result.text, orderId=result.order_id)


def cancel_order(venue: PaperVenue, body: OrderBody) -> Json:
    answered = venue.exchange.cancel(venue.now, body.account_id, body.order_id)
    return envelope(answered.code, answered.text)


def modify_order(venue: PaperVenue, body: ModifyBody) -> Json:
    answered = venue.exchange.modify(venue.now, body.account_id, body.order_id, body.change())
    return envelope(answered.code, answered.text)


def open_positions(venue: PaperVenue, body: AccountBody) -> Json:
    if venue.exchange.account(body.account_id) is None:
        return envelope(_NOT_FOUND, positions=None)
    held = venue.exchange.positions(body.account_id)
    rows = [position_row(p, _contract(venue, p.contract_id), _form(venue)) for p in held]
    return envelope(0, positions=rows)


def close_contract(venue: PaperVenue, body: CloseBody) -> Json:
    answered = venue.exchange.close(venue.now, body.account_id, body.contract_id)
    return envelope(answered.code, answered.text)


def partial_close_contract(venue: PaperVenue, body: PartialCloseBody) -> Json:
    answered = venue.exchange.partial_close(venue.now, body.account_id, body.contract_id, body.size)
    return envelope(answered.code, answered.text)


def search_trades(venue: PaperVenue, body: HistoryBody) -> Json:
    """Half-turns, newest first."""
    if venue.exchange.account(body.account_id) is None:
        return envelope(_NOT_FOUND, trades=None)
    rows = [
        trade_row(fill, _contract(venue, fill.contract_id), _form(venue))
        for fill in reversed(venue.exchange.fills(body.account_id))
        if utc(body.start_timestamp) <= fill.happened_at
        and (body.end_timestamp is None or fill.happened_at <= utc(body.end_timestamp))
    ]
    return envelope(0, trades=rows[: venue.dialect.history_max])


def _endpoint(path: str, body: type[B], answer: Callable[[PaperVenue, B], Json]) -> ServedEndpoint:
    decoder: Decoder[B] = Decoder(body)
    return ServedEndpoint(path, body, lambda venue, sent: answer(venue, decoder.decode(sent)))


ENDPOINTS = (
    _endpoint("/api/Account/search", AccountsBody, search_accounts),
    _endpoint("/api/Contract/search", ContractsBody, search_contracts),
    _endpoint("/api/Contract/available", ContractsBody, available_contracts),
    _endpoint("/api/Contract/searchById", ContractBody, contract_by_id),
    _endpoint("/api/History/retrieveBars", BarsBody, retrieve_bars),
    _endpoint("/api/Order/search", HistoryBody, search_orders),
    _endpoint("/api/Order/searchOpen", AccountBody, open_orders),
    _endpoint("/api/Order/searchById", OrderBody, order_by_id),
    _endpoint("/api/Order/v2/query", QueryBody, query_orders),
    _endpoint("/api/Order/place", PlaceBody, place_order),
    _endpoint("/api/Order/cancel", OrderBody, cancel_order),
    _endpoint("/api/Order/modify", ModifyBody, modify_order),
    _endpoint("/api/Position/searchOpen", AccountBody, open_positions),
    _endpoint("/api/Position/closeContract", CloseBody, close_contract),
    _endpoint("/api/Position/partialCloseContract", PartialCloseBody, partial_close_contract),
    _endpoint("/api/Trade/search", HistoryBody, search_trades),
)

INSTRUCTIONS = frozenset(
    (
        "/api/Order/place",
        "/api/Order/cancel",
        "/api/Order/modify",
        "/api/Position/closeContract",
        "/api/Position/partialCloseContract",
    )
)


def _tradable(venue: PaperVenue, *, live: bool) -> tuple[Contract, ...]:
    """None with `live`: that names a data subscription which simulated users do not have."""
    return () if live else tuple(c for c in venue.exchange.contracts if c.is_active)


def _orders(venue: PaperVenue, account_id: int, rows: list[OrderChanged]) -> Json:
    if venue.exchange.account(account_id) is None:
        return envelope(_NOT_FOUND, orders=None)
    return envelope(0, orders=[_order(venue, row) for row in rows])


def _order(venue: PaperVenue, row: OrderChanged) -> Json:
    return order_row(row, _contract(venue, row.order.contract_id), _form(venue))


def _form(venue: PaperVenue) -> RowForm:
    return RowForm(is_stream=False, skew=venue.hostility.skew)


def _contract(venue: PaperVenue, contract_id: str) -> Contract:
    contract = venue.exchange.contract(contract_id)
    if contract is None:
        raise AssertionError(f"an order or position is in {contract_id}, which is not listed")
    return contract
