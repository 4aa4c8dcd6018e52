"""`python -m flows.run`: one trading day now, told in lines on stdout, steered by lines on stdin.

For `px run` and `px demo`. A line `stop` ends the session flat and lets the day be closed; the
end of stdin means that nobody is there any more: the day is broken off, and the session, whose
own pipe closes then, flattens by itself. Exit status 0 only for a day that ended flat and
reconciled, 2 when a person must change something first, 3 when there is no session today.
"""

import os
import signal
import sys
import threading
from typing import Any

import msgspec
from prefect.exceptions import TerminationSignal

from flows.outcome import DayFailed, Outcome
from flows.trading_day import trading_day
from pxcore.host.entry import settle
from pxcore.model import Misconfigured, PxError
from pxcore.session.lines import Line
from pxcore.session.voice import own_pipes, write_all
from tasks.control import CONTROL

_SESSION_S = 40.0  # for the session's own flatten, once nobody is there any more
_GOODBYE_S = 5.0  # for Prefect to say that the run has crashed


class Refusal(msgspec.Struct, frozen=True, kw_only=True, tag="refusal", tag_field="line"):
    """Why there was no day, in sentences for a person."""

    problems: tuple[str, ...]


class Told:
    """Lines to whoever started us, on a pipe of their own: the strategy is imported here, too."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __call__(self, line: Line | Outcome | Refusal) -> None:
        try:
            write_all(self._descriptor, msgspec.json.encode(line) + b"\n")
        except OSError:
            return  # nobody reads; the end of stdin says so too, and that is acted on


def main() -> int:
    settle()
    pipes = own_pipes()
    say = Told(pipes.says)
    CONTROL.listeners.append(say)
    threading.Thread(target=_listen, args=(pipes.asks,), name="stdin", daemon=True).start()
    try:
        state: Any = trading_day(return_state=True)
        result = state.result(raise_on_failure=False)
    except (KeyboardInterrupt, TerminationSignal):
        return 130
    if isinstance(result, Outcome):
        say(result)
        return 0
    if isinstance(result, DayFailed):
        say(result.outcome)
        return 1
    if isinstance(result, Misconfigured):
        say(Refusal(problems=result.problems))
        return 2
    if isinstance(result, PxError):
        say(Refusal(problems=(str(result),)))
        return 1
    say(Refusal(problems=(state.message or str(result),)))
    return 3 if (state.name or "").startswith("Skipped") else 1


def _listen(descriptor: int) -> None:
    rest = b""
    while data := _read(descriptor):
        *lines, rest = (rest + data).split(b"\n")
        if b"stop" in lines:
            CONTROL.ask_to_stop()
    os.kill(os.getpid(), signal.SIGTERM)
    CONTROL.wait_until_idle(_SESSION_S)
    threading.Event().wait(_GOODBYE_S)
    os._exit(130)  # Prefect would try for minutes to tell a server that went with our parent


def _read(descriptor: int) -> bytes:
    """What came, or nothing at its end; a pipe that cannot be read has ended."""
    try:
        return os.read(descriptor, 4096)
    except OSError:
        return b""


if __name__ == "__main__":
    sys.exit(main())
