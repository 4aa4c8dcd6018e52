"""`px here`: a person is there. A session reads that in its own home folder alone."""

from rich.console import Console

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
    console.print(f"noted in {paths.here_file}", soft_wrap=True)
    return 0
