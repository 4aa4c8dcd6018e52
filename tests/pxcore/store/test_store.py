"""The store itself, on both databases: exact values, schema brought up to date, lasting halts."""

import threading
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import postgres
import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from patience import patience
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError, StatementError

from pxcore.journal.latches import Latched
from pxcore.model import Misconfigured
from pxcore.store.database import Store
from pxcore.store.projection.tables import Base, FillRow, IncidentRow
from pxcore.store.schema import HEAD, MIGRATING, version_of

DAY = date(2026, 11, 20)
CHICAGO = timezone(timedelta(hours=-6))


def fill_row(**changes) -> FillRow:
    fields = {
        "account_id": 1,
        "trading_day": DAY,
        "fill_id": 3_000_000_001,
        "contract_id": "C",
        "order_id": 3_400_000_001,
        "side": "buy",
        "size": 1,
        "price_ticks": 118_001,
        "pnl_usd": Decimal("0.10"),
        "fees_usd": Decimal("0.36"),
        "commissions_usd": Decimal("0.25"),
        "happened_at": datetime(2026, 11, 20, 8, 30, 0, 123456, tzinfo=CHICAGO),
        "is_voided": False,
        "seen_by": "stream",
    }
    return FillRow(**fields | changes)


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


def test_halt_that_eight_latch_at_once_is_latched_once_and_nobody_fails(store, url):
    ready, problems = threading.Barrier(8), []

    def latch(number):
        own = Store(url)
        ready.wait(patience(10))
        try:
            own.latch_halt(account_id=1, trading_day=DAY, reason="r", session_id=f"s{number}")
        except Exception as error:
            problems.append(error)
        finally:
            own.close()

    threads = [threading.Thread(target=latch, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patience(20))
    assert problems == []
    assert store.latched(account_id=1, trading_day=DAY).reason == "r"


def test_halt_survives_reopening(store, url):
    store.latch_halt(account_id=1, trading_day=DAY, reason="daily loss", session_id="s")
    again = Store(url)
    assert again.latched(account_id=1, trading_day=DAY) is not None
    again.close()


@pytest.mark.parametrize(
    "amount",
    ["0.10", "-0.1", "0.30000000000000004", "123456789012345678901234.0000001", "-1E-18", "0"],
)
def test_money_comes_back_to_the_digit(store, amount):
    with store.session() as session:
        session.add(fill_row(pnl_usd=Decimal(amount)))
    with store.session() as session:
        (row,) = session.scalars(select(FillRow)).all()
        assert row.pnl_usd == Decimal(amount) and isinstance(row.pnl_usd, Decimal)
        assert row.fill_id == 3_000_000_001


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 11, 20, 8, 30, 0, 123456, tzinfo=CHICAGO),
        datetime(2026, 3, 8, 7, 59, 59, 999999, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
    ],
)
def test_time_comes_back_to_the_microsecond_and_in_utc(store, at):
    with store.session() as session:
        session.add(fill_row(happened_at=at))
    with store.session() as session:
        (row,) = session.scalars(select(FillRow)).all()
        assert row.happened_at == at and row.happened_at.utcoffset() == timedelta(0)


def test_times_sort_as_times(store):
    moments = [datetime(2026, 11, 20, h, 30, 0, h, tzinfo=CHICAGO) for h in (9, 23, 1)]
    with store.session() as session:
        session.add_all(fill_row(fill_id=n, happened_at=at) for n, at in enumerate(moments))
    with store.session() as session:
        found = session.scalars(select(FillRow.happened_at).order_by(FillRow.happened_at)).all()
    assert found == sorted(moments)


def test_naive_time_is_refused(store):
    naive = datetime(2026, 11, 20, 8, 30)  # noqa: DTZ001
    with pytest.raises(StatementError, match="has no zone"), store.session() as session:
        session.add(fill_row(happened_at=naive))


def test_text_of_any_origin_is_kept(store):
    said = "refused: \0 naïve „quotes“ \U0001f4c9 ' ; DROP TABLE fills; --"
    with store.session() as session:
        session.add(
            IncidentRow(
                account_id=1,
                trading_day=DAY,
                journal="px-1",
                seq=1,
                at=datetime(2026, 11, 20, tzinfo=UTC),
                level="alarm",
                code="c",
                text=said,
            )
        )
    with store.session() as session:
        assert session.scalars(select(IncidentRow.text)).all() == [said.replace("\0", "\ufffd")]


