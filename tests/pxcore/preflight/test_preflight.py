"""The check list of a day: each check says what it found, and none keeps the others from it."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import wording
from engine_scenes import CONFIG, Scene
from gateway_samples import ACCOUNT as RAW_ACCOUNT
from gateway_samples import MNQ, account_row, contract, contract_row
from machines import QUICK
from msgspec.structs import replace
from paper_scenes import ACCOUNT
from paper_server import Gateway, entry, fixed_tape, serving
from patience import patience
from pydantic import SecretStr
from raw_http import RawHttp, Step, answer, bad, good

from pxcore.calendar.expiry import expiry_of
from pxcore.calendar.hours import trading_day_at
from pxcore.cli.orchestrator import free_port
from pxcore.clock.clocks import ShiftedClock
from pxcore.config.limits import limits_of
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.day.store_access import open_store
from pxcore.engine.commands import Halt, PlaceEntry
from pxcore.engine.events import PlaceRefused
from pxcore.engine.tightening import Bounds
from pxcore.gateway.rest import ClockReading
from pxcore.gateway.wire.codes import BRACKETS_REMEDY
from pxcore.journal.operator import OperatorJournal, Tightened
from pxcore.journal.rows import SCHEMA, Closing, Ledger, Opening, RowKind
from pxcore.journal.writer import Journal
from pxcore.ownership.account_lock import AccountLock
from pxcore.ownership.lease import place_of
from pxcore.preflight import machine
from pxcore.preflight.checks import Check, CheckResult, CheckVerdict, checked
from pxcore.preflight.local import Preflight, judge_disk, run_preflight
from pxcore.preflight.venue import judge_clock, judge_expiry, judge_risk
from pxcore.store.live.leases import beat_watchdog
from pxcore.venue.connect import connect

NAMES = (
    "settings",
    "calendar",
    "gateway",
    "clock",
    "account",
    "brackets",
    "contract",
    "account state",
    "kill switch",
    "halt",
    "machine",
    "disk",
    "database",
    "requests",
    "watchdog",
    "px up",
    "alerts",
)
DAY = date(2026, 11, 20)
Make = Callable[..., Settings]


@pytest.fixture(autouse=True)
def quick_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this one is, and whatever else it does now."""
    monkeypatch.setattr(machine, "measure", lambda paths: QUICK)


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    """MNQ is quoted 25000.00 to 25000.25, and nothing moves; one account, flat."""
    with serving(fixed_tape()) as running:
        yield running.log_in()


@pytest.fixture
def make(gateway: Gateway, tmp_path: Path) -> Make:
    """Settings for that gateway and its clock, but for these."""

    def made(**changes: Any) -> Settings:
        assert gateway.venue is not None
        fields = {
            "home": tmp_path / "home",
            "paper_url": gateway.url,
            "paper_clock": str(gateway.clock),
            "account_id": ACCOUNT,
        }
        return Settings(_env_file=None, **fields | changes)

    return made


def looked(settings: Settings) -> Preflight:
    found = run_preflight(settings, sleep=lambda seconds: None)
    assert tuple(one.name for one in found.checks) == NAMES
    assert all((one.remedy == "") is (one.verdict is CheckVerdict.OK) for one in found.checks)
    return found


def check(found: Preflight, name: str) -> Check:
    return next(one for one in found.checks if one.name == name)


def failing(found: Preflight) -> list[str]:
    return [one.name for one in found.failures]


def clock_at(text: str) -> str:
    return str(ShiftedClock(market=datetime.fromisoformat(text), wall=datetime.now(UTC), speed=1))


# -- all of it --------------------------------------------------------------------------------


def test_day_on_paper_is_fit_and_every_check_says_what_it_saw(make: Make) -> None:
    settings = make()
    with closing(open_store(settings)) as store:
        beat_watchdog(store, account_id=ACCOUNT, place=place_of(settings), pid=1, said="flat")
    found = looked(settings)
    assert [one.verdict for one in found.checks] == [CheckVerdict.OK] * len(NAMES)
    assert found.is_fit
    assert "account 26200002" in check(found, "settings").found
    assert "window 08:30 to 15:00" in check(found, "calendar").found
    assert "50,000.00 USD, simulated" in check(found, "account").found
    # a stop of 40 ticks and 4 of slippage at 0.50 USD, and 2.50 USD a side: 22 + 5
    assert "MNQZ6, Dec 2026, expires 2026-12-18" in check(found, "contract").found
    assert "risks 27.00 USD of the day's 500" in check(found, "contract").found
    assert check(found, "account state").found == "flat, no order alive"


