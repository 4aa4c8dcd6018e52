"""Ctrl-C, SIGTERM and the wish of a `px down`, as `px up` hears them."""

import _thread
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from pxcore.ownership.home_lock import Stop

_EVERY_S = 0.3


class BrokenOff(BaseException):
    """Ctrl-C, SIGTERM or a `px down` during the start, which may take long. Nothing on the way
    swallows it.
    """


class Signals:
    """Ctrl-C and SIGTERM, noted; the first one during the start ends it where it stands."""

    def __init__(self) -> None:
        self._breaks_off = False
        self.count = 0
        self.is_term = False
        self._before: dict[int, object] = {}

    def __enter__(self) -> "Signals":
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    @contextmanager
    def breaking_off(self, wish: Callable[[], Stop | None]) -> Iterator[None]:
        """Meanwhile a `px down` counts as a SIGTERM, too."""
        is_over = threading.Event()

        def listen() -> None:
            while not is_over.wait(_EVERY_S):
                if wish() is not None:
                    _wake_main_thread()
                    return

        listening = threading.Thread(target=listen, daemon=True)
        self._breaks_off = True
        listening.start()
        try:
            yield
        finally:
            self._breaks_off = False
            is_over.set()
            listening.join()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        self.is_term |= number == signal.SIGTERM
        if self._breaks_off:
            self._breaks_off = False
            raise BrokenOff


def _wake_main_thread() -> None:
    """A SIGTERM for it, which ends whatever it waits for; on Windows, once it waits no more."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    else:
        _thread.interrupt_main(signal.SIGTERM)
