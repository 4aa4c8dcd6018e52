"""Several accounts in accounts.toml, and a verb that was given none."""

import json
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from paper_scenes import ACCOUNT
from px_runner import Px

from pxcore.calendar.hours import chicago
from pxcore.cli.terminal_day import TerminalDay
from pxcore.cli.verbs import watchdog as watchdog_verb
from pxcore.clock.clocks import ShiftedClock
from pxcore.config.settings import Settings

TWO = """
[[account]]
id = %d
label = "main"

[[account]]
id = 20000002
label = "second"
"""


@pytest.fixture
def bare_px(px: Px, tmp_path: Path) -> Px:
    """Gateway and account are known by paper.json alone, as `px up` writes it."""
    (tmp_path / "accounts.toml").write_text(TWO % ACCOUNT)
    names = {"PX_PAPER_URL": "paper_url", "PX_PAPER_CLOCK": "paper_clock"}
    gateway = {short: px.settings[name] for name, short in names.items()}
    facts = {"first": ACCOUNT, "gateways": {str(ACCOUNT): gateway | {"account_id": ACCOUNT}}}
    (tmp_path / "home").mkdir(exist_ok=True)
    (tmp_path / "home" / "paper.json").write_text(json.dumps(facts))
    return Px({"PX_HOME": px.settings["PX_HOME"]})


@pytest.mark.parametrize("verb", ["flatten", "status"])
def test_accounts_that_were_not_looked_at_are_named_last(bare_px: Px, verb: str) -> None:
    said = bare_px(verb)
    assert said.status == 0 and str(ACCOUNT) in said.out
    assert said.out.splitlines()[-1] == (
        "accounts.toml names 2 accounts; not looked at: 20000002 (second): "
        f"PX_ACCOUNT_ID=20000002 px {verb}"
    )


@pytest.mark.parametrize("verb", ["flatten", "status"])
def test_account_that_was_asked_for_is_all_that_is_told(bare_px: Px, verb: str) -> None:
    assert "not looked at" not in bare_px(verb, PX_ACCOUNT_ID=str(ACCOUNT)).all


def test_one_account_alone_leaves_none_out(bare_px: Px, tmp_path: Path) -> None:
    (tmp_path / "accounts.toml").write_text((TWO % ACCOUNT).partition("\n\n")[0])
    assert "not looked at" not in bare_px("status").all


def test_document_of_status_stays_one_document(bare_px: Px) -> None:
    said = bare_px("status --json")
    assert said.json["account_id"] == ACCOUNT and "20000002 (second)" in said.err


# -- its settings, as its session has them ----------------------------------------------------


@pytest.fixture
def own(px: Px, tmp_path: Path) -> Px:
    """What `.env` says of the limits is not what the account's session trades by."""
    (tmp_path / ".env").write_text("PX_TRADES_MAX=9\nPX_PRESENCE_S=60\n")
    text = 'label = "main"\nsettings = { PX_TRADES_MAX = "4", PX_STRATEGY = "no-such-one" }'
    (tmp_path / "accounts.toml").write_text((TWO % ACCOUNT).replace('label = "main"', text))
    return px


def test_limits_are_those_of_the_account(own: Px) -> None:
    (trades,) = [one for one in own("limits --json").json["limits"] if one["name"] == "trades_max"]
    assert str(trades["in_force"]) == "4"


def test_preflight_judges_the_strategy_of_the_account(own: Px) -> None:
    said = own("preflight")
    assert said.status == 1 and "no-such-one" in said.out


def test_watchdog_watches_by_the_settings_of_the_account(
    own: Px, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: list[Settings] = []
    monkeypatch.setattr(
        watchdog_verb, "watch", lambda settings, screen, is_tied: began.append(settings) or 0
    )
    assert own("watchdog").status == 0
    assert (began[0].trades_max, began[0].presence_s) == (4, 60)


def test_accounts_file_that_is_wrong_is_named(px: Px, tmp_path: Path) -> None:
    (tmp_path / "accounts.toml").write_text(f"[[account]]\nid = {ACCOUNT}\n")
    named = f"px: accounts.toml: account number 1, id {ACCOUNT}, has no label"
    for verb, status in (("preflight", 2), ("limits", 2), ("status", 1)):
        said = px(verb)
        assert said.status == status and named in said.problems
    assert "at the venue     holds nothing" in said.out


def test_day_by_hand_is_announced_with_the_limits_that_its_session_has(
    px: Px, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("PX_TRADES_MAX=9\n")
    text = 'label = "main"\nsettings = { PX_TRADES_MAX = "4", PX_LOSS_USD_MAX = "150" }'
    (tmp_path / "accounts.toml").write_text((TWO % ACCOUNT).replace('label = "main"', text))
    monkeypatch.setattr(TerminalDay, "run", lambda day, prepare: 0)
    said = px("run")
    assert said.status == 0
    assert "at most 4 trades of 1 contract, daily loss limit 150 USD" in " ".join(said.out.split())


AT = [
    pytest.param("05:00", "flat by 15:05; the window has not begun: it waits", id="early"),
    pytest.param(
        "09:00", "entries on Tue 24 Nov from 08:30 to 15:00 Chicago, flat by 15:05\n", id="within"
    ),
    pytest.param("15:30", "no session now: the window 08:30 to 15:00 Chicago", id="late"),
]


@pytest.mark.parametrize(("at", "told"), AT)
def test_day_by_hand_says_when_it_may_enter_before_it_begins(
    px: Px, monkeypatch: pytest.MonkeyPatch, at: str, told: str
) -> None:
    monkeypatch.setattr(TerminalDay, "run", lambda day, prepare: 0)
    market = chicago(date(2026, 11, 24), time.fromisoformat(at))
    clock = ShiftedClock(market=market, wall=datetime.now(UTC), speed=1)
    said = px("run", PX_PAPER_CLOCK=str(clock))
    assert said.status == 0 and told in said.out


def test_day_by_hand_is_refused_for_a_wrong_accounts_file_before_a_word_of_it(
    px: Px, tmp_path: Path
) -> None:
    text = 'label = "main"\nsettings = { PX_LOSS_USD_MX = "150" }'
    (tmp_path / "accounts.toml").write_text((TWO % ACCOUNT).replace('label = "main"', text))
    for said in (px("run"), px("run", PX_PAPER_URL="http://127.0.0.1:9")):
        assert said.status == 2 and said.out == ""
        (problem,) = said.problems
        assert "PX_LOSS_USD_MAX meant?" in problem
