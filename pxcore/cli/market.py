"""Which market a demo trades, and the settings that make its day tell the whole story."""

import math
from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec

from pxcore.calendar.hours import CHICAGO, chicago, latest_regular_day
from pxcore.gateway.rest.choose import choose_contract
from pxcore.model import Contract, Misconfigured
from pxcore.paper.markets.catalogue import catalogue
from pxcore.paper.markets.recording import read_trades
from pxcore.paper.markets.replay import choose_stretch, typical_move_ticks
from pxcore.reports.daily import clock_text

_OPEN = time(8, 30)  # Chicago: every demo is a market-open run, whatever the hour here
_BEAT_S = 4.0  # between the strategy's entries, in seconds of ours
_COOLDOWN_S = 3.0
_TRADES_MAX = 4
_SYNTHETIC_TICKS = (16, 20)  # stop, target: of the 6 ticks a root second that the market makes
_TAIL_S = 10.0  # of recording beyond the window, so that the flatten finds a market
_STOP_TICKS_MIN, _STOP_TICKS_MAX = 5, 200


class DemoMarket(msgspec.Struct, frozen=True, kw_only=True):
    """Times of the market's own clock, which begins at `clock_start` and runs at `speed`; the
    stretch is of the recording, None for a synthetic market. `settings` are for the day's flow.
    """

    description: str
    contract: Contract
    speed: float
    clock_start: datetime
    window_start: datetime
    window_end: datetime
    stretch_start: datetime | None
    stretch_end: datetime | None
    settings: dict[str, str]


def choose_market(
    file: Path | None,
    *,
    symbol: str,
    seed: int,
    lead_s: float,
    window_s: float,
    speed: float = 1.0,
) -> DemoMarket:
    """A synthetic market, or a stretch of a recording, shown as if it were today's open. Seconds
    are of ours; `speed` is of the synthetic one's clock, a recording's comes from its stretch.

    Raises Misconfigured for a symbol that is not listed and for a recording that cannot be used.
    """
    day = latest_regular_day(datetime.now(CHICAGO).date())
    contract = choose_contract(symbol, catalogue(day))
    opens = chicago(day, _OPEN)
    if file is None:
        stretch = None
        stop, target = (round(ticks * math.sqrt(speed)) for ticks in _SYNTHETIC_TICKS)
        described = f"synthetic market, seed {seed}"
    else:
        trades = read_trades(file, contract)
        if len(trades) < 2:
            raise Misconfigured(f"{file} holds one trade alone: a replay needs at least two")
        stretch = choose_stretch(trades, wall_s=lead_s + window_s + _TAIL_S)
        speed = stretch.speed
        move = typical_move_ticks(stretch, over_s=_BEAT_S * speed)
        stop = min(max(round(move), _STOP_TICKS_MIN), _STOP_TICKS_MAX)
        target = round(stop * 1.25)
        described = (
            f"replaying {file.name}, {len(stretch.trades)} trades recorded "
            f"{_text(stretch.start)} to {_text(stretch.end)} Chicago, at {speed:g} times real speed"
        )
    window_end = opens + timedelta(seconds=window_s * speed)
    return DemoMarket(
        description=f"{described}; {contract.name}, shown as the open of {day} "
        f"({clock_text(opens)} to {clock_text(window_end)} Chicago)",
        contract=contract,
        speed=speed,
        clock_start=opens - timedelta(seconds=lead_s * speed),
        window_start=opens,
        window_end=window_end,
        stretch_start=stretch.start if stretch else None,
        stretch_end=stretch.end if stretch else None,
        settings=_settings(contract, opens, window_end, speed, stop, target),
    )


def _settings(
    contract: Contract, start: datetime, end: datetime, speed: float, stop: int, target: int
) -> dict[str, str]:
    """Small brackets, a short beat, few trades: so that legs fill and gates refuse."""
    slippage = max(4, stop // 4)
    worst_usd = contract.usd(stop + slippage) + 2 * Decimal("2.50")
    loss_usd_max = (worst_usd * _TRADES_MAX / 50).to_integral_value(rounding="ROUND_CEILING") * 50
    return {
        "PX_GATEWAY": "paper",
        "PX_CONTRACT": contract.id,
        "PX_STRATEGY": "timed-entry",
        "PX_STRATEGY_PARAMS": f'{{"every_s": {_BEAT_S * speed:g}}}',
        "PX_COOLDOWN_S": f"{_COOLDOWN_S * speed:g}",
        "PX_STOP_LOSS_TICKS": str(stop),
        "PX_TAKE_PROFIT_TICKS": str(target),
        "PX_SLIPPAGE_TICKS": str(slippage),
        "PX_TRADES_MAX": str(_TRADES_MAX),
        "PX_LOSS_USD_MAX": f"{loss_usd_max:f}",
        "PX_WINDOW_START": _chicago_time(start),
        "PX_WINDOW_END": _chicago_time(end),
        "PX_FLAT_BY": _chicago_time(end + timedelta(seconds=20 * speed)),
    }


def _chicago_time(moment: datetime) -> str:
    return moment.astimezone(CHICAGO).time().isoformat()


def _text(moment: datetime) -> str:
    return moment.astimezone(CHICAGO).strftime("%Y-%m-%d %H:%M:%S")
