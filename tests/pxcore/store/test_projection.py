"""The store says what the journals say, and saying it anew changes nothing; on both databases."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace
from report_scenes import reported_day
from sqlalchemy import select, update
from store_scenes import contents

from pxcore.engine.commands import ClosePosition, Halt, PlaceEntry
from pxcore.engine.events import CloseAnswered, PlaceAccepted, SendOutcome
from pxcore.engine.tightening import Bounds
from pxcore.journal.latches import Latched
from pxcore.journal.operator import OperatorJournal, Rearmed, Tightened
from pxcore.journal.reader import decode_command, decode_event, read_opening, read_rows
from pxcore.journal.rows import FlattenTerms, RowKind
from pxcore.journal.verify import Soundness, verify
from pxcore.journal.writer import Journal
from pxcore.store.live.latch_tables import HaltRow
from pxcore.store.projection.days import project_day, rebuild
from pxcore.store.projection.history import bring_in
from pxcore.store.projection.tables import (
    DailyReportRow,
    DifferenceRow,
    EquityRow,
    FillRow,
    HeartbeatRow,
    IncidentRow,
    IntentRow,
    OperatorActRow,
    OrderRow,
    PositionRow,
    ReconciliationRow,
    RefusalRow,
    RiskRow,
    SessionRow,
    TradeRow,
    TradingDayRow,
)

SESSION = "px-20261120-1"


@pytest.fixture
def day(tmp_path):
    """A backtest's day with trades and refusals: its journals, and its report."""
    folder = tmp_path / "journal"
    return folder, reported_day(folder, 3, trades_max=3)


def rows(store, table):
    with store.session() as session:
        return session.scalars(select(table)).all()


def of_kind(folder, kind):
    return [row for row in read_rows(folder / f"{SESSION}.jsonl") if row.kind is kind]


def of_day(report):
    return {"account_id": 1, "trading_day": report.trading_day}


def test_days_figures_are_the_reports_to_the_cent(store, day):
    folder, report = day
    done = rebuild(store, folder)
    assert (done.days, done.unread) == (1, ())
    assert report.trades and report.denials

    (whole,) = rows(store, TradingDayRow)
    assert (whole.net_usd, whole.gross_usd, whole.costs_usd) == (
        report.net_usd,
        report.gross_usd,
        report.costs_usd,
    )
    assert (whole.sessions, whole.fills, whole.trades) == (1, report.fills, len(report.trades))
    assert (whole.is_flat, whole.verdict, whole.balance_usd) == (
        True,
        report.verdict,
        report.balance_usd,
    )
    trades = rows(store, TradeRow)
    assert sum(t.gross_usd - t.costs_usd for t in trades) == report.net_usd
    fills = rows(store, FillRow)
    assert sum((f.pnl_usd or 0) - f.fees_usd - f.commissions_usd for f in fills) == report.net_usd
    assert {f.seen_by for f in fills} == {"day's end"}


def test_every_decision_has_its_row(store, day):
    folder, report = day
    rebuild(store, folder)

    refusals = Counter(row.gate for row in rows(store, RefusalRow))
    assert refusals == report.denials
    commands = [decode_command(row) for row in of_kind(folder, RowKind.COMMAND)]
    entries = [c for c in commands if isinstance(c, PlaceEntry)]
    intents = rows(store, IntentRow)
    assert {i.tag for i in intents if i.kind == "place_entry"} == {e.tag for e in entries}
    events = [decode_event(row) for row in of_kind(folder, RowKind.EVENT)]
    accepted = {e.tag: e.order_id for e in events if isinstance(e, PlaceAccepted)}
    assert {i.tag: i.order_id for i in intents if i.outcome == "accepted"} == accepted
    assert len(rows(store, OrderRow)) == 3 * len(entries) + sum(
        i.kind == "close_position" and i.outcome == "done" for i in intents
    )


