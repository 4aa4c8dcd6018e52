"""Prefect as a command: its server on loopback, its home under ours, nothing phoning home, and
nobody asking anything of it without this home's key.

The one place in `pxcore` that knows Prefect's name, and only as programs to start: no import.
"""

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import requests

from pxcore.config.paths import Paths
from pxcore.config.server_key import server_key
from pxcore.host.proxies import hide_proxies
from pxcore.host.spawn import spawn
from pxcore.host.starting import Say, Step, wait_until
from pxcore.model import Misconfigured

_ANSWER_S = 5.0  # for one question; it is asked again
RUNNER_LOOKS_EVERY_S = 1  # a flatten by hand starts within three
HEARTBEAT_EVERY_S = 30  # of a flow run; Prefect takes no less


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def check_port(port: int, what: str) -> None:
    """Raises Misconfigured when it cannot be listened on."""
    trouble = trouble_of_port(port)
    if trouble is not None:
        raise Misconfigured(f"{what}: {trouble}")


def trouble_of_port(port: int) -> str | None:
    """Why nothing can listen there, such as that another program does; None when it can."""
    with socket.socket() as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return f"port {port} on 127.0.0.1 cannot be used ({error.strerror})"
            return (
                f"another program listens on port {port} of 127.0.0.1: end it, or take another "
                "port (`--port 0` takes a free one)"
            )
    return None


def prefect_environ(
    paths: Paths, port: int, base: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Environment of Prefect's processes: theirs alone, whatever the user's own profile says, with
    the key of this home's server.

    `base` is all that is kept besides. Raises Misconfigured when there is no key to be had.
    """
    kept = {n: v for n, v in base.items() if not n.startswith("PREFECT_")}
    hide_proxies(kept)
    return kept | {
        "PREFECT_HOME": str(paths.prefect),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_API_AUTH_STRING": server_key(paths),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
            "prefect.server.concurrency.lease_storage.filesystem"
        ),
        "PREFECT_RUNNER_POLL_FREQUENCY": str(RUNNER_LOOKS_EVERY_S),
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_EVERY_S),
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_CLI_PROMPT": "false",
        "DO_NOT_TRACK": "1",
        # Time zones from the package `tzdata` alone. Prefect's server lists them all whenever it
        # reads a schedule, and of the system's it opens every file: 40% of its processor time.
        "PYTHONTZPATH": "",
    }


def _server_environ(paths: Paths, port: int) -> dict[str, str]:
    """What the server alone needs besides."""
    environ = prefect_environ(paths, port)
    return environ | {
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_API_AUTH_STRING": environ["PREFECT_API_AUTH_STRING"],
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{port},http://localhost:{port}",
    }


def start_server(paths: Paths, port: int) -> "subprocess.Popen[str]":
    """Prefect's server, ending with us. Not listening yet: see `wait_for_server`."""
    return spawn(
        "pxcore.host.tether",
        sys.executable,
        "-m",
        "deployments.server",
        stderr=paths.logs / "prefect-server.log",
        stdout=paths.logs / "prefect-server.log",
        environ=_server_environ(paths, port),
    )


def wait_for_server(
    process: "subprocess.Popen[str]", port: int, log: Path, *, say: Say = lambda text: None
) -> None:
    """Returns when it answers. Raises Unavailable when it ends or hangs before."""
    with requests.Session() as session:
        session.trust_env = False  # loopback: no proxy has any business here

        def answers() -> bool:
            try:
                return session.get(f"http://127.0.0.1:{port}/api/health", timeout=_ANSWER_S).ok
            except requests.RequestException:
                return False

        wait_until(answers, Step("Prefect's server", process, log=log, say=say))


def px_environ(base: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """The environment with these settings and no other of ours."""
    return {n: v for n, v in base.items() if not n.upper().startswith("PX_")} | dict(settings)
