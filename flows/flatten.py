"""The flatten: by hand from the UI for any account, or started by an automation.

`px flatten` does the same without Prefect. What decides and sends is `pxcore`'s.
"""

from typing import Any, Literal

from prefect import State, flow
from pydantic import Field, field_validator

from flows.parameters import REASON_MAX, Form, reason_in
from flows.states import done, failed, skipped_because
from pxcore.config.accounts import account_of
from pxcore.config.settings import LenientAccountlessSettings, LenientSettings, load_settings
from pxcore.model import PxError
from pxcore.ownership.account_lock import AccountBusy
from pxcore.text.typed import ID_MAX
from tasks.flattening import flatten_account, spare_or_flatten
from tasks.marks import marked
from tasks.run_log import logged_run


class FlattenOrder(Form):
    """Cancel every order and close every position of an account, and prove it by REST."""

    account: int | None = Field(
        None, ge=1, le=ID_MAX, title="account id", description="instead of the settings' account"
    )
    reason: str = Field(
        "by hand", min_length=1, max_length=REASON_MAX, description="why, for the record"
    )
    session: Literal["asked to end", "spared"] = Field(
        "asked to end",
        description="a session that lives is asked to flatten and end first; or it is spared, "
        "and nothing is sent",
    )
    timeout_s: float = Field(60.0, ge=5, le=300, description="seconds until it gives up")

    _reason = field_validator("reason", mode="before")(reason_in)


_NOW = FlattenOrder()


@flow(name="flatten", retries=0, persist_result=False)
def flatten(order: FlattenOrder = _NOW) -> State[Any]:
    """Flat, with proof, whether or not a session runs.

    Args:
        order: which account, why, and what becomes of a session that holds it
    """
    base = load_settings(kind=LenientAccountlessSettings)
    with account_of(base, order.account).in_force():
        settings = load_settings(kind=LenientSettings)
        with logged_run(settings), marked("flatten", settings):
            act = spare_or_flatten if order.session == "spared" else flatten_account
            try:
                told = act(settings, by=f"flatten: {order.reason}", timeout_s=order.timeout_s)
            except AccountBusy as busy:
                return skipped_because(busy)
            except PxError as error:
                return failed("Failed (not flat!)", str(error))
    return done("flat already" if told.is_done else "flat", told.text)
