"""`px check`: is this machine quick enough to trade on? It measures, and touches no market."""

import time
from collections.abc import Callable

from pxcore.cli.output import Grid, Output
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.preflight.machine import Looked, look_at_machine


def show_check(
    settings: Settings, out: Output, *, sleep: Callable[[float], None] | None = None
) -> int:
    """0 when a live session may run here, 1 when not. Raises Misconfigured without a home."""
    Paths(settings.home).make()
    looked = look_at_machine(settings, sleep=sleep or time.sleep)
    document = {
        "is_fit": looked.is_fit,
        "told": looked.text,
        "unit_s": looked.machine.unit_s,
        "machine": looked.machine,
        "limits": looked.bounds,
        "too_slow": looked.slow,
    }
    out.show(document, _measured(looked), _summary(looked))
    return 0 if looked.is_fit else 1


def _measured(looked: Looked) -> Grid:
    machine, bounds = looked.machine, looked.bounds
    rows = (
        ("a fixed piece of work", machine.work_s, bounds.work_s),
        ("late to wake up", machine.wake_late_s, bounds.wake_late_s),
        ("flush to the disk", machine.flush_s, bounds.flush_s),
    )
    heads = ("measure", "took ms", "limit ms")
    return Grid(heads, [(name, _ms(took), _ms(bound)) for name, took, bound in rows], heads[1:])


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:,.1f}"


def _summary(looked: Looked) -> str:
    if looked.slow:
        return looked.text
    unit_s = looked.machine.unit_s
    return f"quick enough to trade: one second's work of a quick machine takes {unit_s:.1f} s here"
