"""Our own way in steps, as each session stamps it: the journal's `timing` rows of its entries."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from latency.figures import quantile
from latency.ours import run_ours
from latency.venue import Venue
from pxcore.journal.reader import decode_timing, read_rows
from pxcore.journal.rows import RowKind, Timing

STEPS = (
    ("decoded", "decoded_us"),
    ("in the inbox", "queued_us"),
    ("decided", "decided_us"),
    ("with the dispatcher", "dispatched_us"),
    ("request made", "ready_us"),
    ("intent written", "written_us"),
    ("sent", "sent_us"),
    ("answered", "answered_us"),
)
_COLOURS = ("#9ec1e8", "#7fb3d9", "#f2a65e", "#c9b6e4", "#e8c547", "#9fd39b", "#e07a6a", "#d5dae1")
_LEFT, _WIDTH, _ROW, _TOP = 24, 712, 62, 96
_LABEL_MIN = 46.0  # pixels: a narrower step is named in the table alone


class OursStepped:
    """A run of ours that keeps the timings of its entries, by rate."""

    def __init__(self) -> None:
        self.timings: dict[str, list[Timing]] = {}

    def __call__(self, venue: Venue, folder: Path) -> None:
        run_ours(venue, folder)
        of_rate = self.timings.setdefault(venue.market.rate, [])
        of_rate += entries_in(folder / "home" / "journal")


def entries_in(journals: Path) -> list[Timing]:
    return [
        timing
        for path in sorted(journals.glob("px-*.jsonl"))
        for row in read_rows(path)
        if row.kind is RowKind.TIMING and (timing := decode_timing(row)).command == "place_entry"
    ]


def took_us(timing: Timing) -> list[float]:
    """Of each step alone; one that was left out took no time."""
    took, before = [], 0.0
    for _, name in STEPS:
        until: float | None = getattr(timing, name)
        took.append(0.0 if until is None else until - before)
        before = before if until is None else until
    return took


def _by_step(timings: Sequence[Timing]) -> list[Sequence[float]]:
    return list(zip(*(took_us(timing) for timing in timings), strict=True))


def steps_table(timings: dict[str, list[Timing]]) -> str:
    """p50 and p99 of each step alone, and how many left at once."""
    lines = ["our own way, from the bytes at our socket: p50 and p99 of each step, in microseconds"]
    rates = [rate for rate, found in timings.items() if found]
    lines.append(f"{'':22}" + "".join(f"{rate:>18}" for rate in rates))
    by_rate = {rate: _by_step(timings[rate]) for rate in rates}
    for number, (step, _) in enumerate(STEPS):
        cells = (by_rate[rate][number] for rate in rates)
        shown = (f"{quantile(one, 0.5):9,.0f}{quantile(one, 0.99):9,.0f}" for one in cells)
        lines.append(f"{step:22}" + "".join(shown))
    at_once = (
        f"{sum(one.is_at_once for one in timings[rate])} of {len(timings[rate])}" for rate in rates
    )
    lines.append(f"{'left at once':22}" + "".join(f"{one:>18}" for one in at_once))
    return "\n".join(lines)


def flame(timings: dict[str, list[Timing]]) -> str:
    """A picture: a bar for each rate, to one scale, its steps by their p50 up to the sending."""
    bars = {
        rate: [quantile(one, 0.5) for one in _by_step(found)[:-1]]
        for rate, found in timings.items()
        if found
    }
    widest_us = max(sum(bar) for bar in bars.values())
    height = _TOP + _ROW * len(bars) + 16
    body = "".join(
        line
        for number, (rate, bar) in enumerate(bars.items())
        for line in _bar(rate, bar, _TOP + _ROW * number, _WIDTH / widest_us)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {height}" width="760" '
        f'height="{height}" role="img" font-family="system-ui, sans-serif" font-size="13" '
        'fill="#1a202c">\n<title>Where an order\'s time goes</title>\n'
        "<desc>For each rate of market messages one bar: the steps from the bytes at our socket to "
        "the order's bytes at it, by their medians.</desc>\n"
        f'<rect width="760" height="{height}" rx="12" fill="#f7f9fc" stroke="#cbd5e0"/>\n'
        + "".join(_legend())
        + f"{body}</svg>\n"
    )


def _legend() -> Iterable[str]:
    for number, (step, _) in enumerate(STEPS[:-1]):
        x, y = _LEFT + 178 * (number % 4), 24 + 26 * (number // 4)
        yield f'<rect x="{x}" y="{y}" width="14" height="14" fill="{_COLOURS[number]}"/>\n'
        yield f'<text x="{x + 20}" y="{y + 12}">{step}</text>\n'


def _bar(rate: str, bar: Sequence[float], top: int, scale: float) -> Iterable[str]:
    name = rate if rate == "burst" else f"{int(rate):,} messages a second"
    yield f'<text x="{_LEFT}" y="{top + 8}">{name}: {sum(bar):,.0f} µs</text>\n'
    x = float(_LEFT)
    for took, colour in zip(bar, _COLOURS, strict=False):
        width = took * scale
        yield (
            f'<rect x="{x:.1f}" y="{top + 14}" width="{width:.1f}" height="26" fill="{colour}" '
            'stroke="#f7f9fc"/>\n'
        )
        if width >= _LABEL_MIN:
            yield (
                f'<text x="{x + width / 2:.1f}" y="{top + 32}" text-anchor="middle">'
                f"{took:,.0f}</text>\n"
            )
        x += width
