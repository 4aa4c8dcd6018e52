"""`px accounts` and `px account check`: which accounts there are, and is ours fit to trade?"""

import msgspec

from pxcore.calendar.hours import trading_day_at
from pxcore.cli.output import Grid
from pxcore.cli.trade.desk import Gateway
from pxcore.cli.trade.values import account_document, account_kind, dollars
from pxcore.config.paths import Paths
from pxcore.engine.start_check import Item, OrphanRemedy, found_in, remedy_for
from pxcore.flatten.recovery import our_sessions
from pxcore.model import Account, Misconfigured, Order, Position
from pxcore.ownership.holders import holder_of
from pxcore.ownership.world import world_of

_BRACKET_MODE = (
    "bracket mode cannot be read over the API: it must be Auto OCO Brackets (in the platform's "
    "Settings, Risk Settings), or every entry with a stop is refused"
)


def list_accounts(desk: Gateway) -> int:
    chosen = desk.settings.account_id
    accounts = desk.client.accounts(only_active=False)
    rows = [
        (
            str(a.id),
            a.name,
            account_kind(a),
            dollars(a.balance_usd),
            "yes" if a.can_trade else "no",
            _simulated(a),
            "PX_ACCOUNT_ID" if a.id == chosen else "",
        )
        for a in accounts
    ]
    heads = ("id", "name", "kind by name", "balance USD", "may trade", "simulated", "chosen")
    document = [account_document(a) | {"is_chosen": a.id == chosen} for a in accounts]
    desk.out.show(document, Grid(heads, rows, right=("balance USD",)) if rows else "no account")
    return 0


class AccountLook(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue and this machine say of the account; None for one that is not there."""

    account: Account | None
    orders: tuple[Order, ...] = ()
    positions: tuple[Position, ...] = ()
    held_by: str | None = None
    refused: tuple[Item, ...] = ()


def problems_of(look: AccountLook, account_id: int) -> tuple[str, ...]:
    """Why the account is not fit to trade, each with what to do; none when it is."""
    account = look.account
    if account is None:
        return (f"there is no account {account_id}: set PX_ACCOUNT_ID to one of `px accounts`",)
    problems: list[str] = []
    if not account.can_trade:
        problems.append("the venue lets it not trade: see its state on the platform")
    if account.is_simulated is False:
        problems.append("it is live-funded, and automated trading is not allowed there")
    if look.refused and not look.held_by:
        what = ", ".join(item.text for item in look.refused)
        problems.append(
            f"it is not flat, and a session would be refused for {what}: `px flatten`, or see "
            "PX_FOREIGN and PX_LEFTOVERS"
        )
    return tuple(problems)


def check_account(desk: Gateway) -> int:
    """0 when a session could trade it, 1 when not."""
    account_id = desk.account_id()
    look = _look(desk, account_id)
    problems = problems_of(look, account_id)
    notes = _notes(look)
    document = {
        "account_id": account_id,
        "is_fit": not problems,
        "account": account_document(look.account) if look.account else None,
        "orders_alive": len(look.orders),
        "positions_open": len(look.positions),
        "held_by": look.held_by,
        "bracket_mode": None,
        "problems": problems,
        "notes": notes,
    }
    verdict = "fit to trade" if not problems else "NOT fit to trade"
    desk.out.show(
        document,
        *_facts(look, account_id),
        *(f"note: {note}" for note in notes),
        *(f"problem: {problem}" for problem in problems),
        f"account {account_id} is {verdict}",
    )
    return 1 if problems else 0


def _look(desk: Gateway, account_id: int) -> AccountLook:
    try:
        account = desk.account()
    except Misconfigured:
        return AccountLook(account=None)
    orders = desk.client.open_orders(account_id)
    positions = tuple(p for p in desk.client.positions(account_id) if not p.is_flat)
    return AccountLook(
        account=account,
        orders=orders,
        positions=positions,
        held_by=holder_of(Paths(desk.settings.home).home, account_id, world_of(desk.settings)),
        refused=_refused(desk, account_id) if orders or positions else (),
    )


def _refused(desk: Gateway, account_id: int) -> tuple[Item, ...]:
    """What a session would not begin with, by the settings."""
    day_start = trading_day_at(desk.settings.clock.now()).opens_at
    seen = desk.client.snapshot(account_id, day_start=day_start)
    orders = desk.client.orders(account_id, start=day_start)
    found = found_in(seen, orders, sessions=our_sessions(desk.settings))
    remedy = remedy_for(
        found,
        contract_id=desk.contract(None).id,
        leftovers=desk.settings.leftovers,
        foreign=desk.settings.foreign,
        may_adopt=True,
    )
    return found if remedy is OrphanRemedy.REFUSE else ()


def _notes(look: AccountLook) -> tuple[str, ...]:
    if look.account is None:
        return ()
    notes = [_BRACKET_MODE]
    if account_kind(look.account) == "unknown":
        notes.append(f"the name {look.account.name} says nothing of its kind: make sure of it")
    if look.account.is_simulated is None:
        notes.append("the venue does not say whether it is simulated")
    if look.held_by:
        notes.append(f"held by {look.held_by}, which looks after what is open")
    return tuple(notes)


def _facts(look: AccountLook, account_id: int) -> list[str]:
    account = look.account
    if account is None:
        return []
    facts = [
        ("account", f"{account_id} {account.name}"),
        ("kind by name", account_kind(account)),
        ("may trade", "yes" if account.can_trade else "no"),
        ("simulated", _simulated(account)),
        ("balance USD", dollars(account.balance_usd)),
        ("orders alive", str(len(look.orders))),
        ("positions open", str(len(look.positions))),
        ("held by", look.held_by or "nobody"),
    ]
    return [f"{name:<16} {value}" for name, value in facts]


def _simulated(account: Account) -> str:
    return {True: "yes", False: "no", None: "not said"}[account.is_simulated]
