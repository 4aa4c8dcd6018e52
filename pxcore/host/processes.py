"""Is a process that somebody wrote down still that one? Its number may be another's by now.

A number is used again; the moment at which its process started is not. Where the system does not
tell it, the number alone decides. And a number means something only where it was given: in one
container, and until the machine is restarted. Of a process from elsewhere nobody here can say
that it has ended.
"""

import os
import shutil
import signal
import subprocess
from functools import cache
from pathlib import Path

import msgspec

_PROC = Path("/proc")
_PS_S = 2.0
_GONE = "XZ"  # states of proc(5): it has ended, and only waits for its parent to notice
KILL: int = getattr(signal, "SIGKILL", signal.SIGTERM)


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """`started` is the system's own word for when, empty where it has none; `realm` is where its
    number was given, empty for here.
    """

    pid: int
    started: str = ""
    realm: str = ""

    @property
    def is_here(self) -> bool:
        return self.realm in ("", realm())

    @property
    def is_alive(self) -> bool:
        if not self.is_here:
            return True  # as far as anybody here can tell
        now = found(self.pid)
        return now is not None and (not self.started or now.started in ("", self.started))

    def send(self, number: int) -> None:
        """Signals it, and nobody who has its number by now. Raises OSError; ProcessLookupError when
        it has gone.
        """
        if not hasattr(os, "pidfd_open"):
            self._require_alive()
            os.kill(self.pid, number)
            return
        handle = os.pidfd_open(self.pid)  # from here on the number cannot become another's
        try:
            self._require_alive()
            signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)

    def _require_alive(self) -> None:
        if not self.is_here or not self.is_alive:
            raise ProcessLookupError(f"process {self.pid} has gone")


@cache
def realm() -> str:
    """Of numbers of processes: one for all that can see each other. Empty where nobody says."""
    try:
        boot = (_PROC / "sys" / "kernel" / "random" / "boot_id").read_text().strip()
        return f"{os.readlink(_PROC / 'self' / 'ns' / 'pid')} {boot}"
    except OSError:
        return ""


def ours() -> Process:
    return found(os.getpid()) or Process(pid=os.getpid())


def found(pid: int) -> Process | None:
    """The living process of that number; None when there is none. Read-only."""
    if (_PROC / "self" / "stat").exists():
        return _of_proc(pid)
    ps = shutil.which("ps")
    return _of_ps(ps, pid) if ps is not None else _of_signal(pid)


def _of_proc(pid: int) -> Process | None:
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return _of_signal(pid)  # it has gone, or is hidden from other users
    return None if fields[0] in _GONE else Process(pid=pid, started=fields[19])


def _of_ps(ps: str, pid: int) -> Process | None:
    try:
        told = subprocess.run(  # noqa: S603
            [ps, "-o", "stat=,lstart=", "-p", str(pid)],
            capture_output=True,
            text=True,
            timeout=_PS_S,
            check=False,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return _of_signal(pid)
    state, _, started = told.partition(" ")
    return None if not state or state[0] in _GONE else Process(pid=pid, started=started.strip())


def _of_signal(pid: int) -> Process | None:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:  # it is there, and not ours
        return Process(pid=pid)
    return Process(pid=pid)
