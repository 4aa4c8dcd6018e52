"""Whether it stays as quick, and as small: a minute at 5,000 messages a second."""

from pathlib import Path

import psutil

from latency.figures import Round, quantile
from latency.market import RATES, Market, make_market
from latency.ours import run_ours
from latency.processes import Failed
from latency.venue import Venue

_TRIGGERS, _APART_MS = 60, (900, 1_100)  # more would be more requests than ours allows itself
_WINDOW_S = 10.0
_GROWTH_MAX = 1.5  # the last three windows' middle p50 to that of the first three
_SESSION = "pxcore.session.process"


def growing_market(folder: Path) -> Market:
    return make_market(RATES["5000"], _TRIGGERS, folder, apart_ms=_APART_MS)


class OursWatched:
    """A run of ours that notes how large its session's process is, at the begin and at the end."""

    def __init__(self) -> None:
        self.rss_mb: list[float] = []

    def __call__(self, venue: Venue, folder: Path) -> None:
        run_ours(venue, folder, at_triggers=self._note)

    def _note(self, pid: int) -> None:
        family = psutil.Process(pid).children(recursive=True)
        session = next((one for one in family if _SESSION in one.cmdline()), None)
        if session is None:
            raise Failed("the session's process is gone")
        self.rss_mb.append(session.memory_info().rss / 1e6)


def windows(done: Round) -> list[float]:
    """p50 of each ten seconds, in milliseconds."""
    by_window: dict[int, list[float]] = {}
    for at_s, latency_ms in zip(done.at_s, done.latencies_ms, strict=True):
        by_window.setdefault(int(at_s / _WINDOW_S), []).append(latency_ms)
    return [quantile(by_window[number], 0.5) for number in sorted(by_window)]


def growth(p50s_ms: list[float]) -> float:
    """How many times the beginning the end is."""
    return quantile(p50s_ms[-3:], 0.5) / quantile(p50s_ms[:3], 0.5)


def told(who: str, p50s_ms: list[float]) -> str:
    shown = "".join(f"{p50:8.2f}" for p50 in p50s_ms)
    return f"{who:13}{shown}  ms, p50 each {_WINDOW_S:g} s; end / begin {growth(p50s_ms):.2f}"


def has_grown(p50s_ms: list[float]) -> bool:
    return growth(p50s_ms) > _GROWTH_MAX
