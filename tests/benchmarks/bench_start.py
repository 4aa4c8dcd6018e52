"""`make bench-start`: how long a verb takes until something happens, beside what must be.

A bare interpreter's start is the unit; what needs the gateway may import `requests` besides. The
first screen of `px up` is measured by the start of Prefect's server alone. Each round runs every
command once, one after the other, so that a noisy machine is noisy for all of them; medians are
compared. Exit status 1 when a bound is missed.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pxcore.cli.orchestrator import free_port, px_environ, start_server, wait_for_server
from pxcore.config.paths import Paths
from pxcore.host.spawn import end

_ROUNDS = 15
_HELP_MAX = 8.0  # times a bare start
_FIRST_MAX = 15.0  # likewise, and the import of requests on top
_UP_ROUNDS = 3
_UP_MAX = 1.3  # times the start of Prefect's server alone
_GIVEN_UP_S = 60.0
_PX = (sys.executable, "-m", "pxcore.cli")


class FirstRequest:
    """A gateway's port on which the first connection is all that is waited for."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __call__(self) -> float:
        self._socket.settimeout(_GIVEN_UP_S)
        taken, _ = self._socket.accept()
        came_s = time.perf_counter()
        taken.close()
        return came_s


def seconds_until(
    command: tuple[str, ...], environ: dict[str, str], happens: Callable[[], float]
) -> float:
    """From the start of the process until it has happened; the process is ended then."""
    began_s = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        return happens() - began_s
    finally:
        process.kill()
        process.wait()


def seconds_to_end(command: tuple[str, ...], environ: dict[str, str]) -> float:
    began_s = time.perf_counter()
    subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began_s


def appears(file: Path) -> Callable[[], float]:
    def wait() -> float:
        given_up_s = time.perf_counter() + _GIVEN_UP_S
        nothing = threading.Event()
        while not file.exists():
            if time.perf_counter() > given_up_s:
                raise TimeoutError(f"{file} never appeared")
            nothing.wait(0.001)
        came_s = time.perf_counter()
        file.unlink()
        return came_s

    return wait


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        home, gateway = Path(folder) / "home", FirstRequest()
        environ = {n: v for n, v in os.environ.items() if not n.startswith(("PX_", "PREFECT_"))}
        environ |= {
            "PX_HOME": str(home),
            "PX_PAPER_URL": gateway.url,
            "PX_PAPER_KEY": "a-key-of-this-benchmark",
            "PX_ACCOUNT_ID": "20000001",
            "PX_CONTRACT": "MNQ",
        }
        measured: dict[str, Callable[[], float]] = {
            "bare": lambda: seconds_to_end((sys.executable, "-c", "pass"), environ),
            "requests": lambda: seconds_to_end((sys.executable, "-c", "import requests"), environ),
            "px --help": lambda: seconds_to_end((*_PX, "--help"), environ),
            "px kill on": lambda: seconds_until(
                (*_PX, "kill", "on", "--reason", "bench"), environ, appears(home / "KILL")
            ),
            "px flatten": lambda: seconds_until((*_PX, "flatten", "--yes"), environ, gateway),
            "px status": lambda: seconds_until((*_PX, "status"), environ, gateway),
        }
        for one in measured.values():
            one()  # files are in the system's memory, and compiled
        found: dict[str, list[float]] = {name: [] for name in measured}
        for _ in range(_ROUNDS):
            for name, one in measured.items():
                found[name].append(one())
        is_missed = told({name: statistics.median(seconds) for name, seconds in found.items()})
        is_missed |= up_told(Path(folder) / "up")
    return 1 if is_missed else 0


def up_told(home: Path) -> bool:
    """Is its bound missed? The home is used before, so that nobody makes a database."""
    environ = px_environ(os.environ, {"PX_HOME": str(home)})
    up_s(environ)
    alone, up = [], []
    for _ in range(_UP_ROUNDS):
        alone.append(server_alone_s(Paths(home)))
        up.append(up_s(environ))
    alone_s, first_s = statistics.median(alone), statistics.median(up)
    is_over = first_s > _UP_MAX * alone_s
    print(
        f"px up, first screen {first_s:.1f} s, {first_s / alone_s:.2f} times Prefect's server "
        f"alone ({alone_s:.1f} s); at most {_UP_MAX:g}{'  MISSED' if is_over else ''}"
    )
    return is_over


def server_alone_s(paths: Paths) -> float:
    port, began_s = free_port(), time.perf_counter()
    process = start_server(paths, port)
    try:
        wait_for_server(process, port, paths.logs / "prefect-server.log")
        return time.perf_counter() - began_s
    finally:
        end(process, patience=(15.0, 5.0, 5.0))


def up_s(environ: dict[str, str]) -> float:
    """Until the last line of its first screen; ended when it is ready."""
    began_s = time.perf_counter()
    process = subprocess.Popen(
        (*_PX, "up", "--port", "0"),
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    first_s = 0.0
    try:
        for line in process.stdout or ():
            if line.startswith("stop "):
                first_s = time.perf_counter() - began_s
            if line.endswith(" ready\n") and first_s:
                break
    finally:
        process.terminate()
        process.communicate(timeout=_GIVEN_UP_S)
    return first_s


def told(medians: dict[str, float]) -> bool:
    """Is one of the bounds missed?"""
    bare_s = medians["bare"]
    requests_s = medians["requests"] - bare_s
    print(f"bare start {bare_s * 1000:.0f} ms, requests on top {requests_s * 1000:.0f} ms")
    is_missed = False
    for name, seconds in medians.items():
        if not name.startswith("px"):
            continue
        most_s = _HELP_MAX * bare_s if name == "px --help" else _FIRST_MAX * bare_s + requests_s
        is_over = seconds > most_s
        is_missed = is_missed or is_over
        print(
            f"{name:<11} {seconds * 1000:6.0f} ms, {seconds / bare_s:5.1f} bare starts; "
            f"at most {most_s / bare_s:.1f}{'  MISSED' if is_over else ''}"
        )
    return is_missed


if __name__ == "__main__":
    sys.exit(main())
