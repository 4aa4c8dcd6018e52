"""What `pxcore` says while it acts, in the log of the run."""

from collections.abc import Callable

from loguru import logger


def say() -> Callable[[str], None]:
    """Through loguru: the run's log, masked, and the file of the flows."""
    return lambda text: logger.warning("{}", text)
