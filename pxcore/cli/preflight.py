"""`px preflight`: the check list before a trading day, as a table or for a program."""

import time
from collections.abc import Callable

from pxcore.cli.output import Grid, Output
from pxcore.config.settings import Settings
from pxcore.preflight.local import Preflight, alert_failures, run_preflight


def show_preflight(
    settings: Settings,
    out: Output,
    *,
    is_alerted: bool,
    sleep: Callable[[float], None] | None = None,
) -> int:
    """0 when the day may begin, 1 when something fails."""
    found = run_preflight(settings, sleep=sleep or time.sleep)
    if is_alerted and not settings.alert_urls:
        out.warn("PX_ALERT_URLS is not set: no alert is sent")
    if is_alerted:
        alert_failures(settings, found)
    document = {
        "is_fit": found.is_fit,
        "failures": [one.name for one in found.failures],
        "warnings": [one.name for one in found.warnings],
        "checks": found.checks,
    }
    out.show(document, *_told(found))
    return 0 if found.is_fit else 1


def _told(found: Preflight) -> list[Grid | str]:
    rows = [(one.name, one.verdict.value, one.found) for one in found.checks]
    todo = [f"{one.name}: {one.remedy}" for one in found.checks if one.remedy]
    return [Grid(("check", "verdict", "found"), rows), *todo, _summary(found)]


def _summary(found: Preflight) -> str:
    failures, warnings, of = len(found.failures), len(found.warnings), len(found.checks)
    counted = f"{failures} of {of} fail, {warnings} warn"
    return f"fit to trade: {counted}" if found.is_fit else f"NOT fit to trade: {counted}"
