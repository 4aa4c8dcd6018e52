"""Before money moves: may it, does the person agree, and is the account ours to touch?

In this order, so that the cheap refusals come before anything is sent. What raises here has sent
no instruction.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import msgspec

from pxcore.cli.output import NEEDS_YES
from pxcore.cli.trade.desk import Gateway
from pxcore.cli.trade.status import halt_of
from pxcore.config.paths import Paths
from pxcore.config.settings import Mode, Settings
from pxcore.day.kill_switch import kill_switch
from pxcore.host.streams import act_on
from pxcore.model import Account, Misconfigured
from pxcore.ownership.account_lock import AccountBusy, AccountLock
from pxcore.ownership.holders import holder_of
from pxcore.ownership.world import world_of


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed to on the command line: do not ask; act although a session is there."""

    is_agreed: bool
    is_beside: bool


def require_may_act(desk: Gateway, consent: Consent) -> None:
    """Raises Misconfigured in shadow, without anybody to ask, and beside a session unasked. From
    here on nobody who reads what is said is waited for.
    """
    act_on()
    if desk.settings.mode is Mode.SHADOW:
        raise Misconfigured(
            f"shadow sends nothing: {_way_out_of_shadow(desk.settings)}; nothing was sent"
        )
    if not consent.is_agreed and not sys.stdin.isatty():
        raise Misconfigured(f"{NEEDS_YES}; nothing was sent")
    home, world = Paths(desk.settings.home).home, world_of(desk.settings)
    holder = holder_of(home, desk.account_id(), world)
    if holder is not None and not consent.is_beside:
        raise Misconfigured(_held(f"account {desk.account_id()} is held by {holder}"))


def require_may_open(desk: Gateway) -> None:
    """Raises Misconfigured while the kill switch is engaged or the trading day is halted,
    Unavailable when neither can be known.
    """
    switch = kill_switch(desk.settings)
    if switch is not None:
        raise Misconfigured(
            f"the kill switch is engaged ({switch}): nothing may be opened until `px kill off "
            "--reason …`, and PX_KILL_SWITCH is gone; nothing was sent"
        )
    reason = halt_of(desk.settings, desk.account_id())
    if reason is not None:
        raise Misconfigured(
            f"account {desk.account_id()} is halted for this trading day ({reason}): nothing may "
            "be opened; nothing was sent"
        )


def is_agreed_to(desk: Gateway, account: Account, plan: list[str], consent: Consent) -> bool:
    """Says what will be done, where and on which account, and asks unless that was agreed to."""
    out = desk.out
    out.say(f"{desk.where}, account {account.id} {account.name}:")
    for line in plan:
        out.say(f"  {line}")
    if consent.is_beside:
        out.say("  beside the session that may hold the account")
    if consent.is_agreed or out.confirm("Do it?"):
        return True
    out.say("nothing was sent")
    return False


@contextmanager
def holding(
    desk: Gateway, account: Account, consent: Consent, *, verb: str, is_way_out: bool = False
) -> Iterator[None]:
    """The account is ours alone meanwhile, unless we act beside its holder. A way out, which takes
    risk off, goes on when the disk does not let us have the lock.

    Raises Misconfigured when a session took it while we asked.
    """
    home = Paths(desk.settings.home).home
    trouble = desk.out.warn if is_way_out else None
    world = world_of(desk.settings)
    lock = AccountLock(home, account.id, holder=verb, world=world, on_trouble=trouble)
    with ExitStack() as stack:
        try:
            stack.enter_context(lock)
        except AccountBusy as busy:
            if not consent.is_beside:
                raise Misconfigured(_held(str(busy))) from None
        try:
            yield
        except KeyboardInterrupt:
            desk.out.warn(
                "broken off: what was sent may have been taken; look with `px orders search` and "
                "`px positions open` before anything else"
            )
            raise


def _held(busy: str) -> str:
    return (
        f"{busy}: stop it first (`px flatten` asks it to flatten and end), or act beside it with "
        "--beside-session; nothing was sent"
    )


def _way_out_of_shadow(settings: Settings) -> str:
    if settings.trading == "shadow":
        return "PX_TRADING=shadow is set"
    return f"PX_TRADING=armed is needed on gateway {settings.gateway}"
