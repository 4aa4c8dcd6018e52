"""Prefect's server as `px up` keeps it: on its port, over a database that can be read."""

import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from pxcore.cli.orchestrator import free_port, start_server, trouble_of_port
from pxcore.cli.prefect_database import DatabaseVerdict, database_of, see_to_database
from pxcore.config.paths import Paths
from pxcore.host.bounded_files import read_end
from pxcore.host.keep import KeptProcess
from pxcore.host.spawn import kill_tethered
from pxcore.model import Unavailable
from pxcore.text.plain import plain

NAME = "Prefect's server"
_WORDS_MAX = 160  # characters


class KeptServer:
    """`kept` is its process. Before each start its port and its database are looked at.

    A `port` of 0 is chosen here, and another one when a program has taken it meanwhile: nobody was
    promised that one. `set_aside` is told of a database that could not be read, `moved` of the port
    that was left.
    """

    def __init__(
        self,
        paths: Paths,
        port: int,
        *,
        say: Callable[[str], None],
        set_aside: Callable[[str], None],
        moved: Callable[[str], None],
    ) -> None:
        self._paths = paths
        self._is_chosen = not port
        self._set_aside = set_aside
        self._moved = moved
        self.port = port or free_port()
        self.log = paths.logs / "prefect-server.log"
        self.kept = KeptProcess(NAME, self._start, say=say, kill=kill_tethered)

    @property
    def ui(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def trouble(self) -> str:
        """What ended it last, or kept it from starting, with its last words."""
        trouble = self.kept.trouble
        words = _last_words(self.log) if "ended" in trouble else ""
        return f"{trouble} ({words}); its log: {self.log}" if words else trouble

    def _start(self) -> "subprocess.Popen[str]":
        """Raises Unavailable for what must be fixed first."""
        self._see_to_port()
        found = see_to_database(
            database_of(self._paths), datetime.now().astimezone(), tell=self._set_aside
        )
        if found.verdict is DatabaseVerdict.OTHER:
            raise Unavailable(f"its database {found.why}")
        return start_server(self._paths, self.port)

    def _see_to_port(self) -> None:
        trouble = trouble_of_port(self.port)
        if trouble is None:
            return
        if not self._is_chosen:
            raise Unavailable(trouble)
        left, self.port = self.port, free_port()
        self._moved(
            f"another program has taken port {left}: {NAME} goes on at {self.ui}; `px ui` opens it"
        )


def _last_words(log: Path) -> str:
    """The last line that names an error, else the last one; empty when it cannot be read."""
    try:
        lines = [line.strip() for line in read_end(log).splitlines() if line.strip()]
    except OSError:
        return ""
    errors = [line for line in lines if "Error" in line]
    return plain((errors or lines or [""])[-1])[:_WORDS_MAX]
