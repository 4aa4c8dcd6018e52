"""The flows that take risk off run although a setting is wrong that they do not need."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from wording import LEFT_OUT, UNKNOWN_LOSS, WRONG_START

from deployments.registry import Runner, deployments_of
from flows import flatten as flatten_module
from flows import safety
from flows.each_account import of_each
from pxcore.config.settings import Settings
from pxcore.model import Misconfigured
from tasks.flattening import Told

TYPO = "PX_WINDOW_START=14:30Z\nPX_LOSSUSDMAX=3\n"
FLAT = Told(is_done=True, text="flat")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PX_{name.upper()}", raising=False)
    monkeypatch.setenv("PX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PX_ACCOUNT_ID", "7")
    (tmp_path / ".env").write_text(TYPO)
    for module in (safety, flatten_module):
        monkeypatch.setattr(module, "marked", lambda *given: nullcontext())
    return tmp_path / "home"


def require_told(home: Path) -> None:
    """Once each, in the run's log."""
    log = (home / "logs" / "trading-day.log").read_text()
    assert log.count(LEFT_OUT + WRONG_START) == 1
    assert log.count(LEFT_OUT + UNKNOWN_LOSS) == 1


def test_safety_flatten_flattens_and_tells_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int | None] = []

    def act(settings: Settings) -> tuple[str, None]:
        seen.append(settings.account_id)
        return "flat", None

    monkeypatch.setattr(safety, "_by_the_time", act)
    assert safety.safety_flatten.fn().is_completed()
    assert seen == [7]
    require_told(home)


def test_flatten_flattens_and_tells_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(
        flatten_module, "flatten_account", lambda one, **how: asked.append(one) or FLAT
    )
    assert flatten_module.flatten.fn().is_completed()
    assert asked[0].account_id == 7
    require_told(home)


def test_sweep_sweeps_and_tells_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safety, "close_dead_runs", lambda settings: ())
    monkeypatch.setattr(safety, "watchdog_problem", lambda settings: None)
    assert safety.sweep.fn().is_completed()
    require_told(home)


def test_flows_of_each_account_that_may_open_are_strict(home: Path) -> None:
    with pytest.raises(Misconfigured, match="14:30Z"):
        of_each(lambda settings: None)


def test_runner_of_what_guards_starts_and_that_of_sessions_does_not(home: Path) -> None:
    assert "safety-flatten" in {one.name for one in deployments_of(Runner.SAFETY)}
    with pytest.raises(Misconfigured, match="14:30Z"):
        deployments_of(Runner.SESSIONS)
