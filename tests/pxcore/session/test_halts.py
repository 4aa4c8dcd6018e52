"""A halt is latched in the store, and a store that cannot take it disturbs nobody."""

from datetime import UTC, datetime

import msgspec
import pytest
from engine_scenes import ACCOUNT, CONFIG, MNQ, OPEN
from pydantic import SecretStr
from sqlalchemy import text

from pxcore.config.settings import Mode, Settings
from pxcore.day.store_access import open_store
from pxcore.engine.commands import Level
from pxcore.model import Foreign, Snapshot, Unavailable
from pxcore.session.lines import Milestone
from pxcore.session.plan import SessionPlan, latch_halt_of
from pxcore.session.progress import HALTED
from pxcore.session.supervisor import Supervisor

PLAN = SessionPlan(
    session_id="px-20261120-1",
    mode=Mode.PAPER,
    base_url="http://127.0.0.1:1",
    account=ACCOUNT,
    contract=MNQ,
    trading_day=CONFIG.trading_day,
    day_start=OPEN,
    window_start=CONFIG.window_start,
    window_end=CONFIG.window_end,
    flat_by=CONFIG.window_end,
    foreign=Foreign.REFUSE,
    opening=Snapshot(taken_at=OPEN, account=ACCOUNT, orders=(), positions=(), fills=()),
    last_order_id=0,
    halt_reason=None,
)


def no_folder(tmp_path):
    (tmp_path / "file").touch()
    url = SecretStr(f"sqlite:///{tmp_path}/file/px.sqlite")
    return Settings(_env_file=None, home=tmp_path, database_url=url)


def store_at(version, tmp_path):
    settings = Settings(_env_file=None, home=tmp_path)
    store = open_store(settings)
    with store.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :of"), {"of": version})
    store.close()
    return settings


def newer_store(tmp_path):
    return store_at("9999", tmp_path)


def unreleased_store(tmp_path):
    return store_at("0002", tmp_path)


def no_database(tmp_path):
    (tmp_path / "px.sqlite").write_bytes(b"no database at all" * 100)
    return Settings(_env_file=None, home=tmp_path)


@pytest.mark.parametrize("broken", [no_folder, newer_store, unreleased_store, no_database])
def test_store_that_takes_no_halt_is_said_and_ends_no_supervision(tmp_path, broken):
    settings = broken(tmp_path)
    with pytest.raises(Unavailable, match="halt not latched"):
        latch_halt_of(PLAN, settings, "daily loss")
    said = []
    supervisor = Supervisor(PLAN, settings, on_line=said.append)
    at = datetime(2026, 11, 20, 15, tzinfo=UTC)
    line = Milestone(at=at, level=Level.ALARM, code=HALTED, text="daily loss")
    supervisor._take(msgspec.json.encode(line))
    assert [one.code for one in said] == ["halt.not_latched", HALTED]