def test_client_of_the_caller_is_used_and_left_open(make: Make) -> None:
    settings = make()
    client = connect(settings)
    assert run_preflight(settings, client=client).is_fit
    client.ping()
    client.close()


def test_gateway_that_is_away_fails_what_needs_it_and_nothing_else(make: Make) -> None:
    found = looked(make(paper_url=f"http://127.0.0.1:{free_port()}"))
    assert failing(found) == ["gateway", "clock", "account", "contract", "account state"]
    assert "cannot be reached" in check(found, "gateway").found
    assert "px paper" in check(found, "gateway").remedy
    assert check(found, "contract").found == "not looked at: no login"
    assert check(found, "account state").remedy == "fix account first"


def test_paper_without_an_address_names_the_setting(make: Make) -> None:
    found = looked(make(paper_url=""))
    assert "PX_PAPER_URL is missing" in check(found, "gateway").found
    assert "requests" in failing(found) and "disk" not in failing(found)


def test_error_that_nobody_expected_is_that_checks_failure_with_its_secrets_masked() -> None:
    def breaks() -> CheckResult:
        raise ZeroDivisionError("division of hunter2\nby zero")

    found = checked("disk", breaks, masker=lambda text: text.replace("hunter2", "***"), remedy="x")
    assert found == Check(
        name="disk",
        verdict=CheckVerdict.FAILS,
        found="ZeroDivisionError: division of *** by zero",
        remedy="x",
    )


# -- settings and calendar --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"strategy_params": {"every_s": -1}}, "every_s", id="parameter out of range"),
        pytest.param({"strategy_params": {"nonsense": 1}}, "nonsense", id="unknown parameter"),
        pytest.param({"strategy": "no-such"}, "no-such", id="unknown strategy"),
    ],
)
def test_strategy_that_cannot_be_made_fails_alone(make: Make, changes: dict, problem: str) -> None:
    found = looked(make(**changes))
    assert failing(found) == ["settings"]
    assert problem in check(found, "settings").found


@pytest.mark.parametrize(
    ("moment", "verdict", "told"),
    [
        pytest.param(
            "2029-01-02T15:00:00+00:00", CheckVerdict.FAILS, "is not in the table", id="unknown"
        ),
        pytest.param(
            "2026-12-25T15:00:00+00:00",
            CheckVerdict.OK,
            "2026-12-25 (Christmas) closed: no session today",
            id="closed",
        ),
        # 12:00 Chicago is the close, the window ends ten minutes before it
        pytest.param(
            "2026-11-26T15:00:00+00:00",
            CheckVerdict.OK,
            "12:00 Chicago, early, window 08:30 to 11:40, the program closes 11:50",
            id="early close",
        ),
        pytest.param(
            "2026-11-20T21:30:00+00:00",
            CheckVerdict.OK,
            "no session: the window",
            id="window is over",
        ),
        pytest.param(
            "2028-12-04T15:00:00+00:00",
            CheckVerdict.WARNING,
            "ends in 27 days",
            id="table nearly over",
        ),
        pytest.param(
            "2028-12-01T15:00:00+00:00", CheckVerdict.OK, "2028-12-01 closes", id="30 left"
        ),
    ],
)
def test_calendar_tells_the_day_and_fails_one_that_it_does_not_know(
    make: Make, moment: str, verdict: CheckVerdict, told: str
) -> None:
    found = check(looked(make(paper_clock=clock_at(moment))), "calendar")
    assert (found.verdict, told in found.found) == (verdict, True), found


# -- what the gateway says --------------------------------------------------------------------


def test_unknown_account_is_named_with_those_that_there_are(make: Make) -> None:
    found = looked(make(account_id=999))
    assert failing(found) == ["account", "account state"]
    assert "there is no account 999" in check(found, "account").found
    assert str(ACCOUNT) in check(found, "account").found


def test_account_that_is_not_set_fails_and_none_is_chosen(make: Make) -> None:
    found = looked(make(account_id=None))
    assert failing(found) == ["account", "brackets", "account state", "halt", "watchdog"]
    assert "PX_ACCOUNT_ID is missing" in check(found, "account").found


