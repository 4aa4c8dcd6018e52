"""Simulated bad days: they hold, they are the same again, and a planted defect is found."""

from datetime import timedelta
from functools import partial

import msgspec
import pytest
from plantings import (
    believes_a_look_that_contradicts_itself,
    believes_every_price,
    believes_that_what_was_answered_was_done,
    blind_to_protection,
    confirms_no_price,
    counts_a_fill_as_often_as_it_is_told,
    first_broken,
    judges_money_by_a_doubt,
    keeps_a_side_that_is_gone,
    miscounts_money,
    passes_over_what_it_cannot_read,
    protects_nothing,
    proves_flat_by_one_look,
    replaced,
    takes_any_look_for_a_proof,
    takes_what_a_look_does_not_list_for_gone,
    without_gate,
)
from seeds import seeds
from typer.testing import CliRunner

from pxcore.cli.app import app
from pxcore.engine import gates
from pxcore.engine.book import Book
from pxcore.engine.entry import Entry
from pxcore.model import MarketTrade, Quote, Side
from pxcore.paper.faults.venue import BracketsRefused, LegMissing, LegRefused, OrderPending
from pxcore.simulation.campaign import play, simulate, simulate_many
from pxcore.simulation.false_looks import Lies
from pxcore.simulation.false_prices import FalsePriceKind
from pxcore.simulation.scenario import Scenario, draw, draw_untroubled
from pxcore.simulation.simulation import Simulation
from pxcore.simulation.violations import Invariant

SEEDS = seeds()


def test_every_invariant_holds_on_every_bad_day():
    failed = [(r.seed, r.problem) for r in simulate_many(0, len(SEEDS)) if r.problem is not None]
    assert failed == []


@pytest.mark.parametrize("seed", [1021, 2074, 2103, 5103, 6005])
def test_day_on_which_a_stop_was_taken_away_on_a_look_that_contradicts_itself_holds(seed):
    assert [play(day).problem for day in (draw(seed), draw_untroubled(seed))] == [None, None]


@pytest.mark.parametrize("seed", [3911, 5384])
def test_day_on_which_a_look_left_out_what_the_stream_had_told_holds(seed):
    assert [play(day).problem for day in (draw(seed), draw_untroubled(seed))] == [None, None]


@pytest.mark.parametrize("seed", [1388, 1519])
def test_day_on_which_fills_were_kept_from_everybody_holds(seed):
    assert [play(day).problem for day in (draw(seed), draw_untroubled(seed))] == [None, None]


@pytest.mark.parametrize("seed", [369, 1056, 1487, 2693])
def test_day_on_which_a_look_was_older_than_what_had_been_told_holds(seed):
    assert [play(day).problem for day in (draw(seed), draw_untroubled(seed))] == [None, None]


def test_days_are_bad_in_every_way():
    days = [draw(seed) for seed in range(1000)]
    kinds = {type(fault).__name__ for day in days for fault in day.faults}
    assert kinds == {
        "AsyncReject",
        "BracketsRefused",
        "FillDelayed",
        "ForcedLiquidation",
        "ForeignOrder",
        "LegMissing",
        "LegRefused",
        "OrderPending",
        "PartialFill",
        "SiblingSurvives",
    }
    assert {o.hub for day in days for o in day.outages} >= {None, "user", "market"}
    assert {death.is_flow_alive for day in days for death in day.deaths} == {True, False}
    for name in ("late", "twice", "lost", "refused", "lost_before", "lost_after", "stray", "slow"):
        assert any(getattr(day.wire, name) for day in days), name
    for name in Lies.__struct_fields__:
        assert any(getattr(day.lies, name) for day in days), name
    told = [false for day in days for false in day.false_prices]
    assert {false.kind for false in told} == set(FalsePriceKind)
    assert {false.side for false in told} == set(Side)
    assert sum(bool(day.false_prices) for day in days) > 700
    assert 200 < sum(day.gap_ticks > 0 for day in days) < 300
    troubles = ("standstills", "venue_flat", "bracket_switch", "stranger")
    drawn = {name: sum(bool(getattr(day, name)) for day in days) for name in troubles}
    drawn["clock"] = sum(bool(day.clock.steps) for day in days)
    assert all(100 < number < 300 for number in drawn.values()), drawn


def test_same_seed_is_the_same_day():
    one, again = (Simulation(draw(11)) for _ in range(2))
    one.run()
    again.run()
    assert [s.journal for s in one.sessions] == [s.journal for s in again.sessions]


def test_session_is_killed_and_another_goes_on_with_what_the_day_knows():
    deadly = (seed for seed in range(1000) if draw(seed).deaths)
    days = (simulate(seed) for seed in deadly)
    survived = next(day for day in days if day.counts["sessions"] > 1)
    assert survived.problem is None


def _any(day: Scenario) -> bool:
    return True


def _loses_legs(day: Scenario) -> bool:
    return any(isinstance(f, BracketsRefused | LegMissing | LegRefused) for f in day.faults)


def _has_strays(day: Scenario) -> bool:
    return day.wire.stray > 0 and not day.deaths


def _loses_a_hub(day: Scenario) -> bool:
    return any(outage.hub is not None for outage in day.outages)


def _is_lied_to(day: Scenario) -> bool:
    return bool(day.false_prices)


def _contradicts(day: Scenario) -> bool:
    return day.lies.no_positions > 0


def _answers_falsely(day: Scenario) -> bool:
    return day.lies.not_done > 0


def _regrets_on_an_old_look(day: Scenario) -> bool:
    return day.lies.old > 0 and day.regret_s is not None


def _looks_back_while_an_order_waits(day: Scenario) -> bool:
    return day.lies.old > 0 and any(isinstance(f, OrderPending) for f in day.faults)


