"""A folder of files that are memory and nothing else: they outlive a process, and have no disk that
could stand still. Only Linux says where one is.
"""

import os
import stat
from pathlib import Path
from typing import Final

_ROOT: Final = Path("/dev/shm")  # noqa: S108 - in it a folder of our own, for its owner alone


def memory_folder() -> Path | None:
    """Ours, made if need be; None where there is no such memory, or another has taken its name."""
    if not hasattr(os, "getuid"):
        return None
    folder = _ROOT / f"px-sessions-{os.getuid()}"
    try:
        if not os.path.ismount(_ROOT):  # a plain folder of that name has a disk behind it
            return None
        folder.mkdir(mode=0o700, exist_ok=True)
        status = os.lstat(folder)
    except OSError:
        return None
    is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
    return folder if is_ours and not status.st_mode & 0o077 else None
