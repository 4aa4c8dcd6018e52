"""The key of a home's Prefect server: one, made once, for its owner alone."""

import threading

import pytest

from pxcore.config import server_key as module
from pxcore.config.paths import Paths
from pxcore.config.server_key import renew_server_key, server_key
from pxcore.model import Misconfigured


def test_all_who_ask_at_once_have_the_same_one(tmp_path):
    found: list[str] = []
    begin = threading.Barrier(8)

    def ask() -> None:
        begin.wait()
        found.append(server_key(Paths(tmp_path)))

    asking = [threading.Thread(target=ask) for _ in range(8)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1
    assert (tmp_path / "prefect" / "server.key").stat().st_mode & 0o777 == 0o600


def test_new_one_is_another_and_stays(tmp_path):
    first = server_key(Paths(tmp_path))
    renew_server_key(Paths(tmp_path))
    second = server_key(Paths(tmp_path))
    assert first != second == server_key(Paths(tmp_path))
    assert (tmp_path / "prefect" / "server.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("held", ["", "px:short", "somebody:else", "px:" + "x" * 44])
def test_file_that_holds_no_key_is_refused_in_words(tmp_path, monkeypatch, held):
    monkeypatch.setattr(module, "_WRITTEN_WITHIN_S", 0.0)
    path = tmp_path / "prefect" / "server.key"
    path.parent.mkdir()
    path.write_text(held)
    with pytest.raises(Misconfigured, match="px ui --new-key"):
        server_key(Paths(tmp_path))
