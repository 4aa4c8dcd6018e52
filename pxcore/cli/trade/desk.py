"""What a verb works with: settings, a client of the gateway, and where to say things."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import typer

from pxcore.calendar.hours import trading_day_at
from pxcore.cli.output import Form, Output
from pxcore.cli.verb_settings import lenient_settings
from pxcore.config.settings import Settings
from pxcore.gateway.rest import GatewayClient, Urgency
from pxcore.gateway.rest.outcomes import NoSuchPath
from pxcore.model import Account, Contract, Misconfigured, Order, Refused
from pxcore.venue.connect import connect

_LOOK_BACK = timedelta(days=7)  # for an order, at a gateway that cannot be asked for one by id
_LOOKS_MAX = 12
_LOOK_EVERY_S = 0.25

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Gateway:
    """`sleep` waits so many seconds between two looks. `urgency` is that of the looks at account,
    orders and positions: those of a way out are never held back by a used-up budget.
    """

    settings: Settings
    client: GatewayClient
    out: Output
    sleep: Callable[[float], None]
    urgency: Urgency = Urgency.NORMAL

    @property
    def now(self) -> datetime:
        return self.settings.clock.now()

    @property
    def day_start(self) -> datetime:
        return trading_day_at(self.now).opens_at

    @property
    def where(self) -> str:
        """Mode and gateway, for a person."""
        mode = self.settings.mode.value
        return f"{mode.upper() if mode == 'live' else mode}, gateway {self.settings.gateway}"

    def account_id(self) -> int:
        if self.settings.account_id is None:
            raise Misconfigured(
                "PX_ACCOUNT_ID is missing: `px accounts` lists those there are, none is chosen by "
                "position"
            )
        return self.settings.account_id

    def account(self) -> Account:
        """The account of PX_ACCOUNT_ID, whether or not it may trade. Raises Misconfigured."""
        account_id = self.account_id()
        listed = self.client.accounts(only_active=False, urgency=self.urgency)
        account = next((a for a in listed if a.id == account_id), None)
        if account is None:
            exist = ", ".join(f"{a.id} ({a.name})" for a in listed) or "none"
            raise Misconfigured(f"there is no account {account_id}; the user's accounts: {exist}")
        return account

    def contract(self, text: str | None) -> Contract:
        """The one that is called so, by default that of PX_CONTRACT; an expired one by its id.

        Raises Misconfigured, naming what is near.
        """
        wanted = (text or self.settings.contract).strip()
        try:
            return self.client.resolve_contract(wanted)
        except Misconfigured as error:
            if not wanted.upper().startswith("CON."):
                raise
            try:
                return self.client.contract(wanted.upper())
            except Refused:
                raise error from None

    def order(self, account_id: int, order_id: int) -> Order:
        """Raises Misconfigured when the account has no such order."""
        try:
            return self.client.order(account_id, order_id, urgency=self.urgency)
        except Refused as error:
            if error.code_name != "OrderNotFound":
                raise
        except NoSuchPath:
            recent = self.client.orders(account_id, start=self.now - _LOOK_BACK)
            found = next((order for order in recent if order.id == order_id), None)
            if found is not None:
                return found
        raise Misconfigured(f"account {account_id} has no order {order_id}: see `px orders search`")

    def look_until(self, look: Callable[[], T], is_settled: Callable[[T], bool]) -> T:
        """The first look that is settled, or else the last of twelve, in about three seconds."""
        seen = look()
        for _ in range(_LOOKS_MAX - 1):
            if is_settled(seen):
                break
            self.sleep(_LOOK_EVERY_S)
            seen = look()
        return seen


@contextmanager
def open_desk(
    context: typer.Context,
    form: Form,
    *,
    kind: type[Settings] = Settings,
    urgency: Urgency = Urgency.NORMAL,
) -> Iterator[Gateway]:
    """The context's object, when there is one, is how to sleep: a test waits for nothing."""
    sleep = context.obj or time.sleep
    settings = lenient_settings(kind)
    client = connect(settings, sleep=sleep)
    try:
        yield Gateway(settings, client, Output(form), sleep, urgency)
    finally:
        client.close()
