"""The market hub's own watch: a paper market that stands still, or is slow, is not lost."""

from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from pxcore.clock.own_time import Attended
from pxcore.gateway.hubs import keeper as module
from pxcore.gateway.hubs.keeper import HubKeeper
from pxcore.gateway.hubs.websocket import HubLimits, HubLost

OPEN = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)


class There:
    """The paper market's clock, at so many seconds there in one of ours; `late_s` of None: real."""

    speed = 1.0

    def __init__(self, ours: list[float], pace: float, late_s: float | None) -> None:
        self._ours, self._pace, self.late_s = ours, pace, late_s

    def now(self) -> datetime:
        return OPEN + timedelta(seconds=self._ours[0] * self._pace)


@pytest.mark.parametrize(
    ("pace", "late_s", "is_lost"),
    [(0.0, 0.0, False), (0.1, 0.0, False), (1.0, 0.0, True), (1.0, None, True), (0.0, None, True)],
    ids=["waits", "ten-times-slower", "paper", "real", "real-clock-stands"],
)
def test_hub_is_lost_for_silence_of_a_market_that_moves(
    monkeypatch: pytest.MonkeyPatch, pace: float, late_s: float | None, is_lost: bool
) -> None:
    ours = [0.0]
    monkeypatch.setattr(module, "Attended", partial(Attended, now_s=lambda: ours[0]))

    def wait(seconds: float) -> bool:
        ours[0] += seconds
        return ours[0] > 200

    hub = object.__new__(HubKeeper)
    clock = There(ours, pace, late_s)
    hub._terms = SimpleNamespace(limits=HubLimits(), clock=clock, token=lambda: "t")  # type: ignore[assignment]
    hub._token_used = "t"
    connection: Any = SimpleNamespace(lost=SimpleNamespace(wait=wait), ping=lambda: None)
    feed: Any = SimpleNamespace(heard=0)
    try:
        hub._keep(connection, feed)
    except HubLost:
        assert is_lost, "60 s of ours without data, but not of the market's"
    else:
        assert not is_lost
