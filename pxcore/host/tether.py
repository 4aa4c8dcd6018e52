"""`python -m pxcore.host.tether COMMAND…`: a command that ends with whoever started it.

For programs that know nothing of our pipes (Prefect's server). The command leads a group of its
own; when our stdin ends, or we are told to end, the whole group is told, and killed if need be.
"""

import os
import signal
import subprocess
import sys
import threading
from types import FrameType

from pxcore.host.privacy import keep_private

_GRACE_S = 5.0


def main(command: list[str]) -> int:
    """Runs it to its end, or ours. Its exit status."""
    child = subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.DEVNULL, start_new_session=os.name != "nt"
    )
    is_over = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        is_over.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    threading.Thread(target=_wait_for_end_of_stdin, args=(is_over,), daemon=True).start()
    threading.Thread(target=_wait_for_child, args=(child, is_over), daemon=True).start()
    while not is_over.wait(0.5):
        continue
    for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        if child.poll() is None:
            _tell_group(child, number)
        try:
            return child.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            continue
    return 1


def _wait_for_end_of_stdin(is_over: threading.Event) -> None:
    try:
        while os.read(0, 4096):
            continue
    finally:
        is_over.set()


def _wait_for_child(child: "subprocess.Popen[bytes]", is_over: threading.Event) -> None:
    child.wait()
    is_over.set()


def _tell_group(child: "subprocess.Popen[bytes]", number: int) -> None:
    if os.name == "nt":
        child.terminate()
        return
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return  # it has ended meanwhile, which is what was wanted


if __name__ == "__main__":
    keep_private()
    sys.exit(main(sys.argv[1:]))
