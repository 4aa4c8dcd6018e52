"""Every gate refuses what it must, says both numbers, and comes in the order of the design."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from engine_scenes import LIMITS, OPEN
from msgspec.structs import replace

from pxcore.engine.commands import Denied, Gate, Unit
from pxcore.engine.gates import Approved, EntryView, review
from pxcore.engine.limits import DayMoney
from pxcore.engine.strategy import Enter
from pxcore.journal.denial_text import denial_told, limit_told, value_told
from pxcore.model import Bracket, Side


def money(day: str, *, peak: str = "0", equity: str = "50000") -> DayMoney:
    return DayMoney(day_usd=Decimal(day), peak_usd=Decimal(peak), equity_usd=Decimal(equity))


STRICT = replace(
    LIMITS,
    drawdown_usd_max=Decimal(60),
    balance_usd_floor=Decimal(48000),
    losses_in_a_row_max=2,
    entries_per_minute_max=2,
    spread_ticks_max=3,
    presence_s=60.0,
)
SIGNAL = Enter(side=Side.BUY, reason="test")
READY = EntryView(
    now=OPEN + timedelta(seconds=1),
    kill_reason=None,
    halt_reason=None,
    is_paused=False,
    absent_s=1.0,
    window_start=OPEN,
    window_end=OPEN + timedelta(minutes=30),
    no_entry_until=None,
    clock_problem=None,
    unknown_because=None,
    quote_age_s=0.1,
    quote_problem=None,
    print_age_s=0.1,
    spread_ticks=1,
    account_can_trade=True,
    exposure=0,
    alive_orders=0,
    phase="flat",
    trades_count=0,
    entries_last_minute=0,
    unsent_until=None,
    unsent_because=None,
    cooldown_until=None,
    losses_in_a_row=0,
    money=money("0"),
    worst_case_usd=Decimal("13.22"),
    size=1,
    bracket=Bracket(stop_loss_ticks=20, take_profit_ticks=30),
)

REFUSALS = [
    pytest.param(
        {"kill_reason": "news"},
        Gate.KILL_SWITCH,
        "the kill switch is on: news",
        id="kill switch engaged",
    ),
    pytest.param(
        {"halt_reason": "daily loss"},
        Gate.HALTED,
        "halted for today: daily loss",
        id="halted today",
    ),
    pytest.param({"is_paused": True}, Gate.PAUSED, "the session is paused", id="paused"),
    pytest.param(
        {"now": OPEN - timedelta(microseconds=1)},
        Gate.WINDOW,
        "it is 08:29:59, the window opens at 08:30:00 Chicago",
        id="too early",
    ),
    pytest.param(
        {"now": OPEN + timedelta(minutes=30)},
        Gate.WINDOW,
        "it is 09:00:00, the window closed at 09:00:00 Chicago",
        id="at the end",
    ),
    pytest.param(
        {"absent_s": 61.0},
        Gate.PRESENCE,
        "last operator check-in 61.0 s ago, one is due every 60.0 s",
        id="operator away too long",
    ),
    pytest.param(
        {"no_entry_until": OPEN + timedelta(minutes=2)},
        Gate.NO_ENTRY,
        "no entries until 08:32:00 Chicago",
        id="news",
    ),
    pytest.param(
        {"clock_problem": "was set"},
        Gate.CLOCK,
        "the time is in doubt: was set",
        id="clock was set",
    ),
    pytest.param(
        {"unknown_because": "hub down"},
        Gate.STATE_UNKNOWN,
        "the account's state is not known: hub down",
        id="unknown",
    ),
    pytest.param({"quote_age_s": None}, Gate.STALE_DATA, "no quote yet", id="no quote"),
    pytest.param(
        {"quote_age_s": None, "quote_problem": "no bid"}, Gate.STALE_DATA, "no bid", id="one side"
    ),
    pytest.param(
        {"quote_age_s": 10.1}, Gate.STALE_DATA, "quote 10.1 s old, limit 10.0 s", id="old quote"
    ),
    pytest.param(
        {"print_age_s": 11.0}, Gate.STALE_DATA, "print 11.0 s old, limit 10.0 s", id="old print"
    ),
    pytest.param(
        {"spread_ticks": 4}, Gate.SPREAD, "spread 4 ticks, limit 3 ticks", id="spread too wide"
    ),
    pytest.param(
        {"account_can_trade": False},
        Gate.ACCOUNT,
        "the venue does not let this account trade",
        id="locked account",
    ),
    pytest.param(
        {"exposure": 1}, Gate.NOT_FLAT, "not flat: flat, 1 held, 0 orders alive", id="position held"
    ),
    pytest.param(
        {"alive_orders": 2},
        Gate.NOT_FLAT,
        "not flat: flat, 0 held, 2 orders alive",
        id="stale orders",
    ),
    pytest.param(
        {"phase": "settling"},
        Gate.NOT_FLAT,
        "not flat: settling, 0 held, 0 orders alive",
        id="still settling",
    ),
    pytest.param(
        {"trades_count": 3}, Gate.TRADES_MAX, "3 trades today, limit 3", id="trades used up"
    ),
    pytest.param(
        {"entries_last_minute": 2},
        Gate.ENTRY_RATE,
        "2 entries in the last minute, limit 2",
        id="too often",
    ),
    pytest.param(
        {"unsent_until": OPEN + timedelta(seconds=3), "unsent_because": "no request is free"},
        Gate.NOT_SENT,
        "the last entry was not sent (no request is free), the next may go in 2.0 s",
        id="the last one was not sent",
    ),
    pytest.param(
        {"cooldown_until": OPEN + timedelta(seconds=6)},
        Gate.COOLDOWN,
        "cooldown after a loss: 5.0 s of 60.0 s left",
        id="cooldown",
    ),
    pytest.param(
        {"losses_in_a_row": 2},
        Gate.LOSSES_IN_A_ROW,
        "2 losses in a row, limit 2",
        id="two losses in a row",
    ),
    pytest.param(
        {"money": money("-86.79")},
        Gate.LOSS_HEADROOM,
        "13.22 USD at risk, 13.21 USD left before the daily loss limit",
        id="no headroom",
    ),
    pytest.param(
        {"money": money("10", peak="57")},
        Gate.DRAWDOWN,
        "13.22 USD at risk, 13.00 USD left before the drawdown limit",
        id="drawn down",
    ),
    pytest.param(
        {"money": money("10", equity="48013.21")},
        Gate.LOSS_FLOOR,
        "13.22 USD at risk, 13.21 USD left before the loss floor",
        id="near the floor",
    ),
    pytest.param({"size": 3}, Gate.SIZE, "size 3, allowed are 1 to 2", id="too large"),
    pytest.param({"size": 0}, Gate.SIZE, "size 0, allowed are 1 to 2", id="no size"),
    pytest.param(
        {"bracket": Bracket(stop_loss_ticks=3, take_profit_ticks=9)},
        Gate.BRACKET,
        "stop 3 ticks away, the least is 4 ticks",
        id="near",
    ),
    pytest.param(
        {"bracket": Bracket(stop_loss_ticks=4, take_profit_ticks=0)},
        Gate.BRACKET,
        "target 0 ticks away, the least is 1 tick",
        id="target",
    ),
]


@pytest.mark.parametrize(("changes", "gate", "told"), REFUSALS)
def test_entry_is_denied_with_the_gate_and_both_numbers(changes, gate, told):
    denied = review(SIGNAL, replace(READY, **changes), STRICT)
    assert isinstance(denied, Denied)
    assert (denied.gate, denial_told(denied)) == (gate, told)


@pytest.mark.parametrize(("changes", "gate", "told"), REFUSALS)
def test_denial_comes_back_from_a_journal_as_it_was(changes, gate, told):
    denied = review(SIGNAL, replace(READY, **changes), STRICT)
    again = msgspec.json.decode(msgspec.json.encode(denied), type=Denied)
    assert again == denied and denial_told(again) == told


def test_denial_of_an_old_journal_is_told_as_it_stands_there():
    row = (
        b'{"gate":"size","value":"3","limit":"1 to 2","side":"buy","reason":"x","command":"denied"}'
    )
    old = msgspec.json.decode(row, type=Denied)
    assert (denial_told(old), value_told(old), limit_told(old)) == (
        "3, limit is 1 to 2",
        "3",
        "1 to 2",
    )


@pytest.mark.parametrize(
    "value", ["x", "NaN", "2026-01-05", "0001-01-01T00:00:00+00:00", "1e999999999999", "9" * 5000]
)
@pytest.mark.parametrize("unit", Unit)
@pytest.mark.parametrize("gate", [Gate.SIZE, Gate.WINDOW])
def test_number_that_is_none_is_told_as_it_stands(gate, unit, value):
    denied = Denied(gate=gate, value=value, limit=value, unit=unit, side=Side.BUY, reason="x")
    assert denial_told(denied) and value_told(denied) and limit_told(denied) is not None


def test_entry_is_approved_when_every_gate_passes():
    assert isinstance(review(SIGNAL, READY, STRICT), Approved)


def test_entry_is_approved_when_the_worst_case_uses_the_headroom_exactly():
    # 100 USD limit, 86.78 lost: 13.22 left, and 13.22 at risk.
    view = replace(READY, money=money("-86.78"))
    assert isinstance(review(SIGNAL, view, LIMITS), Approved)


def test_limits_that_are_not_set_refuse_nothing():
    view = replace(
        READY,
        absent_s=None,
        spread_ticks=99,
        entries_last_minute=99,
        losses_in_a_row=99,
        money=money("0", peak="5000", equity="1"),
    )
    assert isinstance(review(SIGNAL, view, LIMITS), Approved)


def test_operator_who_never_said_a_word_is_absent():
    denied = review(SIGNAL, replace(READY, absent_s=None), STRICT)
    assert isinstance(denied, Denied) and denied.gate is Gate.PRESENCE


def test_floor_without_a_known_balance_refuses():
    unknown = replace(READY.money, equity_usd=None)
    denied = review(SIGNAL, replace(READY, money=unknown), STRICT)
    assert isinstance(denied, Denied) and denied.gate is Gate.LOSS_FLOOR


_MONEY_AFTER = {
    Gate.LOSS_HEADROOM: {"money": money("0", peak="57", equity="48013.21")},
    Gate.DRAWDOWN: {"money": money("0", equity="48013.21")},
}


def test_first_gate_in_the_order_of_the_design_is_the_one_named():
    everything = {name: value for p in reversed(REFUSALS) for name, value in p.values[0].items()}
    everything["money"] = money("-86.79", peak="57", equity="48013.21")  # too little for all three
    order = []
    view = replace(READY, **everything)
    for _ in Gate:
        denied = review(SIGNAL, view, STRICT)
        if isinstance(denied, Approved):
            break
        order.append(denied.gate)
        fixed = {
            name: getattr(READY, name)
            for p in REFUSALS
            if p.values[1] is denied.gate
            for name in p.values[0]
        }
        view = replace(view, **(fixed | _MONEY_AFTER.get(denied.gate, {})))
    assert order == list(Gate)
