"""In the place of a file of ours anything may lie: whoever reads it gets a value or a named error.

A flatten reads the settings, the paper gateway's facts and clock, the count of requests, the kill
file; the watchdog the same; the rest is read by verbs.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import needs
import pytest
from odd_files import ODD_FILES, ODD_LINES, Maker, each

from pxcore.clock.clocks import WallClock
from pxcore.clock.published import PublishedClock
from pxcore.config.accounts import accounts
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings, load_settings
from pxcore.day.kill_switch import read_kill_file
from pxcore.day.store_access import ask_store, has_store
from pxcore.gateway.rest.budget import Budget, SharedLedger, Urgency
from pxcore.gateway.wire.endpoints import Lane
from pxcore.host.bounded_files import open_file, read_file, read_start, read_text, write_file
from pxcore.host.filelock import SharedFile
from pxcore.model import Misconfigured
from pxcore.ownership import control_socket
from pxcore.ownership.home_lock import HomeLock, household_of
from pxcore.ownership.kill_acts import engage, release
from pxcore.ownership.run_marks import dead_runs, living_runs
from pxcore.reports.daily import reported_hash

pytestmark = needs.posix

LINES = each(ODD_LINES)
FILES = each(ODD_FILES)
NO_LINK = each({name: make for name, make in ODD_FILES.items() if name != "a link to nowhere"})


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [n for n in os.environ if n.startswith("PX_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PX_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    yield


@pytest.mark.parametrize("make", FILES)
def test_whatever_is_no_file_is_an_error_of_the_operating_system_at_once(
    tmp_path: Path, make: Maker
) -> None:
    path = tmp_path / "x"
    make(path)
    with pytest.raises(OSError) as told:
        read_file(path)
    assert told.value.strerror


def test_file_is_read_up_to_its_bound_and_no_further(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"12345\xff")
    assert read_file(path, 6) == b"12345\xff" and read_start(path, 3) == b"123"
    assert read_text(path) == r"12345\xff"
    with open_file(path) as file:
        assert file.seekable()
    with pytest.raises(OSError, match="longer than 5 bytes"):
        read_file(path, 5)


@pytest.mark.parametrize("make", FILES)
def test_write_takes_the_place_of_what_it_can_and_leaves_nothing_beside_it(
    tmp_path: Path, make: Maker
) -> None:
    path = tmp_path / "x"
    make(path)
    if path.is_dir():
        with pytest.raises(OSError):
            write_file(path, b"new")
    else:
        write_file(path, b"new")
        assert read_file(path) == b"new"
    assert list(tmp_path.iterdir()).count(path) == 1 and not list(tmp_path.glob("x.*"))


# -- the kill switch ------------------------------------------------------------------------------


@pytest.mark.parametrize("make", FILES)
def test_kill_file_that_cannot_be_read_is_engaged(tmp_path: Path, make: Maker) -> None:
    path = tmp_path / "KILL"
    make(path)
    found = read_kill_file(path)
    assert found is not None and found.flattens


@pytest.mark.parametrize("line", LINES)
def test_kill_file_with_any_words_is_engaged_and_they_act_on_no_screen(
    tmp_path: Path, line: bytes
) -> None:
    path = tmp_path / "KILL"
    path.write_bytes(line + b"\x1b]0;x\x07")
    found = read_kill_file(path)
    assert found is not None and found.reason.isprintable() and len(found.reason) < 10_000


@pytest.mark.parametrize("make", FILES)
def test_kill_switch_is_engaged_whatever_lies_in_the_place_of_its_file(make: Maker) -> None:
    settings = load_settings()
    make(Paths(settings.home).kill_file)
    engage(settings, reason="news", flattens=True)
    assert read_kill_file(Paths(settings.home).kill_file) is not None


@pytest.mark.parametrize("make", FILES)
def test_store_that_is_none_is_unavailable_and_the_kill_file_stands(make: Maker) -> None:
    settings = load_settings()
    make(Paths(settings.home).store)
    engaged = engage(settings, reason="news", flattens=True)
    assert read_kill_file(Paths(settings.home).kill_file) is not None
    assert has_store(settings) and engaged.is_kept


def test_release_takes_a_kill_file_away_that_it_had_engaged() -> None:
    settings = load_settings()
    engage(settings, reason="news", flattens=True)
    assert release(settings, reason="over")
    assert read_kill_file(Paths(settings.home).kill_file) is None


def test_store_that_holds_what_nobody_can_read_is_one_that_is_away() -> None:
    def ask(store: object) -> None:
        raise ValueError("Couldn't parse datetime string\x1b[2J")

    with pytest.raises(Exception, match=r"cannot be read: Couldn't parse .*\\x1b") as told:
        ask_store(load_settings(), ask)
    assert type(told.value).__name__ == "Unavailable"


# -- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", NO_LINK)
def test_env_file_that_is_none_is_named_and_nothing_else_happens(
    tmp_path: Path, make: Maker
) -> None:
    make(tmp_path / ".env")
    with pytest.raises(Misconfigured, match=r"\.env cannot be read"):
        load_settings()


def test_env_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PX_USERNAME=\xff\xfe\n")
    with pytest.raises(Misconfigured, match=r"\.env, line 1: not UTF-8; save .*UTF-8"):
        load_settings()


def test_setting_that_is_no_text_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environb, b"PX_API_KEY", b"s3cret\xff")  # type: ignore[attr-defined,unused-ignore]
    with pytest.raises(Misconfigured) as told:
        load_settings()
    assert told.value.problems == ("PX_API_KEY holds bytes that are no text",)


@pytest.mark.parametrize(
    "params", ["[" * 100_000, '{"a":' * 300 + "1" + "}" * 300, '{"a":' * 100_000, "{" * 70, "null"]
)
def test_parameters_that_nobody_can_take_are_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, params: str
) -> None:
    monkeypatch.setenv("PX_STRATEGY_PARAMS", params)
    with pytest.raises(Misconfigured, match="PX_STRATEGY_PARAMS"):
        load_settings()


@pytest.mark.parametrize("make", NO_LINK)
def test_facts_of_the_paper_gateways_that_cannot_be_read_are_named_when_an_address_is_missing(
    make: Maker,
) -> None:
    make(Paths(load_settings().home).home / "paper.json")
    settings = load_settings()
    with pytest.raises(Misconfigured, match=r"PX_PAPER_URL is missing.*paper\.json.*cannot be rea"):
        _ = settings.hosts


@pytest.mark.parametrize("line", [*LINES, b'{"gateways":[]}', b'{"first":1,"gateways":{"1":2}}'])
def test_facts_that_are_none_leave_the_settings_as_they_are(line: bytes) -> None:
    (Paths(load_settings().home).home / "paper.json").write_bytes(line)
    assert load_settings().paper_url == ""


@pytest.mark.parametrize("make", NO_LINK)
def test_accounts_file_that_is_none_is_named(tmp_path: Path, make: Maker) -> None:
    make(tmp_path / "home" / "accounts.toml")
    with pytest.raises(Misconfigured, match=r"accounts\.toml cannot be read"):
        accounts(load_settings())


@pytest.mark.parametrize("line", [*LINES, b"a = " + b"[" * 5000, b"\xff = 1"])
def test_accounts_file_that_says_none_is_named(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "home" / "accounts.toml").write_bytes(line)
    with pytest.raises(Misconfigured, match=r"accounts\.toml"):
        accounts(load_settings())


def test_home_that_is_a_link_to_itself_is_a_home_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert Paths(tmp_path / "loop").home == tmp_path / "loop"


# -- what a flatten meets on its way --------------------------------------------------------------


@pytest.mark.parametrize("make", FILES)
def test_clock_that_is_no_file_is_one_that_is_not_there(tmp_path: Path, make: Maker) -> None:
    make(tmp_path / "clock")
    with pytest.raises(Misconfigured, match="paper market's clock"):
        PublishedClock(tmp_path / "clock")


@pytest.mark.parametrize("make", FILES)
def test_count_of_requests_that_cannot_be_kept_holds_no_request_back(
    tmp_path: Path, make: Maker
) -> None:
    make(tmp_path / "budget")
    budget = Budget(SharedLedger(tmp_path / "budget"))
    assert [budget.take(lane, Urgency.URGENT) for lane in Lane] == [0.0, 0.0]
    assert budget.take(Lane.REST, Urgency.NORMAL) == 0.0


@pytest.mark.parametrize("line", LINES)
def test_count_that_is_none_counts_as_empty(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "budget").write_bytes(line)
    assert Budget(SharedLedger(tmp_path / "budget")).take(Lane.REST, Urgency.NORMAL) == 0.0


@pytest.mark.parametrize("make", NO_LINK)
def test_shared_file_that_is_none_is_an_error_and_never_waited_for(
    tmp_path: Path, make: Maker
) -> None:
    make(tmp_path / "x")
    if (tmp_path / "x").is_file():
        return  # of two gigabytes, or on a broken disk, it is one
    with pytest.raises(OSError), SharedFile(tmp_path / "x").held():
        pass


# -- the rest -------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", FILES)
def test_lock_of_the_household_that_is_none_is_nobodys(tmp_path: Path, make: Maker) -> None:
    (tmp_path / "locks").mkdir()
    make(tmp_path / "locks" / "up.lock")
    assert household_of(tmp_path) is None


@pytest.mark.parametrize("line", LINES)
def test_household_that_says_nonsense_is_none(
    tmp_path: Path, line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_socket, "IS_THERE", False)  # it would say it without a file
    with HomeLock(tmp_path) as lock:
        (tmp_path / "locks" / "up.lock").write_bytes(line)
        (tmp_path / "locks" / "up.stop").write_bytes(line)
        assert household_of(tmp_path) is None
        lock.wish()


@pytest.mark.parametrize("make", FILES)
def test_mark_of_a_run_that_is_none_is_left_out(tmp_path: Path, make: Maker) -> None:
    (tmp_path / "runs").mkdir()
    make(tmp_path / "runs" / "1.json")
    assert (living_runs(tmp_path), dead_runs(tmp_path)) == ((), ())


@pytest.mark.parametrize("line", LINES)
def test_mark_that_says_nonsense_is_left_out(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "1.json").write_bytes(line)
    assert (living_runs(tmp_path), dead_runs(tmp_path)) == ((), ())


@pytest.mark.parametrize("make", FILES)
def test_report_that_is_no_file_has_no_hash(tmp_path: Path, make: Maker) -> None:
    make(tmp_path / "report.json")
    assert reported_hash(tmp_path) is None


@pytest.mark.parametrize("line", LINES)
def test_report_that_says_nonsense_has_no_hash(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "report.json").write_bytes(line)
    assert reported_hash(tmp_path) is None


def test_settings_without_any_file_are_paper() -> None:
    settings: Settings = load_settings()
    assert settings.paper_url == "" and isinstance(settings.clock, WallClock)
    assert settings.clock.now() <= datetime.now(UTC)
