"""The schedules of a running `px up` follow the settings' files."""

import os
import threading
from pathlib import Path

import pytest
from patience import patience

from pxcore.cli import settings_watch
from pxcore.cli.settings_watch import SettingsWatch
from pxcore.model import Unavailable


class Registry:
    """Counts how often the schedules were put in place; fails as often as it is told to."""

    def __init__(self, *, fails: int = 0, meanwhile: tuple[str, ...] = ()) -> None:
        """`meanwhile`: what is written to `.env` while the first registering runs."""
        self.count = 0
        self._fails = fails
        self._meanwhile = meanwhile
        self._done = threading.Semaphore(0)

    def register(self, times: object = None) -> None:
        self.count += 1
        while self.count == 1 and self._meanwhile:
            text, *rest = self._meanwhile
            self._meanwhile = tuple(rest)
            write(text)
        self._done.release()
        if self.count <= self._fails:
            raise Unavailable("the server is away")

    def waits(self) -> bool:
        return self._done.acquire(timeout=patience(5))


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]):
    """Looks at once whenever it is asked to; `.env` of the folder is there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(settings_watch, "_EVERY_S", 0.0)
    Path(".env").write_text("PX_WINDOW_START=08:30\n")

    def watch(registry: Registry) -> SettingsWatch:
        return SettingsWatch(tmp_path / "home", register=registry.register, say=said.append)

    return watch


def write(text: str, file: str = ".env") -> None:
    """As an editor does: a new file in the place of the old one."""
    Path("new").write_text(text)
    os.replace("new", file)


def test_window_that_changes_in_the_file_is_registered_once(watched, said):
    registry = Registry()
    watch = watched(registry)
    watch.look()
    assert registry.count == 0
    write("PX_WINDOW_START=02:00\n")
    watch.look()
    assert registry.waits()
    watch.settle()
    watch.look()
    assert registry.count == 1
    assert said == [
        "settings have changed: schedules are registered again: trading-day from 02:00 to 15:00, "
        "flat by 15:05 Chicago"
    ]


def test_settings_of_one_account_count_too(watched, tmp_path):
    one = '[[account]]\nid = 1\nlabel = "a"\n'
    write(one, "accounts.toml")
    registry = Registry()
    watch = watched(registry)
    write(one + 'settings = { PX_WINDOW_START = "02:00" }\n', "accounts.toml")
    watch.look()
    assert registry.waits()


def test_change_that_no_schedule_comes_from_registers_nothing(watched):
    registry = Registry()
    watch = watched(registry)
    write("PX_WINDOW_START=08:30\nPX_SIZE=2\n")
    watch.look()
    watch.settle()
    assert registry.count == 0


def test_settings_that_are_refused_leave_the_schedules_and_are_told_once(watched, said):
    registry = Registry()
    watch = watched(registry)
    write("PX_WINDOW_START=16:00\n")
    watch.look()
    watch.look()
    assert registry.count == 0
    (told,) = said
    assert "schedules stay" in told and "PX_WINDOW_START 16:00" in told


def test_registering_that_fails_is_tried_again(watched, said):
    registry = Registry(fails=1)
    watch = watched(registry)
    write("PX_WINDOW_START=02:00\n")
    watch.look()
    assert registry.waits()
    watch.settle()
    watch.look()
    assert registry.waits()
    watch.settle()
    assert [text.partition(":")[0] for text in said] == [
        "the schedules could not be changed",
        "settings have changed",
    ]


def test_other_accounts_need_another_px_up(watched, said):
    write('[[account]]\nid = 1\nlabel = "a"\n', "accounts.toml")
    registry = Registry()
    watch = watched(registry)
    write('[[account]]\nid = 2\nlabel = "b"\n', "accounts.toml")
    watch.look()
    watch.settle()
    assert registry.count == 0 and "`px down`, then `px up`" in said[0]


def test_change_while_schedules_are_registered_is_registered_also_when_it_is_put_back(
    watched, said
):
    """Nobody knows which of the files the process that registers has read."""
    registry = Registry(meanwhile=("PX_WINDOW_START=03:00\n", "PX_WINDOW_START=02:00\n"))
    watch = watched(registry)
    write("PX_WINDOW_START=02:00\n")
    for _ in range(2):
        watch.look()
        assert registry.waits()
        watch.settle()
    watch.look()
    watch.settle()
    assert registry.count == 2
    assert "once more" in said[0] and "from 02:00 to 15:00" in said[1]


def test_change_while_px_up_begins_is_registered_also_when_it_is_put_back(watched):
    registry = Registry(meanwhile=("PX_WINDOW_START=03:00\n", "PX_WINDOW_START=08:30\n"))
    watch = watched(registry)
    watch.begin()
    watch.look()
    watch.settle()
    assert registry.count == 2


def test_begin_that_nothing_changes_registers_once(watched, said):
    registry = Registry()
    watch = watched(registry)
    watch.begin()
    watch.look()
    watch.settle()
    assert registry.count == 1 and said == []


def test_registering_that_fails_is_done_again_when_the_settings_are_put_back(watched):
    """Half of it may be registered."""
    registry = Registry(fails=1)
    watch = watched(registry)
    write("PX_WINDOW_START=02:00\n")
    watch.look()
    watch.settle()
    write("PX_WINDOW_START=08:30\n")
    watch.look()
    watch.settle()
    watch.look()
    watch.settle()
    assert registry.count == 2


def test_settings_that_are_put_in_order_again_are_told(watched, said):
    registry = Registry()
    watch = watched(registry)
    write("PX_WINDOW_START=16:00\n")
    watch.look()
    write("PX_WINDOW_START=08:30\n")
    watch.look()
    watch.look()
    assert registry.count == 0
    assert said[1:] == ["the settings are in order again: schedules stay as they were"]
