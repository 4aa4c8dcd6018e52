"""What a verb finds out about money is told to those who are not at the terminal."""

from pathlib import Path

import msgspec
import pytest
import wording
from alert_receiver import Receiver, receiving
from gateway_samples import position_row
from msgspec.structs import replace
from paper_server import Gateway, entry
from patience import patience
from px_runner import Px
from pydantic import SecretStr
from raw_http import RawHttp, good
from report_scenes import reported_day

from pxcore.alerts import send as sending
from pxcore.alerts.of_report import alert_report
from pxcore.cli.orchestrator import free_port
from pxcore.config.settings import Settings
from pxcore.reports.daily import DailyReport
from pxcore.reports.verdict import Verdict


@pytest.fixture
def receiver():
    with receiving() as made:
        yield made
        for process in sending._ON_THEIR_WAY.values():
            process.wait(patience(15))


def keep(home: Path, report: DailyReport) -> None:
    folder = home / "reports" / report.session_id
    folder.mkdir(parents=True)
    (folder / "report.json").write_bytes(msgspec.json.encode(report))


# -- px alerts test ---------------------------------------------------------------------------


@pytest.mark.services
def test_alerts_test_sends_one_to_every_url_and_says_so(tmp_path: Path, receiver: Receiver) -> None:
    with receiving() as other:
        said = Px({"PX_HOME": str(tmp_path)})(
            "alerts test", PX_ALERT_URLS=f"{receiver.url}, {other.url}"
        )
        assert other.next()["title"] == "px: test"
    assert said.status == 0 and said.out.count("taken") == 2
    assert receiver.next()["title"] == "px: test"
    assert receiver.secret not in said.all and receiver.url not in said.all


@pytest.mark.services
def test_alerts_test_exits_with_1_when_one_is_not_taken_and_shows_no_secret(
    tmp_path: Path, receiver: Receiver
) -> None:
    gone = f"json://u:s3cret-pass@127.0.0.1:{free_port()}"
    said = Px({"PX_HOME": str(tmp_path)})("alerts test", PX_ALERT_URLS=f"{gone} {receiver.url}")
    assert said.status == 1
    assert "1 of 2, json: NOT taken" in said.out and "2 of 2, json: taken" in said.out
    assert "s3cret-pass" not in said.all


def test_alerts_test_without_urls_names_the_setting(tmp_path: Path) -> None:
    said = Px({"PX_HOME": str(tmp_path)})("alerts test")
    assert said.status == 2 and "PX_ALERT_URLS is not set" in said.err


# -- what is not safe -------------------------------------------------------------------------


@pytest.mark.services
def test_broken_day_is_alerted_by_px_reconcile_once(
    px: Px, gateway: Gateway, receiver: Receiver
) -> None:
    gateway.post("/api/Order/place", **entry())

    assert px("reconcile --json", PX_ALERT_URLS=receiver.url).status == 1

    came = receiver.next()
    assert "reconciliation broken" in came["title"] and "(paper)" in came["title"]
    assert wording.NOT_OURS in came["message"]
    assert px("reconcile", PX_ALERT_URLS=receiver.url).status == 1
    assert receiver.is_empty


def test_clean_day_is_not_alerted_by_px_reconcile(px: Px) -> None:
    before = dict(sending._ON_THEIR_WAY)
    assert px("reconcile", PX_ALERT_URLS="json://127.0.0.1:9").status == 0
    assert before == sending._ON_THEIR_WAY


DIFFERENCE = {"kind": "fill", "what": "fill 7", "ours": "none", "venues": "buy 1"}
NOT_IN_ORDER = [
    pytest.param(
        {"verdict": Verdict.BROKEN, "differences": (DIFFERENCE,)},
        "fill 7: ours none, the venue's buy 1",
        id="broken",
    ),
    pytest.param({"is_flat": False}, "NOT FLAT", id="not flat"),
]


@pytest.mark.parametrize(("changes", "told"), NOT_IN_ORDER)
def test_report_of_a_day_that_is_not_in_order_exits_with_1_and_alerts_nobody_again(
    tmp_path: Path, changes: dict, told: str
) -> None:
    keep(tmp_path / "home", replace(reported_day(tmp_path), **changes))
    before = dict(sending._ON_THEIR_WAY)
    said = Px({"PX_HOME": str(tmp_path / "home")})("report", PX_ALERT_URLS="json://127.0.0.1:9")
    assert said.status == 1
    assert before == sending._ON_THEIR_WAY


@pytest.mark.services
@pytest.mark.parametrize(("changes", "told"), NOT_IN_ORDER)
def test_day_that_ends_not_in_order_is_alerted(
    tmp_path: Path, receiver: Receiver, changes: dict, told: str
) -> None:
    made = replace(reported_day(tmp_path), **changes)
    settings = Settings(
        _env_file=None, home=tmp_path / "home", alert_urls=(SecretStr(receiver.url),)
    )
    alert_report(settings, made)
    said = receiver.next()
    assert told in said["message"] + said["title"]


def test_report_of_a_day_in_order_exits_with_0(tmp_path: Path) -> None:
    keep(tmp_path / "home", reported_day(tmp_path))
    assert Px({"PX_HOME": str(tmp_path / "home")})("report").status == 0


@pytest.mark.services
def test_px_flatten_that_cannot_prove_flat_is_alerted(
    raw_px: Px, http: RawHttp, receiver: Receiver
) -> None:
    http.script("/api/Position/searchOpen", good(positions=[position_row()]))
    http.script("/api/Order/searchOpen", good(orders=[]))
    http.script("/api/Order/search", good(orders=[]))
    http.script("/api/Trade/search", good(trades=[]))
    http.script("/api/Position/closeContract", good())

    said = raw_px(f"flatten --yes --timeout {patience(0.5):g}", PX_ALERT_URLS=receiver.url)

    assert said.status == 1 and "not proven flat" in said.err
    assert "NOT PROVEN FLAT" in receiver.next()["title"]
