"""How many seeds a simulation is played with: some at every push, many at night."""

import os


def seeds(push: int = 60, nightly: int = 1000) -> range:
    """`NIGHTLY=1` asks for the many (`make test-nightly`)."""
    is_night = os.environ.get("NIGHTLY", "") not in ("", "0")
    return range(nightly if is_night else push)
