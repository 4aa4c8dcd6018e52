"""A machine whose clocks a test moves."""

from pxcore.clock.own_time import OwnTime


class Machine:
    """Its wall clock and the seconds that pass, each moved by the test."""

    def __init__(self) -> None:
        self.wall = 1_000_000.0
        self.passed = 50.0

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.passed += seconds

    def own(self) -> OwnTime:
        return OwnTime(wall_s=lambda: self.wall, passed_s=lambda: self.passed)
