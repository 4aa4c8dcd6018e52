"""How a run ends, in words that a person understands in the list of runs.

A day that did not end flat is of type Failed, whatever else there is to say. The automations go
by names: one that was left to its bracket, as somebody wished, is called so and not flattened
after. No state is ever proof of anything: that is the report's. Every state of a flow of ours is
made here, its texts escaped.
"""

from typing import Any

from prefect import State
from prefect.states import Cancelled, Completed, Failed

from flows.outcome import DayFailed, Outcome
from pxcore.day.window import NotNow
from pxcore.ownership.account_lock import AccountBusy
from pxcore.text.counting import counted
from pxcore.text.escaping import for_prefect

_WHY_MAX = 40  # characters of a reason in a list


def skipped(kind: str, message: str, data: Any = None) -> State[Any]:
    """There was nothing to do, or it was not to be done now. Sent nothing."""
    return Cancelled(name=f"Skipped ({_short(kind)})", message=for_prefect(message), data=data)


def skipped_because(reason: NotNow | AccountBusy, *, is_part: bool = False) -> State[Any]:
    """Of a flow that is a part of another one the reason is in its data, for that one."""
    kind = reason.kind if isinstance(reason, NotNow) else "busy"
    return skipped(kind, str(reason), reason if is_part else None)


def done(what: str, message: str = "") -> State[None]:
    return Completed(name=f"Completed ({_short(what)})", message=for_prefect(message) or None)


def failed(what: str, message: str, data: Any = None) -> State[Any]:
    """`what` names it in the list of runs, in words of ours: the automations go by them."""
    return Failed(name=what, message=for_prefect(message), data=data)


def ended_day(outcome: Outcome, headline: str, *, cancelled_as: str | None) -> State[Outcome]:
    """The state of a day that ended flat and reconciled. Raises DayFailed for any other."""
    if outcome.left and not outcome.flat:
        raise DayFailed(outcome, headline, name="Left (to its bracket)")
    if not outcome.flat:
        raise DayFailed(outcome, headline, name="Failed (not flat!)")
    if not outcome.reconciled:
        raise DayFailed(outcome, headline, name="Failed (not reconciled)")
    if cancelled_as is not None:
        name = f"Flattened ({_short(cancelled_as.lower())})"
        return Cancelled(name=name, message=for_prefect(headline), data=outcome)
    if outcome.halted is not None:
        name = f"Halted ({_short(outcome.halted)})"
        return Completed(name=name, message=for_prefect(headline), data=outcome)
    trades = counted(outcome.trades, "trade")
    money = f"{'-' if outcome.pnl_usd.startswith('-') else '+'}${outcome.pnl_usd.lstrip('-+')}"
    return Completed(
        name=f"Completed (flat, {trades}, {money})", message=for_prefect(headline), data=outcome
    )


def _short(text: str) -> str:
    shown = for_prefect(text)
    return shown if len(shown) <= _WHY_MAX else f"{shown[: _WHY_MAX - 1]}…"
