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


class NoThread(Unavailable):
    """The system gives no more threads: nothing was asked of anybody."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} was not asked: the system gives no more threads")


def begun(thread: threading.Thread) -> bool:
    """Started; False where the system gives no more threads."""
    try:
        thread.start()
    except RuntimeError:
        return False
    return True


def bounded(
    what: str,
    act: Callable[[], T],
    *,
    limit_s: float = BOUND_S,
    undo: Callable[[T], object] | None = None,
    is_must: bool = False,
) -> T:
    """What `act` returns or raises. Raises Unavailable when it takes longer: then it goes on by
    itself, and what it comes to, too late, is handed to `undo`.

    Where the system gives no thread for it, what `is_must` is done without a bound, and all else is
    Unavailable.
    """
    turn, answers, errors = threading.Lock(), list[T](), list[BaseException]()
    is_over = False

    def run() -> None:
        try:
            answer = act()
        except BaseException as error:  # handed to whoever asked
            errors.append(error)
            return
        with turn:
            if not is_over:
                answers.append(answer)
                return
        if undo is not None:
            undo(answer)

    thread = threading.Thread(target=run, name=what, daemon=True)
    if begun(thread):
        thread.join(limit_s)
    elif is_must:
        return act()
    else:
        raise NoThread(what)
    with turn:
        is_over = True
    if answers:
        return answers[0]
    if errors:
        raise errors[0]
    raise Unavailable(f"{what} has not answered within {limit_s:g} s")


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
            if not begun(self._thread):
                raise NoThread(self._what)

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
