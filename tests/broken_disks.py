"""A home folder on a disk that is broken: full, read-only, hanging, gone. Real mounts of Linux.

Only root may mount: see `needs.mounts`.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

_BYTES = 1 << 20
_NOBODY = 65534
_PRIVATE_PARENTS = 3  # of a test's folder: pytest's own are closed to others


@contextmanager
def full(home: Path) -> Iterator[None]:
    """What was there stays; not a byte more fits."""
    with _disk(home):
        fill = home / "fill"
        with fill.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        yield


@contextmanager
def read_only(home: Path) -> Iterator[None]:
    """What ext4 makes of itself after an error. What is open for writing goes on being so."""
    home.mkdir(parents=True, exist_ok=True)
    _mount("--bind", str(home), str(home))
    try:
        _mount("-o", "remount,ro,bind", str(home))
        yield
    finally:
        _unmount(home)


@contextmanager
def deleted(home: Path) -> Iterator[None]:
    while home.exists():  # a session that lives may write into it meanwhile
        shutil.rmtree(home, ignore_errors=True)
    home.write_text("a file where the folder was")
    yield
    home.unlink()


@contextmanager
def denied(home: Path) -> Iterator[None]:
    """Another user's: a service made it, and whoever logs in is somebody else."""
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    around = [*home.parents][:_PRIVATE_PARENTS]
    beside = [one for one in home.parent.rglob("*") if home not in (one, *one.parents)]
    modes = {one: one.stat().st_mode for one in (*around, *beside)}
    for one, mode in modes.items():
        one.chmod(mode | (0o055 if one.is_dir() else 0o044))
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        for one, mode in modes.items():
            one.chmod(mode)


@contextmanager
def disk_of_its_own(home: Path) -> Iterator[None]:
    """The folder is one, and can be frozen."""
    image = home.with_name(f"{home.name}.disk")
    with image.open("wb") as file:
        file.truncate(4 << 30)  # of holes: a start wants room
    for command in (
        ["mkfs.ext4", "-q", "-F", str(image)],
        ["mount", "-o", "loop", str(image), str(home)],
    ):
        subprocess.run(command, check=True, capture_output=True)
    try:
        yield
    finally:
        thaw(home)
        _unmount(home)
        image.unlink()


def freeze(home: Path) -> None:
    """Nothing is written there any more, and whoever tries waits, with a file open or without."""
    subprocess.run(["fsfreeze", "-f", str(home)], check=True)


def thaw(home: Path) -> None:
    subprocess.run(["fsfreeze", "-u", str(home)], check=False, capture_output=True)


@contextmanager
def hanging(home: Path) -> Iterator[None]:
    """A network disk whose server has gone: whoever touches it waits for ever."""
    device = _served_by_nobody(home)
    try:
        yield
    finally:
        os.close(device)  # whoever waits gets an error now
        _unmount(home)


@contextmanager
def failing(home: Path) -> Iterator[None]:
    """Every touch is an error: the disk behind it has gone."""
    os.close(_served_by_nobody(home))
    try:
        yield
    finally:
        _unmount(home)


def _served_by_nobody(home: Path) -> int:
    """Mounts there what a program would have to serve, and gives the end that it would read."""
    home.mkdir(parents=True, exist_ok=True)
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"px", str(home).encode(), b"fuse", 0, options.encode()):
        os.close(device)
        raise OSError(ctypes.get_errno(), "mount")
    return device


BROKEN: dict[str, Callable[[Path], AbstractContextManager[None]]] = {
    "full": full,
    "read-only": read_only,
    "failing": failing,
    "hanging": hanging,
    "deleted": deleted,
}
# For what runs in this process: it is another user meanwhile.
BROKEN_HERE = BROKEN | {"another user's": denied}


@contextmanager
def _disk(home: Path) -> Iterator[None]:
    """A small disk of its own, with what the folder holds."""
    home.mkdir(parents=True, exist_ok=True)
    kept = home.with_name(f"{home.name}-kept")
    shutil.copytree(home, kept)
    size = _BYTES + 2 * sum(path.lstat().st_size + 4096 for path in kept.rglob("*"))
    _mount("-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(home))
    try:
        shutil.copytree(kept, home, dirs_exist_ok=True)
        yield
    finally:
        _unmount(home)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def _unmount(home: Path) -> None:
    subprocess.run(["umount", "--lazy", str(home)], check=True)
