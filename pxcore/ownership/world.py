"""One user's accounts at one gateway on this machine, whatever the home folder: who holds one of
them is found from every home.

Two home folders are two worlds in all else: journals, halts, reports, schedules.
"""

import os
from pathlib import Path

from pxcore.config.paths import Paths
from pxcore.config.settings import GatewayName, Settings
from pxcore.host.courtesy import bounded
from pxcore.host.own_home import default_home
from pxcore.model import Misconfigured, Unavailable
from pxcore.ownership.control_socket import World


def world_of(settings: Settings) -> World | None:
    """None for a paper gateway whose address nobody knows: nothing can be sent to it either."""
    try:
        base_url, _ = settings.hosts
    except Misconfigured:
        return None
    home = Paths(settings.home).home
    own = home if settings.gateway is GatewayName.PAPER else Paths(default_home()).home
    return World(user=_user_of(home), gateway=base_url, folder=own)


def _user_of(home: Path) -> int:
    """Whose sessions they are: root, who acts for somebody, means the owner of the home folder."""
    if not hasattr(os, "getuid"):
        return 0
    if os.getuid() != 0:
        return os.getuid()
    try:
        return bounded("the home folder", lambda: os.stat(home).st_uid)
    except (OSError, Unavailable):
        return 0
