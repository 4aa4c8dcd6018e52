"""The first thing that every process of ours does, whatever it is for."""

from pxcore.privacy import keep_private
from pxcore.streams import settle_streams


def settle() -> None:
    """Its files are its owner's, and nothing that it says can stop what it does."""
    keep_private()
    settle_streams()