def dated(*, behind_s: float = 0) -> Step:
    """An answer that says the gateway's time, which may be behind ours."""

    def step(sock: socket.socket) -> bool:
        moment = datetime.now(UTC) - timedelta(seconds=behind_s)
        head = f"HTTP/1.1 200 X\r\nDate: {moment:%a, %d %b %Y %H:%M:%S} GMT\r\n"
        sock.sendall(f"{head}Content-Length: 0\r\n\r\n".encode())
        return True

    return step


@pytest.fixture
def http() -> Iterator[RawHttp]:
    """One account and one contract, flat, by a gateway that a test scripts."""
    server = RawHttp()
    server.script("/api/Status/ping", dated())
    server.script("/api/Account/search", good(accounts=[account_row()]))
    server.script("/api/Contract/available", good(contracts=[contract_row(MNQ)]))
    server.script("/api/Contract/searchById", good(contract=contract_row(MNQ)))
    for path in ("Order/searchOpen", "Order/search", "Order/v2/query"):
        server.script(f"/api/{path}", good(orders=[], totalCount=0))
    server.script("/api/Position/searchOpen", good(positions=[]))
    server.script("/api/Trade/search", good(trades=[]))
    yield server
    server.close()


@pytest.fixture
def raw(http: RawHttp, tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None,
        home=tmp_path / "home",
        paper_url=http.url,
        paper_clock=clock_at("2026-11-20T14:30:00+00:00"),
        account_id=RAW_ACCOUNT,
        reply_timeout_s=patience(0.25),
    )


@pytest.mark.parametrize(
    ("row", "verdict", "told"),
    [
        pytest.param({"simulated": False}, CheckVerdict.FAILS, "live-funded", id="live-funded"),
        pytest.param({"canTrade": False}, CheckVerdict.FAILS, "may not trade", id="locked"),
        pytest.param({"isVisible": False}, CheckVerdict.FAILS, "hidden or retired", id="hidden"),
        pytest.param(
            {"simulated": None}, CheckVerdict.WARNING, "does not say whether", id="kind not said"
        ),
    ],
)
def test_account_that_is_not_surely_a_simulated_one_that_may_trade_is_told(
    raw: Settings, http: RawHttp, row: dict, verdict: CheckVerdict, told: str
) -> None:
    http.script("/api/Account/search", good(accounts=[account_row(**row)]))
    found = looked(raw)
    account = check(found, "account")
    assert (account.verdict, told in account.found) == (verdict, True), account
    is_unfit = verdict is CheckVerdict.FAILS
    assert failing(found) == (["account", "account state"] if is_unfit else [])


def test_refused_login_fails_with_what_to_do_and_the_clock_is_still_read(
    raw: Settings, http: RawHttp
) -> None:
    http.script("/api/Status/ping", dated(behind_s=40))
    http.script("/api/Auth/loginKey", bad(3))
    found = looked(raw)
    assert failing(found) == ["gateway", "clock", "account", "contract", "account state"]
    assert "PX_API_KEY" in check(found, "gateway").remedy
    clock = check(found, "clock")
    assert "ahead of the gateway's" in clock.found and "NTP" in clock.remedy


def test_gateway_that_goes_away_after_the_login_is_not_blamed_on_the_account(
    raw: Settings, http: RawHttp
) -> None:
    http.script("/api/Account/search", answer(503))
    found = looked(raw)
    assert failing(found) == ["account", "account state"]
    assert "HTTP 503" in check(found, "account").found
    assert "px paper" in check(found, "account").remedy


def test_nonsense_of_the_gateway_is_that_checks_failure(raw: Settings, http: RawHttp) -> None:
    http.script("/api/Contract/available", answer(raw=b"<html>Welcome</html>"))
    found = looked(raw)
    assert failing(found) == ["contract"]


def test_only_questions_are_asked(raw: Settings, http: RawHttp) -> None:
    assert looked(raw).is_fit
    assert {request.path for request in http.requests} <= {
        "/api/Status/ping",
        "/api/Auth/loginKey",
        "/api/Account/search",
        "/api/Contract/available",
        "/api/Contract/search",
        "/api/Contract/searchById",
        "/api/Order/v2/query",
        "/api/Order/searchOpen",
        "/api/Order/search",
        "/api/Position/searchOpen",
        "/api/Trade/search",
    }


