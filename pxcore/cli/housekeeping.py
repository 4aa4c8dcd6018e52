"""`px housekeeping`: what is old is let go, compressed or copied; said before it is done."""

from collections.abc import Iterator
from datetime import UTC, datetime

from pxcore.cli.output import Form, Output
from pxcore.config.settings import Settings
from pxcore.upkeep.housekeeping import FileGroup, Housekept, housekeep, plan_of

_NAMES_SHOWN = 6
_UNITS = ("B", "kB", "MB", "GB", "TB")


def keep_house(settings: Settings, *, is_dry: bool, as_json: bool) -> int:
    """0 when all of it was done, or only said; 1 when something could not be."""
    out = Output(Form.JSON if as_json else Form.TABLE)
    now = datetime.now(UTC)
    if is_dry:
        kept = plan_of(settings, now=now)
    else:
        kept = housekeep(settings, now=now, tell=lambda plan: _say(plan, out))
    for problem in kept.problems:
        out.warn(problem)
    out.show(kept, *_lines(kept))
    return int(bool(kept.problems))


def _say(plan: Housekept, out: Output) -> None:
    for line in _lines(plan):
        out.say(line)


def _lines(kept: Housekept) -> Iterator[str]:
    """The plan in the future, what was done in the past."""
    groups = {
        ("will remove", "removed"): {
            "journals of": kept.journals,
            "logs": kept.logs,
            "reports": kept.reports,
            "backups": kept.old_backups,
        },
        ("will compress", "compressed, saving"): {"": kept.packed},
        ("will back up to", "backed up to"): {"": kept.backups},
    }
    lines = [
        _line(verbs[not kept.is_plan], what, group)
        for verbs, those in groups.items()
        for what, group in those.items()
        if group.names
    ]
    yield from lines or ["nothing to do" if kept.is_plan else "nothing was done"]
    if kept.is_plan:
        yield from (f"stays: {one.name}: {one.why}" for one in kept.held)
        yield from kept.notes


def _line(verb: str, what: str, group: FileGroup) -> str:
    size = f"{_size(group.bytes)}: " if group.bytes else ""
    more = len(group.names) - _NAMES_SHOWN
    names = ", ".join(group.names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return " ".join(part for part in (verb, what, f"{size}{names}") if part)


def _size(count: float) -> str:
    for unit in _UNITS[:-1]:
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.0f} {_UNITS[-1]}"
