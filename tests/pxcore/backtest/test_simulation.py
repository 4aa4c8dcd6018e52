"""Simulated bad days: they hold, they are the same again, and a planted defect is found."""

from datetime import timedelta

import msgspec
import pytest
from typer.testing import CliRunner

from pxcore.backtest.campaign import simulate, simulate_many
from pxcore.backtest.scenario import draw
from pxcore.backtest.simulation import Simulation
from pxcore.cli.app import app
from pxcore.engine import deadlines, gates
from pxcore.engine.book import Book
from pxcore.engine.entry import Entry

SEEDS = 200


def test_every_invariant_holds_on_two_hundred_bad_days():
    failed = [(r.seed, r.problem) for r in simulate_many(0, SEEDS) if r.problem is not None]
    assert failed == []


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


def _blind_to_protection(monkeypatch):
    judge = deadlines._phase_overdue
    monkeypatch.setattr(
        deadlines,
        "_phase_overdue",
        lambda state, now: [o for o in judge(state, now) if "unprotected" not in o.why],
    )


def _without(monkeypatch, check):
    checks = tuple(c for c in gates._CHECKS_IN_ORDER if c is not check)
    assert len(checks) == len(gates._CHECKS_IN_ORDER) - 1
    monkeypatch.setattr(gates, "_CHECKS_IN_ORDER", checks)


def _enters_when_not_flat(monkeypatch):
    _without(monkeypatch, gates._flat)


def _forgets_the_trades(monkeypatch):
    _without(monkeypatch, gates._trades)


def _takes_any_look_for_a_proof(monkeypatch):
    monkeypatch.setattr(Entry, "may_still_arrive", lambda self, now: False)


def _miscounts_money(monkeypatch):
    recount = Book._recount

    def wrong(self):
        recount(self)
        self.realised_usd += len(self.fills) // 5

    monkeypatch.setattr(Book, "_recount", wrong)


def _any(day) -> bool:
    return True


def _has_strays(day) -> bool:
    return day.wire.stray > 0 and not day.deaths


@pytest.mark.parametrize(
    ("defect", "where"),
    [
        (_blind_to_protection, _any),
        (_enters_when_not_flat, _any),
        (_forgets_the_trades, _any),
        (_takes_any_look_for_a_proof, _has_strays),
        (_miscounts_money, _any),
    ],
)
def test_planted_defect_is_found(monkeypatch, defect, where):
    defect(monkeypatch)
    assert any(simulate(seed).problem for seed in range(2000) if where(draw(seed)))


def test_command_tells_of_a_day_that_fails_and_how_to_see_it_again(monkeypatch, tmp_path):
    _enters_when_not_flat(monkeypatch)
    seed = next(seed for seed in range(400) if simulate(seed).problem)
    out = tmp_path / "days.json"
    said = CliRunner().invoke(
        app, ["simulate", "--first-seed", str(seed), "--seeds", "1", "--json", str(out)]
    )
    assert said.exit_code == 1
    assert f"again: px simulate --first-seed {seed} --seeds 1" in said.stdout
    document = msgspec.json.decode(out.read_bytes())
    assert document["failed"] == [seed]
    assert 10 < len(document["results"][0]["last"]) <= 50


def test_command_is_silent_about_days_that_hold(tmp_path):
    said = CliRunner().invoke(app, ["simulate", "--seeds", "2"])
    assert said.exit_code == 0
    assert "2 days from seed 0, 0 failed" in said.stdout


def test_outages_lie_in_the_window():
    for seed in range(300):
        day = draw(seed)
        for outage in day.outages:
            assert day.config.window_start <= outage.start < day.config.window_end
            assert outage.end > outage.start
            assert outage.end - outage.start <= timedelta(seconds=15)
