"""What is tried on the way to flat and must not hold it up: disks, locks, records.

A flatten needs the settings, the key and a socket. Everything else is tried with a bound, in a
thread of its own, and told when it failed: a disk may be full, read-only, or hang for ever.
"""

import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from pxcore.model import Unavailable

T = TypeVar("T")
Say = Callable[[str], None]
BOUND_S = 3.0


def bounded(what: str, act: Callable[[], T], *, limit_s: float = BOUND_S) -> T:
    """What `act` returns or raises. Raises Unavailable when it takes longer: then it goes on by
    itself, and whatever it comes to is nobody's.
    """
    answers: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(act())
        except BaseException as error:  # handed to whoever asked
            errors.append(error)

    thread = threading.Thread(target=run, name=what, daemon=True)
    thread.start()
    thread.join(limit_s)
    if errors:
        raise errors[0]
    if not answers:
        raise Unavailable(f"{what} has not answered within {limit_s:g} s")
    return answers[0]


class Worker:
    """As `bounded`, for what is asked often: one thread, which a disk may keep for ever.

    While it is kept nobody else waits: each is refused at once.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._turn = threading.Lock()
        self._is_kept = False
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], queue.SimpleQueue[Any]]] = (
            queue.SimpleQueue()
        )
        self._thread: threading.Thread | None = None

    def ask(self, act: Callable[[], T], *, limit_s: float) -> T:
        """What `act` returns or raises. Raises Unavailable when it takes longer."""
        answers: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()
        with self._turn:
            if self._is_kept:
                raise Unavailable(f"{self._what} does not answer")
            self._start()
            self._jobs.put((act, answers))
            try:
                answer, error = answers.get(timeout=limit_s)
            except queue.Empty:
                self._is_kept = True
                raise Unavailable(f"{self._what} has not answered within {limit_s:g} s") from None
        if error is not None:
            raise error
        return answer  # type: ignore[return-value]

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name=self._what, daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            act, answers = self._jobs.get()
            try:
                answers.put((act(), None))
            except BaseException as error:  # handed to whoever asked
                answers.put((None, error))
            self._is_kept = False


def tried(
    what: str, act: Callable[[], T], *, say: Say, otherwise: T, limit_s: float = BOUND_S
) -> T:
    """What `act` returns; `otherwise`, once it is told, when it fails or takes too long."""
    try:
        return bounded(what, act, limit_s=limit_s)
    except Exception as error:  # whatever it was: it was a courtesy
        say(f"going on without {what}: {reason_of(error)}")
        return otherwise


def reason_of(error: BaseException) -> str:
    """One line of it."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
