"""One home a user; that of an earlier version is moved, or named."""

from pathlib import Path

import pytest

from pxcore.model import Misconfigured
from pxcore.own_home import default_home
from pxcore.runtime.home_lock import HomeLock
from pxcore.runtime.lock import AccountLock
from pxcore.runtime.old_home import DEMO, OLD, elsewhere, settle_old_home
from pxcore.runtime.paths import Paths
from pxcore.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user of the test's own, in a folder of theirs; PX_HOME is not set."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("PX_HOME", raising=False)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


def old(*, killed: bool = False) -> Path:
    (OLD / "journal").mkdir(parents=True)
    (OLD / "journal" / "a day").write_text("it was\n")
    if killed:
        (OLD / "KILL").write_text("news\n")
    return OLD


def settled() -> tuple[Settings, str]:
    settings, said = load_settings(), list[str]()
    settle_old_home(settings, said.append)
    return settings, "\n".join(said)


def test_home_is_the_same_in_whatever_folder_a_command_is_typed(tmp_path, monkeypatch):
    here = load_settings().home
    other = tmp_path / "elsewhere"
    other.mkdir()
    monkeypatch.chdir(other)
    assert load_settings().home == here == default_home()
    assert here.is_absolute() and here.parent == tmp_path / "data"


@pytest.mark.parametrize("given", ["", None])
def test_empty_setting_is_the_user_s_own_and_a_dot_is_the_folder_here(given, monkeypatch):
    if given is not None:
        monkeypatch.setenv("PX_HOME", given)
    assert load_settings().home == default_home()
    monkeypatch.setenv("PX_HOME", ".")
    assert load_settings().home == Path(".")


def test_home_of_before_becomes_the_user_s_home(folder):
    old(killed=True)
    settings, said = settled()
    assert not OLD.exists() and "is now" in said
    assert (settings.home / "journal" / "a day").read_text() == "it was\n"
    assert (settings.home / "KILL").exists()
    assert settled()[1] == ""


def test_home_of_before_that_is_in_use_is_not_moved(folder):
    old()
    with HomeLock(OLD), pytest.raises(Misconfigured, match="px down"):
        settled()
    home = Paths(OLD).home
    with AccountLock(home, 7, holder="px-1"), pytest.raises(Misconfigured, match="in use"):
        settled()
    assert OLD.exists()


def test_second_home_is_named_and_stays(folder):
    old()
    (default_home() / "journal").mkdir(parents=True)
    _, said = settled()
    assert str(OLD.absolute()) in said and OLD.exists()


def test_kill_switch_of_a_home_that_is_not_used_is_not_lost(folder):
    old(killed=True)
    (default_home() / "journal").mkdir(parents=True)
    with pytest.raises(Misconfigured, match="kill switch is engaged"):
        settled()


def test_home_that_is_said_is_used_as_it_is(folder, monkeypatch):
    old()
    monkeypatch.setenv("PX_HOME", str(OLD))
    assert settled()[1] == "" and OLD.exists()


def test_who_misses_a_report_is_told_where_others_are(folder):
    (DEMO / "journal").mkdir(parents=True)
    old()
    told = elsewhere(Paths(load_settings().home).home)
    assert f"PX_HOME={DEMO}" in told and f"PX_HOME={OLD.absolute()}" in told
    assert elsewhere(Path("/somewhere")) == ""