def _cannot_be_read(day: Scenario) -> bool:
    return day.lies.unreadable > 0


def _is_said_again(day: Scenario) -> bool:
    return day.lies.again > 0


@pytest.mark.parametrize(
    ("plant", "where", "invariant"),
    [
        pytest.param(blind_to_protection, _loses_legs, Invariant.PROTECTED, id="protection"),
        pytest.param(partial(without_gate, name="_flat"), _any, Invariant.HELD_MAX, id="not flat"),
        pytest.param(
            partial(without_gate, name="_trades"), _any, Invariant.TRADES_MAX, id="trades"
        ),
        pytest.param(
            partial(without_gate, name="_state_known"),
            _loses_a_hub,
            Invariant.HUBS_UP,
            id="state unknown",
        ),
        pytest.param(takes_any_look_for_a_proof, _has_strays, Invariant.FLAT, id="proof"),
        pytest.param(miscounts_money, _any, Invariant.REALISED, id="money"),
        pytest.param(believes_every_price, _is_lied_to, Invariant.CONFIRMED, id="jumps"),
        pytest.param(judges_money_by_a_doubt, _is_lied_to, Invariant.CONFIRMED, id="doubts"),
        pytest.param(keeps_a_side_that_is_gone, _is_lied_to, Invariant.TWO_SIDES, id="one side"),
        pytest.param(
            believes_a_look_that_contradicts_itself,
            _contradicts,
            Invariant.KEPT_STOP,
            id="contradiction",
        ),
        pytest.param(protects_nothing, _contradicts, Invariant.KEPT_STOP, id="stop kept"),
        pytest.param(
            believes_that_what_was_answered_was_done,
            _answers_falsely,
            Invariant.PROOF,
            id="false answers",
        ),
        pytest.param(confirms_no_price, _any, Invariant.FOLLOWED, id="confirmation"),
        pytest.param(
            proves_flat_by_one_look, _regrets_on_an_old_look, Invariant.PROOF, id="old looks"
        ),
        pytest.param(
            takes_what_a_look_does_not_list_for_gone,
            _looks_back_while_an_order_waits,
            Invariant.HELD_MAX,
            id="old look of an order",
        ),
        pytest.param(
            passes_over_what_it_cannot_read,
            _cannot_be_read,
            Invariant.ACCOUNT_KNOWN,
            id="unreadable",
        ),
        pytest.param(
            counts_a_fill_as_often_as_it_is_told, _is_said_again, Invariant.REALISED, id="again"
        ),
    ],
)
def test_planted_defect_is_found_by_the_name_of_the_invariant_that_it_breaks(
    monkeypatch, plant, where, invariant
):
    """On days that have nothing besides to break it by."""
    broken = first_broken(plant(monkeypatch), where, day_of=draw_untroubled)
    assert broken.broken is invariant


def test_planting_fails_where_its_target_has_moved(monkeypatch):
    with pytest.raises(AttributeError):
        without_gate(monkeypatch, "_gate_of_last_year")
    with pytest.raises(AssertionError, match="_keep_within"):
        replaced(monkeypatch, Book, "_keep_within", lambda right: right)
    with pytest.raises(AssertionError, match="no may_still_arrive of its own"):
        replaced(monkeypatch, Entry, "may_still_arrive", lambda right: right)  # it is inherited


def test_planting_fails_where_its_gate_is_not_asked(monkeypatch):
    rest = tuple(check for check in gates._CHECKS_IN_ORDER if check is not gates._flat)
    monkeypatch.setattr(gates, "_CHECKS_IN_ORDER", rest)
    with pytest.raises(AssertionError, match="_flat is not asked"):
        without_gate(monkeypatch, "_flat")


def test_planting_fails_where_nothing_comes_to_it(monkeypatch):
    planted = without_gate(monkeypatch, "_window")  # a session does not ask outside its window
    with pytest.raises(AssertionError, match="no day came to what was planted"):
        first_broken(planted, lambda day: day.seed == 0)


def test_command_tells_of_a_day_that_fails_and_how_to_see_it_again(monkeypatch, tmp_path):
    seed = first_broken(without_gate(monkeypatch, "_flat"), _any).seed
    out = tmp_path / "days.json"
    said = CliRunner().invoke(
        app, ["simulate", "--first-seed", str(seed), "--seeds", "1", "--json", str(out)]
    )
    assert said.exit_code == 1
    assert f"again: px simulate --first-seed {seed} --seeds 1" in said.stdout
    document = msgspec.json.decode(out.read_bytes())
    assert document["failed"] == [seed]
    assert document["results"][0]["broken"] == Invariant.HELD_MAX
    assert 10 < len(document["results"][0]["last"]) <= 50


def test_command_is_silent_about_days_that_hold(tmp_path):
    said = CliRunner().invoke(app, ["simulate", "--seeds", "2"])
    assert said.exit_code == 0
    assert "2 days from seed 0, 0 failed" in said.stdout


def test_false_prices_are_told_and_known_to_be_false():
    day = Simulation(draw(next(s for s in range(100) if len(draw(s).false_prices) == 6)))
    day.run()
    heard = [e for s in day.sessions for e, _ in s.journal if isinstance(e, Quote | MarketTrade)]
    false = [e for e in heard if day.said.is_false(e)]
    assert 0 < len(false) <= day.said.told < len(heard) / 2


def test_outages_lie_in_the_window():
    for seed in range(300):
        day = draw(seed)
        for outage in day.outages:
            assert day.config.window_start <= outage.start < day.config.window_end
            assert outage.end > outage.start
            assert outage.end - outage.start <= timedelta(seconds=15)
