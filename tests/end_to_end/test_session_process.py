"""The session's process without Prefect, against the paper gateway: shadow, leftovers, halts."""

import queue
import threading
from pathlib import Path

import pytest
import wording
from msgspec.structs import replace
from patience import patience
from typer.testing import CliRunner

from pxcore.cli.app import app
from pxcore.config.paths import Paths
from pxcore.config.settings import Mode, Settings, load_settings
from pxcore.day.window import NotNow
from pxcore.engine.commands import Notice, PlaceEntry
from pxcore.flatten.recovery import Recovered, Recovery
from pxcore.gateway.rest.outgoing import place_entry
from pxcore.model import Bracket, Misconfigured, Side
from pxcore.ownership.account_lock import AccountBusy
from pxcore.ownership.lease import require_free
from pxcore.session import beginning
from pxcore.session.lines import Ended, Line, Milestone
from pxcore.session.plan import SessionPlan
from pxcore.session.supervisor import Supervisor
from pxcore.venue import resolve
from pxcore.venue.connect import connect

pytestmark = pytest.mark.process

# Its legs are too far away to end it: a position is held until the test does something.
WIDE = {
    "PX_STOP_LOSS_TICKS": "400",
    "PX_TAKE_PROFIT_TICKS": "400",
    "PX_LOSS_USD_MAX": "900",
}
SAID_S = patience(30)  # for its next line, and for its end


@pytest.fixture
def configure(monkeypatch, tmp_path):
    """Settings as this process, and so the session's, will read them."""

    def set_environment(values: dict[str, str]) -> Settings:
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        return load_settings()

    return set_environment


def plan_for(settings: Settings, *, make=beginning.plan_session) -> SessionPlan:
    client = connect(settings)
    account = resolve.resolve_account(client, settings)
    contract = resolve.resolve_contract(client, settings)
    opening = resolve.take_snapshot(client, account, settings)
    recovered = Recovered(opening=opening, adopts=False)
    return make(client, account, contract, recovered, settings)


def recover(settings: Settings, notices: list[Notice] | None = None) -> Recovered:
    client = connect(settings)
    account = resolve.resolve_account(client, settings)
    contract = resolve.resolve_contract(client, settings)
    say = [] if notices is None else notices
    return Recovery(client, contract, settings, account_id=account.id, say=say.append).run()


def supervise(plan: SessionPlan, settings: Settings) -> tuple[Ended, list[Line]]:
    lines: list[Line] = []
    return Supervisor(plan, settings, on_line=lines.append).run(), lines


def codes(lines: list[Line]) -> list[str]:
    return [line.code for line in lines if isinstance(line, Milestone)]


def test_shadow_decides_everything_and_sends_nothing(start_paper, configure):
    _, values = start_paper(window_s=3.0, speed=10)
    settings = configure(values | {"PX_TRADING": "shadow"})
    assert settings.mode is Mode.SHADOW
    plan = plan_for(settings)
    ended, lines = supervise(plan, settings)
    assert ended.is_flat
    assert "entry.sent" in codes(lines) and "entry.not_sent" in codes(lines)
    client = connect(settings)
    assert client.orders(plan.account.id, start=plan.day_start) == ()


def open_position(settings: Settings) -> None:
    """A bracketed position that no session knows of."""
    plan = plan_for(settings)
    entry = PlaceEntry(
        tag="by-hand-1",
        contract_id=plan.contract.id,
        side=Side.BUY,
        size=2,
        bracket=Bracket(stop_loss_ticks=400, take_profit_ticks=400),
        reason="by hand",
    )
    client = connect(settings)
    client.instruct(place_entry(plan.account.id, entry, plan.contract))
    for _ in range(1000):
        if client.positions(plan.account.id):
            return
    raise AssertionError("the order did not fill")


def test_strangers_position_at_start_is_refused_unless_the_settings_allow_the_flatten(
    start_paper, configure
):
    paper, values = start_paper(window_s=30.0)
    settings = configure(values)
    open_position(settings)
    with pytest.raises(Misconfigured, match=r"is not ours; .* PX_FOREIGN"):
        recover(settings)
    assert not paper.is_flat()
    with pytest.raises(Misconfigured, match="shadow sends nothing"):
        recover(configure(values | {"PX_TRADING": "shadow"}))
    notices: list[Notice] = []
    allowed = configure(values | {"PX_TRADING": "", "PX_FOREIGN": "flatten"})
    recovered = recover(allowed, notices)
    assert recovered.opening.is_flat and paper.is_flat() and not recovered.adopts
    assert [f.signed_size for f in recovered.opening.fills] == [2, -2]
    assert "found +2 CON.F.US.MNQ" in notices[2].text and "not ours: flatten" in notices[2].text


