"""What `px up` starts serves and registers the accounts that it has begun with, and no others."""

from pathlib import Path
from typing import Any

import pytest

from deployments import register, serve
from pxcore.config.accounts import NamedAccount, accounts
from pxcore.config.began_with import OTHERS, VARIABLE, telling
from pxcore.config.settings import AccountlessSettings, load_settings

ONE = '[[account]]\nid = 11\nlabel = "main"\n'
TWO = ONE + '[[account]]\nid = 12\nlabel = "second"\n'
OTHER_ID = '[[account]]\nid = 13\nlabel = "main"\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what a runner has served, or what was registered."""
    found: list[str] = []

    def take(*made: Any, **named: Any) -> None:
        found.extend(one.name for one in made)

    def register_all(made: list[Any], **named: Any) -> dict[str, int]:
        take(*made)
        return dict.fromkeys(found, 0)

    monkeypatch.setattr(serve, "serve", take)
    monkeypatch.setattr(serve, "run_only", lambda made: None)
    monkeypatch.setattr(register, "register", register_all)
    return found


def begin(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in telling(accounts(load_settings(kind=AccountlessSettings))).items():
        monkeypatch.setenv(name, text)


@pytest.mark.parametrize("now", [TWO, OTHER_ID, None])
def test_other_accounts_are_neither_served_nor_registered(now, folder, served, monkeypatch, capsys):
    (folder / "accounts.toml").write_text(ONE)
    begin(monkeypatch)
    (folder / "accounts.toml").unlink()
    if now is not None:
        (folder / "accounts.toml").write_text(now)
    assert serve.main(["serve", "sessions"]) == 2
    assert register.main() == 2
    assert served == []
    assert capsys.readouterr().err.count(OTHERS) == 2


def test_same_accounts_with_other_settings_are_served(folder, served, monkeypatch):
    (folder / "accounts.toml").write_text(ONE)
    begin(monkeypatch)
    (folder / "accounts.toml").write_text(ONE + 'settings = { PX_WINDOW_START = "02:00" }\n')
    assert serve.main(["serve", "sessions"]) == 0
    assert served == ["trading-day-main"]
    assert register.main() == 0


def test_runner_that_is_started_by_hand_takes_the_accounts_as_they_are(folder, served):
    (folder / "accounts.toml").write_text(TWO)
    assert serve.main(["serve", "sessions"]) == 0
    assert served == ["trading-day-main", "trading-day-second"]


def test_paper_gateway_s_own_account_is_the_one_of_the_settings(served, monkeypatch):
    for name, text in telling((NamedAccount(id=None, label=""),)).items():
        monkeypatch.setenv(name, text)
    monkeypatch.setenv("PX_ACCOUNT_ID", "20000001")
    assert serve.main(["serve", "sessions"]) == 0
    assert served == ["trading-day"]
