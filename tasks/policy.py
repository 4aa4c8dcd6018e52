"""What every task here has in common: no caching, no stored results, retries for questions only."""

from typing import Any

from prefect.cache_policies import NO_CACHE

from pxcore.model import Unavailable


def is_unavailable(task: Any, task_run: Any, state: Any) -> bool:
    """Asking again may help. Prefect's `retry_condition_fn`."""
    try:
        state.result()
    except Unavailable:
        return True
    except Exception:  # any other outcome, its own kind of failure included, is final
        return False
    return False


# Steps that only ask the venue. Nothing that sends an order is ever retried by Prefect.
QUESTION: dict[str, Any] = {
    "retries": 2,
    "retry_delay_seconds": [1, 3],
    "retry_condition_fn": is_unavailable,
    "cache_policy": NO_CACHE,
    "persist_result": False,
}

ONCE: dict[str, Any] = {"retries": 0, "cache_policy": NO_CACHE, "persist_result": False}
