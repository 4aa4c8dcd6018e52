"""The clocks that the shell reads. The core never does: its time comes in events."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

from pxcore.clock.own_time import OWN_TIME
from pxcore.model.errors import Misconfigured


class Clock(Protocol):
    """Market time now, and how many market seconds pass in one of ours."""

    @property
    def speed(self) -> float: ...

    @property
    def late_s(self) -> float | None:
        """How late a market is that may fall behind its clock, in our time; None for another."""
        ...

    def now(self) -> datetime:
        """Market time, aware and UTC."""
        ...

    def detached(self) -> "Clock":
        """One that goes on from this one's now at its speed, whatever the market does: for what
        must come to an end.
        """
        ...


class WallClock:
    """The market is now: by the wall clock as it stood when this process began, and never back."""

    speed = 1.0
    late_s = None

    def now(self) -> datetime:
        return datetime.fromtimestamp(OWN_TIME.now_s(), UTC)

    def detached(self) -> Clock:
        return self


class ShiftedClock:
    """A paper market's clock: at wall time `wall` it is `market` there, running at `speed`.

    Written as `MARKET@WALL@SPEED`, for example
    `2026-11-20T14:29:55Z@2026-11-22T22:00:00Z@20`; every process of a paper session reads the
    same text, so they agree on the time to the accuracy of one machine's clock.
    """

    late_s = None

    def __init__(self, *, market: datetime, wall: datetime, speed: float) -> None:
        if market.tzinfo is None or wall.tzinfo is None:
            raise Misconfigured("a paper clock needs both of its times with a zone")
        if not 0 < speed <= 1000:
            raise Misconfigured(f"a paper clock's speed is {speed:g}, allowed is above 0 to 1000")
        self._market = market.astimezone(UTC)
        self._wall_s = wall.timestamp()
        self._wall = wall.astimezone(UTC)
        self.speed = speed

    def now(self) -> datetime:
        elapsed_s = (OWN_TIME.now_s() - self._wall_s) * self.speed
        return self._market + timedelta(seconds=elapsed_s)

    def detached(self) -> Clock:
        return self

    def __str__(self) -> str:
        return f"{_text(self._market)}@{_text(self._wall)}@{self.speed:g}"

    @classmethod
    def parse(cls, text: str) -> "ShiftedClock":
        """Reads the written form. Raises Misconfigured with the form that is wanted."""
        try:
            market, wall, speed = text.split("@")
            return cls(market=_moment(market), wall=_moment(wall), speed=float(speed))
        except ValueError as error:
            raise Misconfigured(
                f"paper clock {text!r} is not MARKET@WALL@SPEED with two ISO times that say their "
                "zone and a number"
            ) from error


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("no zone")
    return found


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
