"""PX_FOREIGN=ignore: what is held in other contracts is left alone by everybody who flattens."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import SPEED
from paper_scenes import ACCOUNT, ES, MNQ, quote
from paper_server import Gateway, entry, serving
from px_runner import Px

from pxcore.config.settings import Settings
from pxcore.flatten import watchdog_sight
from pxcore.flatten.suspicion import Trouble
from pxcore.flatten.watchdog import Watchdog

IGNORE = {"PX_FOREIGN": "ignore", "PX_CONTRACT": "MNQ"}

LOOKS_APART_S = 4.0


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """Holds one of ours, and one of somebody else in another contract."""
    tape = iter([quote(0, 100_000, 100_001), quote(0, 20_000, 20_001, ES.id)])
    with serving(tape, speed=SPEED) as running:
        running.log_in()
        running.post("/api/Order/place", **entry("ours"))
        running.post("/api/Order/place", **entry("theirs", contractId=ES.id))
        running.wait_until(lambda venue: len(venue.exchange.positions(ACCOUNT)) == 2)
        running.wait_until(
            lambda venue: sum(o.is_working for o in venue.exchange.orders(ACCOUNT)) == 4
        )
        yield running


def held(gateway: Gateway) -> list[str]:
    rows = gateway.post("/api/Position/searchOpen", accountId=ACCOUNT)[1]["positions"]
    return [row["contractId"] for row in rows]


def working(gateway: Gateway) -> set[str]:
    rows = gateway.post("/api/Order/searchOpen", accountId=ACCOUNT)[1]["orders"]
    return {row["contractId"] for row in rows}


def test_flatten_closes_ours_and_says_what_it_leaves(px: Px, gateway: Gateway) -> None:
    said = px("flatten --yes", **IGNORE)
    assert said.status == 0, said.all
    assert f"holds +1 {MNQ.id} in {MNQ.id} (PX_FOREIGN=ignore)" in " ".join(said.out.split())
    assert held(gateway) == [ES.id] and working(gateway) == {ES.id}


def test_flatten_of_everything_closes_the_others_too(px: Px, gateway: Gateway) -> None:
    assert px("flatten --yes --everything", **IGNORE).status == 0
    assert held(gateway) == [] and working(gateway) == set()


def test_flatten_without_the_setting_closes_all(px: Px, gateway: Gateway) -> None:
    assert px("flatten --yes").status == 0
    assert held(gateway) == [] and working(gateway) == set()


def test_watchdog_does_not_see_what_is_not_ours(px: Px, gateway: Gateway, tmp_path: Path) -> None:
    px("flatten --yes", **IGNORE)
    settings = Settings(
        _env_file=None,
        home=tmp_path / "home",
        paper_url=gateway.url,
        paper_clock=str(gateway.clock),
        account_id=ACCOUNT,
        contract="MNQ",
        foreign="ignore",
    )
    dog = Watchdog(settings, say=lambda text: None)
    assert dog.look() is None
    assert not dog.is_needed(), "to it, the account is flat"
    assert held(gateway) == [ES.id]


@pytest.mark.parametrize("was_flat", [True, False], ids=["flat meanwhile", "never flat"])
def test_watchdog_takes_for_a_dead_sessions_only_what_was_there_since(
    px: Px, gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, was_flat: bool
) -> None:
    """A session died today, and what it left was closed. Then a person opens something by hand."""
    if was_flat:
        assert px("flatten --yes --everything").status == 0
    settings = Settings(
        _env_file=None,
        home=tmp_path / "home",
        paper_url=gateway.url,
        paper_clock=str(gateway.clock),
        account_id=ACCOUNT,
    )
    now_s = [1000.0]
    monkeypatch.setattr(watchdog_sight, "is_recovery_due", lambda settings: True)
    dog = Watchdog(settings, say=lambda text: None, now_s=lambda: now_s[0])

    def watched(seconds: float) -> list[Trouble]:
        """It looks all the time: what it does not see is no time of anybody's."""
        found = []
        for _ in range(int(seconds / LOOKS_APART_S)):
            now_s[0] += LOOKS_APART_S
            found.append(dog.look())
        return [one.trouble for one in found if one is not None]

    if was_flat:
        assert watched(80.0) == []
        gateway.post("/api/Order/place", **entry())
        gateway.wait_until(lambda venue: bool(venue.exchange.positions(ACCOUNT)))
        assert Trouble.STRANGER in watched(20.0)
        assert held(gateway) != []
    else:
        assert watched(20.0)[0] is Trouble.DEAD
        assert held(gateway) == []
