"""Logs and reports that are old, by when they were written last."""

import shutil
import stat
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path

from pxcore.config.paths import Paths
from pxcore.journal.segments import numbers_of

_ASIDE = ".going-"  # before the name of a report's folder that is being taken apart


def old_logs(folder: Path, before: datetime | None) -> Iterator[tuple[Path, int]]:
    """Files that nobody has written to since, and their bytes."""
    if before is None or not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        try:
            found = path.lstat()
        except FileNotFoundError:  # whoever made it took it away
            continue
        if stat.S_ISREG(found.st_mode) and found.st_mtime < before.timestamp():
            yield path, found.st_size


def old_reports(
    paths: Paths, before: datetime | None, going: Collection[str]
) -> Iterator[tuple[Path, int]]:
    """Folders that nobody has written to since and whose journal is gone, or of a session in
    `going`; and their bytes. A report holds its journal's last hash: it stays as long as that.
    """
    if before is None or not paths.reports.is_dir():
        return
    for folder in sorted(paths.reports.iterdir()):
        if not folder.is_dir() or folder.is_symlink():
            continue
        is_begun = folder.name.startswith(_ASIDE)
        has_journal = folder.name not in going and bool(numbers_of(paths.journal(folder.name)))
        if is_begun or (not has_journal and _last_change(folder) < before.timestamp()):
            yield folder, sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())


def remove_file(path: Path) -> None:
    path.unlink(missing_ok=True)


def remove_folder(folder: Path) -> None:
    """Nobody sees half of it: it is moved aside first. Killed then, the next run ends it."""
    aside = folder
    if not folder.name.startswith(_ASIDE):
        aside = folder.with_name(f"{_ASIDE}{folder.name}")
        folder.rename(aside)
    shutil.rmtree(aside)


def _last_change(folder: Path) -> float:
    """That of the folder or of the youngest in it."""
    return max([one.lstat().st_mtime for one in (folder, *folder.rglob("*"))])
