"""`px flatten`: close everything on the account, with proof, without Prefect or a session."""

import sys
import time
from contextlib import ExitStack

import typer
from rich.console import Console

from pxcore.calendar import trading_day_at
from pxcore.engine.commands import Notice, TakeSnapshot
from pxcore.engine.events import Event, SnapshotFailed, SnapshotTaken
from pxcore.gateway import Urgency
from pxcore.model import Misconfigured
from pxcore.runtime.alarms import act_of, flatten_alerted
from pxcore.runtime.flatten import flatten_account
from pxcore.runtime.flatten_record import FlattenRecord
from pxcore.runtime.lock import AccountBusy, AccountLock, holder_of
from pxcore.runtime.paths import Paths
from pxcore.runtime.plan import connect
from pxcore.runtime.strays import Strays
from pxcore.runtime.venue import Venue
from pxcore.settings import Mode, Settings

_POLL_S = 0.2


def flatten(settings: Settings, console: Console, *, is_agreed: bool, timeout_s: float) -> int:
    """0 once REST has shown the account flat. Raises NotFlat when it could not be proven."""
    if settings.account_id is None:
        raise Misconfigured("PX_ACCOUNT_ID is missing: which account is to be flattened?")
    if settings.mode is Mode.SHADOW:
        raise Misconfigured("shadow sends nothing: PX_TRADING=armed is needed to flatten")
    client = connect(settings)
    accounts = client.accounts(only_active=False, urgency=Urgency.URGENT)
    account = next((a for a in accounts if a.id == settings.account_id), None)
    if account is None:
        raise Misconfigured(f"account {settings.account_id} is not on gateway {settings.gateway}")
    day_start = trading_day_at(settings.clock.now()).opens_at
    venue = Venue(client, account_id=account.id, day_start=day_start, clock=settings.clock)
    look = venue.ask(TakeSnapshot(request=0, why="px flatten", is_urgent=True))
    console.print(f"{settings.mode}: account {account.id} {account.name} {_told(look)}")
    holder = holder_of(Paths(settings.home).home, account.id)

    def say(notice: Notice) -> None:
        console.print(notice.text)

    strays = Strays(settings, account.id, client, say=say)
    if holder is not None:
        console.print(f"{holder} has the account: it will be asked to flatten and end first")
    elif isinstance(look, SnapshotTaken) and look.snapshot.is_flat:
        if not strays.may_arrive():  # asked of journals, which no close waits for
            console.print("flat already, nothing sent")
            return 0
        console.print("an entry of a session that died may still arrive: it is waited for")
    if not is_agreed:
        if not sys.stdin.isatty():
            raise Misconfigured("nobody is at a terminal to be asked: give --yes; nothing was sent")
        typer.confirm("Cancel every order and close every position?", abort=True)
    with ExitStack() as stack:
        is_taking_over = _take(stack, settings, account.id, timeout_s / 2, console)
        made = FlattenRecord(settings, account.id, "px flatten", say=say, client=client)
        about = act_of(account.id, settings.clock.now())
        stack.enter_context(flatten_alerted(settings, about=about, account_id=account.id))
        record = stack.enter_context(made)
        proof = flatten_account(
            venue,
            clock=settings.clock,
            reason="px flatten",
            timeout_s=timeout_s,
            say=say,
            record=record,
            is_taking_over=is_taking_over or strays.has_just_died(),
            may_still_arrive=Strays(settings, account.id, client, say=say),  # as of now
        )
    console.print(f"flat, verified by REST, balance {proof.account.balance_usd:,.2f} USD")
    return 0


def _told(look: Event) -> str:
    """What the account has, as far as it could be read."""
    if isinstance(look, SnapshotTaken):
        orders, positions = look.snapshot.orders, look.snapshot.positions
    elif (
        isinstance(look, SnapshotFailed) and look.orders is not None and look.positions is not None
    ):
        orders, positions = look.orders, look.positions
    else:
        return "cannot be read: flattening by what can be learned on the way"
    held = [f"{p.size:+d} {p.contract_id}" for p in positions if not p.is_flat]
    return f"has {len(orders)} orders alive and holds {', '.join(held) or 'nothing'}"


def _take(
    stack: ExitStack, settings: Settings, account_id: int, wait_s: float, console: Console
) -> bool:
    """Takes the account's lock; asks a session that holds it to flatten and end first.

    True when somebody else had it. One that does not let go in time is not waited for: the
    flatten then looks twice before it sends anything.
    """
    lock = AccountLock(Paths(settings.home).home, account_id, holder="px flatten")
    deadline = time.monotonic() + wait_s
    was_held = False
    while True:
        try:
            stack.enter_context(lock)
            return was_held
        except AccountBusy as busy:
            if not was_held:
                console.print(f"{busy}: asking it to flatten and end")
                lock.ask_holder_to_stop()
            was_held = True
        if time.monotonic() > deadline:
            console.print(f"it has not let go within {wait_s:g} s: flattening beside it")
            return True
        time.sleep(_POLL_S)
