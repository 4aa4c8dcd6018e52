"""`px rearm`: a person clears what the day has latched, says why, and it is written down.

It opens nothing and sends nothing. What led to a halt counts on: the day's loss, its trades and
its peak are the venue's and the journals' facts, and a limit that is still broken halts again.
"""

import sys

import msgspec

from pxcore.cli.limits import Today, changes_told, damage_told, halt_told, settings_against
from pxcore.cli.output import NEEDS_YES, Output
from pxcore.cli.reasons import reason_given
from pxcore.config.settings import Settings
from pxcore.engine.tightening import Bounds, bounds_of, loosened, only
from pxcore.journal.operator import OperatorRow, Rearmed
from pxcore.journal.terms import DayTerms
from pxcore.model import Misconfigured
from pxcore.ownership.account_lock import AccountBusy, AccountLock
from pxcore.ownership.world import world_of


class RearmWish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be let go, why, and whether the person has agreed beforehand."""

    halts: bool
    limits: bool
    reason: str
    is_agreed: bool


def rearm(settings: Settings, out: Output, wish: RearmWish) -> int:
    """0 once it is on the disk, or when there is nothing to let go; 1 when the person says no.

    Raises Misconfigured while a session holds the account, for a wish that names nothing, and
    when what is latched changed after it was shown.
    """
    why = reason_given(wish.reason)
    if not (wish.halts or wish.limits):
        raise Misconfigured("say what to re-arm: --halt, --limits or both; nothing was written")
    today = Today(settings)
    today.refuse_elsewhere("re-arm")
    if today.holder is not None:
        raise Misconfigured(_busy(f"account {today.account_id} is held by {today.holder}"))
    terms = today.terms()
    if terms.damage is not None:
        raise Misconfigured(damage_told(terms.damage))
    unknown = [one for one in terms.halts if one.session_id not in terms.sessions]
    unread = [one for one in unknown if "cannot be read" in one.reason]
    if wish.halts and not wish.limits and unread:
        raise Misconfigured(
            f"{unread[0].session_id}: {unread[0].reason}; its limits are not known either: say "
            "--limits as well; nothing was written"
        )
    _show(today, terms, out)
    act = _act(today, terms, wish)
    if act is None:
        out.say("there is nothing to clear: no such halt or limit is in force, nothing was written")
        return 0
    _announce(act, today, out)
    if not _is_agreed(wish, out):
        out.say("nothing was written")
        return 1
    row = _write(today, terms, wish, why)
    out.say(f"re-armed by {row.who} (row {row.seq} of {today.journal.path.name})")
    return 0


def _show(today: Today, terms: DayTerms, out: Output) -> None:
    out.say(f"{today.where}:")
    for line in [halt_told(one) for one in terms.halts] or ["no halt known"]:
        out.say(f"  {line}")
    looser = settings_against(today, terms)
    for line in looser or ["no setting is looser than the limits in force"]:
        out.say(f"  {line}")
    if today.kill_switch:
        out.say(f"  the kill switch is ENGAGED ({today.kill_switch}): it stays so")


def _act(today: Today, terms: DayTerms, wish: RearmWish) -> Rearmed | None:
    """What would be written; None when nothing of what is wished for is there to let go."""
    halts = terms.halts if wish.halts else ()
    lets_limits_go = wish.limits and bool(loosened(terms.in_force, today.wanted))
    if not halts and not lets_limits_go:
        return None
    return Rearmed(
        halts=halts,
        sessions=terms.sessions if lets_limits_go else (),
        before=terms.in_force if lets_limits_go else None,
        after=bounds_of(today.wanted) if lets_limits_go else None,
    )


def _announce(act: Rearmed, today: Today, out: Output) -> None:
    out.say("it will")
    for halt in act.halts:
        out.say(f"  clear the halt of {halt.session_id}: {halt.reason}")
    if act.before is not None and act.after is not None:
        names = [one.name for one in loosened(act.before, today.wanted)]
        changes = changes_told(only(act.before, names), only(act.after, names))
        out.say(f"  loosen {changes}; from then on these settings are the limits in force")
    out.say("the day's loss, trades and peak count on: a limit that is still broken halts again")


def _is_agreed(wish: RearmWish, out: Output) -> bool:
    if wish.is_agreed:
        return True
    if not sys.stdin.isatty():
        raise Misconfigured(f"{NEEDS_YES}; nothing was written")
    return out.confirm("Re-arm?")


def _write(today: Today, shown: DayTerms, wish: RearmWish, why: str) -> OperatorRow:
    """Under the account's lock, so that no session begins or halts meanwhile."""

    def decide(rows: tuple[OperatorRow, ...]) -> Rearmed:
        found = today.terms()
        act = _act(today, found, wish)
        if act is None or _facts(found) != _facts(shown):
            raise Misconfigured(
                "what is latched or in force has changed since it was shown: look again; nothing "
                "was written"
            )
        return act

    world = world_of(today.settings)
    try:
        with AccountLock(today.paths.home, today.account_id, holder="px rearm", world=world):
            return today.record(decide, why)
    except AccountBusy as busy:
        raise Misconfigured(_busy(str(busy))) from None


def _facts(terms: DayTerms) -> tuple[object, Bounds]:
    return terms.halts, terms.in_force


def _busy(held: str) -> str:
    return (
        f"{held}: a session that runs is not re-armed, stop it first (`px flatten` asks it to "
        "flatten and end); nothing was written"
    )
