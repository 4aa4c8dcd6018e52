"""The journals of a trading day, all of them, taken away: the whole day goes or none of it.

The store is made from a day's journals, all of its accounts': made from half of them it would be
wrong and nobody would see it. So a list of the files is on the disk before the first one goes,
and while the list is there, nothing is made of what is left (`is_going`). A process that died
in between has only begun it: the next one ends it.
"""

import os
import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import msgspec

from pxcore.host.bounded_files import read_file
from pxcore.host.decoding import Decoder
from pxcore.journal.operator import sync_folder
from pxcore.journal.segments import day_ends_in, flattens_in, session_of, sessions_in
from pxcore.model import ProtocolError

_DATED = re.compile(
    r"(?:(?:px|flatten|end)-(?P<first>\d{8})-.*|operator-\d+-(?P<last>\d{8})\.jsonl)"
)
_REST = re.compile(r"\.jsonl(?:\.\d{4,})?(?:\.zst)?(?:\.part|\.torn)?|\.seal(?:\.part)?")
_LIST_BYTES_MAX = 64 << 20
_LISTS = f"going-{'[0-9]' * 8}.json"


class _File(msgspec.Struct, frozen=True, kw_only=True):
    """One that was written to since is another's, and stays."""

    name: str
    bytes: int
    mtime_ns: int


class _Going(msgspec.Struct, frozen=True, kw_only=True):
    files: tuple[_File, ...]


_going: Decoder[_Going] = Decoder(_Going)


def days_named_in(folder: Path) -> list[date]:
    """Every date that the name of a journal or an operator's journal holds, oldest first."""
    found = set()
    for one in folder.glob("*.jsonl*"):
        match = _DATED.fullmatch(one.name)
        if match is not None:
            try:
                found.add(date.fromisoformat(match["first"] or match["last"]))
            except ValueError:
                continue  # eight digits that are no date: none of ours
    return sorted(found)


def journals_of(folder: Path, trading_day: date) -> list[Path]:
    """The day's journals, of every kind but the operator's, by their first names."""
    kinds = (sessions_in, flattens_in, day_ends_in)
    return [path for list_in in kinds for path in list_in(folder, trading_day=trading_day)]


def operators_of(folder: Path, trading_day: date) -> list[Path]:
    """The day's operator's journals, one an account."""
    return sorted(folder.glob(f"operator-*-{trading_day:%Y%m%d}.jsonl"))


def files_of(path: Path) -> list[Path]:
    """All that belongs to a journal: its files in either form, its seal, what was torn off it."""
    session = session_of(path)
    return sorted(
        one
        for one in path.parent.iterdir()
        if one.name.startswith(session) and _REST.fullmatch(one.name[len(session) :])
    )


def is_going(folder: Path, trading_day: date) -> bool:
    """Are that day's journals being taken away, or was it begun and not ended?"""
    return _list_of(folder, trading_day).exists()


def take_away(folder: Path, trading_day: date, files: Iterable[Path]) -> None:
    """None of the files is there afterwards. Raises OSError; what was begun, `end_begun` ends."""
    target = _list_of(folder, trading_day)
    part = target.with_name(target.name + ".part")
    with part.open("wb") as file:
        file.write(msgspec.json.encode(_Going(files=tuple(map(_listed, files)))))
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)
    sync_folder(folder)
    _end(target)


def end_begun(folder: Path) -> Iterator[str]:
    """Every removal that was begun is ended: the day of each. Raises OSError, and ProtocolError
    for a list that cannot be read: then its day stays as it is.
    """
    for target in sorted(folder.glob(_LISTS)):
        _end(target)
        yield f"{date.fromisoformat(target.stem.removeprefix('going-'))}"


def _end(target: Path) -> None:
    try:
        files = _going.decode(read_file(target, _LIST_BYTES_MAX)).files
    except ProtocolError as error:
        raise ProtocolError(f"{target.name} cannot be read: {error}") from error
    for one in files:
        path = target.with_name(Path(one.name).name)
        if path.exists() and _listed(path) == one:
            path.unlink(missing_ok=True)
    sync_folder(target.parent)  # they are gone for good before the list is
    target.unlink(missing_ok=True)


def _listed(path: Path) -> _File:
    stat = path.stat()
    return _File(name=path.name, bytes=stat.st_size, mtime_ns=stat.st_mtime_ns)


def _list_of(folder: Path, trading_day: date) -> Path:
    return folder / f"going-{trading_day:%Y%m%d}.json"
