"""The ways to flat with a home folder that is broken: they need the settings, the key, a socket."""

import re
from pathlib import Path

import pytest
from account_holder import held
from broken_disks import BROKEN as DISKS
from broken_disks import BROKEN_HERE as BROKEN
from needs import mounts
from paper_scenes import ACCOUNT
from paper_server import Gateway, entry
from px_runner import Px

pytestmark = [mounts, pytest.mark.services]
broken = pytest.mark.parametrize("how", sorted(BROKEN))


@pytest.fixture
def px(px: Px) -> Px:
    """One that waits shortly for an order of a session whose journal nobody can read."""
    px.settings["PX_UNKNOWN_GRACE_S"] = "5"
    px.settings["PX_REPLY_TIMEOUT_S"] = "4"
    return px


@pytest.fixture
def home(px: Px, tmp_path: Path) -> Path:
    """One that has been used: its files are there."""
    assert px("flatten --yes").status == 0
    return tmp_path / "home"


def is_flat(gateway: Gateway) -> bool:
    held = gateway.post("/api/Position/searchOpen", accountId=ACCOUNT)[1]["positions"]
    alive = gateway.post("/api/Order/searchOpen", accountId=ACCOUNT)[1]["orders"]
    return not held and not alive


@broken
def test_flatten_by_hand_is_flat(how: str, px: Px, gateway: Gateway, home: Path) -> None:
    gateway.post("/api/Order/place", **entry())
    with BROKEN[how](home):
        said = px("flatten --yes")
    assert said.status == 0, said.all
    assert is_flat(gateway)


@broken
def test_flatten_in_a_fresh_home_is_flat(
    how: str, px: Px, gateway: Gateway, tmp_path: Path
) -> None:
    gateway.post("/api/Order/place", **entry())
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    with BROKEN[how](fresh):
        said = px("flatten --yes", PX_HOME=str(fresh))
    assert said.status == 0, said.all
    assert is_flat(gateway)


@broken
def test_position_is_closed_by_hand(how: str, px: Px, gateway: Gateway, home: Path) -> None:
    gateway.post("/api/Order/place", **entry())
    with BROKEN[how](home):
        px("position close MNQ --yes")
    assert gateway.post("/api/Position/searchOpen", accountId=ACCOUNT)[1]["positions"] == []


@broken
def test_status_looks_at_the_venue(how: str, px: Px, gateway: Gateway, home: Path) -> None:
    gateway.post("/api/Order/place", **entry())
    gateway.wait_until(lambda venue: bool(venue.exchange.positions(ACCOUNT)))
    with BROKEN[how](home):
        said = px("status")
    assert "holds +1 CON.F.US.MNQ" in said.out, said.all
    for name, problem in (("kill switch", "kill switch: "), ("halt", "the halt of the day")):
        if problem in said.err:
            assert re.search(rf"^{name} +NOT KNOWN", said.out, re.MULTILINE), said.all


# -- the kill switch -------------------------------------------------------------------------------


@broken
def test_kill_switch_that_nobody_hears_is_said_not_to_be_engaged(
    how: str, px: Px, home: Path
) -> None:
    with BROKEN[how](home):
        said = px("kill on --reason news")
    assert said.status == 1 and "NOT engaged" in said.err, said.all


@pytest.mark.parametrize("how", sorted(DISKS))  # another user's session is none of ours
def test_kill_switch_reaches_the_session_of_this_machine(how: str, px: Px, home: Path) -> None:
    with held(home, account_id=ACCOUNT) as session:
        with DISKS[how](home):
            said = px("kill on --reason news --keep-position")
        assert session.stdout is not None
        assert session.stdout.readline().startswith("kill news (")
    assert said.status == 1, "it is kept nowhere"
    assert "told px-2026" in said.out and "does not know of it" in said.err


@pytest.mark.parametrize("how", ["failing", "hanging", "deleted", "another user's"])
def test_kill_switch_that_cannot_be_read_counts_as_engaged_and_is_not_release_of(
    how: str, px: Px, home: Path
) -> None:
    with BROKEN[how](home):
        said = px("kill status")
        released = px("kill off --reason test --yes")
    assert said.status == 1, said.all
    assert "cannot be read" in said.out
    assert released.status not in (None, 0) and "released: sessions" not in released.all


@pytest.mark.parametrize("how", ["failing", "hanging", "deleted", "another user's"])
def test_down_that_cannot_know_whether_anything_runs_says_so(how: str, px: Px, home: Path) -> None:
    with BROKEN[how](home):
        said = px("down --yes")
    assert said.status == 1, said.all
    assert "cannot be known" in said.all and "`px flatten` needs no home" in said.all


@pytest.mark.parametrize("how", ["failing", "hanging"])
@pytest.mark.parametrize("command", ["kill status", "flatten --yes", "down --yes"])
def test_command_ends_where_even_the_paper_gateway_is_told_on_that_disk(
    how: str, command: str, px: Px, home: Path
) -> None:
    del px.settings["PX_PAPER_URL"]
    with BROKEN[how](home):
        said = px(command)
    assert said.status not in (None, 0), said.all
    assert said.problems or "cannot be read" in said.out
