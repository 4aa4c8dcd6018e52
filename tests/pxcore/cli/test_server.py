"""Prefect's server as `px up` keeps it: what keeps it from starting is named, and waited for."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from stand_ins import RESTS, StandIns
from waiting import until

from pxcore.cli import server as module
from pxcore.cli.orchestrator import free_port
from pxcore.cli.prefect_database import database_of
from pxcore.cli.server import KeptServer
from pxcore.config.paths import Paths
from pxcore.host import keep
from pxcore.model import Unavailable


class Scene:
    """A server that rests, and all that was told of it."""

    def __init__(self, home: Path, port: int) -> None:
        self.paths = Paths(home)
        self.paths.make()
        self.paths.prefect.mkdir()
        self.said, self.set_aside, self.moved = list[str](), list[str](), list[str]()
        self.server = KeptServer(
            self.paths,
            port,
            say=self.said.append,
            set_aside=self.set_aside.append,
            moved=self.moved.append,
        )


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIns]:
    made = StandIns()
    made.code = RESTS

    def start(paths: Paths, port: int) -> Any:
        return made.run(made.code, errors=paths.logs / "prefect-server.log")

    monkeypatch.setattr(module, "start_server", start)
    monkeypatch.setattr(keep, "_BACK_OFF_S", (0.0,))
    yield made
    made.end()


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """A port that another program listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        yield other


def port_of(other: socket.socket) -> int:
    return int(other.getsockname()[1])


def test_port_that_was_given_and_is_taken_is_named_and_waited_for(
    tmp_path: Path, taken: socket.socket
) -> None:
    port = port_of(taken)
    scene = Scene(tmp_path, port)
    words = f"another program listens on port {port} of 127.0.0.1: end it"
    with pytest.raises(Unavailable, match=words):
        scene.server.kept.start()
    for _ in range(3):
        scene.server.kept.look()
    assert all(f"Prefect's server does not start: {words}" in line for line in scene.said)
    assert words in scene.server.trouble and scene.server.kept.is_failing
    taken.close()
    scene.server.kept.look()
    assert scene.server.kept.is_alive and scene.moved == []
    assert scene.server.ui.endswith(f":{port}")


def test_port_of_our_choice_that_is_taken_is_left_and_told(
    tmp_path: Path, taken: socket.socket
) -> None:
    scene = Scene(tmp_path, 0)
    scene.server.port = port_of(taken)
    scene.server.kept.start()
    (line,) = scene.moved
    assert f"port {port_of(taken)}" in line and scene.server.ui in line
    assert scene.server.port != port_of(taken) and scene.said == []


def test_database_that_cannot_be_read_is_set_aside_before_it_starts(tmp_path: Path) -> None:
    scene = Scene(tmp_path, free_port())
    database_of(scene.paths).write_bytes(b"garbage, and more of it")
    scene.server.kept.start()
    (line,) = scene.set_aside
    assert "is no SQLite database: set aside as prefect.db.unreadable-" in line
    assert not database_of(scene.paths).exists()


def test_database_that_is_kept_from_being_read_is_named_and_no_server_is_started(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path, free_port())
    database_of(scene.paths).mkdir()
    scene.server.kept.look()
    assert "does not start: its database" in scene.said[0] and "is a folder" in scene.said[0]
    assert scene.server.kept.starts == 0 and scene.set_aside == []


def test_server_that_ends_over_a_sound_database_is_named_with_its_last_error(
    tmp_path: Path, stand_ins: StandIns
) -> None:
    scene = Scene(tmp_path, free_port())
    stand_ins.code = "import sys; sys.exit('OSError: no space left on device\\nfinished')"
    kept = scene.server.kept
    kept.start()
    until(lambda: kept.look() or kept.is_failing, what="it has ended a few times")
    assert "Prefect's server ended with status 1 (OSError: no space left" in scene.server.trouble
    assert str(scene.server.log) in scene.server.trouble
