"""`px here`: a person is there. A session reads that in its own home folder alone."""

from datetime import UTC, datetime, timedelta

from rich.console import Console

from pxcore.calendar.hours import time_told
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.model import Misconfigured
from pxcore.ownership.holders import holder_elsewhere
from pxcore.ownership.world import world_of


def say_here(settings: Settings, console: Console) -> int:
    """Raises Misconfigured when the account is held from another home folder."""
    paths, account_id = Paths(settings.home), settings.account_id
    if account_id is not None:
        holder = holder_elsewhere(paths.home, account_id, world_of(settings))
        if holder is not None:
            raise Misconfigured(
                f"account {account_id} is held by {holder} of another home folder: say it there; "
                "nothing was noted"
            )
    paths.here_file.parent.mkdir(parents=True, exist_ok=True)
    paths.here_file.touch()
    good_s = settings.presence_s
    told = "no check-in is needed: PX_PRESENCE_S is not set"
    if good_s is not None:
        told = f"good until {time_told(datetime.now(UTC) + timedelta(seconds=good_s))}"
    console.print(f"checked in: {told} ({paths.here_file})", soft_wrap=True)
    return 0
