"""What a process is given to do, by the one that starts it: a file for the two of them.

Arguments are read by everybody on the machine, and have an end: a plan with a day's fills in it is
longer than some systems take, and holds what is nobody else's to know.
"""

import secrets
from contextlib import suppress
from pathlib import Path

from pxcore.host.bounded_files import read_file, write_file

_BYTES_MAX = 1 << 26
_MARK = "handed:"  # no other file is taken, and taken away


def hand_over(folder: Path, data: bytes) -> str:
    """The argument for `taken_over`. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{secrets.token_hex(8)}.json"
    write_file(path, data)
    return f"{_MARK}{path}"


def is_handed(argument: str) -> bool:
    return argument.startswith(_MARK)


def taken_over(argument: str) -> bytes:
    """Once: the file is gone then. Raises OSError."""
    if not is_handed(argument):
        raise FileNotFoundError(f"{argument!r} was not handed over")
    path = Path(argument.removeprefix(_MARK))
    data = read_file(path, _BYTES_MAX)
    with suppress(OSError):  # a disk that has become read-only
        path.unlink()
    return data
