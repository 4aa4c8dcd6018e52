"""Each number of a day is computed once: gate, screen, live page, report, state name, alert.

A day in which a session lost in two contracts and was killed, and the next one rose and fell.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from alert_receiver import Receiver, receiving
from engine_scenes import ACCOUNT, MNQ, OPEN, Scene, kinds
from msgspec.structs import replace
from patience import patience
from pydantic import SecretStr
from rich.console import Console

from flows.outcome import outcome_of
from flows.states import ended_day
from pxcore.alerts import send as sending
from pxcore.alerts.of_report import alert_report
from pxcore.cli.screen import Screen
from pxcore.config.settings import Mode, Settings
from pxcore.engine.commands import Command, Denied, Gate
from pxcore.engine.events import Event
from pxcore.engine.explain import explain
from pxcore.engine.limits import realised_extremes
from pxcore.journal.rows import SCHEMA, Opening, RowKind
from pxcore.journal.writer import Journal
from pxcore.model import Fill, Foreign, OrderStatus, OrderType, Side
from pxcore.reports.daily import DailyReport, make_report
from pxcore.reports.day_totals import DIED, totals_of
from pxcore.reports.html import to_html
from pxcore.reports.recorder import read_record
from pxcore.reports.render import headline, to_markdown
from pxcore.reports.verdict import Reconciliation
from pxcore.session.ending import closing_of
from pxcore.session.lines import Ended
from pxcore.session.plan import SessionPlan
from pxcore.session.progress import progress_of
from tasks.live_page import LivePage

pytestmark = pytest.mark.damages_journal  # the strategy signals when the test says so

MES = "CON.F.US.MES.Z26"
LIMITS = {
    "loss_usd_max": Decimal(500),
    "drawdown_usd_max": Decimal(360),
    "balance_usd_floor": Decimal(49_500),
    "cooldown_s": 0,
    "trades_max": 9,
}


def fill(number: int, contract_id: str, side: Side, pnl: str | None) -> Fill:
    return Fill(
        id=number,
        account_id=ACCOUNT.id,
        contract_id=contract_id,
        order_id=number,
        side=side,
        size=1,
        price_ticks=100_000,
        pnl_usd=None if pnl is None else Decimal(pnl),
        fees_usd=Decimal("0.36"),
        commissions_usd=Decimal("0.25"),
        happened_at=OPEN,
    )


# What the first session made: +20, then -300 with another contract; 4 sides at 0.61.
EARLIER = (
    fill(101, MNQ.id, Side.BUY, None),
    fill(102, MNQ.id, Side.SELL, "20"),
    fill(103, MES, Side.BUY, None),
    fill(104, MES, Side.SELL, "-300"),
)
EARLIER_NET = Decimal(-280) - 4 * Decimal("0.61")


class Journalled(Scene):
    """What it is told and says lies in a journal, as a session writes it."""

    def __init__(self, folder: Path, **changes) -> None:
        super().__init__(**changes)
        self.journal = begun(folder, self.engine.config)

    def tell(self, event: Event) -> list[Command]:
        commands = super().tell(event)
        self.journal.append(RowKind.EVENT, event)
        for command in commands:
            self.journal.append(RowKind.COMMAND, command)
        return commands


def begun(folder: Path, config) -> Journal:
    journal = Journal(folder / f"{config.session_id}.jsonl", on_fault=pytest.fail)
    journal.append(RowKind.OPENED, terms(config))
    return journal


def terms(config) -> Opening:
    return Opening(
        schema=SCHEMA,
        mode="paper",
        config=config,
        strategy="timed-entry",
        strategy_params={"every_s": 4.0},
        paper_clock="",
        trading_day=config.trading_day,
    )


class Day:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        earlier = realised_extremes(EARLIER)
        first = Scene(session_id="px-20261120-093000-aaaa", **LIMITS)
        assert begun(folder, first.engine.config).close()  # killed: it has no last row
        self.scene = scene = Journalled(
            folder,
            session_id="px-20261120-094000-bbbb",
            peak_usd=earlier.peak_usd,
            fall_usd=earlier.fall_usd,
            opening_fills=EARLIER,
            **LIMITS,
        )
        self.account = replace(ACCOUNT, balance_usd=ACCOUNT.balance_usd + EARLIER_NET)
        self.opening = scene.snapshot(account=self.account, fills=EARLIER)
        scene.connect(self.opening)
        scene.hold()
        for bid in (100_011, 100_021, 99_990):  # +5, +10, -5.50 USD of what was paid
            scene.pass_time(2)
            scene.price(bid, bid + 1)

    def end(self) -> DailyReport:
        """Stopped out at -10 USD, denied by the drawdown, closed and reported."""
        scene = self.scene
        scene.tell(
            scene.order(
                1001,
                OrderType.STOP,
                Side.SELL,
                OrderStatus.FILLED,
                stop_ticks=99_981,
                filled_size=1,
            )
        )
        scene.tell(scene.fill(2, 1001, Side.SELL, 99_981, pnl="-10"))
        scene.tell(scene.position(0))
        scene.tell(scene.order(1002, OrderType.LIMIT, Side.SELL, OrderStatus.CANCELLED))
        fills = tuple(scene.engine.state.book.fills.values())
        net = sum(f.net_usd for f in fills if f.id < 100)
        balance = replace(self.account, balance_usd=self.account.balance_usd + net)
        self.closing = scene.snapshot(account=balance, fills=fills)
        scene.pass_time(30)
        scene.answer_snapshot(self.closing)
        scene.price(100_000, 100_001)
        config = scene.engine.config
        self.ended = Ended(reason="window end", is_flat=True)
        last = closing_of(
            scene.engine,
            self.ended,
            conflated_quotes=0,
            bad_records=0,
            reconnects=0,
            rows_dropped=0,
        )
        scene.journal.append(RowKind.CLOSED, last)
        assert scene.journal.close()
        return make_report(
            read_record(scene.journal.path, terms(config)),
            opening=self.opening,
            closing=self.closing,
            reconciliation=Reconciliation(differences=(), fills=len(fills), orders=3),
            market="paper",
            day=totals_of(
                self.closing,
                self.folder,
                account_id=ACCOUNT.id,
                trading_day=config.trading_day,
            ),
        )

    def plan(self) -> SessionPlan:
        config = self.scene.engine.config
        return SessionPlan(
            session_id=config.session_id,
            mode=Mode.PAPER,
            base_url="http://127.0.0.1:9",
            account=ACCOUNT,
            contract=MNQ,
            trading_day=config.trading_day,
            day_start=OPEN,
            window_start=config.window_start,
            window_end=config.window_end,
            flat_by=config.window_end,
            foreign=Foreign.REFUSE,
            opening=self.opening,
            last_order_id=0,
            halt_reason=None,
        )


@pytest.fixture
def day(tmp_path: Path) -> Day:
    return Day(tmp_path)


def usd_after(name: str, text: str) -> Decimal:
    found = re.search(rf"{name} ([+-]?[\d,]+\.\d\d)", text)
    assert found is not None, (name, text)
    return Decimal(found[1].replace(",", ""))


def shown(day: Day) -> tuple[str, str]:
    """By the screen and by the run's live page."""
    line = progress_of(day.scene.engine, day.scene.now)
    console = Console(record=True, width=200, force_terminal=False)
    with Screen(console, title="px") as screen:
        screen.show(line)
    page = LivePage(day.plan())
    page.take(line)
    return console.export_text(), page._told()


