"""A session is killed; the next start finds what it left, and does what the settings say."""

import os
import signal
from pathlib import Path

import msgspec
import pytest
from patience import patience

from pxcore.calendar.hours import trading_day_at
from pxcore.closing.day_check import check_day
from pxcore.closing.end_of_day import close_day, read_venue
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings, load_settings
from pxcore.engine.commands import Notice
from pxcore.flatten.recovery import Recovered, Recovery
from pxcore.host.handing import hand_over
from pxcore.host.spawn import end, spawn
from pxcore.journal.reader import decode_request, read_rows
from pxcore.journal.rows import RowKind
from pxcore.journal.segments import flattens_in
from pxcore.reports.verdict import Verdict
from pxcore.session import beginning
from pxcore.session.lines import Ended, Milestone, read_line
from pxcore.session.plan import SessionPlan
from pxcore.session.supervisor import Supervisor
from pxcore.venue import resolve
from pxcore.venue.connect import connect

pytestmark = pytest.mark.process

WIDE = {
    "PX_STOP_LOSS_TICKS": "400",
    "PX_TAKE_PROFIT_TICKS": "400",
    "PX_TRADES_MAX": "1",
    "PX_LOSS_USD_MAX": "500",
}


@pytest.fixture
def configure(monkeypatch, tmp_path):
    """Settings as this process, and so the session's, will read them."""

    def set_environment(values: dict[str, str]) -> Settings:
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        return load_settings()

    return set_environment


def recover(settings: Settings) -> tuple[Recovered, SessionPlan, list[Notice]]:
    """The start-up as the flow does it."""
    client = connect(settings)
    account = resolve.resolve_account(client, settings)
    contract = resolve.resolve_contract(client, settings)
    said: list[Notice] = []
    recovered = Recovery(client, contract, settings, account_id=account.id, say=said.append).run()
    plan = beginning.plan_session(client, account, contract, recovered, settings)
    return recovered, plan, said


def kill_when(code: str, plan: SessionPlan, settings: Settings) -> None:
    """Runs the session without a flow, and kills it when it has said this."""
    process = spawn(
        "pxcore.session.process",
        hand_over(Paths(settings.home).handed, msgspec.json.encode(plan)),
        stderr=Paths(Path(settings.home)).logs / "killed.err",
    )
    assert process.stdout is not None
    for text in process.stdout:
        line = read_line(text)
        if isinstance(line, Milestone) and line.code == code:
            os.kill(process.pid, signal.SIGKILL)
            break
    end(process, patience=(patience(5), patience(1), patience(1)))


def test_position_of_a_killed_session_is_adopted_guarded_and_reconciled(start_paper, configure):
    paper, values = start_paper(window_s=600.0)
    settings = configure(values | WIDE | {"PX_LEFTOVERS": "adopt"})
    _, first, _ = recover(settings)
    kill_when("phase.protected", first, settings)
    assert not paper.is_flat()

    recovered, plan, said = recover(settings)
    assert recovered.adopts and not recovered.opening.is_flat
    assert any("left by a session of ours: adopt" in notice.text for notice in said)
    lines: list[Milestone] = []

    def stop_once_guarded(line: object) -> None:
        if isinstance(line, Milestone):
            lines.append(line)
            if line.code == "phase.protected":
                supervisor.ask_to_stop()

    supervisor = Supervisor(plan, settings, on_line=stop_once_guarded)
    ended: Ended = supervisor.run()

    codes = [line.code for line in lines]
    assert codes.index("adopted") < codes.index("phase.protected")
    assert "entry.sent" not in codes
    assert ended.is_flat and paper.is_flat()
    report, _ = close_day(plan, settings, read_venue(connect(settings), plan))
    assert report.verdict == Verdict.CLEAN, report.differences
    (trade,) = report.trades
    assert trade.exit_by == "flatten" and trade.exit_price is not None
    client = connect(settings)
    account = resolve.resolve_account(client, settings)
    contract = resolve.resolve_contract(client, settings)
    day = trading_day_at(settings.clock.now())
    whole = check_day(client, account, contract, day, settings)
    assert len(whole.sessions) == 2 and whole.fills == 2
    assert whole.verdict in (Verdict.CLEAN, Verdict.EXPLAINED), whole.differences


def test_position_of_a_killed_session_is_flattened_by_the_next_start_unless_told_otherwise(
    start_paper, configure
):
    paper, values = start_paper(window_s=600.0)
    settings = configure(values | WIDE)
    _, first, _ = recover(settings)
    kill_when("phase.protected", first, settings)

    recovered, _, said = recover(settings)

    assert recovered.opening.is_flat and paper.is_flat() and not recovered.adopts
    assert any("left by a session of ours: flatten" in notice.text for notice in said)
    (flattened,) = flattens_in(Paths(settings.home).journals)
    requests = [decode_request(row) for row in read_rows(flattened) if row.kind is RowKind.REQUEST]
    assert "/api/Position/closeContract" in [request.path for request in requests]
