"""The gateway by REST: questions that may repeat, and three instructions that never do.

What every failure means is the table in `policy`. A question may raise Unavailable, Refused and
ProtocolError, an instruction Unavailable, Refused and OutcomeUnknown, and either one
Misconfigured, when the login that it needs first is refused: then nothing was sent.
"""

import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from pxcore.clock import Clock
from pxcore.engine.commands import PlaceEntry
from pxcore.gateway.caller import Caller
from pxcore.gateway.channel import Channel
from pxcore.gateway.choose import choose_contract
from pxcore.gateway.entry import describe, entry_request
from pxcore.gateway.login import Login
from pxcore.gateway.policy import NoSuchPath
from pxcore.gateway.wire import codes, endpoints
from pxcore.gateway.wire.endpoints import Endpoint
from pxcore.gateway.wire.rows import OrderRow
from pxcore.model import (
    Account,
    Contract,
    Fill,
    Misconfigured,
    Order,
    Position,
    ProtocolError,
    Snapshot,
)

_PAGE_ROWS: Final = 100
_PAGES_MAX: Final = 50
_CLOCK_DISAGREEMENT: Final = timedelta(minutes=5)


class GatewayClient:
    """Safe to use from many threads. `api_key` is plain: the caller unwraps it."""

    def __init__(
        self,
        *,
        base_url: str,
        username: str,
        api_key: str,
        connect_timeout_s: float,
        reply_timeout_s: float,
        clock: Clock,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._channel = Channel(
            base_url=base_url,
            connect_timeout_s=connect_timeout_s,
            reply_timeout_s=reply_timeout_s,
        )
        self._login = Login(
            self._channel, username=username, api_key=api_key, clock=clock, sleep=sleep
        )
        self._call = Caller(self._channel, self._login, sleep=sleep)
        self._clock = clock
        self._contracts: dict[str, Contract] = {}

    # -- the connection -----------------------------------------------------------------------

    def login(self) -> None:
        """Logs in anew. Raises Misconfigured, saying what to do, when the key is not good."""
        self._login.log_in()

    def token(self) -> str:
        """The token that REST and both hubs share, renewed when it is 23 hours old."""
        return self._login.token()

    def renew_token(self) -> str:
        """A new token, for a hub that did not take the last one."""
        return self._login.log_in()

    def ping(self) -> None:
        """Returns when the gateway answers. Raises Unavailable."""
        self._call.ping()

    def close(self) -> None:
        self._channel.close()

    # -- questions ----------------------------------------------------------------------------

    def accounts(self, *, only_active: bool = True) -> tuple[Account, ...]:
        request = endpoints.AccountSearch(only_active_accounts=only_active)
        answer = self._call.ask(endpoints.ACCOUNTS, request, "list accounts")
        return tuple(row.account() for row in answer.accounts or ())

    def resolve_account(self, account_id: int) -> Account:
        """The account, if it may trade. Raises Misconfigured, listing those that exist."""
        listed = self.accounts(only_active=False)
        exist = ", ".join(f"{a.id} ({a.name})" for a in listed) or "none"
        account = next((a for a in listed if a.id == account_id), None)
        if account is None:
            raise Misconfigured(f"there is no account {account_id}; the user's accounts: {exist}")
        if not account.can_trade:
            raise Misconfigured(
                f"account {account_id} ({account.name}) may not trade; the user's accounts: {exist}"
            )
        return account

    def contract(self, contract_id: str) -> Contract:
        """The contract, asked for once and then remembered. Refused when there is none."""
        known = self._contracts.get(contract_id)
        if known is None:
            request = endpoints.ContractById(contract_id=contract_id)
            answer = self._call.ask(endpoints.CONTRACT, request, f"find contract {contract_id}")
            known = self._contracts[contract_id] = answer.contract.contract()
        return known

    def search_contracts(self, text: str) -> tuple[Contract, ...]:
        """At most 20 fuzzy finds, other products among them. Inactive ones may be in it."""
        request = endpoints.ContractSearch(search_text=text)
        return self._listed(endpoints.CONTRACT_SEARCH, request, f"search contracts {text!r}")

    def available_contracts(self) -> tuple[Contract, ...]:
        """Everything tradable: one expiry a product."""
        return self._listed(endpoints.CONTRACT_LIST, endpoints.ContractList(), "list contracts")

    def resolve_contract(self, text: str) -> Contract:
        """The one active contract called `text`. Raises Misconfigured, see `choose_contract`."""
        listed = self.available_contracts()
        try:
            return choose_contract(text, listed)
        except Misconfigured:
            return choose_contract(text, (*listed, *self.search_contracts(text)))

    def open_orders(self, account_id: int) -> tuple[Order, ...]:
        """Every order that is alive, bracket legs that wait for their entry among them.

        A gateway without v2/query (404) is asked by searchOpen, which hides the waiting legs.
        """
        try:
            rows = self._alive_rows(account_id)
        except NoSuchPath:
            request = endpoints.OfAccount(account_id=account_id)
            rows = self._call.ask(endpoints.ORDERS_OPEN, request, "list open orders").orders or []
        return tuple(self._order(row, account_id) for row in rows)

    def orders(
        self, account_id: int, *, start: datetime, end: datetime | None = None
    ) -> tuple[Order, ...]:
        """Orders created in the time given, every status, oldest first."""
        rows = self._order_rows(account_id, start, end)
        return tuple(self._order(row, account_id) for row in rows)

    def find_by_tag(self, account_id: int, tag: str, *, since: datetime) -> Order | None:
        """The order with our tag, rejected ones too, or None when the venue has none (yet).

        Looks back five minutes further than `since`: the venue's clock is not ours.
        """
        rows = self._order_rows(account_id, since - _CLOCK_DISAGREEMENT, None)
        row = next((row for row in rows if row.custom_tag == tag), None)
        return None if row is None else self._order(row, account_id)

    def positions(self, account_id: int) -> tuple[Position, ...]:
        request = endpoints.OfAccount(account_id=account_id)
        answer = self._call.ask(endpoints.POSITIONS, request, "list positions")
        rows = answer.positions or ()
        _require_own((row.account_id for row in rows), account_id)
        return tuple(row.position() for row in rows)

    def fills(
        self, account_id: int, *, start: datetime, end: datetime | None = None
    ) -> tuple[Fill, ...]:
        """Executions in the time given, voided ones too, oldest first."""
        request = endpoints.OfAccountSince(
            account_id=account_id, start_timestamp=start, end_timestamp=end
        )
        rows = self._call.ask(endpoints.TRADES, request, "list fills").trades or ()
        _require_own((row.account_id for row in rows), account_id)
        fills = (row.fill(self.contract(row.contract_id)) for row in rows)
        return tuple(sorted(fills, key=lambda fill: (fill.happened_at, fill.id)))

    def snapshot(self, account_id: int, *, day_start: datetime) -> Snapshot:
        """One look at the account, in the order that makes "flat" a proof (see model.book)."""
        listed = self.accounts(only_active=False)
        account = next((a for a in listed if a.id == account_id), None)
        if account is None:
            raise ProtocolError(f"account {account_id} is not among the user's accounts any more")
        orders = self.open_orders(account_id)
        positions = self.positions(account_id)
        fills = self.fills(account_id, start=day_start)
        return Snapshot(
            taken_at=self._clock.now(),
            account=account,
            orders=orders,
            positions=positions,
            fills=fills,
        )

    # -- instructions: each is sent once ------------------------------------------------------

    def place_entry(self, account_id: int, entry: PlaceEntry, contract: Contract) -> int:
        """The id of the order, which is accepted and not yet filled.

        Raises Misconfigured, and sends nothing, for an entry that the venue cannot take.
        """
        request = entry_request(account_id, entry, contract)
        placed = self._call.instruct(endpoints.PLACE, request, describe(entry, contract))
        return placed.order_id

    def cancel_order(self, account_id: int, order_id: int) -> None:
        """Returns when the venue took it. Refused with OrderNotFound or Rejected: look again."""
        request = endpoints.OrderOfAccount(account_id=account_id, order_id=order_id)
        self._call.instruct(endpoints.CANCEL, request, f"cancel order {order_id}")

    def close_position(self, account_id: int, contract_id: str) -> None:
        """Returns when the venue took it. The legs of a bracket stay: cancel them as well."""
        request = endpoints.ContractOfAccount(account_id=account_id, contract_id=contract_id)
        self._call.instruct(endpoints.CLOSE, request, f"close {contract_id}")

    # -- beneath ------------------------------------------------------------------------------

    def _listed(
        self, endpoint: Endpoint[endpoints.Contracts], request: msgspec.Struct, attempted: str
    ) -> tuple[Contract, ...]:
        answer = self._call.ask(endpoint, request, attempted)
        return tuple(row.contract() for row in answer.contracts or ())

    def _order_rows(self, account_id: int, start: datetime, end: datetime | None) -> list[OrderRow]:
        request = endpoints.OfAccountSince(
            account_id=account_id, start_timestamp=start, end_timestamp=end
        )
        return self._call.ask(endpoints.ORDERS, request, "list orders").orders or []

    def _alive_rows(self, account_id: int) -> list[OrderRow]:
        """Pages until the venue's count is reached or, when it gives none, a page is short."""
        rows: dict[int, OrderRow] = {}
        alive = endpoints.OrderFilter(account_id=account_id, statuses=codes.ALIVE)
        for _ in range(_PAGES_MAX):
            request = endpoints.OrderQuery(
                filter=alive, page_size=_PAGE_ROWS, page_offset=len(rows)
            )
            page = self._call.ask(endpoints.ORDERS_QUERY, request, "list alive orders")
            known = len(rows)
            rows |= {row.id: row for row in page.orders or ()}
            total = page.total_count
            if (len(page.orders or ()) < _PAGE_ROWS) if total is None else (len(rows) >= total):
                return list(rows.values())
            if len(rows) == known:
                raise ProtocolError(f"the venue counts {total} orders alive and lists {known}")
        raise ProtocolError(f"more than {_PAGES_MAX} pages of orders are alive")

    def _order(self, row: OrderRow, account_id: int) -> Order:
        _require_own((row.account_id,), account_id)
        return row.order(self.contract(row.contract_id))


def _require_own(account_ids: Iterable[int], account_id: int) -> None:
    for other in account_ids:
        if other != account_id:
            raise ProtocolError(f"asked for account {account_id}, got a row of account {other}")