CLOCKS = [
    pytest.param(0.4, 0.0, CheckVerdict.OK, id="together"),
    pytest.param(-2.0, 0.0, CheckVerdict.OK, id="two seconds"),
    pytest.param(2.1, 0.0, CheckVerdict.WARNING, id="more than two, ahead"),
    pytest.param(-30.0, 0.0, CheckVerdict.WARNING, id="thirty"),
    pytest.param(-30.1, 0.0, CheckVerdict.FAILS, id="more than thirty, behind"),
    pytest.param(3.0, 4.0, CheckVerdict.OK, id="a slow reply explains it"),
]


@pytest.mark.parametrize(("ahead_s", "took_s", "verdict"), CLOCKS)
def test_clocks_that_are_apart_are_told(
    ahead_s: float, took_s: float, verdict: CheckVerdict
) -> None:
    assert judge_clock(ClockReading(ahead_s=ahead_s, took_s=took_s)).verdict is verdict


def test_gateway_that_does_not_say_its_time_is_a_warning() -> None:
    assert judge_clock(None).verdict is CheckVerdict.WARNING


def test_contract_about_to_roll_is_a_warning_with_the_next_one(make: Make) -> None:
    found = looked(make(paper_clock=clock_at("2026-12-15T15:00:00+00:00")))
    contract_check = check(found, "contract")
    assert contract_check.verdict is CheckVerdict.WARNING and found.is_fit
    assert "its market moves to MNQH7 on 2026-12-14" in contract_check.found
    assert "trade MNQH7" in contract_check.remedy


def test_expired_contract_fails(make: Make) -> None:
    found = looked(make(paper_clock=clock_at("2026-12-18T15:00:00+00:00")))
    assert failing(found) == ["contract"]


@pytest.mark.parametrize(
    ("listed", "today", "verdict"),
    [
        pytest.param(
            contract("GCZ6", "GCE"), date(2026, 11, 30), CheckVerdict.OK, id="gold before"
        ),
        pytest.param(
            contract("GCZ6", "GCE"), date(2026, 12, 1), CheckVerdict.WARNING, id="gold in"
        ),
        pytest.param(replace(MNQ, id="X"), date(2026, 11, 20), CheckVerdict.WARNING, id="no month"),
    ],
)
def test_contract_of_which_only_the_month_is_known_is_warned_of_in_it(
    listed, today: date, verdict: CheckVerdict
) -> None:
    assert judge_expiry(listed, expiry_of(listed, today)).verdict is verdict


def test_unknown_contract_fails_and_the_account_is_looked_at_all_the_same(make: Make) -> None:
    found = looked(make(contract="NOPE"))
    assert failing(found) == ["contract"]
    assert wording.no_contract("NOPE") in check(found, "contract").found


RISKS = [
    # a contract loses (40 + 4) x 0.50 + 2 x 2.50 = 27.00 USD
    pytest.param({"size": 5, "loss_usd_max": 135}, CheckVerdict.OK, id="just within"),
    pytest.param({"size": 5, "loss_usd_max": 134}, CheckVerdict.FAILS, id="just above"),
    pytest.param({"risk_usd_per_trade": 27}, CheckVerdict.OK, id="risk pays for one"),
    pytest.param({"risk_usd_per_trade": 26}, CheckVerdict.FAILS, id="risk pays for none"),
]


@pytest.mark.parametrize(("changes", "verdict"), RISKS)
def test_entry_that_every_gate_would_deny_fails(changes: dict, verdict: CheckVerdict) -> None:
    settings = Settings(_env_file=None, **changes)
    assert judge_risk(MNQ, settings, limits_of(settings)).verdict is verdict


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({}, "a session would be refused", id="refused by default"),
        pytest.param({"foreign": "flatten"}, "the session's start flattens it", id="flattened"),
        pytest.param(
            {"foreign": "flatten", "trading": "shadow"}, "would be refused", id="shadow sends none"
        ),
    ],
)
def test_position_of_a_stranger_is_a_warning_and_is_left_as_it_is(
    tmp_path: Path, changes: dict, told: str
) -> None:
    with serving(fixed_tape()) as gateway:
        gateway.log_in()
        gateway.post("/api/Order/place", **entry("theirs"))
        gateway.wait_until(lambda venue: [s for _, s in alive(gateway)] == ["open", "open"])
        before = alive(gateway)
        assert gateway.venue is not None
        settings = Settings(
            _env_file=None,
            home=tmp_path / "home",
            paper_url=gateway.url,
            paper_clock=str(gateway.clock),
            account_id=ACCOUNT,
            **changes,
        )
        found = looked(settings)
        assert alive(gateway) == before
    state = check(found, "account state")
    assert state.verdict is CheckVerdict.WARNING and found.is_fit
    assert told in state.found
    assert "+1 CON.F.US.MNQ.Z26 (not ours)" in state.found


