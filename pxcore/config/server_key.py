"""The key of this home's Prefect server: whoever wants anything of it, has it.

A file for its owner alone. Our own processes read it; a browser is handed it by the server, for a
ticket that only somebody with the key can have made (`deployments/server.py`).
"""

import os
import secrets
import time
from pathlib import Path

from pxcore.config.paths import Paths
from pxcore.host.bounded_files import read_text, write_file
from pxcore.model import Misconfigured

USER = "px"
_SECRET_CHARS = 43  # 32 bytes
_WRITTEN_WITHIN_S = 2.0  # by whoever makes it at this moment


def server_key(paths: Paths) -> str:
    """As Prefect wants it, USER:SECRET. Made at the first call. Raises Misconfigured."""
    path = _path(paths)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    except OSError as error:
        raise Misconfigured(f"{path} cannot be written: {error.strerror}") from error
    key = _new()
    with os.fdopen(made, "w", encoding="ascii") as file:
        file.write(key)
    return key


def renew_server_key(paths: Paths) -> None:
    """Whoever had the old one has nothing any more, once the server has been restarted."""
    path = _path(paths)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_file(path, _new().encode())
    except OSError as error:
        raise Misconfigured(f"{path} cannot be written: {error.strerror}") from error


def _path(paths: Paths) -> Path:
    return paths.prefect / "server.key"


def _new() -> str:
    return f"{USER}:{secrets.token_urlsafe(32)}"


def _read(path: Path) -> str:
    deadline = time.monotonic() + _WRITTEN_WITHIN_S
    while True:
        try:
            key = read_text(path)
        except OSError as error:
            raise Misconfigured(f"{path} cannot be read: {error.strerror}") from error
        if len(key) == len(USER) + 1 + _SECRET_CHARS and key.startswith(f"{USER}:"):
            return key
        if time.monotonic() > deadline:
            raise Misconfigured(f"{path} holds no key: `px ui --new-key` makes another one")
        time.sleep(0.05)
