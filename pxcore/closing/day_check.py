"""The trading day of an account against the venue's, whether or not a session traded it."""

from datetime import UTC, date, datetime

import msgspec

from pxcore.calendar.hours import TradingDay
from pxcore.closing.day_record import record_day_end
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.gateway.rest import GatewayClient
from pxcore.journal.reader import read_opening
from pxcore.journal.segments import sessions_in
from pxcore.model import Account, Contract, PxError
from pxcore.reports.flattens import add_flattens
from pxcore.reports.reconcile import VenueDay, reconcile, without_sessions
from pxcore.reports.record import Record
from pxcore.reports.recorder import read_record
from pxcore.reports.verdict import Reconciliation
from pxcore.reports.whole_day import merged, start_of_day
from pxcore.venue.scoping import scope_of_session

_NEVER = datetime.max.replace(tzinfo=UTC)


class DayChecked(msgspec.Struct, frozen=True, kw_only=True):
    """`sessions` are the day's, oldest first. Without one the balance is not checked."""

    account_id: int
    trading_day: date
    sessions: tuple[str, ...]
    fills: int
    orders: int
    verdict: str
    differences: tuple[dict[str, str], ...]


def check_day(
    client: GatewayClient, account: Account, contract: Contract, day: TradingDay, settings: Settings
) -> DayChecked:
    """Reads, and puts what it found on record. Raises as the client does."""
    orders = client.orders(account.id, start=day.opens_at)
    closing = client.snapshot(account.id, day_start=day.opens_at)
    closing = closing.only(scope_of_session(settings, contract.id))
    venue = VenueDay(closing=closing, orders=orders)
    records, damage = _records(settings, account.id, day.day)
    whole = merged(record for _, record in records)
    if whole is not None:
        whole.damage = whole.damage or damage
        add_flattens(
            whole,
            Paths(settings.home).journals,
            account_id=account.id,
            trading_day=day.day,
        )
    if whole is None:
        found: Reconciliation = without_sessions(venue, damage=damage)
    else:
        opening = start_of_day(closing, whole.first_look)
        found = reconcile(whole, opening=opening, last_order_id=0, venue=venue)
    record_day_end(
        Paths(settings.home).journals,
        at=settings.clock.now(),
        account_id=account.id,
        trading_day=day.day,
        venue=venue,
        found=found,
    )
    return DayChecked(
        account_id=account.id,
        trading_day=day.day,
        sessions=tuple(name for name, _ in records),
        fills=found.fills,
        orders=found.orders,
        verdict=found.verdict,
        differences=tuple(
            {"kind": d.kind, "what": d.what, "ours": d.ours, "venues": d.venues}
            for d in found.differences
        ),
    )


def _records(
    settings: Settings, account_id: int, day: date
) -> tuple[list[tuple[str, Record]], str | None]:
    """The account's, and the damage of a journal that does not say whose it is: it may be one."""
    found: list[tuple[str, Record]] = []
    damage: str | None = None
    for path in sessions_in(Paths(settings.home).journals, trading_day=day):
        try:
            opening = read_opening(path)
        except (PxError, msgspec.MsgspecError) as error:
            damage = damage or str(error)
            continue
        if opening.config.account_id == account_id:
            found.append((path.stem, read_record(path, opening)))
    # Names do not sort by the time: a trading day goes over midnight UTC.
    found.sort(key=lambda one: one[1].began or _NEVER)
    return found, damage
