"""What a journal amounted to when it was ended: how many rows, and the last hash.

Beside the journal as `S.seal`. It shows that the end was not cut off, which the chain alone
cannot.
"""

import os
from datetime import datetime
from pathlib import Path

import msgspec

from pxcore.host.bounded_files import read_file
from pxcore.host.decoding import Decoder
from pxcore.journal.segments import session_of
from pxcore.model import ProtocolError


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """`is_closed` when the session ended it itself; a dead one's is sealed by the next start."""

    session: str
    rows: int
    hash: str
    files: int
    is_closed: bool
    sealed_at: datetime


_seal: Decoder[Seal] = Decoder(Seal)


def seal_path(path: Path) -> Path:
    return path.with_name(f"{session_of(path)}.seal")


def write_seal(path: Path, seal: Seal) -> None:
    """Whole and on the disk, or not there at all. Raises OSError."""
    target = seal_path(path)
    part = target.with_name(target.name + ".part")
    with part.open("wb") as file:
        file.write(msgspec.json.encode(seal) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)


def read_seal(path: Path) -> Seal | None:
    """None when the journal is not sealed. Raises ProtocolError for one that cannot be read."""
    try:
        return _seal.decode(read_file(seal_path(path)))
    except FileNotFoundError:
        return None
    except (OSError, ProtocolError) as error:
        why = getattr(error, "strerror", None) or error
        raise ProtocolError(f"journal {path.name}: its seal cannot be read: {why}") from error
