"""The first thing that every process of ours does, whatever it is for."""

import os

from pxcore.host.privacy import keep_private
from pxcore.host.proxies import settle_proxies
from pxcore.host.streams import settle_streams


def settle() -> None:
    """Its files are its owner's, nothing that it says can stop what it does, and what it says to
    ourselves goes through nobody else's proxy.
    """
    keep_private()
    settle_proxies(os.environ)
    settle_streams()
