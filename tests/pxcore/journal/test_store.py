"""The SQL store: exact money and times, halts that stay, rows that may be written twice."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import StatementError

from pxcore.journal.latches import Latched
from pxcore.journal.store import DayRow, FillRow, Session, SessionRow, Store
from pxcore.model import Fill, Side

DAY = date(2026, 11, 20)


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "px.sqlite")
    yield made
    made.close()


def test_first_halt_of_a_day_stays_and_other_days_and_accounts_are_free(store):
    for reason in ("daily loss", "kill switch"):
        store.latch_halt(account_id=1, trading_day=DAY, reason=reason, session_id="s")
    halt = Latched(session_id="s", reason="daily loss")
    assert store.latched(account_id=1, trading_day=DAY) == halt
    assert store.latched(account_id=2, trading_day=DAY) is None
    assert store.latched(account_id=1, trading_day=DAY + timedelta(days=3)) is None


@pytest.mark.parametrize(
    ("session", "released", "stays"),
    [
        pytest.param("s2", ("s1",), "s2", id="after the first was re-armed"),
        pytest.param("s2", (), "s1", id="while the first holds"),
        pytest.param("s1", ("s1",), "s1", id="the first one again, late"),
        pytest.param("s2", ("s2",), "s1", id="a late one, itself re-armed"),
    ],
)
def test_halt_gives_way_to_a_later_one_only_when_it_was_released(store, session, released, stays):
    store.latch_halt(account_id=1, trading_day=DAY, reason="1", session_id="s1")
    store.latch_halt(
        account_id=1, trading_day=DAY, reason="2", session_id=session, released=released
    )
    found = store.latched(account_id=1, trading_day=DAY)
    assert (found.session_id, found.reason) == (stays, {"s1": "1", "s2": "2"}[stays])


def test_halt_survives_reopening(store, tmp_path):
    store.latch_halt(account_id=1, trading_day=DAY, reason="daily loss", session_id="s")
    again = Store(tmp_path / "px.sqlite")
    assert again.latched(account_id=1, trading_day=DAY) is not None
    again.close()


def test_money_and_times_come_back_exactly_and_twice_is_once(store):
    chicago = timezone(timedelta(hours=-6))
    at = datetime(2026, 11, 20, 8, 30, 0, 123456, tzinfo=chicago)
    fill = Fill(
        id=3_000_000_001,
        account_id=1,
        contract_id="C",
        order_id=3_400_000_001,
        side=Side.BUY,
        size=1,
        price_ticks=118_001,
        pnl_usd=Decimal("0.10"),
        fees_usd=Decimal("0.36"),
        commissions_usd=Decimal("0.25"),
        happened_at=at,
    )
    for _ in range(2):
        store.put_fills((fill,), trading_day=DAY)
    with Session(store.engine) as session:
        (row,) = session.query(FillRow).all()
        assert (row.pnl_usd, row.fees_usd) == (Decimal("0.10"), Decimal("0.36"))
        assert row.happened_at == at and row.happened_at.tzinfo == UTC
        assert row.fill_id == 3_000_000_001


def test_naive_time_is_refused(store):
    row = SessionRow(
        session_id="s",
        account_id=1,
        trading_day=DAY,
        contract_id="C",
        mode="paper",
        strategy="hold",
        started_at=datetime(2026, 11, 20),  # noqa: DTZ001
    )
    with pytest.raises(StatementError, match="no zone"):
        store.put(row)


def test_database_is_durable_and_waits_for_a_lock(store):
    with store.engine.connect() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "busy_timeout": 5000,
        "foreign_keys": 1,
    }


def test_report_of_a_session_written_again_takes_the_place_of_the_first(store):
    for net in ("-1.20", "-1.30"):
        store.put(
            DayRow(
                session_id="px-1",
                account_id=1,
                trading_day=DAY,
                verdict="clean",
                net_usd=Decimal(net),
                costs_usd=Decimal(1),
                trades=1,
                denials=0,
                report="r",
            )
        )
    with Session(store.engine) as session:
        assert [row.net_usd for row in session.query(DayRow)] == [Decimal("-1.30")]
