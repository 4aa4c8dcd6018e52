"""Where everything lies under the home folder."""

import hashlib
import os
from contextlib import suppress
from functools import cache
from pathlib import Path

from pxcore.host.courtesy import bounded
from pxcore.host.privacy import tighten
from pxcore.model import Misconfigured, Unavailable

# All that is ever written there. The folder may hold other things, which are not ours to touch.
_OURS = (
    "alerts",
    "backups",
    "budget",
    "handed",
    "journal",
    "locks",
    "logs",
    "prefect",
    "reports",
    "runs",
    "px.sqlite*",
    "paper*",
    "accounts.toml",
    "KILL",
    "HERE",
)


class Paths:
    """Of one home folder."""

    def __init__(self, home: Path) -> None:
        self.home = _resolved(home.absolute())
        self.store = self.home / "px.sqlite"
        self.kill_file = self.home / "KILL"
        self.here_file = self.home / "HERE"
        self.logs = self.home / "logs"
        self.prefect = self.home / "prefect"
        self.reports = self.home / "reports"
        self.backups = self.home / "backups"
        self.handed = self.home / "handed"

    def make(self) -> None:
        """The home folder and its logs exist, and nobody else reads what is in it. Raises
        Misconfigured when they cannot be written.
        """
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            with suppress(OSError):  # it is somebody else's
                self.home.chmod(0o700)
            tighten(*(path for name in _OURS for path in self.home.glob(name)))
            probe = self.logs / f".write-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise Misconfigured(
                f"PX_HOME {self.home} cannot be written: {error.strerror}"
            ) from error

    @property
    def journals(self) -> Path:
        return self.home / "journal"

    def journal(self, session_id: str) -> Path:
        return self.journals / f"{session_id}.jsonl"

    def budget(self, user: str) -> Path:
        """Where the requests of a gateway's user are counted, by all of our processes."""
        return self.home / "budget" / f"{hashlib.sha256(user.encode()).hexdigest()[:16]}.json"

    def report(self, session_id: str) -> Path:
        """Folder of the session's report."""
        return self.reports / session_id


@cache
def _resolved(home: Path) -> Path:
    """As it is, where the disk does not answer. Links that lead to each other lead nowhere:
    whoever opens something there is told so.
    """
    try:
        return bounded("the home folder", home.resolve)
    except (OSError, RuntimeError, Unavailable):
        return home
