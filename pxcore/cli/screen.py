"""Live progress for a person: one panel that keeps itself fresh, or plain lines when piped."""

import time
from collections import deque
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pxcore.cli.output import line as text_line
from pxcore.engine.commands import Level
from pxcore.reports.daily import clock_text
from pxcore.reports.render import usd
from pxcore.session.lines import Ended, Line, Milestone, Progress

_EVENTS_SHOWN = 12
_PLAIN_EVERY_S = 5.0
_LATE_S = 0.2  # of ours, from which on a paper market is told to be late
_STYLE = {Level.INFO: "", Level.WARNING: "yellow", Level.ALARM: "bold red"}


class Screen:
    """Shows lines of a session; `say` is for the steps around it. Use as a context."""

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._progress: Progress | None = None
        self._shown_at: float | None = None
        self._events: deque[Text] = deque(maxlen=_EVENTS_SHOWN)
        self._live = (
            Live(self._panel(), console=console, refresh_per_second=4)
            if console.is_terminal
            else None
        )

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, text: str, style: str = "") -> None:
        """A step, kept on the screen for good."""
        self._console.print(text_line(text, style))

    def show(self, line: Line) -> None:
        match line:
            case Progress():
                self._progress = line
                if self._live is None:
                    self._plain(line)
            case Milestone(at=at, level=level, code=code, text=text):
                self._event(f"{clock_text(at)}  {code:<20} {text}", _STYLE[level])
            case Ended(reason=reason, is_flat=is_flat):
                state = "flat" if is_flat else "NOT FLAT"
                style = "" if is_flat else "bold red"
                self._event(f"          session.ended        {state}: {reason}", style)
        if self._live is not None:
            self._live.update(self._panel())

    def _event(self, text: str, style: str) -> None:
        event = text_line(text, style)
        self._events.append(event)
        if self._live is None:
            self._console.print(event, soft_wrap=True)

    def _plain(self, line: Progress) -> None:
        moment = time.monotonic()
        if self._shown_at is None or moment - self._shown_at >= _PLAIN_EVERY_S:
            self._shown_at = moment
            figures = ", ".join(f"{name} {value}" for name, value in _figures(line))
            self._console.print(
                text_line(f"{clock_text(line.at)}  progress             {figures}"), soft_wrap=True
            )

    def _panel(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", width=12)
        table.add_column()
        if self._progress is not None:
            table.add_row(
                "clock",
                f"{clock_text(self._progress.at)} Chicago, ends "
                f"{clock_text(self._progress.ends_at)}",
            )
            for name, value in _figures(self._progress):
                table.add_row(name, text_line(value))
        return Panel(Group(table, Text(""), *self._events), title=text_line(self._title))


def _figures(line: Progress) -> list[tuple[str, str]]:
    held = f"{line.exposure:+d} at {line.average_price} ({line.phase})"
    held = held if line.exposure else line.phase
    legs = f"stop {line.stop_price or '-'}, target {line.target_price or '-'}"
    headroom = "-" if line.headroom_usd is None else f"{line.headroom_usd:,.2f}"
    figures = [
        ("price", f"{line.bid or '-'} / {line.ask or '-'}"),
        ("position", held),
        ("bracket", legs if line.exposure else "none"),
        ("day P&L", f"{usd(line.day_usd)} USD"),
        ("headroom", f"{headroom} USD"),
        ("trades", f"{line.trades}, {line.denials} denied"),
    ]
    if line.market_late_s is not None:
        figures.append(("paper market", _lateness(line.market_late_s)))
    return figures


def _lateness(late_s: float) -> str:
    """A machine that cannot keep up is no fault of the day's: its market takes longer."""
    if late_s < _LATE_S:
        return "on time"
    return f"{late_s:.1f} s late: this machine cannot keep up, so it waits"