def test_daily_loss_halts_the_day_and_the_next_session_of_the_day_enters_nothing(
    start_paper, configure
):
    paper, values = start_paper(window_s=30.0, speed=10)
    tight = {
        "PX_LOSS_USD_MAX": "4",
        "PX_COSTS_USD_PER_SIDE": "0",
        "PX_SLIPPAGE_TICKS": "0",
        "PX_STOP_LOSS_TICKS": "8",
        "PX_TAKE_PROFIT_TICKS": "400",
        "PX_TRADES_MAX": "50",
    }
    settings = configure(values | tight)
    ended, _ = supervise(plan_for(settings), settings)
    assert ended.is_flat and paper.is_flat()
    assert ended.reason.startswith("daily loss")
    with pytest.raises(NotNow, match="daily loss"):
        plan_for(settings)
    again = plan_for(settings, make=beginning.put_together)  # as if it had been made before
    assert again.halt_reason is not None and again.halt_reason.startswith("daily loss")
    fills_before = len(again.opening.fills)
    ended, lines = supervise(again, settings)
    assert ended.is_flat
    assert ended.reason == again.halt_reason
    assert "entry.sent" not in codes(lines)
    closing = connect(settings).snapshot(again.account.id, day_start=again.day_start)
    assert len(closing.fills) == fills_before


@pytest.mark.damages_journal
def test_session_whose_journal_cannot_be_made_does_not_start(start_paper, configure):
    paper, values = start_paper(window_s=20.0)
    settings = configure(values)
    plan = plan_for(settings)
    path = Paths(Path(settings.home)).journal(plan.session_id)
    path.parent.mkdir(parents=True)
    path.write_text("somebody else's\n")
    ended, _ = supervise(plan, settings)
    assert "not started" in ended.reason
    assert ended.is_flat and paper.is_flat()


def test_second_session_on_an_account_is_refused_and_the_first_goes_on(
    start_paper, configure, tmp_path
):
    """Also from another home; and a flatten there has the first one flatten and end."""
    paper, values = start_paper(window_s=600.0)
    settings = configure(values | WIDE)
    plan = plan_for(settings)
    first = queue.SimpleQueue()
    supervisor = Supervisor(plan, settings, on_line=first.put)
    thread = threading.Thread(target=lambda: first.put(supervisor.run()))
    thread.start()
    while getattr(first.get(timeout=SAID_S), "code", "") != "phase.protected":
        continue
    with pytest.raises(AccountBusy, match=plan.session_id):
        Supervisor(replace(plan, session_id="px-other"), settings, on_line=lambda _: None).run()
    elsewhere = configure({"PX_HOME": str(tmp_path / "another home")})
    with pytest.raises(AccountBusy, match=plan.session_id):
        require_free(elsewhere, plan.account)
    with pytest.raises(AccountBusy, match=plan.session_id):
        Supervisor(replace(plan, session_id="px-other"), elsewhere, on_line=lambda _: None).run()
    assert not paper.is_flat()
    assert CliRunner().invoke(app, ["flatten", "--yes"]).exit_code == 0
    thread.join(SAID_S)
    assert paper.is_flat()


def test_flatten_ends_the_session_of_an_account_that_is_flat(start_paper, configure):
    paper, values = start_paper(window_s=600.0)
    settings = configure(values | {"PX_STRATEGY": "hold", "PX_STRATEGY_PARAMS": ""})
    said = queue.SimpleQueue()
    supervisor = Supervisor(plan_for(settings), settings, on_line=said.put)
    ended = queue.SimpleQueue()
    thread = threading.Thread(target=lambda: ended.put(supervisor.run()))
    thread.start()
    said.get(timeout=SAID_S)  # it runs
    result = CliRunner().invoke(app, ["flatten", "--yes"])
    assert result.exit_code == 0, result.output
    assert wording.ASKED_TO_END in result.output
    assert ended.get(timeout=SAID_S).is_flat and paper.is_flat()
    thread.join(SAID_S)


def test_running_session_heeds_a_tightening_and_the_next_one_is_held_to_it(start_paper, configure):
    _, values = start_paper(window_s=600.0)
    settings = configure(values | {"PX_STRATEGY": "hold", "PX_STRATEGY_PARAMS": ""})
    said = queue.SimpleQueue()
    supervisor = Supervisor(plan_for(settings), settings, on_line=said.put)
    thread = threading.Thread(target=lambda: said.put(supervisor.run()))
    thread.start()
    said.get(timeout=SAID_S)  # it runs
    result = CliRunner().invoke(
        app, ["limits", "tighten", "loss_usd_max=90", "trades_max=1", "--reason", "choppy"]
    )
    assert result.exit_code == 0, result.output
    while getattr(said.get(timeout=SAID_S), "code", "") != "limits.tightened":
        continue
    supervisor.ask_to_stop()
    thread.join(SAID_S)

    again = Supervisor(plan_for(settings), settings, on_line=said.put)
    thread = threading.Thread(target=lambda: said.put(again.run()))
    thread.start()
    held = []
    while len(held) < 2:
        line = said.get(timeout=SAID_S)
        if getattr(line, "code", "") == "limits.held":
            held.append(line.text)
    again.ask_to_stop()
    thread.join(SAID_S)
    assert any("trades_max" in text for text in held)


def test_session_refuses_settings_that_are_not_those_of_its_plan(start_paper, configure):
    _, values = start_paper(window_s=20.0)
    settings = configure(values)
    plan = plan_for(settings)
    real = {"PX_GATEWAY": "topstepx", "PX_USERNAME": "u", "PX_API_KEY": "k", "PX_PAPER_CLOCK": ""}
    changed = configure(values | real)
    with pytest.raises(Misconfigured, match="settings changed"):
        Supervisor(plan, changed, on_line=lambda _: None).run()
