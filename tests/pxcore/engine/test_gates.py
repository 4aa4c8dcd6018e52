"""Every gate refuses what it must, says both numbers, and comes in the order of the design."""

from datetime import timedelta
from decimal import Decimal

import pytest
from engine_scenes import LIMITS, OPEN
from msgspec.structs import replace

from pxcore.engine.commands import Denied, Gate
from pxcore.engine.gates import Approved, EntryView, review
from pxcore.engine.strategy import Enter
from pxcore.model import Bracket, Side

SIGNAL = Enter(side=Side.BUY, reason="test")
READY = EntryView(
    now=OPEN + timedelta(seconds=1),
    kill_reason=None,
    halt_reason=None,
    is_paused=False,
    window_start=OPEN,
    window_end=OPEN + timedelta(minutes=30),
    unknown_because=None,
    quote_age_s=0.1,
    print_age_s=0.1,
    account_can_trade=True,
    exposure=0,
    alive_orders=0,
    phase="flat",
    trades_count=0,
    cooldown_until=None,
    day_usd=Decimal(0),
    worst_case_usd=Decimal("13.22"),
    size=1,
    bracket=Bracket(stop_loss_ticks=20, take_profit_ticks=30),
)

REFUSALS = [
    pytest.param({"kill_reason": "news"}, Gate.KILL_SWITCH, "news", id="kill switch engaged"),
    pytest.param({"halt_reason": "daily loss"}, Gate.HALTED, "daily loss", id="halted today"),
    pytest.param({"is_paused": True}, Gate.PAUSED, "paused", id="paused"),
    pytest.param(
        {"now": OPEN - timedelta(microseconds=1)}, Gate.WINDOW, "14:29:59.999999", id="too early"
    ),
    pytest.param({"now": OPEN + timedelta(minutes=30)}, Gate.WINDOW, "15:00:00", id="at the end"),
    pytest.param({"unknown_because": "hub down"}, Gate.STATE_UNKNOWN, "hub down", id="unknown"),
    pytest.param({"quote_age_s": None}, Gate.STALE_DATA, "no quote yet", id="no quote"),
    pytest.param({"quote_age_s": 10.1}, Gate.STALE_DATA, "quote 10.1 s old", id="old quote"),
    pytest.param({"print_age_s": 11.0}, Gate.STALE_DATA, "print 11.0 s old", id="old print"),
    pytest.param({"account_can_trade": False}, Gate.ACCOUNT, "may not trade", id="locked account"),
    pytest.param({"exposure": 1}, Gate.NOT_FLAT, "1 held", id="position held"),
    pytest.param({"alive_orders": 2}, Gate.NOT_FLAT, "2 orders alive", id="stale orders"),
    pytest.param({"phase": "settling"}, Gate.NOT_FLAT, "settling", id="still settling"),
    pytest.param({"trades_count": 3}, Gate.TRADES_MAX, "3", id="trades used up"),
    pytest.param(
        {"cooldown_until": OPEN + timedelta(seconds=6)}, Gate.COOLDOWN, "5.0 s left", id="cooldown"
    ),
    pytest.param(
        {"day_usd": Decimal("-86.79")}, Gate.LOSS_HEADROOM, "13.22 USD at risk", id="no headroom"
    ),
    pytest.param({"size": 3}, Gate.SIZE, "3", id="too large"),
    pytest.param({"size": 0}, Gate.SIZE, "0", id="no size"),
    pytest.param(
        {"bracket": Bracket(stop_loss_ticks=3, take_profit_ticks=9)}, Gate.BRACKET, "3", id="near"
    ),
    pytest.param(
        {"bracket": Bracket(stop_loss_ticks=4, take_profit_ticks=0)}, Gate.BRACKET, "0", id="target"
    ),
]


@pytest.mark.parametrize(("changes", "gate", "value"), REFUSALS)
def test_entry_is_denied_with_the_gate_and_the_value(changes, gate, value):
    denied = review(SIGNAL, replace(READY, **changes), LIMITS)
    assert isinstance(denied, Denied)
    assert denied.gate is gate
    assert value in denied.value


def test_entry_is_approved_when_every_gate_passes():
    assert isinstance(review(SIGNAL, READY, LIMITS), Approved)


def test_entry_is_approved_when_the_worst_case_uses_the_headroom_exactly():
    # 100 USD limit, 86.78 lost: 13.22 left, and 13.22 at risk.
    view = replace(READY, day_usd=Decimal("-86.78"))
    assert isinstance(review(SIGNAL, view, LIMITS), Approved)


def test_first_gate_in_the_order_of_the_design_is_the_one_named():
    everything = {name: value for p in reversed(REFUSALS) for name, value in p.values[0].items()}
    order = []
    view = replace(READY, **everything)
    for _ in Gate:
        denied = review(SIGNAL, view, LIMITS)
        if isinstance(denied, Approved):
            break
        order.append(denied.gate)
        fixed = {
            name: getattr(READY, name)
            for p in REFUSALS
            if p.values[1] is denied.gate
            for name in p.values[0]
        }
        view = replace(view, **fixed)
    assert order == list(Gate)
