"""The verbs that ask, each as a table and as JSON."""

import socket
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import wording
from gateway_samples import ACCOUNT as RAW_ACCOUNT
from gateway_samples import account_row, order_row, position_row, trade_row
from paper_scenes import ACCOUNT
from paper_server import Gateway, entry
from px_runner import Px, Said
from raw_http import RawHttp, Step, answer, bad, good

from pxcore.ownership.account_lock import AccountLock
from pxcore.ownership.home_lock import HomeLock
from pxcore.store.database import Store

ASKING = [
    "ping",
    "accounts",
    "account check",
    "contracts",
    "contracts nasdaq",
    "contract MNQ",
    "bars",
    "orders open",
    "orders search",
    "positions open",
    "trades",
]
ASKED = (
    "/api/Account/search",
    "/api/Contract/available",
    "/api/Contract/search",
    "/api/Contract/searchById",
)
BARS = "/api/History/retrieveBars"


def dead_url() -> str:
    """Nobody listens there: it was bound and let go."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.parametrize("command", ASKING)
def test_gateway_that_is_away_is_one_line_and_status_one(command: str, px: Px) -> None:
    url = dead_url()
    said = px(command, "--json", PX_PAPER_URL=url)
    assert (said.status, said.out) == (1, "")
    assert len(said.problems) == 1 and url in said.err


@pytest.mark.parametrize("command", ASKING[1:])
@pytest.mark.parametrize(
    "nonsense",
    [
        pytest.param(answer(raw=b"<html>Welcome</html>"), id="a web page"),
        pytest.param(answer(raw=b'{"success": true, "errorCode": 0'), id="half an answer"),
        pytest.param(answer(body=[]), id="a list"),
        pytest.param(answer(418), id="an odd status"),
    ],
)
def test_nonsense_from_the_venue_is_one_line_and_status_one(
    command: str, nonsense: Step, raw_px: Px, http: RawHttp
) -> None:
    for path in ASKED:
        http.script(path, nonsense)
    said = raw_px(f"{command} --json")
    assert (said.status, said.out, len(said.problems)) == (1, "", 1), said


@pytest.mark.parametrize("command", ["orders open", "orders search", "positions open", "trades"])
def test_account_that_does_not_exist_is_refused_with_those_that_do(command: str, px: Px) -> None:
    said = px(command, PX_ACCOUNT_ID="999")
    assert said.status == 2
    assert said.problems == [f"px: {wording.no_account(999, f'{ACCOUNT} (PRAC-V2-1)')}"]


@pytest.mark.parametrize("command", ["account check", "orders open", "trades"])
def test_account_that_is_not_set_is_refused_and_never_chosen(command: str, px: Px) -> None:
    said = px(command, PX_ACCOUNT_ID="")
    assert said.status == 2 and "px accounts" in said.err


@pytest.mark.parametrize("command", ASKING)
def test_no_question_needs_a_gateway_that_may_be_traded(command: str, px: Px) -> None:
    assert px(command, PX_TRADING="shadow").status == 0


# -- ping and status --------------------------------------------------------------------------


def test_ping_says_where_it_was_answered_and_how_soon(px: Px, gateway: Gateway) -> None:
    assert f"gateway paper at {gateway.url} answered in" in px("ping").out
    document = px("ping --json").json
    assert document["url"] == gateway.url and document["reply_ms"] > 0


def test_status_looks_at_the_account_and_at_what_is_here(px: Px, gateway: Gateway) -> None:
    gateway.post("/api/Order/place", **entry("held"))
    gateway.wait_until(lambda venue: bool(venue.exchange.positions(ACCOUNT)))
    said = px("status")
    assert said.status == 0
    assert "at the venue     holds +1 CON.F.US.MNQ" in said.out
    assert "held by          nobody" in said.out and f"{'halt':<16} none\n" in said.out


def test_status_says_what_of_px_up_does_not_work_and_what_was_mended(
    px: Px, tmp_path: Path
) -> None:
    assert f"{'px up':<16} does not run here" in px("status").out
    trouble, mended = "Prefect's server has not answered for 12 s", "Mon 08:00:01 restarted"
    with HomeLock(tmp_path / "home") as lock:
        lock.tell("http://127.0.0.1:4200")
        well = px("status")
        assert well.status == 0 and "http://127.0.0.1:4200" in well.out
        lock.report((trouble,), (mended,))
        said = px("status")
        assert said.status == 1 and trouble in said.err and mended in said.out
        document = px("status --json").json
        assert document["problems"] == [trouble] and document["happened"] == [mended]
        lock.report((), (mended,))
        assert px("status").status == 0


def test_status_shows_the_rest_when_the_gateway_is_away(px: Px) -> None:
    said = px("status", PX_PAPER_URL=dead_url())
    assert said.status == 1 and "cannot be reached" in said.err
    assert "at the venue     not known" in said.out and "held by          nobody" in said.out


def test_status_counts_the_requests_of_every_process(px: Px) -> None:
    def left() -> int:
        return px("status --json").json["requests_left"][0]["normal"]

    cost = left() - left()
    before = left()
    px("ping")
    assert left() == before - cost - 1


def test_status_names_the_holder_of_the_account_and_leaves_its_files_alone(
    px: Px, tmp_path: Path
) -> None:
    with AccountLock(tmp_path / "home", ACCOUNT, holder="session px-1") as lock:
        lock.stop_path.write_text("asked by somebody\n")
        before = lock.path.read_text()
        document = px("status --json").json
        assert lock.path.read_text() == before and lock.stop_path.exists()
    assert document["held_by"].startswith("session px-1 (process ")
    assert px("status --json").json["held_by"] is None


def test_status_shows_the_kill_switch_and_the_halt_of_the_day(px: Px, tmp_path: Path) -> None:
    home = tmp_path / "home"
    store = Store(f"sqlite:///{home}/px.sqlite")
    store.latch_halt(
        account_id=ACCOUNT, trading_day=date(2026, 11, 20), reason="daily loss", session_id="px-1"
    )
    store.close()
    (home / "KILL").write_text("holiday\n")
    said = px("status")
    assert said.status == 0
    assert "trading day      2026-11-20" in said.out
    assert "ENGAGED: holiday" in said.out and "HALTED for 2026-11-20: daily loss" in said.out


def test_status_with_a_store_that_cannot_be_read_is_not_safe(px: Px, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "px.sqlite").write_bytes(b"no database" * 100)
    said = px("status --json")
    assert said.status == 1 and "px.sqlite cannot be read" in said.json["problems"][0]
    assert "Traceback" not in said.all


def test_status_without_a_paper_address_shows_the_rest(px: Px) -> None:
    said = px("status", PX_PAPER_URL="")
    assert said.status == 1 and "PX_PAPER_URL is missing" in said.err
    assert "mode             paper" in said.out


# -- accounts ---------------------------------------------------------------------------------


def test_accounts_marks_the_one_that_is_set(px: Px) -> None:
    row = px("accounts").out.splitlines()[1].split()
    assert row == [
        str(ACCOUNT), "PRAC-V2-1", "practice", "50,000.00", "yes", "yes", "PX_ACCOUNT_ID"
    ]  # fmt: skip


def test_accounts_as_json_has_exact_money(px: Px) -> None:
    (row,) = px("accounts --json", PX_ACCOUNT_ID="").json
    assert (row["id"], row["kind"], row["is_chosen"]) == (ACCOUNT, "practice", False)
    assert isinstance(row["balance_usd"], str) and Decimal(row["balance_usd"]) == 50_000


def test_accounts_of_a_real_gateway_need_no_account_id(tmp_path: Path) -> None:
    bare = Px({"PX_GATEWAY": "topstepx", "PX_HOME": str(tmp_path), "PX_USERNAME": "u"})
    said = bare("accounts")
    assert said.problems == [f"px: {wording.NO_API_KEY}"]


def test_flat_practice_account_is_fit_to_trade(px: Px) -> None:
    said = px("account check")
    assert said.status == 0
    assert f"account {ACCOUNT} is fit to trade" in said.out
    assert "bracket mode cannot be read over the API: it must be Auto OCO Brackets" in said.out


def test_account_with_leftovers_is_not_fit_unless_they_may_be_flattened(
    px: Px, gateway: Gateway
) -> None:
    gateway.post("/api/Order/place", **entry())
    said = px("account check --json")
    assert said.status == 1
    assert (said.json["is_fit"], said.json["bracket_mode"]) == (False, None)
    assert "px flatten" in said.json["problems"][0]
    assert px("account check", PX_FOREIGN="flatten").status == 0


def test_positions_of_a_running_session_do_not_make_the_account_unfit(
    px: Px, gateway: Gateway, tmp_path: Path
) -> None:
    gateway.post("/api/Order/place", **entry())
    with AccountLock(tmp_path / "home", ACCOUNT, holder="session px-1"):
        said = px("account check")
    assert said.status == 0 and "held by session px-1" in said.out


@pytest.mark.parametrize(
    ("row", "problem", "kind"),
    [
        pytest.param({"canTrade": False}, "lets it not trade", "practice", id="locked"),
        pytest.param({"simulated": False}, "live-funded", "live-funded", id="live"),
        pytest.param({"id": 7}, f"there is no account {RAW_ACCOUNT}", None, id="absent"),
    ],
)
def test_account_that_cannot_be_traded_is_not_fit(
    row: dict[str, object], problem: str, kind: str | None, raw_px: Px, http: RawHttp
) -> None:
    http.script("/api/Account/search", good(accounts=[account_row(**row)]))
    http.script("/api/Order/v2/query", good(orders=[], totalCount=0))
    said = raw_px("account check --json")
    assert said.status == 1 and problem in said.json["problems"][0]
    assert (said.json["account"] or {}).get("kind") == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("50KTC-V2-600001-90000001", "combine"),
        ("50KTC-V2-DLL-600001-90000001", "combine with daily loss limit"),
        ("EXPRESS-V2-600001-1", "express funded"),
        ("my account", "unknown"),
    ],
)
def test_kind_of_an_account_is_read_from_its_name(
    name: str, kind: str, raw_px: Px, http: RawHttp
) -> None:
    http.script("/api/Account/search", good(accounts=[account_row(name=name)]))
    assert raw_px("accounts --json").json[0]["kind"] == kind


# -- contracts and bars -----------------------------------------------------------------------


def test_contracts_finds_by_text_and_lists_all_without_one(px: Px) -> None:
    names = [line.split()[0] for line in px("contracts nasdaq").out.splitlines()[1:]]
    assert names == ["NQZ6", "MNQZ6"]
    found = px("contracts --json").json
    assert len(found) > 10 and {c["name"] for c in found} >= {"MNQZ6", "ESZ6"}


def test_contracts_that_are_not_found_are_status_one(px: Px) -> None:
    said = px("contracts zzz")
    assert (said.status, said.out.strip()) == (1, "no contract is like 'zzz'")
    assert px("contracts zzz --json").json == []


@pytest.mark.parametrize("text", ["MNQ", "mnqz6", "CON.F.US.MNQ.Z26", "F.US.MNQ"])
def test_contract_is_found_by_symbol_name_and_id(text: str, px: Px) -> None:
    document = px("contract --json", text).json
    assert document["id"] == "CON.F.US.MNQ.Z26"
    # 0.50 USD a tick of 0.25: 2 USD a point
    assert Decimal(document["tick_value_usd"]) == Decimal("0.5")
    assert Decimal(document["point_value_usd"]) == 2
    assert "Micro E-mini NASDAQ-100: December 2026" in px("contract", text).out


@pytest.mark.parametrize("command", ["contract", "bars"])
@pytest.mark.parametrize("text", ["NOPE", "CON.F.US.NOPE.Z26"])
def test_wrong_contract_is_refused_with_what_is_near(command: str, text: str, px: Px) -> None:
    said = px(command, text)
    assert said.status == 2 and wording.no_contract(text) in said.err


def bar(at: str, **changes: float) -> dict[str, object]:
    return {"t": at, "o": 29500.25, "h": 29501, "l": 29499.5, "c": 29500.75, "v": 87} | changes


def test_bars_are_chicago_on_screen_and_utc_in_json(raw_px: Px, http: RawHttp) -> None:
    rows = [bar("2026-11-20T14:31:00+00:00", c=29500), bar("2026-11-20T14:30:00+00:00")]
    http.script(BARS, good(bars=rows))
    command = "bars MNQ --unit hour --every 2 --start 2026-11-20 --end 2026-11-20T15:00Z --partial"
    lines = raw_px(command).out.splitlines()
    assert lines[0] == "MNQZ6, 2 hour, 2 bars"
    assert lines[2].split() == [
        "2026-11-20", "08:30:00", "29500.25", "29501.00", "29499.50", "29500.75", "87"
    ]  # fmt: skip
    document = raw_px(f"{command} --json").json
    assert [b["opened_at"] for b in document["bars"]] == [
        "2026-11-20T14:30:00Z",
        "2026-11-20T14:31:00Z",
    ]
    assert document["bars"][0]["high"] == "29501.00"
    asked = http.asked(BARS)[0].body
    assert (asked["unit"], asked["unitNumber"], asked["includePartialBar"]) == (3, 2, True)
    # midnight in Chicago is 06:00 UTC in November
    assert (asked["startTime"], asked["endTime"]) == (
        "2026-11-20T06:00:00Z",
        "2026-11-20T15:00:00Z",
    )


def test_bars_cut_off_by_the_limit_are_warned_of(raw_px: Px, http: RawHttp) -> None:
    http.script(BARS, good(bars=[bar("2026-11-20T14:30:00+00:00")]))
    said = raw_px("bars --start 2026-11-20 --limit 1 --json")
    assert said.status == 0 and said.json["may_be_cut"] is True
    assert "--limit 1 is reached" in said.err
    assert raw_px("bars --start 2026-11-20T14:00Z --limit 2").err == ""
    assert raw_px("bars --limit 1").err == ""  # without a start the newest are what was asked for


def test_bars_that_do_not_reach_back_to_the_start_say_what_was_asked_and_what_came(
    raw_px: Px, http: RawHttp
) -> None:
    http.script(BARS, good(bars=[bar("2026-11-20T14:30:00+00:00")]))
    command = "bars --start 2026-09-01 --end 2026-11-20T14:30Z --json"
    said = raw_px(command)
    assert said.status == 0 and said.json["reaches_start"] is False
    assert said.json["first_opened_at"] == "2026-11-20T14:30:00Z"
    assert said.problems == [
        "px: bars were asked for from 2026-09-01 00:00:00 Chicago on, 1 came, the first of "
        "2026-11-20 08:30:00 Chicago: the venue gives none of before (the venue keeps minutes for "
        "about 63 days, hours for about a year)"
    ]
    http.script(BARS, good(bars=[]))
    assert "none came up to 2026-11-20 08:30:00 Chicago" in raw_px(command).err
    weekend = "bars --start 2026-11-14 --end 2026-11-15T23:00Z"  # Saturday to Sunday 17:00
    assert raw_px(weekend).err == ""


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("--start noon", "'noon' is no time"),
        ("--start 0001-01-01", "not in the years"),
        ("--start 2026-11-20 --end 2026-11-19", "is not before the end"),
        ("--end 2026-11-32", "is no time"),
    ],
)
def test_time_that_cannot_be_is_refused(options: str, problem: str, px: Px) -> None:
    said = px(f"bars {options}")
    assert said.status == 2 and problem in said.err


def test_bars_of_a_refused_request_are_status_one(raw_px: Px, http: RawHttp) -> None:
    http.script(BARS, bad(3, "too many"))
    said = raw_px("bars --every 999999")
    assert said.status == 1 and "UnitNumberInvalid: too many" in said.err


# -- orders, positions, trades ----------------------------------------------------------------


def test_nothing_open_is_said_and_is_an_empty_document(px: Px) -> None:
    assert "no order is alive" in px("orders open").out
    assert "nothing is held" in px("positions open").out
    assert px("orders open --json").json == [] == px("positions open --json").json
    assert px("trades --json").json["trades"] == []


def test_bracketed_entry_shows_in_orders_positions_and_trades(px: Px, gateway: Gateway) -> None:
    order_id = gateway.post("/api/Order/place", **entry("run-1"))[1]["orderId"]
    alive = px("orders open --json").json
    assert [(o["tag"], o["type"], o["parent_id"]) for o in alive] == [
        ("run-1-SL", "stop", order_id),
        ("run-1-TP", "limit", order_id),
    ]
    (held,) = px("positions open --json").json
    assert (held["size"], held["average_price"]) == (1, "25000.25")
    # one MNQ and side: 0.36 of fees and 0.25 of commissions
    trades = px("trades --json").json
    assert (Decimal(trades["costs_usd"]), Decimal(trades["net_usd"])) == (
        Decimal("0.61"),
        Decimal("-0.61"),
    )
    assert trades["trades"][0]["pnl_usd"] is None
    assert "25000.25" in px("positions open").out and "run-1-SL" in px("orders open").out
    assert "gross +0.00, costs 0.61, net -0.61 USD" in px("trades").out


def test_orders_are_searched_by_status_tag_and_time(px: Px, gateway: Gateway) -> None:
    gateway.post("/api/Order/place", **entry("run-1"))
    gateway.post("/api/Order/place", **entry("run-2", type=1, limitPrice=25000.1))

    def tags(said: Said) -> list[str]:
        return [order["tag"] for order in said.json]

    assert tags(px("orders search --json --status rejected")) == ["run-2"]
    assert tags(px("orders search --json --tag run-1-")) == ["run-1-SL", "run-1-TP"]
    assert tags(px("orders search --json --status filled --status rejected")) == ["run-1", "run-2"]
    assert tags(px("orders search --json --until 2026-11-20T14:00Z --since 2026-11-19")) == []
    assert (
        "no such order since 2026-11-20 09:00:00 Chicago"
        in px("orders search --tag x --since 09:00").out
    )


def test_voided_trade_counts_for_nothing(raw_px: Px, http: RawHttp) -> None:
    http.script("/api/Trade/search", good(trades=[trade_row(), trade_row(2, voided=True)]))
    said = raw_px("trades --since 2026-11-20")
    # -49.00 gross less 0.36 and 0.25
    assert "gross -49.00, costs 0.61, net -49.61 USD" in said.out and "voided" in said.out


def test_short_position_is_negative(raw_px: Px, http: RawHttp) -> None:
    http.script("/api/Position/searchOpen", good(positions=[position_row()]))
    assert raw_px("positions open --json").json[0]["size"] == -3


def test_gateway_that_hides_waiting_legs_still_lists_what_works(raw_px: Px, http: RawHttp) -> None:
    http.script("/api/Order/v2/query", answer(404))
    http.script("/api/Order/searchOpen", good(orders=[order_row()]))
    assert raw_px("orders open --json").json[0]["stop_price"] == "30196.75"


def test_table_that_is_piped_is_plain_and_whole(px: Px, gateway: Gateway) -> None:
    tag = "t" * 57
    gateway.post("/api/Order/place", **entry(tag))
    said = px("orders open")
    assert said.out.isascii() and f"{tag}-SL" in said.out and "\x1b" not in said.out