def test_ledger_curve_positions_and_heartbeats_tell_the_same_day(store, day):
    folder, report = day
    rebuild(store, folder)

    risk = sorted(rows(store, RiskRow), key=lambda r: r.seq)
    assert risk[0].cause == "the session began" and risk[0].realised_usd == 0
    assert risk[-1].realised_usd == report.net_usd
    assert all(r.headroom_usd == r.loss_usd_max + r.realised_usd for r in risk)
    curve = sorted(rows(store, EquityRow), key=lambda r: r.number)
    assert curve[-1].net_usd == report.net_usd
    assert report.worst_drawdown_usd is not None  # of every price; the curve has one a second
    assert 0 < max(p.drawdown_usd for p in curve) <= report.worst_drawdown_usd
    positions = sorted(rows(store, PositionRow), key=lambda r: r.seq)
    assert positions and positions[-1].size == 0
    ticks = sum(b'"event":"clock"' in bytes(row.body) for row in of_kind(folder, RowKind.EVENT))
    assert sum(beat.ticks for beat in rows(store, HeartbeatRow)) == ticks > 0
    (session,) = rows(store, SessionRow)
    assert (session.session_id, session.entries_sent) == (SESSION, report.entries_sent)
    assert session.journal_hash == report.journal_hash


def test_report_and_reconciliation_are_kept(store, day):
    folder, report = day
    rebuild(store, folder)
    (kept,) = rows(store, DailyReportRow)
    assert (kept.verdict, kept.net_usd, kept.trades) == (
        report.verdict,
        report.net_usd,
        len(report.trades),
    )
    (found,) = rows(store, ReconciliationRow)
    assert (found.session_id, found.verdict) == (report.session_id, report.verdict)
    assert len(rows(store, DifferenceRow)) == len(report.differences)


def test_record_of_a_days_end_is_a_sound_journal(day):
    folder, _ = day
    (path,) = folder.glob("end-*.jsonl")
    assert verify(path).soundness is Soundness.SOUND


def test_rebuilding_twice_and_from_nothing_gives_the_same_rows(store, url, day):
    folder, report = day
    rebuild(store, folder)
    first = contents(store)
    assert sum(map(len, first.values())) > 100

    rebuild(store, folder)
    assert contents(store) == first
    project_day(store, folder, **of_day(report))
    assert contents(store) == first


def test_rows_that_somebody_changed_added_or_took_away_are_made_right(store, day):
    folder, _ = day
    rebuild(store, folder)
    before = contents(store)
    with store.session() as session:
        session.execute(update(FillRow).values(pnl_usd=Decimal("1000")))
        session.delete(session.scalars(select(TradeRow)).first())
        session.add(
            IncidentRow(
                account_id=9,
                trading_day=datetime(2020, 1, 1).date(),  # noqa: DTZ001
                journal="invented",
                seq=1,
                at=datetime(2020, 1, 1, tzinfo=UTC),
                level="alarm",
                code="c",
                text="of no journal",
            )
        )
    assert rebuild(store, folder).kept == 1
    assert len(rows(store, IncidentRow)) == len(before["incidents"]) + 1
    rebuild(store, folder, prunes=True)
    assert contents(store) == before


def test_session_that_was_killed_is_there_as_far_as_it_came(store, day):
    folder, _ = day
    for one in folder.glob("end-*"):
        one.unlink()
    path = folder / f"{SESSION}.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    entry = next(n for n, line in enumerate(lines) if b'"place_entry"' in line)
    for one in folder.glob(f"{SESSION}*"):
        one.unlink()
    path.write_bytes(b"".join(lines[: entry + 1]) + lines[entry + 1][:20])

    rebuild(store, folder)
    (session,) = rows(store, SessionRow)
    assert (session.ended_reason, session.is_flat, session.damage) == (None, None, None)
    (intent,) = rows(store, IntentRow)
    assert (intent.kind, intent.outcome) == ("place_entry", None)
    (whole,) = rows(store, TradingDayRow)
    assert (whole.verdict, whole.is_flat, whole.fills) == (None, None, 0)


