"""Faults from a TOML file: every mistake is one line that says where.

seed = 7

[[faults]]
fault = "answer_lost"
path = "/api/Order/place"
moment = "after"
"""

from pathlib import Path

import msgspec

from pxcore.host.bounded_files import read_file
from pxcore.host.decoding import toml_value
from pxcore.model import Misconfigured, ProtocolError
from pxcore.paper.faults.venue import VenueFault
from pxcore.paper.faults.wire import WireFault

AnyFault = VenueFault | WireFault


class FaultFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`seed` of the faults' dice; without one they share the market's."""

    seed: int | None = None
    faults: tuple[AnyFault, ...] = ()


def read_faults(path: Path) -> FaultFile:
    """Raises Misconfigured, naming the file and what is wrong with it."""
    try:
        return toml_value(read_file(path), FaultFile)
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror or error}") from error
    except ProtocolError as error:
        raise Misconfigured(f"{path} is not TOML of faults: {error}") from error
