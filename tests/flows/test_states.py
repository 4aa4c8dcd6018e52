"""What a run is called in the list of runs."""

import pytest
from hostile import HOSTILE, require_plain, require_shown
from prefect.client.schemas.objects import StateType

from flows.outcome import DayFailed, Outcome
from flows.states import done, ended_day, failed, skipped, skipped_because
from pxcore.day.window import NotNow
from pxcore.ownership.account_lock import AccountBusy

OUTCOME = Outcome(
    flat=True,
    reconciled=True,
    trades=3,
    fills=6,
    pnl_usd="42.10",
    fees_usd="3.66",
    refusals={},
    session_id="px-1",
    flow_run_id="r",
    report="report.md",
    ended="window end",
)


def outcome(**changes) -> Outcome:
    return Outcome(**{f: getattr(OUTCOME, f) for f in OUTCOME.__struct_fields__} | changes)


NAMES = [
    pytest.param({}, None, "Completed (flat, 3 trades, +$42.10)", "COMPLETED", id="profit"),
    pytest.param(
        {"trades": 1, "pnl_usd": "-5.00"},
        None,
        "Completed (flat, 1 trade, -$5.00)",
        "COMPLETED",
        id="loss",
    ),
    pytest.param({"halted": "daily loss"}, None, "Halted (daily loss)", "COMPLETED", id="halted"),
    pytest.param(
        {"halted": "no\x1b[2J\n"}, None, r"Halted (no\x1b[2J\n)", "COMPLETED", id="odd words"
    ),
    pytest.param({}, "Cancelling", "Flattened (cancelling)", "CANCELLED", id="cancelled"),
]


@pytest.mark.parametrize(("changes", "cancelled_as", "name", "kind"), NAMES)
def test_day_that_ended_flat_is_named_by_what_it_came_to(changes, cancelled_as, name, kind):
    state = ended_day(outcome(**changes), "told", cancelled_as=cancelled_as)
    assert (state.name, state.type) == (name, StateType(kind))


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"flat": False}, "Failed (not flat!)"),
        ({"reconciled": False}, "Failed (not reconciled)"),
        ({"flat": False, "reconciled": False, "left": True}, "Left (to its bracket)"),
    ],
    ids=["not flat", "not reconciled", "left"],
)
def test_day_that_is_not_in_order_fails_whatever_else_there_is_to_say(changes, name):
    with pytest.raises(DayFailed) as failed:
        ended_day(outcome(halted="daily loss", **changes), "told", cancelled_as="Cancelled")
    assert failed.value.name == name


def test_day_without_trading_is_skipped_with_its_kind_and_no_automation_takes_it_for_cancelled():
    state = skipped_because(NotNow("2026-11-26 is closed", kind="holiday"))
    assert (state.name, state.message) == ("Skipped (holiday)", "2026-11-26 is closed")
    assert skipped_because(AccountBusy("held by px-1")).name == "Skipped (busy)"


@pytest.mark.parametrize(
    "state",
    [
        skipped(HOSTILE, HOSTILE),
        skipped_because(NotNow(HOSTILE, kind=HOSTILE)),
        skipped_because(AccountBusy(HOSTILE)),
        done(HOSTILE, HOSTILE),
        failed("Failed (not flat!)", HOSTILE),
        ended_day(outcome(halted=HOSTILE), HOSTILE, cancelled_as=None),
        ended_day(outcome(), HOSTILE, cancelled_as=HOSTILE),
    ],
    ids=["skipped", "not now", "busy", "done", "failed", "halted", "cancelled"],
)
def test_state_holds_texts_of_others_on_one_line_that_acts_on_no_screen(state):
    require_plain(f"{state.name}{state.message}")
    assert "\n" not in f"{state.name}{state.message}" and len(state.name) < 60
    require_shown(state.message)
