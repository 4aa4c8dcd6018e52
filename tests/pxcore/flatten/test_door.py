"""The one door to flat: whom it spares, and who is told when there is no proof."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from account_holder import SESSION, held
from alert_receiver import Receiver, receiving
from paper_scenes import ACCOUNT
from paper_server import Gateway, entry, fixed_tape, serving
from patience import patience
from pydantic import SecretStr

from pxcore.config.settings import Settings
from pxcore.flatten.door import Door, Taking
from pxcore.flatten.drive import NotFlat
from pxcore.model import WHOLE
from pxcore.ownership.account_lock import AccountBusy
from pxcore.paper.faults.wire import ErrorCode
from pxcore.venue.connect import connect

pytestmark = pytest.mark.services


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """Holds a position; nothing that is asked to be closed is."""
    with serving(fixed_tape()) as running:
        running.log_in()
        running.post("/api/Order/place", **entry("left"))
        running.wait_until(lambda venue: bool(venue.exchange.positions(ACCOUNT)))
        refused = ErrorCode(path="/api/Position/closeContract", code=7, count=None)
        running.run(lambda venue: venue.arm(refused))
        yield running


@pytest.fixture
def door(gateway: Gateway, receiver: Receiver, tmp_path: Path) -> Iterator[Door]:
    settings = Settings(
        _env_file=None,
        home=tmp_path / "home",
        paper_url=gateway.url,
        paper_clock=str(gateway.clock),
        account_id=ACCOUNT,
        alert_urls=(SecretStr(receiver.url),),
    )
    with closing(connect(settings)) as client:
        yield Door(
            settings, ACCOUNT, client=client, scope=WHOLE, by="test", say=lambda notice: None
        )


def test_account_that_somebody_has_is_spared_without_an_alert_and_one_that_stays_is_alerted(
    door: Door, gateway: Gateway, receiver: Receiver, tmp_path: Path
) -> None:
    with (
        held(tmp_path / "home", account_id=ACCOUNT),
        pytest.raises(AccountBusy, match=SESSION),
    ):
        door.flatten("test", timeout_s=patience(0.5))
    assert gateway.venue is not None and gateway.venue.exchange.positions(ACCOUNT)

    with pytest.raises(NotFlat):
        door.flatten("test", timeout_s=patience(0.5), holding=Taking.ASKED)
    told = receiver.next()
    assert "NOT PROVEN FLAT" in told["title"] and SESSION not in told["message"]
    assert receiver.is_empty
