"""An instruction that could leave now: it holds the line and a request in hand.

On an order's way: nothing is defined in here while it runs.
"""

from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")


class Ready(Generic[T]):
    """Either `send` or `call_off` is to be called, once.

    `send` waits for nothing. It returns a way to the answer, to be gone once by a thread that has
    time; or None when nothing has left.
    """

    __slots__ = ("call_off", "send")

    def __init__(
        self, send: Callable[[], Callable[[], T] | None], call_off: Callable[[], None]
    ) -> None:
        self.send = send
        self.call_off = call_off

    def told(self, tell: Callable[[Callable[[], T]], U]) -> "Ready[U]":
        """The same, whose answer is what `tell` makes of it."""
        return Ready(partial(_sent, self.send, tell), self.call_off)


def _sent(
    send: Callable[[], Callable[[], T] | None], tell: Callable[[Callable[[], T]], U]
) -> Callable[[], U] | None:
    answer = send()
    return None if answer is None else partial(tell, answer)
