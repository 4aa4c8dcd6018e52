"""Curves as inline SVG: no script, no network, the page's own colours.

Coordinates are computed here; how a line looks is for the page's style sheet.
"""

import math
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from pxcore.calendar.hours import CHICAGO
from pxcore.reports.measures import Point
from pxcore.text.escaping import for_html

WIDTH, HEIGHT = 960.0, 260.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 70.0, 12.0, 12.0, 26.0
_STEPS_S = (10, 30, 60, 120, 300, 600, 1800, 3600, 7200)


class ChartMark(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened at a point of the curve; `kind` is its class in the style sheet."""

    at: datetime
    value: float
    kind: str
    text: str


class ChartLine(msgspec.Struct, frozen=True, kw_only=True):
    """A level across the chart."""

    value: float
    kind: str
    text: str


def chart(
    points: Sequence[Point],
    *,
    name: str,
    unit: str,
    decimals: int,
    marks: Sequence[ChartMark] = (),
    lines: Sequence[ChartLine] = (),
) -> str:
    """An `svg` element, or an empty text when there is no curve to draw."""
    if len(points) < 2:
        return ""
    scale = _Scale(points, marks, lines)
    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-label="{for_html(name)}">',
        *_grid(scale, unit, decimals),
    ]
    for line in (one for one in lines if scale.low <= one.value <= scale.high):
        y = scale.y(line.value)
        parts.append(
            f'<line class="level {for_html(line.kind)}" x1="{_LEFT:g}" x2="{WIDTH - _RIGHT:g}" '
            f'y1="{y:.1f}" y2="{y:.1f}"><title>{for_html(line.text)}</title></line>'
        )
    path = " ".join(f"{scale.x(p.at):.1f},{scale.y(p.value):.1f}" for p in points)
    parts.append(f'<polyline class="curve" points="{path}"/>')
    for mark in marks:
        parts.append(
            f'<circle class="mark {for_html(mark.kind)}" r="4.5" cx="{scale.x(mark.at):.1f}" '
            f'cy="{scale.y(mark.value):.1f}"><title>{for_html(mark.text)}</title></circle>'
        )
    return "".join([*parts, "</svg>"])


_LOOK = """
.chart{font-family:sans-serif}.chart .paper{fill:#fff}.chart .grid{stroke:#e2e5ea}
.chart .label{fill:#5b6472;font-size:11px}.chart .level{stroke:#5b6472;stroke-dasharray:4 4}
.chart .curve{fill:none;stroke:#2f6fde;stroke-width:1.6;stroke-linejoin:round}
.chart .limit{stroke:#c62f2f}.chart .lock{stroke:#1f8a4c}
""".replace("\n", "")


def picture(svg: str) -> str:
    """The chart as an image that brings its own paper and colours, as a data URI."""
    own = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:g}" height="{HEIGHT:g}" '
    begin = svg.index(">") + 1
    head = svg[:begin].replace("<svg ", own, 1)
    paper = f'<style>{_LOOK}</style><rect class="paper" width="100%" height="100%"/>'
    whole = f"{head}{paper}{svg[begin:]}"
    return f"data:image/svg+xml;base64,{b64encode(whole.encode()).decode()}"


class _Scale:
    """From moments and values to coordinates."""

    def __init__(
        self, points: Sequence[Point], marks: Sequence[ChartMark], lines: Sequence[ChartLine]
    ) -> None:
        moments = [p.at for p in points] + [m.at for m in marks]
        values = [p.value for p in points] + [m.value for m in marks]
        spread = max(values) - min(values) or 1.0
        values += [one.value for one in lines if _is_near(one.value, values, spread)]
        self.since, self.until = min(moments), max(moments)
        margin = 0.06 * (max(values) - min(values) or 1.0)
        self.low, self.high = min(values) - margin, max(values) + margin

    def x(self, at: datetime) -> float:
        part = (at - self.since) / max(self.until - self.since, timedelta(microseconds=1))
        return _LEFT + part * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        part = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return HEIGHT - _BOTTOM - part * (HEIGHT - _TOP - _BOTTOM)


def _is_near(value: float, values: Sequence[float], spread: float) -> bool:
    """A level far away would press the curve flat."""
    return min(values) - 1.5 * spread <= value <= max(values) + 1.5 * spread


def _round_values(low: float, high: float) -> list[float]:
    """Four to eight values that are short to write."""
    rough = (high - low) / 6
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough)
    first = math.ceil(low / step)
    return [number * step for number in range(first, math.floor(high / step) + 1)]


def _grid(scale: _Scale, unit: str, decimals: int) -> list[str]:
    parts: list[str] = []
    for value in _round_values(scale.low, scale.high):
        y = scale.y(value)
        parts.append(
            f'<line class="grid" x1="{_LEFT:g}" x2="{WIDTH - _RIGHT:g}" y1="{y:.1f}" '
            f'y2="{y:.1f}"/><text class="label" text-anchor="end" x="{_LEFT - 6:g}" '
            f'y="{y + 4:.1f}">{value:,.{decimals}f}{for_html(unit)}</text>'
        )
    lasts_s = (scale.until - scale.since).total_seconds()
    step_s = next((s for s in _STEPS_S if lasts_s / s <= 8), _STEPS_S[-1])
    moment = scale.since - timedelta(seconds=scale.since.timestamp() % step_s)
    while (moment := moment + timedelta(seconds=step_s)) <= scale.until:
        text = moment.astimezone(CHICAGO).strftime("%H:%M:%S" if step_s < 60 else "%H:%M")
        x = scale.x(moment)
        anchor = "end" if x > WIDTH - 2 * _RIGHT else "middle"  # not over the edge
        parts.append(
            f'<text class="label" text-anchor="{anchor}" x="{x:.1f}" '
            f'y="{HEIGHT - 8:g}">{for_html(text)}</text>'
        )
    return parts
