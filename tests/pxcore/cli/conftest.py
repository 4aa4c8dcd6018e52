"""`px` in the test's own process, against the paper gateway or a scripted one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_samples import ACCOUNT as RAW_ACCOUNT
from gateway_samples import MNQ, account_row, contract_row
from machines import QUICK
from paper_scenes import ACCOUNT
from paper_server import Gateway, fixed_tape, serving
from patience import patience
from px_runner import Px
from raw_http import RawHttp, good

from pxcore.preflight import machine

SPEED = 50.0  # the venue's milliseconds pass between two of our looks, and no day in a slow test


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine, and no `.env`, plays a part."""
    for name in [n for n in os.environ if n.startswith("PX_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def quick_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this one is, and whatever else it does now."""
    monkeypatch.setattr(machine, "measure", lambda paths: QUICK)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with serving(fixed_tape(), speed=SPEED) as running:
        yield running.log_in()


@pytest.fixture
def px(gateway: Gateway, tmp_path: Path) -> Px:
    """On the paper gateway: MNQ is 25000.00 to 25000.25, and nothing moves."""
    assert gateway.venue is not None
    return Px(
        {
            "PX_HOME": str(tmp_path / "home"),
            "PX_PAPER_URL": gateway.url,
            "PX_PAPER_CLOCK": str(gateway.clock),
            "PX_ACCOUNT_ID": str(ACCOUNT),
        }
    )


@pytest.fixture
def http() -> Iterator[RawHttp]:
    """A gateway with one account and one contract; what else it answers is scripted."""
    server = RawHttp()
    server.script("/api/Account/search", good(accounts=[account_row()]))
    server.script("/api/Contract/available", good(contracts=[contract_row(MNQ)]))
    server.script("/api/Contract/search", good(contracts=[]))
    server.script("/api/Contract/searchById", good(contract=contract_row(MNQ)))
    server.script("/api/Position/searchOpen", good(positions=[]))
    yield server
    server.close()


@pytest.fixture
def raw_px(http: RawHttp, tmp_path: Path) -> Px:
    """On the scripted gateway."""
    return Px(
        {
            "PX_HOME": str(tmp_path / "home"),
            "PX_PAPER_URL": http.url,
            "PX_ACCOUNT_ID": str(RAW_ACCOUNT),
            "PX_REPLY_TIMEOUT_S": f"{patience(0.25):g}",
        }
    )