def alive(gateway: Gateway) -> list[tuple[int, str]]:
    assert gateway.venue is not None
    orders = gateway.venue.exchange.orders(ACCOUNT)
    return [(order.id, order.status.value) for order in orders if order.is_alive]


def test_account_that_a_session_holds_is_a_warning_with_its_name(make: Make) -> None:
    settings = make()
    with AccountLock(settings.home, ACCOUNT, holder="session px-1"):
        state = check(looked(settings), "account state")
    assert state.verdict is CheckVerdict.WARNING and "held by session px-1" in state.found


# -- what this machine knows ------------------------------------------------------------------


@pytest.mark.parametrize("is_file", [True, False])
def test_engaged_kill_switch_fails(make: Make, is_file: bool) -> None:
    settings = make() if is_file else make(kill_switch="holiday")
    if is_file:
        settings.home.mkdir()
        (settings.home / "KILL").write_text("holiday\n")
    found = looked(settings)
    assert failing(found) == ["kill switch"]
    assert "kill switch engaged: holiday" in check(found, "kill switch").found


def test_halted_day_fails_and_yesterdays_halt_does_not(make: Make) -> None:
    settings = make()
    store = open_store(settings)
    store.latch_halt(
        account_id=ACCOUNT, trading_day=DAY - timedelta(days=1), reason="old", session_id="px-0"
    )
    assert looked(settings).is_fit
    store.latch_halt(account_id=ACCOUNT, trading_day=DAY, reason="daily loss", session_id="px-1")
    store.close()
    found = looked(settings)
    assert failing(found) == ["halt"]
    assert "halted for 2026-11-20: daily loss" in check(found, "halt").found


def test_store_that_cannot_be_read_fails_and_the_halt_is_not_taken_for_none(make: Make) -> None:
    settings = make()
    settings.home.mkdir()
    (settings.home / "px.sqlite").write_bytes(b"no database" * 100)
    found = looked(settings)
    assert failing(found) == ["kill switch", "halt", "database", "watchdog"]
    assert "cannot be read" in check(found, "halt").found


