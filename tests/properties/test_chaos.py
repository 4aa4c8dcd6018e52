"""Sessions in virtual time on a bad day: events late, doubled, lost; answers late or lost; closes
slow to fill. Whatever comes, the account ends flat and nothing is sent twice.
"""

import random
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from backtest_scenes import BALANCE, demo_day
from msgspec.structs import replace
from seeds import seeds

from pxcore.engine.commands import ClosePosition, Notice, PlaceEntry
from pxcore.engine.events import (
    CancelAnswered,
    CloseAnswered,
    PlaceAccepted,
    PlaceUnknown,
    SendOutcome,
    SnapshotFailed,
    SnapshotTaken,
    TagResolved,
)
from pxcore.model import MarketTrade, OrderType, Quote
from pxcore.paper.exchange import ExchangeConfig, Latencies
from pxcore.simulation.direct import as_event
from pxcore.simulation.run import Backtest

SEEDS = seeds(push=10, nightly=170)  # each with every one of DAYS
CALM = {"late": 0.0, "twice": 0.0, "lost": 0.0, "answer_lost": 0.0}
PROMPT = ExchangeConfig()


def slow(close_ms: float) -> ExchangeConfig:
    return ExchangeConfig(latencies=Latencies(market_fill_ms=close_ms))


DAYS = [
    pytest.param({"late": 0.5}, PROMPT, id="events late and out of order"),
    pytest.param({"twice": 0.3}, PROMPT, id="events twice"),
    pytest.param({"lost": 0.1}, PROMPT, id="events lost"),
    pytest.param({"answer_lost": 0.2}, PROMPT, id="answers lost"),
    pytest.param({}, slow(1500.0), id="closes slow to fill"),
    pytest.param(
        {"late": 0.3, "twice": 0.2, "lost": 0.05, "answer_lost": 0.1},
        slow(400.0),
        id="all of it",
    ),
]


class BadDay(Backtest):
    """Spoils what the user hub and REST say, by a seeded throw for each."""

    def spoil(
        self, seed: int, *, late: float, twice: float, lost: float, answer_lost: float
    ) -> None:
        self._random = random.Random(seed)
        self._late, self._twice, self._lost = late, twice, lost
        self._answer_lost = answer_lost
        self.closes_beside_a_close = 0
        self.most_held = 0

    def step(self) -> None:
        super().step()
        self.most_held = max(self.most_held, sum(abs(p.size) for p in self.exchange.positions(1)))

    def _tell(self, happened) -> None:
        for one in happened:
            if isinstance(one, Quote | MarketTrade):
                super()._tell([one])
                continue
            if self._random.random() < self._lost:
                continue
            for _ in range(1 + (self._random.random() < self._twice)):
                at = self._delayed(self._now + self._back)
                self._timeline.later(at, partial(self._learn, as_event(one, at)))

    def _delayed(self, at):
        if self._random.random() < self._late:
            return at + timedelta(milliseconds=self._random.uniform(0, 200))
        return at

    def _obey(self, command) -> None:
        if isinstance(command, ClosePosition):
            self.closes_beside_a_close += any(
                o.is_alive and o.type is OrderType.MARKET and o.tag is None
                for o in self.exchange.orders(1)
            )
        at = self._delayed(self._now + self._back)
        answer = self._venue.answer(command, self._now, at)
        if answer is not None and self._random.random() < self._answer_lost:
            answer = without_its_content(answer)
        if answer is not None:
            self._timeline.later(at, partial(self._learn, answer))


def without_its_content(answer):
    """What the shell reports when the reply to this was lost."""
    match answer:
        case PlaceAccepted():
            return PlaceUnknown(at=answer.at, tag=answer.tag, why="reply lost")
        case CancelAnswered() | CloseAnswered():
            return replace(answer, answer=SendOutcome.UNKNOWN)
        case SnapshotTaken():
            return SnapshotFailed(at=answer.at, request=answer.request, why="reply lost")
        case TagResolved():
            return None
        case _:
            return answer


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("spoiled", "venue"), DAYS)
def test_bad_day_ends_flat_with_nothing_sent_twice(spoiled, venue, seed):
    day = demo_day(seed, kind=BadDay, venue=venue, loss_usd_max=Decimal(1000), trades_max=20)
    day.spoil(seed, **(CALM | spoiled))
    day.run()
    day.exchange.advance(day._now + timedelta(seconds=10))
    assert day.exchange.is_flat
    assert day.most_held <= 1
    assert day.closes_beside_a_close == 0
    said = [c for _, commands in day.log for c in commands]
    tags = [c.tag for c in said if isinstance(c, PlaceEntry)]
    assert len(tags) == len(set(tags)) <= 20
    assert not [c for c in said if isinstance(c, Notice) and c.code == "strategy.error"]
    assert day.engine.state.book.realised_usd == day.exchange.account(1).balance_usd - BALANCE
