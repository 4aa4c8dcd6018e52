"""What every verb that moves money refuses before anything is sent."""

import json
from datetime import date
from pathlib import Path

import pytest
import wording
from gateway_samples import ACCOUNT as RAW_ACCOUNT
from gateway_samples import account_row, order_row, position_row
from paper_scenes import ACCOUNT
from paper_server import Gateway, entry
from px_runner import Px, Said
from raw_http import RawHttp, good
from test_cli_asking import dead_url

from pxcore.clock.own_time import steady_s
from pxcore.config.paths import Paths
from pxcore.ownership.account_lock import AccountLock
from pxcore.store.database import Store

ORDER_ID = 3400000101
ACTING = [
    "order place market --side buy --size 1",
    f"order modify {ORDER_ID} --stop 30190.25",
    f"order cancel {ORDER_ID}",
    "position close",
    "position reduce MNQ --by 1",
]
INSTRUCTIONS = (
    "/api/Order/place",
    "/api/Order/modify",
    "/api/Order/cancel",
    "/api/Position/closeContract",
    "/api/Position/partialCloseContract",
)
acting = pytest.mark.parametrize("command", ACTING)


@pytest.fixture
def http(http: RawHttp) -> RawHttp:
    """A short of three contracts and its stop."""
    http.script("/api/Order/searchById", good(order=order_row(ORDER_ID)))
    http.script("/api/Order/v2/query", good(orders=[], totalCount=0))
    http.script("/api/Position/searchOpen", good(positions=[position_row()]))
    return http


def instructions(http: RawHttp) -> list[str]:
    return [request.path for request in http.requests if request.path in INSTRUCTIONS]


def test_scene_is_one_in_which_each_verb_would_send(raw_px: Px, http: RawHttp) -> None:
    for path in INSTRUCTIONS:
        http.script(path, good(orderId=ORDER_ID))
    for command in ACTING:
        raw_px(f"{command} --yes")
    assert sorted(instructions(http)) == sorted(INSTRUCTIONS)


def require_refused(said: Said, http: RawHttp) -> None:
    assert (said.status, said.out) == (2, "")
    assert "nothing was sent" in said.err and instructions(http) == []


@acting
@pytest.mark.parametrize("more", ["--yes", "--yes --json", ""])
def test_shadow_refuses_whatever_was_agreed(
    command: str, more: str, raw_px: Px, http: RawHttp
) -> None:
    said = raw_px(f"{command} {more}", PX_TRADING="shadow")
    require_refused(said, http)
    assert "PX_TRADING=shadow is set" in said.err and http.connections == 0


@acting
def test_real_gateway_that_is_not_armed_is_shadow_too(
    command: str, raw_px: Px, http: RawHttp
) -> None:
    real = {"PX_GATEWAY": "topstepx", "PX_USERNAME": "u", "PX_API_KEY": "k"}
    said = raw_px(f"{command} --yes", **real)
    require_refused(said, http)
    assert "PX_TRADING=armed is needed on gateway topstepx" in said.err


@acting
def test_without_a_terminal_and_without_yes_nothing_is_sent(
    command: str, raw_px: Px, http: RawHttp
) -> None:
    said = raw_px(command)
    require_refused(said, http)
    assert "add --yes" in said.err and http.connections == 0


@acting
def test_session_that_holds_the_account_is_named_and_left_alone(
    command: str, raw_px: Px, http: RawHttp, tmp_path: Path
) -> None:
    with AccountLock(tmp_path / "home", RAW_ACCOUNT, holder="session px-1") as lock:
        lock.stop_path.write_text("asked by px flatten\n")
        before = lock.path.read_text()
        said = raw_px(f"{command} --yes")
        assert lock.path.read_text() == before and lock.stop_path.exists()
    require_refused(said, http)
    assert "is held by session px-1" in said.err and "--beside-session" in said.err


@acting
def test_beside_a_session_it_acts_and_leaves_the_sessions_files_alone(
    command: str, raw_px: Px, http: RawHttp, tmp_path: Path
) -> None:
    with AccountLock(tmp_path / "home", RAW_ACCOUNT, holder="session px-1") as lock:
        lock.stop_path.write_text("asked by px flatten\n")
        before = lock.path.read_text()
        said = raw_px(f"{command} --yes --beside-session")
        assert lock.path.read_text() == before and lock.stop_path.exists()
    assert len(instructions(http)) == 1
    assert "beside the session" in said.out


