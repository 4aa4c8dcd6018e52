"""What every task here has in common: no caching, no stored results, retries for questions only."""

from typing import Any

from prefect.cache_policies import NO_CACHE
from prefect.runtime import deployment

from pxcore.config.settings import load_settings
from pxcore.day.window import window_of
from pxcore.model import PxError, Unavailable

_AT_A_TERMINAL = 2  # retries for a person who waits
_DELAYS_S = [1.0, 3.0, 10.0, 30.0] + [60.0] * 20 + [300.0] * 26  # Prefect takes no more than 50


def may_ask_again(task: Any, task_run: Any, state: Any) -> bool:
    """Asking again may help, and is not too late. Prefect's `retry_condition_fn`."""
    try:
        state.result()
    except Unavailable:
        return _is_in_time(task_run.run_count)
    except Exception:  # any other outcome, its own kind of failure included, is final
        return False
    return False


def _is_in_time(attempts: int) -> bool:
    """A run of the schedule goes on until its window is over, any other one three times."""
    if attempts <= _AT_A_TERMINAL:
        return True
    if deployment.id is None:
        return False
    try:
        settings = load_settings()
        window_of(settings, settings.clock.now())
    except PxError:
        return False
    return True


# Steps that only ask the venue. Nothing that sends an order is ever retried by Prefect.
QUESTION: dict[str, Any] = {
    "retries": len(_DELAYS_S),
    "retry_delay_seconds": _DELAYS_S,
    "retry_condition_fn": may_ask_again,
    "cache_policy": NO_CACHE,
    "persist_result": False,
}

ONCE: dict[str, Any] = {"retries": 0, "cache_policy": NO_CACHE, "persist_result": False}
