"""Every session's journal that a test leaves behind is what was written, and replays to the same.

A test that damages one on purpose, or makes one up that no session could have written, says so
with the marker `damages_journal`.
"""

import importlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from replaying import replay

from pxcore.journal.reader import read_opening, read_rows
from pxcore.journal.rows import RowKind
from pxcore.journal.seal import seal_path
from pxcore.journal.segments import numbers_of, segment, sessions_in
from pxcore.journal.verify import Soundness, verify
from pxcore.model import PxError


class Audit:
    """Of one run of the tests. A journal is looked at once, and again when it has grown since."""

    def __init__(self) -> None:
        self.journals = 0
        self.took_s = 0.0
        self._known: dict[Path, tuple[int, int]] = {}

    def problems(self, root: Path, *, is_excused: bool = False) -> list[str]:
        """What is wrong with the journals below `root`. Excused ones are not looked at again."""
        begun = time.perf_counter()
        found = []
        for path in list(self._new(root)):
            problem = None if is_excused else problem_of(path, root)
            self.journals += not is_excused
            if problem is not None:
                found.append(f"{path.name}: {problem}")
        self.took_s += time.perf_counter() - begun
        return found

    def _new(self, root: Path) -> Iterator[Path]:
        for folder in sorted({file.parent for file in root.rglob("px-*.jsonl*")}):
            for path in sessions_in(folder):
                files = [one.lstat() for one in folder.glob(f"{path.name}*")]
                state = sum(file.st_size for file in files), max(f.st_mtime_ns for f in files)
                if self._known.get(path) != state:
                    self._known[path] = state
                    yield path


def problem_of(path: Path, root: Path) -> str | None:
    """A killed session's journal may end in a torn row, or before its first. A strategy that the
    test wrote is looked for below `root`.
    """
    verified = verify(path)
    if verified.soundness is Soundness.DAMAGED:
        return None if _is_unborn(path) else str(verified)
    try:
        if next(read_rows(path)).kind is not RowKind.OPENED:
            return None  # rows that a test made, no session's: there is nothing to replay
        with _own_strategy(read_opening(path).strategy, path, root):
            events, divergence = replay(path)
    except PxError as error:
        return str(error)
    return None if divergence is None else f"after {events} events it replays to {divergence}"


@contextmanager
def _own_strategy(name: str, journal: Path, root: Path) -> Iterator[None]:
    """Of `module:Class` the module can be imported, as it could where the session ran: the one that
    lies nearest, and not one of the same name of another test, imported or not.
    """
    module, _, is_own = name.partition(":")
    folders = _nearest(f"{module}.py", journal, root) if is_own else []
    if not folders:
        yield
        return
    paths, another = list(sys.path), sys.modules.pop(module, None)
    sys.path[:0] = folders
    importlib.invalidate_caches()  # a file of this very moment may be unknown to them
    try:
        yield
    finally:
        sys.path[:] = paths
        sys.modules.pop(module, None)
        if another is not None:
            sys.modules[module] = another


def _nearest(name: str, journal: Path, root: Path) -> list[str]:
    """The folders of the files of this name in the smallest folder around the journal that has
    any.
    """
    for around in journal.parents:
        if found := sorted(str(file.parent) for file in around.rglob(name)):
            return found
        if around == root:
            break
    return []


def _is_unborn(path: Path) -> bool:
    """Killed before its first row was written."""
    is_alone = numbers_of(path) == [1] and not seal_path(path).exists()
    return is_alone and b"\n" not in segment(path, 1).read_bytes()
