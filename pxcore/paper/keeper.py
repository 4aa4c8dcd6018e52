"""Keeps what an exchange knows in a file, so that accounts outlive the process.

The file is replaced as a whole: a process that is killed leaves the old one or the new one.
"""

import os
from pathlib import Path

import msgspec

from pxcore.host.bounded_files import read_file
from pxcore.host.decoding import decode_json
from pxcore.model import Misconfigured, ProtocolError
from pxcore.paper.exchange import ExchangeState

_BYTES_MAX = 256 << 20


def read_state(path: Path) -> ExchangeState | None:
    """What was kept; None when nothing was. Raises Misconfigured for a file that is no state."""
    try:
        return decode_json(read_file(path, _BYTES_MAX), ExchangeState)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror or error}") from error
    except ProtocolError as error:
        raise Misconfigured(f"{path} is not the state of a paper gateway: {error}") from error


def write_state(path: Path, state: ExchangeState) -> None:
    """Raises OSError."""
    beside = path.with_name(f"{path.name}.new")
    with beside.open("wb") as file:
        file.write(msgspec.json.encode(state))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def check_writable(path: Path) -> None:
    """Raises Misconfigured when the state could not be kept there."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise Misconfigured(
            f"state cannot be kept in {path}: it is a folder, or in none that exists"
        )
