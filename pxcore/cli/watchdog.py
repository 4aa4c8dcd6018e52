"""`px watchdog`: reads heartbeats and the gateway, and flattens when nobody else does."""

from datetime import datetime

from loguru import logger
from rich.console import Console

from pxcore.calendar.hours import CHICAGO
from pxcore.cli.verb_settings import left_out_told
from pxcore.config.logs import log_as_set
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.flatten.watchdog import watch_until_stopped


def watch(settings: Settings, console: Console, *, is_tied: bool) -> int:
    """0 once it is stopped. `is_tied`: the end of standard input stops it, too."""
    log_as_set(settings, Paths(settings.home).logs / "watchdog.log", session="watchdog")

    def say(text: str) -> None:
        console.print(f"{datetime.now(CHICAGO):%H:%M:%S} {text}", soft_wrap=True)

    for text in left_out_told(settings):
        logger.warning("{}", text)
    watch_until_stopped(settings, say=say, is_tied=is_tied)
    return 0