def test_transaction_that_fails_leaves_nothing(store):
    with pytest.raises(SQLAlchemyError), store.session() as session:
        session.add(fill_row())
        session.flush()
        session.execute(text("SELECT no_such_column FROM fills"))
    with store.session() as session:
        assert session.scalars(select(FillRow)).all() == []


def test_migrations_make_the_tables_that_the_code_has(store):
    with store.engine.connect() as connection:
        assert version_of(connection) == HEAD
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []


def test_store_that_eight_open_at_once_is_made_once(url):
    ready, problems = threading.Barrier(8), []

    def open_it():
        ready.wait(patience(10))
        try:
            Store(url).close()
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patience(20))
    assert problems == []
    store = Store(url)
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1
    store.close()


def test_stores_that_are_made_at_once_in_one_process_do_not_mix(tmp_path):
    ready, problems = threading.Barrier(8), []

    def make(number):
        ready.wait(patience(10))
        try:
            Store(f"sqlite:///{tmp_path}/{number}.sqlite").close()
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=make, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patience(20))
    assert problems == []


def test_store_of_a_newer_program_is_left_alone(store, url):
    with store.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Misconfigured, match="9999"):
        Store(url)


@pytest.mark.parametrize(
    ("change", "version"),
    [
        pytest.param("DROP TABLE alembic_version", "0001", id="before migrations"),
        pytest.param("UPDATE alembic_version SET version_num = '0001'", "0001", id="the first"),
        pytest.param("UPDATE alembic_version SET version_num = '0002'", "0002", id="the second"),
    ],
)
def test_store_of_before_the_first_release_is_refused_and_left_alone(store, url, change, version):
    store.latch_halt(account_id=1, trading_day=DAY, reason="daily loss", session_id="s")
    with store.session() as session:
        session.execute(text(change))
    with pytest.raises(Misconfigured, match=f"px.* is at version {version}.*px journal rebuild"):
        Store(url)
    assert store.latched(account_id=1, trading_day=DAY) is not None
    with store.engine.connect() as connection:
        assert version_of(connection) == version


def test_place_of_a_store_that_is_refused_has_no_password(tmp_path):
    url = f"sqlite:///{tmp_path}/px.sqlite?uri=true&password=geheim"
    with closing(Store(url)) as store, store.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Misconfigured, match=r"px\.sqlite is at version 9999") as refused:
        Store(url)
    assert "geheim" not in str(refused.value)


@pytest.mark.services
@pytest.mark.xdist_group("postgres")
def test_store_that_somebody_holds_up_is_an_error_and_no_wait(postgres_url):
    url = postgres.new_database(postgres_url, "px_held_up")
    with psycopg.connect(url) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(%s)", [MIGRATING])
        with pytest.raises(SQLAlchemyError, match="lock timeout"):
            Store(url)
    Store(url).close()


@pytest.mark.parametrize(
    "url", ["mysql://a:hidden@b/c", "no url at all, hidden", "oracle://a:hidden@b/c"]
)
def test_url_that_is_none_of_ours_is_refused_without_its_password(url):
    with pytest.raises(Misconfigured) as refused:
        Store(url)
    assert "hidden" not in str(refused.value)


def test_database_that_nobody_serves_is_an_error_without_its_password():
    url = f"postgresql://px:hidden@127.0.0.1:{postgres.free_port()}/px"
    with pytest.raises(SQLAlchemyError) as refused:
        Store(url)
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize("memory", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_store_in_memory_is_refused_for_it_forgets_halts(memory):
    with pytest.raises(Misconfigured, match="forgets every halt"):
        Store(memory)


@pytest.mark.parametrize(
    "login",
    [
        pytest.param("px:ab@geheim", id="at"),
        pytest.param("px:ab@geheim:x", id="at and colon"),
        pytest.param("px:ab@cd/geheim", id="at and slash"),
        pytest.param("px:ab@cd:geheim/x", id="at, colon and slash"),
    ],
)
def test_password_that_was_not_encoded_is_a_plain_error_without_any_of_it(login):
    with pytest.raises(Misconfigured, match="%40") as told:
        Store(f"postgresql://{login}@127.0.0.1:1/px")
    assert "geheim" not in str(told.value) and told.value.__cause__ is None


def test_stores_name_has_no_password_wherever_it_stood(tmp_path):
    with closing(Store(f"sqlite:///{tmp_path}/px.sqlite?uri=true&password=geheim")) as store:
        assert "geheim" not in store.name
