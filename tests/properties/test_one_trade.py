"""`trade-on-start` on a bad day: one trade at most, whatever is late, doubled or lost."""

import pytest
from strategy_scenes import day
from test_chaos import CALM, DAYS, SEEDS, BadDay

from pxcore.engine.rounds import fold_rounds


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("spoiled", "venue"), DAYS)
def test_one_trade_stays_one_on_a_bad_day(spoiled, venue, seed):
    bad = day("trade-on-start", {}, seed=seed, window_s=40.0, kind=BadDay, venue=venue)
    bad.spoil(seed, **(CALM | spoiled))
    bad.run()
    assert bad.exchange.is_flat
    assert len(fold_rounds(bad.exchange.fills(1))) <= 1
