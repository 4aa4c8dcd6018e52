"""Which session is meant, and which moment of it."""

from datetime import UTC, datetime, time
from pathlib import Path

from pxcore.calendar.hours import chicago
from pxcore.config.paths import Paths
from pxcore.journal.reader import read_opening
from pxcore.journal.segments import day_ends_in, flattens_in, last_written, session_of, sessions_in
from pxcore.model import Misconfigured
from pxcore.upkeep.old_home import elsewhere


def journal_of(paths: Paths, session: str | None) -> Path:
    """The session's journal, or by its name a flatten's or a day's end's; without a name the
    session's that was written last.

    Raises Misconfigured when there is none.
    """
    found = sessions_in(paths.journals)
    if session is not None:
        known = (*found, *flattens_in(paths.journals), *day_ends_in(paths.journals))
        found = [path for path in known if session_of(path) == session]
    if not found:
        wanted = f"no session {session}" if session is not None else "no journal"
        raise Misconfigured(f"there is {wanted} in {paths.journals}{elsewhere(paths.home)}")
    return max(found, key=last_written)


def moment_in(path: Path, text: str, *, option: str) -> datetime:
    """Chicago's time of the session's trading day, or a moment with its zone, as UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is not None and moment.tzinfo is not None:
        return moment.astimezone(UTC)
    try:
        return chicago(read_opening(path).trading_day, time.fromisoformat(text))
    except ValueError:
        raise Misconfigured(
            f"{option} {text!r} is neither a time of the day in Chicago nor a moment with a zone"
        ) from None
