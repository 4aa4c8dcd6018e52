"""`px reconcile`: the account's whole trading day, ours against the venue's, sessions or none."""

from pxcore.alerts.occasions import alert_differences
from pxcore.calendar.hours import trading_day_at
from pxcore.cli.output import Form, Grid, Output
from pxcore.closing.day_check import DayChecked, check_day
from pxcore.config.settings import Settings
from pxcore.reports.verdict import Verdict
from pxcore.text.counting import counted
from pxcore.venue.connect import connect
from pxcore.venue.resolve import resolve_account, resolve_contract


def reconcile_day(settings: Settings, *, as_json: bool) -> int:
    """0 when the two agree or every difference is explained, 1 when the record is broken."""
    client = connect(settings)
    account = resolve_account(client, settings)
    contract = resolve_contract(client, settings)
    day = trading_day_at(settings.clock.now())
    found = check_day(client, account, contract, day, settings)
    out = Output(Form.JSON if as_json else Form.TABLE)
    out.show(found, *_told(found))
    if found.verdict != Verdict.BROKEN:
        return 0
    alert_differences(
        settings,
        about=f"{found.account_id}-{found.trading_day:%Y%m%d}",
        account=f"{found.account_id} ({settings.mode})",
        differences=found.differences,
    )
    return 1


def _told(found: DayChecked) -> list[Grid | str]:
    sessions = len(found.sessions)
    parts: list[Grid | str] = [
        f"account {found.account_id}, trading day {found.trading_day}: "
        f"{counted(sessions, 'session') if sessions else 'no session'}, "
        f"{counted(found.fills, 'fill')}, "
        f"{counted(found.orders, 'order')} at the venue"
    ]
    if not found.sessions:
        parts.append("without a session nobody looked at the balance: it is not checked")
    if found.differences:
        rows = [(d["kind"], d["what"], d["ours"], d["venues"]) for d in found.differences]
        parts.append(Grid(("difference", "of", "ours", "the venue's"), rows))
    return [*parts, f"reconciliation: {found.verdict}"]
