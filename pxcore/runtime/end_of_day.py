"""The day's end: our record against the venue's, the report's files, the store's rows.

May run twice, late, or for a session that died before its first row: it only reads the venue,
and writes the same files and rows again.
"""

from pathlib import Path

import msgspec

from pxcore.gateway import GatewayClient
from pxcore.journal import SCHEMA, Opening
from pxcore.journal.store import DayRow, SessionRow, Store
from pxcore.reports.daily import DailyReport, make_report
from pxcore.reports.flattens import add_flattens
from pxcore.reports.html import to_html
from pxcore.reports.reconcile import VenueDay, reconcile
from pxcore.reports.record import Record, read_record
from pxcore.reports.render import to_markdown
from pxcore.runtime.alarms import alert_report
from pxcore.runtime.plan import Paths, SessionPlan, engine_config, only_contract
from pxcore.settings import Mode, Settings


def read_venue(client: GatewayClient, plan: SessionPlan, settings: Settings) -> VenueDay:
    """What the venue says of the account now. Raises as the client does; may be asked again."""
    orders = client.orders(plan.account.id, start=plan.day_start)
    closing = client.snapshot(plan.account.id, day_start=plan.day_start)
    only = only_contract(settings, plan.contract)
    closing = closing if only is None else closing.only(only)
    return VenueDay(closing=closing, orders=orders)


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
    report = make_report(
        record,
        opening=plan.opening,
        closing=venue.closing,
        reconciliation=reconciliation,
        market=_market(settings),
    )
    folder = paths.report(plan.session_id)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.md").write_text(to_markdown(report), encoding="utf-8")
    (folder / "report.html").write_text(to_html(report), encoding="utf-8")
    (folder / "report.json").write_bytes(
        msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"
    )
    alert_report(settings, report)
    _store(plan, settings, report, venue, folder)
    return report, folder


def _record(plan: SessionPlan, settings: Settings, paths: Paths) -> Record:
    opening = Opening(
        schema=SCHEMA,
        mode=plan.mode,
        config=engine_config(plan, settings),
        strategy=settings.strategy,
        strategy_params=settings.strategy_params,
        paper_clock=settings.paper_clock,
        trading_day=plan.trading_day,
    )
    return read_record(paths.journal(plan.session_id), opening)


def _market(settings: Settings) -> str:
    if settings.mode is not Mode.PAPER:
        return f"{settings.gateway}, real"
    if not settings.paper_clock:
        return "paper"
    return f"paper, on a shifted clock at {settings.clock.speed:g} times real speed"


def _store(
    plan: SessionPlan, settings: Settings, report: DailyReport, venue: VenueDay, folder: Path
) -> None:
    store = Store(Paths(settings.home).store)
    try:
        store.put(
            SessionRow(
                session_id=plan.session_id,
                account_id=plan.account.id,
                trading_day=plan.trading_day,
                contract_id=plan.contract.id,
                mode=plan.mode,
                strategy=report.strategy,
                started_at=plan.opening.taken_at,
                ended_reason=report.ended,
                is_flat=report.is_flat,
            )
        )
        store.put_fills(venue.closing.fills, trading_day=plan.trading_day)
        store.put(
            DayRow(
                session_id=plan.session_id,
                account_id=plan.account.id,
                trading_day=plan.trading_day,
                verdict=report.verdict,
                net_usd=report.net_usd,
                costs_usd=report.costs_usd,
                trades=len(report.trades),
                denials=sum(report.denials.values()),
                report=str(folder),
            )
        )
    finally:
        store.close()
