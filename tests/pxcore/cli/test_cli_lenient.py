"""A mistake in `.env` stops nothing that takes risk off, and nothing that only looks."""

from pathlib import Path

import pytest
from paper_scenes import ACCOUNT
from paper_server import Gateway, entry
from px_runner import Px
from wording import LEFT_OUT, UNKNOWN_LOSS, WRONG_START

from pxcore.cli.verbs import watchdog as watchdog_verb
from pxcore.config.settings import Settings

TYPOS = {
    "zone": ("PX_WINDOW_START=14:30Z", WRONG_START),
    "too late": ("PX_WINDOW_END=15:30", "PX_WINDOW_END 15:30:00 is refused: "),
    "unknown": ("PX_LOSSUSDMAX=3", UNKNOWN_LOSS),
}
each_typo = pytest.mark.parametrize(("typo", "told"), TYPOS.values(), ids=TYPOS)
SAFE = [
    "kill on --reason news",
    "kill status",
    "flatten --yes",
    "down",
    "here",
    "status",
    "orders open",
    "positions open",
]
OPENS = [
    "kill off --yes --reason over",
    "run --yes",
    "up",
    "order place market --side buy --size 1 --yes",
    "rearm --halt --reason checked --yes",
    "limits",
    "preflight",
]


@each_typo
@pytest.mark.parametrize("command", SAFE)
def test_what_takes_risk_off_goes_on_and_tells_what_it_left_out_in_one_line(
    px: Px, tmp_path: Path, command: str, typo: str, told: str
) -> None:
    expected = px(command)
    px("kill off --yes --reason again")
    (tmp_path / ".env").write_text(f"{typo}\n")

    said = px(command)

    assert said.status == expected.status
    (line,) = [one for one in said.problems if LEFT_OUT in one]
    assert line.startswith(f"px: {LEFT_OUT}{told}") and line.endswith(
        "; this command works without it"
    )


@each_typo
@pytest.mark.parametrize("command", OPENS)
def test_what_opens_anything_is_as_strict_as_ever(
    px: Px, tmp_path: Path, command: str, typo: str, told: str
) -> None:
    (tmp_path / ".env").write_text(f"{typo}\n")
    said = px(command)
    assert said.status == 2 and told in said.err and LEFT_OUT not in said.err


@each_typo
def test_position_is_closed_and_order_cancelled_whatever_else_is_wrong(
    px: Px, gateway: Gateway, tmp_path: Path, typo: str, told: str
) -> None:
    gateway.post("/api/Order/place", **entry("held"))
    gateway.wait_until(lambda venue: bool(venue.exchange.positions(ACCOUNT)))
    placed = px("order place limit --side buy --size 1 --limit 24000 --yes --json").json
    (tmp_path / ".env").write_text(f"{typo}\n")

    closed = px("position close --yes")
    cancelled = px("order cancel --yes", str(placed["order"]["id"]))

    assert cancelled.status == 0, cancelled.err
    gateway.wait_until(lambda venue: not venue.exchange.positions(ACCOUNT))
    assert told in closed.err and told in cancelled.err


def test_needed_setting_that_is_wrong_is_refused_with_all_else(px: Px, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PX_WINDOW_START=14:30Z\nPX_FOREIGN=leave\n")
    said = px("flatten --yes")
    assert said.status == 2 and "PX_FOREIGN 'leave'" in said.err and "14:30Z" in said.err


def test_watchdog_starts_and_tells_what_it_left_out(
    px: Px, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("PX_FLAT_BY=15:30\nPX_WATCHDOG=protects\n")
    began: list[Settings] = []
    monkeypatch.setattr(
        watchdog_verb, "watch", lambda settings, screen, is_tied: began.append(settings) or 0
    )
    said = px("watchdog")
    assert said.status == 0 and len([one for one in said.problems if LEFT_OUT in one]) == 2
    assert began[0].watchdog == "flatten" and f"{began[0].flat_by:%H:%M}" == "15:05"


def test_down_needs_to_know_the_account_and_not_how_it_trades(px: Px) -> None:
    """Who is to flatten is said before it is asked."""
    said = px("down", PX_TRADING="amred")
    assert said.status == 0 and "PX_TRADING" in said.err
    said = px("down", PX_ACCOUNT_ID="2620000x")
    assert said.status == 2 and "PX_ACCOUNT_ID" in said.err
