"""A session's last intent, where a kill does not reach it: on it before its row is in the journal.

A row is written by a thread of its own, behind those before it; an order would wait for that
longer than for everything else. The slip is a page of memory that the system keeps for a file (not
of a disk, so that nothing can stand still): what is stored there outlives the process as a written
row does, and a loss of power as little. It holds one intent, and takes the next only when that is
in the journal. Whoever reads the journal of a session that died looks here as well.
"""

import hashlib
import mmap
import os
import time
import zlib
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from struct import Struct
from typing import Final, Self

import msgspec

from pxcore.engine.commands import Command
from pxcore.host.bounded_files import read_file
from pxcore.host.decoding import Decoder
from pxcore.host.memory_files import memory_folder
from pxcore.journal.rows import Moment
from pxcore.model import ProtocolError

_BYTES: Final = 4096
_HEAD: Final = Struct("<II")  # length and checksum of the intent, which follows
_OWNER_AT: Final = 3072  # from there on, for a person to see: the journal's path
_KEPT_S: Final = 7 * 86_400.0


class SlippedIntent(msgspec.Struct, frozen=True, kw_only=True):
    """`wall` is our own clock when it was noted, UTC, and `at` the session's."""

    wall: Moment
    at: Moment
    command: Command


_intent: Decoder[SlippedIntent] = Decoder(SlippedIntent)
_encode = msgspec.json.Encoder().encode


class Slip:
    """`put` waits for nothing. For one session, and for one thread at a time."""

    def __init__(self, path: Path, page: mmap.mmap) -> None:
        self._path = path
        self._page = page

    @classmethod
    def beside(cls, journal: Path) -> Self | None:
        """None where there is no memory for it: then every intent waits for its row."""
        path = slip_path(journal)
        if path is None:
            return None
        _clear_away(path.parent)
        owner = os.fsencode(os.path.realpath(journal))
        if len(owner) >= _BYTES - _OWNER_AT:
            return None
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        try:
            descriptor = os.open(path, flags, 0o600)
        except OSError:
            return None
        try:
            # All of it now: a page that is not to be had later would kill us.
            os.write(descriptor, bytes(_OWNER_AT) + owner.ljust(_BYTES - _OWNER_AT, b"\0"))
            page = mmap.mmap(descriptor, _BYTES)
        except (OSError, ValueError):
            _unlink(path)
            return None
        finally:
            os.close(descriptor)
        return cls(path, page)

    def put(self, command: Command, *, at: datetime, wall: datetime) -> bool:
        """True once a kill cannot take it away. False when it does not fit."""
        body = _encode(SlippedIntent(wall=wall, at=at, command=command))
        if len(body) > _OWNER_AT - _HEAD.size:
            return False
        self._page[_HEAD.size : _HEAD.size + len(body)] = body
        _HEAD.pack_into(self._page, 0, len(body), zlib.crc32(body))  # from here on it counts
        return True

    def remove(self) -> None:
        """All that it held is in the journal."""
        self._page.close()
        _unlink(self._path)


def slip_path(journal: Path) -> Path | None:
    folder = memory_folder()
    if folder is None:
        return None
    name = hashlib.blake2b(os.fsencode(os.path.realpath(journal)), digest_size=16).hexdigest()
    return folder / name


def read_slip(journal: Path) -> SlippedIntent | None:
    """What is on it; None when nothing is: a kill in the middle of noting leaves nothing, and has
    left before anything was sent.

    Raises ProtocolError when there is no slip any more, or it cannot be read.
    """
    path = slip_path(journal)
    if path is None:
        raise ProtocolError(f"the last intent of {journal.stem} is not to be had here")
    try:
        data = read_file(path, _BYTES)
    except OSError as error:
        raise ProtocolError(
            f"the last intent of {journal.stem} is gone: {error.strerror}"
        ) from error
    if len(data) < _HEAD.size:
        return None
    size, checksum = _HEAD.unpack_from(data)
    body = data[_HEAD.size : min(_HEAD.size + size, _OWNER_AT)]
    if not size or len(body) != size or zlib.crc32(body) != checksum:
        return None
    return _intent.decode(body)


def remove_slip(journal: Path) -> None:
    """It is taken into the journal, or its session is long over."""
    path = slip_path(journal)
    if path is not None:
        _unlink(path)


def _clear_away(folder: Path) -> None:
    """Those of sessions that are long over. Whether their journals are there is not looked at: that
    may be on a disk that hangs.
    """
    oldest_s = time.time() - _KEPT_S
    with suppress(OSError):
        for path in list(folder.iterdir()):
            if path.lstat().st_mtime < oldest_s:
                _unlink(path)


def _unlink(path: Path) -> None:
    with suppress(OSError):  # it is gone, or stays: it holds a page
        path.unlink()
