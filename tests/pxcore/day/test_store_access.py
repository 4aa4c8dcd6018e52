"""A store that does not answer is one that is away: nobody waits for it without an end."""

import threading

import pytest

from pxcore.config.settings import load_settings
from pxcore.day.store_access import ask_store
from pxcore.model import Misconfigured, Unavailable


@pytest.fixture
def settings(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PX_HOME", str(tmp_path / "home"))
    return load_settings()


def test_store_that_hangs_is_unavailable_after_the_limit(settings):
    hang = threading.Event()
    try:
        with pytest.raises(Unavailable, match=r"px\.sqlite has not answered within 0\.2 s"):
            ask_store(settings, lambda store: hang.wait(), limit_s=0.2)
    finally:
        hang.set()


def test_answer_is_handed_on(settings):
    assert ask_store(settings, lambda store: store.name).endswith("px.sqlite")


def test_error_of_ours_is_handed_on_and_what_nobody_can_read_is_unavailable(settings):
    def refuse(store):
        raise Misconfigured("ours")

    with pytest.raises(Misconfigured, match="ours"):
        ask_store(settings, refuse)
    with pytest.raises(Unavailable, match="division by zero"):
        ask_store(settings, lambda store: 1 / 0)


def test_store_that_is_no_database_is_unavailable(settings):
    home = settings.home.resolve()
    home.mkdir()
    (home / "px.sqlite").write_bytes(b"no database " * 100)
    with pytest.raises(Unavailable, match="cannot be read"):
        ask_store(settings, lambda store: store.name)