@pytest.mark.damages_journal
def test_damaged_journal_is_told_and_what_came_before_the_damage_is_there(store, day):
    folder, _ = day
    path = folder / f"{SESSION}.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[-3] = lines[-3].replace(b'"seq":', b'"seq":1')
    path.write_bytes(b"".join(lines))

    done = rebuild(store, folder)
    assert any(f"{SESSION}.jsonl line {len(lines) - 2}" in what for what in done.unread)
    (session,) = rows(store, SessionRow)
    assert session.damage is not None and session.ended_reason is None
    assert rows(store, IntentRow) and rows(store, FillRow)


def change_lines(path, change):
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))


def first_with(lines, mark):
    return next(n for n, line in enumerate(lines) if mark in line)


def twice(lines):
    n = first_with(lines, b'"place_entry"')
    return [*lines[: n + 1], *lines[n:]]


def no_text(lines):
    n = first_with(lines, b'"denied"')
    return [*lines[:n], lines[n].replace(b'"gate":"', b'"gate":"\xff'), *lines[n + 1 :]]


@pytest.mark.damages_journal
@pytest.mark.parametrize("change", [twice, no_text])
def test_damage_of_any_kind_breaks_no_rebuild_and_is_told_once(store, day, change):
    folder, report = day
    change_lines(folder / f"{SESSION}.jsonl", change)
    done = project_day(store, folder, **of_day(report))
    assert len(done.unread) == 1 and rebuild(store, folder).unread == done.unread


@pytest.mark.damages_journal
def test_rows_that_were_not_written_are_no_rows_of_the_store(store, day):
    folder, _ = day
    for one in folder.glob("end-*"):
        one.unlink()

    def bigger(lines):
        n = first_with(lines, b'"event":"fill"')
        return [*lines[:n], lines[n].replace(b'"size":1', b'"size":7'), *lines[n + 1 :]]

    change_lines(folder / f"{SESSION}.jsonl", bigger)
    rebuild(store, folder)
    assert rows(store, FillRow) == []


@pytest.mark.damages_journal
def test_damaged_flatten_is_told(store, tmp_path):
    at = datetime(2026, 11, 20, 15, tzinfo=UTC)
    journal = Journal(tmp_path / "flatten-20261120-1.jsonl", on_fault=pytest.fail)
    terms = FlattenTerms(account_id=1, trading_day=at.date(), reason="px flatten")
    journal.append(RowKind.FLATTEN, terms, at=at)
    journal.append(RowKind.COMMAND, ClosePosition(contract_id="C"), at=at)
    journal.append(RowKind.COMMAND, ClosePosition(contract_id="C"), at=at)
    assert journal.close()
    change_lines(journal.path, lambda lines: [lines[0], lines[2]])
    assert rebuild(store, tmp_path).unread and rows(store, IntentRow) == []


@pytest.mark.damages_journal
@pytest.mark.parametrize("kind", ["px", "flatten", "end"])
def test_journal_that_does_not_say_whose_it_is_is_told(store, day, kind):
    folder, _ = day
    (folder / f"{kind}-20261118-9.jsonl").write_bytes(b"{}\n")
    done = rebuild(store, folder)
    assert any(f"{kind}-20261118-9" in what for what in done.unread) and done.days == 1
    at = datetime(2026, 11, 18, tzinfo=UTC).date()
    assert bring_in(store, folder, at, at) == done.unread
    assert bring_in(store, folder, at - timedelta(days=7), at - timedelta(days=1)) == ()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("operator-1-20261399.jsonl", id="no date"),
        pytest.param(f"operator-{'9' * 30}-20261120.jsonl", id="no account"),
    ],
)
def test_operators_journal_by_a_name_that_is_none_breaks_nothing(store, day, name):
    folder, _ = day
    (folder / name).write_bytes(b"{}\n")
    assert rebuild(store, folder).days == 1


def test_operators_journal_without_an_act_makes_no_day(store, tmp_path):
    (tmp_path / "operator-7-20261120.jsonl").write_bytes(b"")
    rebuild(store, tmp_path)
    assert rows(store, TradingDayRow) == []


