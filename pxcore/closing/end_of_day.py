"""The day's end: our record against the venue's, the report's files, its record, the store's rows.

May run twice, late, or for a session that died before its first row: it only reads the venue,
and writes the same files again, and one more record of what it found.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import msgspec
from loguru import logger

from pxcore.alerts.of_report import alert_report
from pxcore.closing.day_record import record_day_end
from pxcore.config.paths import Paths
from pxcore.config.settings import GatewayName, Settings
from pxcore.day.store_access import ask_store
from pxcore.gateway.rest import GatewayClient
from pxcore.journal.rows import SCHEMA, Opening
from pxcore.model import PxError
from pxcore.reports.daily import DailyReport, as_other, make_report, read_report
from pxcore.reports.day_totals import BEFORE, DayTotals, totals_of
from pxcore.reports.flattens import add_flattens
from pxcore.reports.html import to_html
from pxcore.reports.others import OtherSession, of_record
from pxcore.reports.period import DayLine
from pxcore.reports.reconcile import VenueDay, reconcile
from pxcore.reports.record import Record
from pxcore.reports.recorder import read_record
from pxcore.reports.render import to_markdown
from pxcore.reports.verdict import DifferenceKind, Reconciliation
from pxcore.session.plan import SessionPlan, engine_config, latch_halt_of
from pxcore.store.database import Store
from pxcore.store.projection.days import project_day
from pxcore.store.projection.history import days_of
from pxcore.text.plain import plain_json

_PROJECT_S = 300.0  # a day of millions of events takes a quarter of a minute


def read_venue(client: GatewayClient, plan: SessionPlan) -> VenueDay:
    """What the venue says of the account now. Raises as the client does; may be asked again."""
    orders = client.orders(plan.account.id, start=plan.day_start)
    closing = client.snapshot(plan.account.id, day_start=plan.day_start)
    return VenueDay(closing=closing.only(plan.scope), orders=orders)


def close_day(plan: SessionPlan, settings: Settings, venue: VenueDay) -> tuple[DailyReport, Path]:
    """The report, and the folder that holds it as `report.html`, `report.md`, `report.json`."""
    paths = Paths(settings.home)
    record = _record(plan, settings, paths)
    add_flattens(
        record,
        paths.journals,
        account_id=plan.account.id,
        trading_day=plan.trading_day,
        since=record.began,
    )
    reconciliation = reconcile(
        record, opening=plan.opening, last_order_id=plan.last_order_id, venue=venue
    )
    day = totals_of(
        venue.closing, paths.journals, account_id=plan.account.id, trading_day=plan.trading_day
    )
    report = make_report(
        record,
        opening=plan.opening,
        closing=venue.closing,
        reconciliation=reconciliation,
        market=_market(settings),
        day=day,
        others=_others(plan, settings, paths, day),
        earlier=_earlier(plan, settings),
    )
    folder = paths.report(plan.session_id)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.md").write_text(to_markdown(report), encoding="utf-8")
    (folder / "report.html").write_text(to_html(report), encoding="utf-8")
    text = msgspec.json.format(msgspec.json.encode(report), indent=2).decode()
    (folder / "report.json").write_text(f"{plain_json(text, 'utf-8')}\n", encoding="utf-8")
    alert_report(settings, report)
    _latch_if_closed_by_others(plan, settings, reconciliation)
    record_day_end(
        paths.journals,
        at=settings.clock.now(),
        account_id=plan.account.id,
        trading_day=plan.trading_day,
        venue=venue,
        found=reconciliation,
        report=report,
    )
    _project(plan, settings)
    return report, folder


def _latch_if_closed_by_others(
    plan: SessionPlan, settings: Settings, found: Reconciliation
) -> None:
    """A session that died, or was deaf at that moment, could not: nothing is opened after it."""
    others = [d.what for d in found.differences if d.kind is DifferenceKind.CLOSED_BY_OTHERS]
    if not others:
        return
    reason = f"{', '.join(others)} closed the position: the venue did it, or a person by hand"
    try:
        latch_halt_of(plan, settings, reason)
    except PxError as error:
        logger.error("{}", error)


def _others(
    plan: SessionPlan, settings: Settings, paths: Paths, day: DayTotals
) -> Iterator[OtherSession]:
    """The day's sessions but this one: by their reports, or by their journals where a session and
    its flow were killed.
    """
    for line in day.sessions:
        if line.session_id in (plan.session_id, BEFORE):
            continue
        try:
            yield as_other(read_report(paths.report(line.session_id) / "report.json"))
        except (OSError, PxError):
            record = read_record(paths.journal(line.session_id), _opening(plan, settings))
            yield of_record(line.session_id, record)


def _record(plan: SessionPlan, settings: Settings, paths: Paths) -> Record:
    return read_record(paths.journal(plan.session_id), _opening(plan, settings))


def _opening(plan: SessionPlan, settings: Settings) -> Opening:
    return Opening(
        schema=SCHEMA,
        mode=plan.mode,
        config=engine_config(plan, settings),
        strategy=settings.strategy,
        strategy_params=settings.strategy_params,
        paper_clock=settings.recorded_clock,
        trading_day=plan.trading_day,
    )


def _market(settings: Settings) -> str:
    if settings.gateway is not GatewayName.PAPER:
        return f"{settings.gateway}, real"
    if not settings.paper_clock:
        return "paper"
    return f"paper, on a clock of its own at {settings.clock.speed:g} times real speed"


def _earlier(plan: SessionPlan, settings: Settings) -> tuple[DayLine, ...] | None:
    """The account's days before this one; None where the store cannot tell."""
    yesterday = plan.trading_day - timedelta(days=1)
    try:
        return ask_store(
            settings, lambda store: days_of(store, plan.account.id, date.min, yesterday)
        )
    except PxError as error:
        logger.warning("earlier days are not known: {}", str(error).splitlines()[0])
        return None


def _project(plan: SessionPlan, settings: Settings) -> None:
    """The store is a copy: what keeps it from being made harms neither report nor verdict."""

    def project(store: Store) -> None:
        project_day(
            store,
            Paths(settings.home).journals,
            account_id=plan.account.id,
            trading_day=plan.trading_day,
        )

    try:
        ask_store(settings, project, limit_s=_PROJECT_S)
    except PxError as error:
        why = str(error).splitlines()[0]
        logger.warning("the store lacks this day until `px journal rebuild`: {}", why)
