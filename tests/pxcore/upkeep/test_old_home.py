"""One home a user; that of an earlier version is moved, or named."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pxcore.cli.app import app
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings, load_settings
from pxcore.host.own_home import default_home
from pxcore.model import Misconfigured
from pxcore.ownership.account_lock import AccountLock
from pxcore.ownership.home_lock import HomeLock
from pxcore.store.database import Store
from pxcore.store.live.kill import engage_kill_latch
from pxcore.upkeep.old_home import DEMO, OLD, elsewhere, settle_old_home


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


def test_no_setting_is_the_user_s_own_and_a_dot_is_the_folder_here(monkeypatch):
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


@pytest.fixture
def new(folder) -> Path:
    """The user's own home, which has been used."""
    (default_home() / "journal").mkdir(parents=True)
    return default_home()


def latched() -> None:
    """In its store alone, as where the file could not be written."""
    old()
    store = Store(f"sqlite:///{OLD / 'px.sqlite'}")
    engage_kill_latch(store, reason="news", who="me", flattens=True)
    store.close()


def test_home_of_before_that_is_in_use_is_refused_beside_a_new_one_too(new):
    old()
    with HomeLock(OLD), pytest.raises(Misconfigured, match=r"in use still"):
        settled()


def test_kill_switch_that_is_in_the_store_of_before_alone_is_not_lost(new):
    latched()
    with pytest.raises(Misconfigured, match=r"kill switch is engaged .news"):
        settled()
    (new / "KILL").write_text("news\n")
    assert "nothing of the old one" in settled()[1]


def test_store_of_before_that_cannot_be_read_is_a_problem(new):
    old()
    (OLD / "px.sqlite").write_text("no database, but long enough to be one, or to be read as such")
    with pytest.raises(Misconfigured, match=r"px\.sqlite cannot be read"):
        settled()


def test_kill_switch_of_the_settings_is_not_that_of_the_home_of_before(new, monkeypatch):
    old()
    monkeypatch.setenv("PX_KILL_SWITCH", "holiday")
    assert "nothing of the old one" in settled()[1]


@pytest.mark.parametrize("name", ["accounts.toml", "logs", "prefect"])
def test_home_of_before_that_has_little_in_it_is_one(name, folder):
    (OLD / name).mkdir(parents=True)
    settings, said = settled()
    assert "is now" in said and (settings.home / name).exists()


@pytest.mark.parametrize("command", [("down",), ("kill", "status")])
def test_command_that_finds_nothing_names_the_home_of_before(command, folder):
    old()
    said = " ".join(CliRunner().invoke(app, command).output.split())
    assert f"{OLD.absolute()} is the home of an earlier version" in said


def test_home_that_is_a_file_is_told_in_a_sentence(folder, monkeypatch):
    file = folder / "file"
    file.touch()
    monkeypatch.setenv("PX_HOME", str(file))
    said = CliRunner().invoke(app, ["up", "--port", "0"])
    assert said.exit_code == 2
    (told,) = said.stderr.splitlines()
    assert told.startswith(f"px: PX_HOME {file} cannot be written")


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
