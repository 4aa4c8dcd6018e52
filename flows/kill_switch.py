"""The kill switch, from the UI. `px kill` does the same without Prefect."""

from typing import Any, Literal

from prefect import State, flow
from pydantic import Field, field_validator

from flows.parameters import REASON_MAX, Form, reason_in
from flows.states import done
from pxcore.config.settings import AccountlessSettings, LenientAccountlessSettings, load_settings
from pxcore.ownership.kill_acts import engage, release, resume
from tasks.marks import marked
from tasks.run_log import logged_run


class KillOrder(Form):
    """For every account and every machine that shares the store."""

    action: Literal["engage", "release"] = Field(description="keep entries out, or let them in")
    reason: str = Field(min_length=1, max_length=REASON_MAX, description="why; kept for the record")
    positions: Literal["flatten", "keep"] = Field(
        "flatten", description="what an engaged switch does to what is open"
    )
    sessions: Literal["stay out", "resume"] = Field(
        "stay out", description="what sessions that run do after a release"
    )

    _reason = field_validator("reason", mode="before")(reason_in)


@flow(name="kill-switch", retries=0, persist_result=False)
def kill_switch(order: KillOrder) -> State[Any]:
    """Engages or releases it.

    Args:
        order: what to do, and why
    """
    is_release = order.action == "release"
    settings = load_settings(kind=AccountlessSettings if is_release else LenientAccountlessSettings)
    with logged_run(settings), marked("kill-switch", settings):
        if is_release:
            was = release(settings, reason=order.reason, who="prefect")
            name = "released" if was else "was not engaged"
            if order.sessions == "resume":
                resume(settings, reason=order.reason, who="prefect")
                name += ", sessions resume"
            return done(name, order.reason)
        engaged = engage(
            settings,
            reason=order.reason,
            flattens=order.positions == "flatten",
            who="prefect",
        )
    return done("engaged", "; ".join((order.reason, *engaged.problems)))
