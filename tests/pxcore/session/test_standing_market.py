"""What must come to its end comes to it on a paper market that stands still, too."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from paper_scenes import ACCOUNT, OPEN
from waiting_market import Waiting

from pxcore.config.settings import Settings
from pxcore.flatten.by_hand import AdHocFlatten


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Waiting]:
    with ExitStack() as stack:
        yield Waiting(stack, tmp_path, goes_in_steps=False, speed=20.0)


def test_flatten_that_looks_twice_some_seconds_apart_needs_no_market_that_runs(
    waiting: Waiting, tmp_path: Path
) -> None:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        home=tmp_path / "home",
        paper_url=waiting.gateway.url,
        paper_clock=str(waiting.clock_file),
        account_id=ACCOUNT,
    )
    flatten = AdHocFlatten(settings, ACCOUNT, by="test", say=lambda text: None)
    assert flatten.act_if_free(60).is_flat
    assert (waiting.pace, waiting.published.now()) == ("waiting", OPEN)
