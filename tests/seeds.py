"""What is tried at every push, and what at night: seeds of a simulation, cells of a matrix."""

import os


def is_night() -> bool:
    """`NIGHTLY=1` asks for all that is too much for each push (`make test-nightly`)."""
    return os.environ.get("NIGHTLY", "") not in ("", "0")


def seeds(push: int = 60, nightly: int = 1000) -> range:
    return range(nightly if is_night() else push)
