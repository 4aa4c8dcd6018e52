"""What may lie where a file of ours is looked for: each maker puts one thing there.

`ODD_FILES` are no files, or files without an end, whatever they should hold; `ODD_LINES` are bytes
that should have been a row of a journal, or any other JSON.
"""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import needs
import pytest
import zstandard

Maker = Callable[[Path], object]
DEEP = 200_000


def fifo(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    """Two gigabytes without a line feed, which take no room."""
    with path.open("wb") as file:
        file.truncate(2 << 30)


def socket_file(path: Path) -> None:
    """Bound by a short name: a socket's path may not be long."""
    before = Path.cwd()
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(path.parent)
        try:
            listener.bind(path.name)
        finally:
            os.chdir(before)


def looped(path: Path) -> None:
    path.symlink_to(path)


def bomb(path: Path) -> None:
    """A few kilobytes, packed, that unpack to a row of sixty-four megabytes."""
    packed = zstandard.ZstdCompressor().compress(bytes(64 << 20))
    path.with_name(f"{path.name}.zst").write_bytes(packed)


def cut_short(path: Path) -> None:
    """Packed, and not to its end."""
    packed = zstandard.ZstdCompressor().compress(os.urandom(1 << 20))
    path.with_name(f"{path.name}.zst").write_bytes(packed[: len(packed) // 2])


def not_packed(path: Path) -> None:
    path.with_name(f"{path.name}.zst").write_bytes(b"plain text\n" * 10)


ODD_FILES: dict[str, Maker] = {
    "a folder": Path.mkdir,
    "a pipe": fifo,
    "a device without an end": lambda path: path.symlink_to("/dev/zero"),
    "a socket": socket_file,
    "a link to nowhere": lambda path: path.symlink_to(path.with_name("nothing")),
    "a link to itself": looped,
    "two gigabytes without a line": endless,
    "a file on a broken disk": lambda path: path.symlink_to("/proc/self/mem"),  # Linux: EIO
}
PACKED_FILES: dict[str, Maker] = {
    "a packed bomb": bomb,
    "a packed half": cut_short,
    "packed, by its name alone": not_packed,
}
ODD_LINES: dict[str, bytes] = {
    "nested lists": b"[" * DEEP + b"]" * DEEP,
    "nested objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "a nested body": b'{"v":2,"seq":1,"kind":"opened","session":"s","contract":"","at":null,'
    b'"wall":"2026-11-20T14:30:00Z","body":' + b"[" * DEEP + b"]" * DEEP + b',"hash":"0"}',
    "no text at all": b"\xff\xfe\x80" * 100,
    "text of another encoding": '{"v":"é"}'.encode("latin-1"),
    "zeros": bytes(1000),
    "half a character": rb'{"v":2,"session":"\ud800"}',
    "a number without end": b'{"v":' + b"9" * 10_000 + b"}",
    "an empty line": b"",
    "another's JSON": b'{"hello":"world"}',
    "a list": b"[1,2,3]",
    "a word": b"null",
}


def each(table: dict[str, Maker] | dict[str, bytes]) -> list[object]:
    """For `parametrize`: of files only where this system has such things."""
    return [pytest.param(made, id=name, marks=needs.posix) for name, made in table.items()]
