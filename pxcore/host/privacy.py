"""Files for their owner alone: trades, balances, logs and keys are nobody else's to read."""

import os
import stat
from pathlib import Path

_OTHERS = 0o077


def keep_private() -> None:
    """What this process and its children make from here on is for their owner alone."""
    os.umask(_OTHERS)


def tighten(*paths: Path) -> int:
    """These, and all that is in those that are folders: how many of them others could read. What
    belongs to somebody else, and what a link leads to, stays as it is; on Windows, which has no
    such rights, everything does.
    """
    if os.name == "nt":
        return 0
    found = 0
    for path in paths:
        found += _is_tightened(path)
        for folder, folders, files in os.walk(path):
            found += sum(_is_tightened(Path(folder, name)) for name in (*folders, *files))
    return found


def _is_tightened(path: Path) -> bool:
    try:
        status = os.lstat(path)
        is_folder = stat.S_ISDIR(status.st_mode)
        if not is_folder and not stat.S_ISREG(status.st_mode):
            return False
        if not status.st_mode & _OTHERS or status.st_uid != os.getuid():
            return False
        os.chmod(path, status.st_mode & ~_OTHERS)
    except OSError:
        return False  # gone meanwhile, or on a disk that has no such rights
    return True
