"""A refusal is an answer: a step that finds out that there is nothing to do now has not failed.

Prefect shows a task that raises in red, beside the grey *Skipped* of its run. So a task returns its
refusal, and whoever called it has it raised.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from prefect import task

from pxcore.day.window import NotNow
from pxcore.ownership.account_lock import AccountBusy

REFUSALS = (NotNow, AccountBusy)

P = ParamSpec("P")
T = TypeVar("T")


class Refusal:
    """What a task returns in place of its result."""

    def __init__(self, reason: NotNow | AccountBusy) -> None:
        self.reason = reason


def task_that_may_refuse(name: str, **options: Any) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """As Prefect's `task`. The step raises NotNow and AccountBusy as ever, its task run does not
    fail for it.
    """

    def decorate(step: Callable[P, T]) -> Callable[P, T]:
        @wraps(step)
        def answer(*args: P.args, **kwargs: P.kwargs) -> T | Refusal:
            try:
                return step(*args, **kwargs)
            except REFUSALS as reason:
                return Refusal(reason)

        run: Callable[P, T | Refusal] = task(name=name, **options)(answer)

        @wraps(step)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            found = run(*args, **kwargs)
            if isinstance(found, Refusal):
                raise found.reason
            return found

        return call

    return decorate
