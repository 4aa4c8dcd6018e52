"""`px contracts`, `px contract` and `px bars`: what can be traded, and what it did."""

from datetime import datetime, timedelta

import msgspec

from pxcore.cli.trade.bars_missing import missing_before
from pxcore.cli.trade.desk import Gateway
from pxcore.cli.trade.times import moment
from pxcore.cli.trade.values import bar_document, bars_table, contract_document, contracts_table
from pxcore.gateway.rest.bar_pages import BARS_MAX, CLOSED_MAX, SPANS, shortest
from pxcore.gateway.rest.questions import FOUND_MAX
from pxcore.model import Bar, BarUnit, Contract, Misconfigured, Unavailable

_NEWEST = 100  # bars, where neither a start nor a limit is given
_OLDEST = timedelta(days=20 * 365)


def list_contracts(desk: Gateway, text: str | None) -> int:
    """The venue's fuzzy finds, or all that is tradable. 1 when there is none."""
    client = desk.client
    found = client.search_contracts(text) if text else client.available_contracts()
    nothing = f"no contract is like {text!r}" if text else "the venue lists no contract"
    document = [contract_document(c) for c in found]
    desk.out.show(document, contracts_table(found) if found else nothing)
    if text and len(found) >= FOUND_MAX:
        desk.out.warn(f"the venue finds at most {FOUND_MAX}: there may be more like {text!r}")
    return 0 if found else 1


def show_contract(desk: Gateway, text: str) -> int:
    contract = desk.contract(text)
    document = contract_document(contract)
    lines = [f"{name.replace('_', ' '):<16} {value}" for name, value in document.items()]
    desk.out.show(document, *lines)
    return 0


class BarsAsked(msgspec.Struct, frozen=True, kw_only=True):
    """As typed; None for what was left out."""

    contract: str | None
    unit: BarUnit
    every: int
    start: str | None
    end: str | None
    limit: int | None
    with_partial: bool

    @property
    def most(self) -> int:
        return self.limit or (_NEWEST if self.start is None else BARS_MAX)


def show_bars(desk: Gateway, asked: BarsAsked) -> int:
    """Oldest first. With a start, all since then; without one the newest, up to the limit."""
    start, end = _stretch(desk, asked)
    contract = desk.contract(asked.contract)
    history = desk.client.bar_history(
        contract,
        unit=asked.unit,
        unit_number=asked.every,
        start=start,
        end=end,
        most=asked.most,
        with_partial=asked.with_partial,
    )
    bars = history.bars
    missing = None if asked.start is None else missing_before(history, asked, start=start, end=end)
    document = {
        "contract_id": contract.id,
        "contract": contract.name,
        "unit": asked.unit,
        "every": asked.every,
        "start": start,
        "end": end,
        "first_opened_at": bars[0].opened_at if bars else None,
        "may_be_cut": asked.start is not None and history.complete_from > start,
        "reaches_start": missing is None,
        "requests": history.requests,
        "bars": [bar_document(bar, contract) for bar in bars],
    }
    title = f"{contract.name}, {asked.every} {asked.unit.value}, {len(bars)} bars"
    desk.out.show(document, title, *([bars_table(bars, contract)] if bars else []))
    if missing is not None:
        desk.out.warn(missing)
    return 0


def _stretch(desk: Gateway, asked: BarsAsked) -> tuple[datetime, datetime]:
    now = desk.now
    end = moment(asked.end, option="--end", now=now) if asked.end else now
    if asked.start:
        start = moment(asked.start, option="--start", now=now)
    else:
        wanted = SPANS[asked.unit] * min(asked.every * asked.most, 10_000_000)
        start = end - min(2 * wanted + CLOSED_MAX, _OLDEST)
    if start >= end:
        raise Misconfigured(f"--start {start} is not before the end {end}")
    if not asked.end and not asked.with_partial:  # one that opened since then is forming still
        end = max(start, end - shortest(asked.unit, asked.every))
    return start, end


def last_bar(desk: Gateway, contract: Contract) -> Bar:
    """The newest bar, which may be forming still: its close is the last trade's price.

    Raises Unavailable when there is none: then nothing can be said of the last price.
    """
    now = desk.now
    bars = desk.client.bars(
        contract,
        unit=BarUnit.MINUTE,
        unit_number=1,
        start=now - CLOSED_MAX,
        end=now + timedelta(minutes=1),
        limit=1,
        with_partial=True,
    )
    if not bars:
        raise Unavailable(
            f"no bar of {contract.name} in the last {CLOSED_MAX.days} days: its last price is not "
            "known, so that a trailing stop has no level; nothing was sent"
        )
    return bars[-1]
