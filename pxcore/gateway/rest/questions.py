"""Everything that can be asked of the gateway. A question may be asked again and changes nothing.

Any of them raises Unavailable, Refused and ProtocolError as the table in `policy` says, and
Misconfigured when the login that it needs first is refused.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec

from pxcore.clock.clocks import Clock
from pxcore.gateway.rest.alive import PAGE_ROWS, PAGES_MAX, PAUSES_S, AliveOrders, Miscounted
from pxcore.gateway.rest.budget import Urgency
from pxcore.gateway.rest.caller import Caller
from pxcore.gateway.rest.choose import choose_contract
from pxcore.gateway.rest.outcomes import NoSuchPath
from pxcore.gateway.rest.whole_lists import whole
from pxcore.gateway.wire import codes, endpoints, loose, requests
from pxcore.gateway.wire.endpoints import Endpoint
from pxcore.gateway.wire.rows import WireOrder, WireTrade
from pxcore.model import (
    Account,
    Contract,
    Fill,
    Misconfigured,
    Order,
    Position,
    ProtocolError,
    PxError,
    Snapshot,
)

FOUND_MAX: Final = 20  # contracts that a search finds; reference, 2.3
_CLOCK_DISAGREEMENT: Final = timedelta(minutes=5)
_NORMAL: Final = Urgency.NORMAL

L = TypeVar("L")


class Questions:
    """Safe to use from many threads."""

    def __init__(self, call: Caller, clock: Clock) -> None:
        self._call = call
        self._clock = clock
        self._contracts: dict[str, Contract] = {}
        self._alive = AliveOrders()

    @property
    def miscounted(self) -> str | None:
        """What the venue said at the last look at open orders, where its count of them was taken
        for wrong (see `alive`); None where it fitted.
        """
        return self._alive.miscounted

    # -- accounts and contracts ---------------------------------------------------------------

    def accounts(
        self, *, only_active: bool = True, urgency: Urgency = _NORMAL
    ) -> tuple[Account, ...]:
        request = requests.AccountSearch(only_active_accounts=only_active)
        answer = self._call.ask(endpoints.ACCOUNTS, request, "list accounts", urgency)
        return tuple(row.account() for row in answer.accounts)

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

    def is_visible(self, account_id: int) -> bool | None:
        """False for an account that is hidden or retired; None when the venue does not say so.

        Source: gateway reference, 2.1.
        """
        request = requests.AccountSearch(only_active_accounts=False)
        answer = self._call.ask(endpoints.ACCOUNTS, request, "list accounts", _NORMAL)
        return next((row.is_visible for row in answer.accounts if row.id == account_id), None)

    def contract(self, contract_id: str, *, urgency: Urgency = _NORMAL) -> Contract:
        """The contract, asked for once and then remembered. Refused when there is none."""
        known = self._contracts.get(contract_id)
        if known is None:
            request = requests.ContractById(contract_id=contract_id)
            attempted = f"find contract {contract_id}"
            answer = self._call.ask(endpoints.CONTRACT, request, attempted, urgency)
            known = self._contracts[contract_id] = answer.contract.contract()
        return known

    def search_contracts(self, text: str, *, urgency: Urgency = _NORMAL) -> tuple[Contract, ...]:
        """At most FOUND_MAX fuzzy finds, other products among them. Inactive ones may be in it."""
        request = requests.ContractSearch(search_text=text)
        attempted = f"search contracts {text!r}"
        return self._listed(endpoints.CONTRACT_SEARCH, request, attempted, urgency)

    def available_contracts(self, *, urgency: Urgency = _NORMAL) -> tuple[Contract, ...]:
        """Everything tradable: one expiry a product."""
        request = requests.ContractList()
        return self._listed(endpoints.CONTRACT_LIST, request, "list contracts", urgency)

    def resolve_contract(self, text: str, *, urgency: Urgency = _NORMAL) -> Contract:
        """The one active contract called `text`. Raises Misconfigured, see `choose_contract`."""
        listed = self.available_contracts(urgency=urgency)
        try:
            return choose_contract(text, listed)
        except Misconfigured:
            found = self.search_contracts(text, urgency=urgency)
            return choose_contract(text, (*listed, *found))

    # -- orders -------------------------------------------------------------------------------

    def open_orders(self, account_id: int, *, urgency: Urgency = _NORMAL) -> tuple[Order, ...]:
        """Every order that is alive, bracket legs that wait for their entry among them.

        A gateway without v2/query (404) is asked by searchOpen, which hides the waiting legs.
        Raises Miscounted, see `alive`; what is urgent does not wait for it.
        """
        try:
            if urgency is Urgency.URGENT:
                rows = self._alive_rows(account_id, urgency)
            else:
                rows = self._alive_rows_patiently(account_id)
        except NoSuchPath:
            rows = self._working_rows(account_id, urgency)
        return tuple(self._order(row, account_id, urgency) for row in rows)

    def order(self, account_id: int, order_id: int, *, urgency: Urgency = _NORMAL) -> Order:
        """Refused with OrderNotFound when the account has no such order."""
        request = requests.OrderOfAccount(account_id=account_id, order_id=order_id)
        row = self._call.ask(endpoints.ORDER, request, f"find order {order_id}", urgency).order
        return self._order(row, account_id, urgency)

    def orders(
        self, account_id: int, *, start: datetime, end: datetime | None = None
    ) -> tuple[Order, ...]:
        """Orders created in the time given, every status, oldest first."""
        rows = self._order_rows(account_id, start, end)
        return tuple(self._order(row, account_id) for row in rows)

    def resolve(self, account_id: int, tag: str, *, since: datetime) -> Order | None:
        """What became of the order with our tag: rejected ones too, None when there is none (yet).

        The history is asked first, then both lists of what is alive, since nothing says that
        they learn of an order at the same moment. Looks back five minutes further than `since`:
        the venue's clock is not ours. Urgent: until it is known, nothing else may be done.
        """
        urgent = Urgency.URGENT
        since -= _CLOCK_DISAGREEMENT
        places: tuple[Callable[[], list[WireOrder]], ...] = (
            lambda: self._order_rows(account_id, since, None, urgent),
            lambda: self._alive_or_none(account_id),
            lambda: self._working_rows(account_id, urgent),
        )
        doubt: Miscounted | None = None
        for ask in places:
            try:
                rows = ask()
            except Miscounted as error:
                doubt, rows = error, error.rows
            row = next((row for row in rows if row.custom_tag == tag), None)
            if row is not None:
                return self._order(row, account_id, urgent)
        if doubt is not None:
            raise doubt
        return None

    # -- positions, fills, all of it ----------------------------------------------------------

    def positions(self, account_id: int, *, urgency: Urgency = _NORMAL) -> tuple[Position, ...]:
        request = requests.OfAccount(account_id=account_id)
        answer = self._call.ask(endpoints.POSITIONS, request, "list positions", urgency)
        rows = answer.positions
        _require_own((row.account_id for row in rows), account_id)
        return tuple(row.position() for row in rows)

    def fills(
        self,
        account_id: int,
        *,
        start: datetime,
        end: datetime | None = None,
        urgency: Urgency = _NORMAL,
    ) -> tuple[Fill, ...]:
        """Executions in the time given, voided ones too, oldest first."""

        def ask(start: datetime, end: datetime | None) -> tuple[list[WireTrade], int | None]:
            request = requests.OfAccountSince(
                account_id=account_id, start_timestamp=start, end_timestamp=end
            )
            answer = self._call.ask(endpoints.TRADES, request, "list fills", urgency)
            return answer.trades, answer.total_count

        rows = whole(ask, "fills", start, end)
        _require_own((row.account_id for row in rows), account_id)
        fills = (row.fill(self.contract(row.contract_id, urgency=urgency)) for row in rows)
        return tuple(sorted(fills, key=lambda fill: (fill.happened_at, fill.id)))

    def snapshot(
        self, account_id: int, *, day_start: datetime, urgency: Urgency = _NORMAL
    ) -> Snapshot:
        """One look at the account, in the order that makes "flat" a proof (see model.book)."""
        listed = self.accounts(only_active=False, urgency=urgency)
        account = next((a for a in listed if a.id == account_id), None)
        if account is None:
            raise ProtocolError(f"account {account_id} is not among the user's accounts any more")
        orders = self.open_orders(account_id, urgency=urgency)
        positions = self.positions(account_id, urgency=urgency)
        fills = self.fills(account_id, start=day_start, urgency=urgency)
        return Snapshot(
            taken_at=self._clock.now(),
            account=account,
            orders=orders,
            positions=positions,
            fills=fills,
        )

    # -- as far as it can be read -------------------------------------------------------------

    def alive_at_least(self, account_id: int) -> tuple[Order, ...]:
        """Orders that are alive and can be cancelled, whatever else of them cannot be read. Urgent;
        asks nothing about contracts.
        """
        alive = requests.OrderFilter(account_id=account_id, statuses=codes.ALIVE)
        rows: list[object] = []
        try:
            for _ in range(PAGES_MAX):
                request = requests.OrderQuery(
                    filter=alive, page_size=PAGE_ROWS, page_offset=len(rows)
                )
                page = self._loosely(endpoints.ORDERS_QUERY_LOOSE, request, "list alive orders")
                fresh = [row for row in page.orders if row not in rows]
                rows += fresh
                if not fresh or len(rows) == page.total_count:
                    break
            if page.total_count not in (None, len(rows)):
                with suppress(PxError):  # what the first list has can be cancelled all the same
                    rows += self._open_at_least(account_id)
        except NoSuchPath:
            rows = self._open_at_least(account_id)
        return loose.orders_in(rows, account_id, self._clock.now())

    def _open_at_least(self, account_id: int) -> list[object]:
        request = requests.OfAccount(account_id=account_id)
        return self._loosely(endpoints.ORDERS_OPEN_LOOSE, request, "list open orders").orders

    def held_at_least(self, account_id: int) -> tuple[Position, ...]:
        """Positions that can be closed, whatever else of them cannot be read. Urgent."""
        request = requests.OfAccount(account_id=account_id)
        answer = self._loosely(endpoints.POSITIONS_LOOSE, request, "list positions")
        return loose.positions_in(answer.positions, account_id, self._clock.now())

    def fills_net(self, account_id: int, *, start: datetime) -> dict[str, int]:
        """What the fills since then come to, by contract, where it is not zero. Urgent."""
        request = requests.OfAccountSince(
            account_id=account_id, start_timestamp=start, end_timestamp=None
        )
        answer = self._loosely(endpoints.TRADES_LOOSE, request, "list fills")
        return loose.fills_net_in(answer.trades, account_id)

    def _loosely(self, endpoint: Endpoint[L], request: msgspec.Struct, attempted: str) -> L:
        return self._call.ask(endpoint, request, attempted, Urgency.URGENT)

    # -- beneath ------------------------------------------------------------------------------

    def _listed(
        self,
        endpoint: Endpoint[endpoints.Contracts],
        request: msgspec.Struct,
        attempted: str,
        urgency: Urgency,
    ) -> tuple[Contract, ...]:
        answer = self._call.ask(endpoint, request, attempted, urgency)
        return tuple(row.contract() for row in answer.contracts or ())

    def _order_rows(
        self,
        account_id: int,
        start: datetime,
        end: datetime | None,
        urgency: Urgency = _NORMAL,
    ) -> list[WireOrder]:
        def ask(start: datetime, end: datetime | None) -> tuple[list[WireOrder], int | None]:
            request = requests.OfAccountSince(
                account_id=account_id, start_timestamp=start, end_timestamp=end
            )
            answer = self._call.ask(endpoints.ORDERS, request, "list orders", urgency)
            return answer.orders, answer.total_count

        return whole(ask, "orders", start, end)

    def _working_rows(self, account_id: int, urgency: Urgency) -> list[WireOrder]:
        request = requests.OfAccount(account_id=account_id)
        attempted = "list open orders"
        return self._call.ask(endpoints.ORDERS_OPEN, request, attempted, urgency).orders

    def _alive_or_none(self, account_id: int) -> list[WireOrder]:
        try:
            return self._alive_rows(account_id, Urgency.URGENT)
        except NoSuchPath:
            return []

    def _alive_rows(self, account_id: int, urgency: Urgency) -> list[WireOrder]:
        """One look. Raises Miscounted."""
        alive = requests.OrderFilter(account_id=account_id, statuses=codes.ALIVE)

        def page(offset: int) -> endpoints.Orders:
            request = requests.OrderQuery(filter=alive, page_size=PAGE_ROWS, page_offset=offset)
            return self._call.ask(endpoints.ORDERS_QUERY, request, "list alive orders", urgency)

        return self._alive.look(page, lambda: self._working_rows(account_id, urgency))

    def _alive_rows_patiently(self, account_id: int) -> list[WireOrder]:
        """As many looks as it takes until a count that does not fit is taken for wrong."""
        for pause_s in PAUSES_S:
            try:
                return self._alive_rows(account_id, _NORMAL)
            except Miscounted:
                self._call.pause(pause_s)
        return self._alive_rows(account_id, _NORMAL)

    def _order(self, row: WireOrder, account_id: int, urgency: Urgency = _NORMAL) -> Order:
        _require_own((row.account_id,), account_id)
        return row.order(self.contract(row.contract_id, urgency=urgency))


def _require_own(account_ids: Iterable[int], account_id: int) -> None:
    for other in account_ids:
        if other != account_id:
            raise ProtocolError(f"asked for account {account_id}, got a row of account {other}")