@acting
def test_wrong_account_is_refused_with_those_that_exist(
    command: str, raw_px: Px, http: RawHttp
) -> None:
    said = raw_px(f"{command} --yes", PX_ACCOUNT_ID="999")
    assert said.status == 2 and instructions(http) == []
    assert wording.no_account(999, str(RAW_ACCOUNT)) in said.err


@acting
def test_account_that_is_not_set_is_never_chosen(command: str, raw_px: Px, http: RawHttp) -> None:
    said = raw_px(f"{command} --yes", PX_ACCOUNT_ID="")
    assert said.status == 2 and http.connections == 0


@acting
def test_gateway_that_is_away_is_one_line(command: str, px: Px) -> None:
    said = px(f"{command} --yes", PX_PAPER_URL=dead_url())
    assert (said.status, said.out, len(said.problems)) == (1, "", 1)


@acting
def test_it_is_said_what_on_which_account_and_where_before_it_is_done(
    command: str, raw_px: Px, http: RawHttp
) -> None:
    lines = raw_px(f"{command} --yes").out.splitlines()
    assert lines[0] == f"paper, gateway paper, account {RAW_ACCOUNT} PRAC-V2-1:"
    assert lines[1].startswith("  will ")


@acting
def test_with_json_only_the_document_is_on_standard_output(
    command: str, raw_px: Px, http: RawHttp
) -> None:
    for path in INSTRUCTIONS:
        http.script(path, good(orderId=ORDER_ID))
    said = raw_px(f"{command} --yes --json")
    assert isinstance(said.json, dict) and "  will " in said.err


# -- what may not be opened -------------------------------------------------------------------

PLACE = "order place market --side buy --size 1 --yes"


@pytest.mark.parametrize("where", ["file", "setting"])
def test_kill_switch_keeps_orders_from_being_placed(
    where: str, px: Px, gateway: Gateway, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    settings = {"PX_KILL_SWITCH": "holiday"} if where == "setting" else {}
    if where == "file":
        (tmp_path / "home" / "KILL").write_text("holiday\n")
    said = px(PLACE, **settings)
    assert said.status == 2 and "the kill switch is engaged (holiday)" in said.err
    assert px("orders search --json").json == []


def test_kill_switch_leaves_the_way_out_open(px: Px, gateway: Gateway) -> None:
    gateway.post("/api/Order/place", **entry(stopLossBracket=None, takeProfitBracket=None))
    assert px("position close --yes", PX_KILL_SWITCH="holiday").status == 0


def test_halted_day_keeps_orders_from_being_placed(px: Px, tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/home/px.sqlite")
    store.latch_halt(
        account_id=ACCOUNT, trading_day=date(2026, 11, 20), reason="daily loss", session_id="px-1"
    )
    store.close()
    said = px(PLACE)
    assert said.status == 2 and "halted for this trading day (daily loss)" in said.err


def test_halt_that_cannot_be_read_counts_as_one(px: Px, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "px.sqlite").write_bytes(b"no database" * 100)
    said = px(PLACE)
    assert said.status == 1 and "cannot be read" in said.err
    assert px("orders search --json").json == []


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        pytest.param({"simulated": False}, "live-funded", id="live-funded"),
        pytest.param({"canTrade": False}, "may not trade", id="locked"),
    ],
)
def test_account_that_may_not_be_traded_opens_nothing(
    row: dict[str, object], problem: str, raw_px: Px, http: RawHttp
) -> None:
    http.script("/api/Account/search", good(accounts=[account_row(**row)]))
    said = raw_px(PLACE)
    assert said.status == 2 and problem in said.err and instructions(http) == []


# -- the budget -------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ACTING[1:])
def test_way_out_is_not_held_back_by_a_used_up_budget(
    command: str, raw_px: Px, http: RawHttp, tmp_path: Path
) -> None:
    usage = {"rest": [steady_s()] * 200, "bars": []}
    path = Paths(tmp_path / "home").budget("paper ")
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(usage))
    assert raw_px("orders open").status == 1
    assert raw_px(PLACE).status == 1 and instructions(http) == []
    raw_px(f"{command} --yes")
    assert len(instructions(http)) == 1