def test_store_that_cannot_be_written_fails(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "elsewhere.sqlite"
    open_store(make(database_url=SecretStr(f"sqlite:///{path}"))).close()
    read_only = SecretStr(f"sqlite:///file:{path}?mode=ro&uri=true")
    found = looked(make(database_url=read_only))
    assert failing(found) == ["database"]
    assert "readonly" in check(found, "database").found
    assert not (tmp_path / "file:").exists(), "SQLite's own URI names no folder of ours"


@pytest.mark.parametrize(
    ("free", "verdict"),
    [
        pytest.param(2 * 10**9, CheckVerdict.OK, id="2 GB"),
        pytest.param(2 * 10**9 - 1, CheckVerdict.WARNING, id="less than 2 GB"),
        pytest.param(500 * 10**6, CheckVerdict.WARNING, id="500 MB"),
        pytest.param(500 * 10**6 - 1, CheckVerdict.FAILS, id="less than 500 MB"),
    ],
)
def test_disk_with_little_room_is_told(free: int, verdict: CheckVerdict) -> None:
    assert judge_disk(free).verdict is verdict


def test_home_that_cannot_be_made_fails(make: Make, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = looked(make(home=tmp_path / "file" / "home"))
    assert {"disk", "database"} <= set(failing(found))
    assert "cannot be written" in check(found, "disk").found


def test_used_up_requests_are_a_warning(make: Make) -> None:
    settings = make()
    client = connect(settings)
    for _ in range(115):  # 160 may be used; the checks themselves take a dozen
        client.ping()
    client.close()
    requests = check(looked(settings), "requests")
    assert requests.verdict is CheckVerdict.WARNING and "of 200 rest left" in requests.found


def test_live_without_anybody_to_tell_is_a_warning(make: Make) -> None:
    live = {
        "gateway": "topstepx",
        "trading": "armed",
        "username": "trader01",
        "api_key": SecretStr("key"),
        "paper_clock": "",
    }
    client = connect(make())  # nothing leaves this machine
    settings = make(**live)
    silent = run_preflight(settings, client=client)
    told = run_preflight(make(**live, alert_urls=(SecretStr("json://127.0.0.1:9"),)), client=client)
    client.close()
    assert check(silent, "alerts").verdict is CheckVerdict.WARNING
    assert check(told, "alerts").verdict is CheckVerdict.OK
    assert "LIVE, gateway topstepx" in check(silent, "settings").found


def test_size_above_what_was_tightened_today_fails(make: Make) -> None:
    settings = make(size=3)
    tightened(settings)
    found = looked(settings)
    assert failing(found) == ["settings"]
    assert "PX_SIZE 3 is above the 2 contracts in force today" in check(found, "settings").found


def tightened(settings: Settings) -> None:
    """To two contracts, by a person."""
    journal = OperatorJournal(
        Paths(settings.home).journals,
        account_id=ACCOUNT,
        trading_day=trading_day_at(settings.clock.now()).day,
    )
    act = Tightened(before=Bounds(), after=Bounds(contracts_max=2))
    journal.record(lambda rows: act, who="me", reason="choppy")


# -- bracket mode -----------------------------------------------------------------------------


def halt_for_brackets() -> str:
    """The engine's own words after a refusal of that kind."""
    scene = Scene().connect()
    sent = next(c for c in scene.signal() if isinstance(c, PlaceEntry))
    said = scene.tell(
        PlaceRefused(
            at=scene.now,
            tag=sent.tag,
            code_name="OrderRejected",
            text="Brackets cannot be used with Position Brackets.",
            remedy=BRACKETS_REMEDY,
        )
    )
    return next(c.reason for c in said if isinstance(c, Halt))


def session_that_ended(
    home: Path, day: date, *, halt: str | None = None, fills: int = 0, sends_orders: bool = True
) -> None:
    folder = home / "journal"
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(folder / f"px-{day:%Y%m%d}-1.jsonl", on_fault=pytest.fail)
    journal.append(
        RowKind.OPENED,
        Opening(
            schema=SCHEMA,
            mode="paper",
            config=replace(CONFIG, account_id=ACCOUNT, trading_day=day, sends_orders=sends_orders),
            strategy="hold",
            strategy_params={},
            paper_clock="",
            trading_day=day,
        ),
    )
    closing = Closing(
        reason="window end",
        is_flat=True,
        headroom_usd_min=None,
        conflated_quotes=0,
        bad_records=0,
        reconnects=0,
        rows_dropped=0,
        ledger=Ledger(realised_usd=0, fills=fills, held={}),
        halt_reason=halt,
    )
    journal.append(RowKind.CLOSED, closing)
    assert journal.close()


@pytest.mark.damages_journal
def test_bracket_mode_is_warned_of_while_the_last_word_on_it_is_a_refusal(make: Make) -> None:
    settings = make()
    assert "first refusal" in check(looked(settings), "brackets").found

    session_that_ended(settings.home, DAY - timedelta(days=2), halt=halt_for_brackets())
    found = looked(settings)
    brackets = check(found, "brackets")
    assert brackets.verdict is CheckVerdict.WARNING and found.is_fit
    assert "px-20261118-1 was refused" in brackets.found
    assert "Auto OCO Brackets" in brackets.remedy

    session_that_ended(settings.home, DAY - timedelta(days=1), fills=2, sends_orders=False)
    assert check(looked(settings), "brackets") == brackets  # fills of a stranger, seen in shadow

    session_that_ended(settings.home, DAY, fills=2)
    assert "px-20261120-1 traded and was not refused" in check(looked(settings), "brackets").found


@pytest.mark.damages_journal
def test_refusal_of_more_than_a_week_ago_and_another_halt_say_nothing_of_brackets(
    make: Make,
) -> None:
    settings = make()
    session_that_ended(settings.home, DAY - timedelta(days=7), halt=halt_for_brackets())
    session_that_ended(settings.home, DAY - timedelta(days=1), halt="daily loss")
    assert check(looked(settings), "brackets").verdict is CheckVerdict.OK