def test_headroom_is_that_of_the_nearest_limit_on_screen_page_gate_and_replay(day):
    peak = Decimal("18.78")  # after 101 and 102: 20 less two sides
    on_the_way = Decimal("-5.50") - Decimal("0.61")
    room = Decimal(360) - (peak - (EARLIER_NET + on_the_way))
    assert room < Decimal(500) + EARLIER_NET + on_the_way, "the daily loss is farther away"
    engine = day.scene.engine
    screen, page = shown(day)
    assert usd_after("headroom", screen) == usd_after("headroom", page) == room
    assert usd_after("day P&L", screen) == usd_after("day P&L", page) == EARLIER_NET + on_the_way
    assert explain(engine, day.scene.now).headroom_usd == room
    assert engine.state.extremes.headroom_usd == room

    made = day.end()
    room = Decimal(360) - (peak - made.day_net_usd)
    screen, page = shown(day)
    assert usd_after("headroom", screen) == usd_after("headroom", page) == room


def test_gate_refuses_by_the_headroom_that_is_shown(tmp_path, monkeypatch):
    monkeypatch.setitem(LIMITS, "drawdown_usd_max", Decimal(325))
    day = Day(tmp_path)
    day.end()
    (denied,) = kinds(day.scene.signal(), Denied)
    screen, _ = shown(day)
    assert denied.gate is Gate.DRAWDOWN
    assert denied.limit == f"{usd_after('headroom', screen):.2f}"


def test_day_is_the_day_in_report_state_name_and_pages_and_sessions_stand_apart(day):
    made = day.end()
    net = EARLIER_NET + Decimal(-10) - 2 * Decimal("0.61")
    assert made.day is not None and made.day_net_usd == net
    assert made.net_usd == Decimal("-11.22"), "the session's own"
    assert day.scene.engine.state.book.realised_usd == net
    assert day.scene.engine.state.book.trades_count == made.day_trades == 3

    assert headline(made) == f"flat, clean, 3 trades, {net:+,.2f} USD"
    outcome = outcome_of(day.ended, made, day.folder, flow_run_id="", halted=None, restarts=1)
    state = ended_day(outcome, headline(made), cancelled_as=None)
    assert state.name == f"Completed (flat, 3 trades, -${-net})"
    for page in (to_markdown(made), to_html(made)):
        assert f"{net:+,.2f}" in page and "-11.22" in page
        assert page.count("px-20261120-093000-aaaa") == 1 and DIED in page
    first, second = made.day.sessions
    assert (first.figures.net_usd, first.figures.trades) == (EARLIER_NET, 2)
    assert (second.figures.net_usd, second.figures.trades) == (Decimal("-11.22"), 1)
    assert (first.ended, second.ended) == (DIED, "window end")


def test_peak_and_fall_are_the_engines_and_go_on_from_the_session_before(day):
    made = day.end()
    extremes = day.scene.engine.state.extremes
    assert (made.peak_usd, made.worst_drawdown_usd) == (extremes.peak_usd, extremes.fall_usd)
    assert made.headroom_usd_min == extremes.headroom_usd == Decimal(360) - extremes.fall_usd
    assert extremes.peak_usd == Decimal("18.78")
    assert extremes.fall_usd == Decimal("18.78") - made.day_net_usd
    assert f"{extremes.fall_usd:,.2f} of 360.00" in to_markdown(made)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made
        for process in sending._ON_THEIR_WAY.values():
            process.wait(patience(15))


@pytest.mark.services
def test_alert_tells_the_days_money(day, tmp_path, receiver):
    made = replace(day.end(), is_flat=False)
    urls = (SecretStr(receiver.url),)
    alert_report(Settings(_env_file=None, home=tmp_path / "home", alert_urls=urls), made)
    assert f"3 trades, {made.day_net_usd:+,.2f} USD" in receiver.next()["message"]
