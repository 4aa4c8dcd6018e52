"""Child processes that end with us: a pipe ties each to its parent, whatever ends the parent.

A child leads a process group of its own, so that a Ctrl-C or a signal meant for the parent's
group does not hit it; the end of its stdin tells it that the parent is gone.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO, Any

from pxcore.host.computing import children_of
from pxcore.host.processes import KILL, found

_ENDS_WITH_IT_S = 2.0  # a tether looks every half second


def spawn(
    module: str,
    *arguments: str,
    stderr: Path,
    stdout: Path | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> "subprocess.Popen[str]":
    """Starts `python -m module`: a pipe on stdin, one on stdout unless a file is given for it,
    errors appended to a file.
    """
    stderr.parent.mkdir(parents=True, exist_ok=True)
    group: dict[str, Any] = (
        {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
        if os.name == "nt"
        else {"start_new_session": True}
    )
    with stderr.open("ab") as errors, ExitStack() as files:
        output = files.enter_context(stdout.open("ab")) if stdout else subprocess.PIPE
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=errors,
            env=None if environ is None else dict(environ),
            cwd=cwd,
            text=True,
            encoding="utf-8",
            errors="replace",
            bufsize=1,
            **group,
        )


def end(process: "subprocess.Popen[str]", *, patience: Sequence[float]) -> int | None:
    """Close its stdin and wait; then SIGTERM and wait; then SIGKILL and wait. Its exit status.

    `patience` is how long each step may take, in seconds. None when even a kill left it running.
    """
    steps: tuple[Callable[[], None], ...] = (
        partial(_close, process.stdin),
        process.terminate,
        process.kill,
    )
    for step, seconds in zip(steps, patience, strict=True):
        if process.poll() is None:
            step()
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    return process.poll()


def kill_tethered(process: "subprocess.Popen[str]") -> None:
    """Kills the program that a tether runs: one that is stopped heeds nothing else. The tether ends
    with it, or is killed soon. What that program has started goes on.

    Where the system does not tell which program that is, the tether is told to end it.
    """
    programs = children_of(process.pid)
    if programs is None:
        _close(process.stdin)
        return
    for program in programs:
        _kill(program)
    try:
        process.wait(_ENDS_WITH_IT_S)
    except subprocess.TimeoutExpired:
        process.kill()


def _kill(pid: int) -> None:
    one = found(pid)
    try:
        if one is not None:
            one.send(KILL)
    except ProcessLookupError:
        return  # it has ended meanwhile, which is what was wanted


def end_of_input(process: "subprocess.Popen[str]") -> None:
    """Tells it that its parent is gone."""
    _close(process.stdin)


def _close(stream: IO[str] | None) -> None:
    if stream is None:
        return
    try:
        stream.close()
    except BrokenPipeError:
        return  # it is gone already, which is what closing was to bring about