def test_flatten_outside_a_session_is_an_incident_with_its_closes(store, tmp_path):
    at = datetime(2026, 11, 20, 15, tzinfo=UTC)
    journal = Journal(tmp_path / "flatten-20261120-1.jsonl", on_fault=pytest.fail)
    terms = FlattenTerms(account_id=1, trading_day=at.date(), reason="px flatten")
    journal.append(RowKind.FLATTEN, terms, at=at)
    journal.append(RowKind.COMMAND, ClosePosition(contract_id="C"), at=at)
    journal.append(RowKind.EVENT, CloseAnswered(at=at, contract_id="C", answer=SendOutcome.DONE))
    assert journal.close()

    rebuild(store, tmp_path)
    (intent,) = rows(store, IntentRow)
    assert (intent.kind, intent.outcome, intent.answered_at) == ("close_position", "done", at)
    (incident,) = rows(store, IncidentRow)
    assert (incident.code, incident.text) == ("flatten.outside_session", "px flatten")
    assert rows(store, SessionRow) == []


def test_operators_acts_are_rows(store, tmp_path):
    day = datetime(2026, 11, 20, tzinfo=UTC).date()
    journal = OperatorJournal(tmp_path, account_id=1, trading_day=day)
    act = Tightened(before=Bounds(), after=Bounds(loss_usd_max=Decimal(300)))
    journal.record(lambda rows: act, who="anna", reason="a bad night")

    rebuild(store, tmp_path)
    (row,) = rows(store, OperatorActRow)
    assert (row.who, row.reason) == ("anna", "a bad night") and '"loss_usd_max":"300"' in row.act


def halted(folder, name, reason):
    """A session of the same day that halted."""
    (opening,) = of_kind(folder, RowKind.OPENED)
    terms = read_opening(folder / f"{SESSION}.jsonl")
    terms = replace(terms, config=replace(terms.config, session_id=name))
    journal = Journal(folder / f"{name}.jsonl", on_fault=pytest.fail)
    journal.append(RowKind.OPENED, terms, at=opening.at)
    journal.append(RowKind.COMMAND, Halt(reason=reason), at=opening.at)
    assert journal.close()


@pytest.mark.damages_journal
def test_halt_of_a_journal_is_latched_again_and_one_that_no_journal_knows_stays(store, day):
    folder, report = day
    halted(folder, "px-20261120-2", "daily loss")
    rebuild(store, folder)
    assert store.latched(**of_day(report)).reason == "daily loss"

    with store.session() as session:
        for row in session.scalars(select(HaltRow)):
            session.delete(row)
    store.latch_halt(**of_day(report), reason="kill switch", session_id="px-of-no-journal")
    rebuild(store, folder)
    assert store.latched(**of_day(report)).reason == "kill switch"


@pytest.mark.damages_journal
def test_halt_that_was_latched_live_becomes_the_journals_own_row(store, day):
    folder, report = day
    halted(folder, "px-20261120-2", "daily loss")
    store.latch_halt(**of_day(report), reason="daily loss", session_id="px-20261120-2")
    project_day(store, folder, **of_day(report))
    live = contents(store)["halts"]
    with store.session() as session:
        for row in session.scalars(select(HaltRow)):
            session.delete(row)
    rebuild(store, folder)
    assert contents(store)["halts"] == live


@pytest.mark.damages_journal
def test_rearmed_halt_in_the_store_gives_way_to_one_that_only_a_journal_has(store, day):
    folder, report = day
    halted(folder, "px-20261120-2", "daily loss")
    store.latch_halt(**of_day(report), reason="daily loss", session_id="px-20261120-2")
    gone = Latched(session_id="px-20261120-2", reason="daily loss")
    journal = OperatorJournal(folder, **of_day(report))
    journal.record(lambda rows: Rearmed(halts=(gone,)), who="anna", reason="a wrong limit")
    project_day(store, folder, **of_day(report))
    assert store.latched(**of_day(report)) == gone

    halted(folder, "px-20261120-3", "kill switch")
    project_day(store, folder, **of_day(report))
    assert store.latched(**of_day(report)).session_id == "px-20261120-3"
