"""A whole journal fed to a new engine."""

from pathlib import Path

from pxcore.journal.replay import Divergence, Replay


def replay(path: Path) -> tuple[int, Divergence | None]:
    """How many events were fed, and the first difference, if there is any. Raises as `Replay`."""
    whole = Replay(path)
    divergence = whole.run()
    return whole.events, divergence
