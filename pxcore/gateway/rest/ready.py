"""An instruction that could leave now: it holds the line and a request in hand."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")


class Ready(Generic[T]):
    """Either `send` or `call_off` is to be called, once.

    `send` waits for nothing. It returns a way to the answer, to be gone once by a thread that has
    time; or None when nothing has left.
    """

    def __init__(
        self, send: Callable[[], Callable[[], T] | None], call_off: Callable[[], None]
    ) -> None:
        self.send = send
        self.call_off = call_off

    def told(self, tell: Callable[[Callable[[], T]], U]) -> "Ready[U]":
        """The same, whose answer is what `tell` makes of it."""
        send = self.send

        def sent() -> Callable[[], U] | None:
            answer = send()
            return None if answer is None else lambda: tell(answer)

        return Ready(sent, self.call_off)
