"""Everything that uses the store finds it where PX_DATABASE_URL says."""

from datetime import date
from pathlib import Path

import postgres
import pytest
from px_runner import Px

from pxcore.store.database import Store

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("cli database")]
DAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def server():
    with postgres.server() as url:
        yield url


def test_halt_in_postgresql_holds_and_no_file_is_made(server: str, px: Px, tmp_path: Path) -> None:
    url = postgres.new_database(server, "px_halted")
    account = int(px.settings["PX_ACCOUNT_ID"])
    store = Store(url)
    store.latch_halt(account_id=account, trading_day=DAY, reason="daily loss", session_id="px-1")
    store.close()

    said = px("status", PX_DATABASE_URL=url)
    assert said.status == 0 and "HALTED for 2026-11-20: daily loss" in said.out
    assert "HALTED" not in px("status").out
    assert px("journal rebuild", PX_DATABASE_URL=url).status == 0
    assert "HALTED" in px("status", PX_DATABASE_URL=url).out
    assert not (tmp_path / "home" / "px.sqlite").exists()


def test_database_that_is_away_is_not_safe_and_its_password_stays_hidden(px: Px) -> None:
    url = f"postgresql://px:hidden@127.0.0.1:{postgres.free_port()}/px"
    said = px("status --json", PX_DATABASE_URL=url)
    assert said.status == 1
    assert "the store of PX_DATABASE_URL cannot be read" in said.json["problems"][0]
    assert "hidden" not in said.all
