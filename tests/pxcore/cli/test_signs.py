"""What counts as a sign of life of each child of `px up`, and what says nothing of it."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from patience import patience
from raw_http import RawHttp, answer, drip, drip_headers, hang_up
from stand_ins import RESTS, StandIns

from pxcore.cli import signs as module
from pxcore.cli.signs import Asking, of_gateway, of_runner, of_server, of_watchdog
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.day import store_access
from pxcore.host.keep import KeptProcess
from pxcore.host.liveness import SignOfLife, Watched
from pxcore.ownership.lease import place_of
from pxcore.store.database import Store
from pxcore.store.live.leases import beat_watchdog

ACCOUNT = 20_000_001
ANSWERS, SILENT, UNKNOWN = SignOfLife.ANSWERS, SignOfLife.SILENT, SignOfLife.UNKNOWN


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[RawHttp]:
    made = RawHttp()
    made.script("/api/csrf-token", answer(body={"token": "t"}))
    monkeypatch.setattr(module, "_ANSWER_S", patience(0.1))
    monkeypatch.setattr("pxcore.cli.upcoming._TIMEOUT_S", patience(0.1))
    yield made
    made.close()


@pytest.fixture
def kept() -> Iterator[KeptProcess]:
    stand_ins = StandIns()
    made = KeptProcess("it", lambda: stand_ins.run(RESTS), say=lambda text: None)
    made.start()
    yield made
    stand_ins.end()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(_env_file=None, home=tmp_path / "home", account_id=ACCOUNT)
    Paths(made.home).make()
    return made


def of_these(watched: Watched) -> Callable[[], SignOfLife]:
    return watched._sign


def deployments(polled: str | None) -> object:
    return answer(body=[{"id": "d", "name": "flatten", "tags": ["px"], "last_polled": polled}])


@pytest.mark.parametrize("step", [hang_up, drip, drip_headers], ids=lambda step: step.__name__)
def test_answer_that_does_not_come_or_never_ends_is_none(
    http: RawHttp, kept: KeptProcess, tmp_path: Path, step: object
) -> None:
    gateway = of_these(of_gateway(kept, http.url))
    server = of_these(of_server(kept, Asking(lambda: http.url, Paths(tmp_path))))
    for sign, path in ((gateway, "/api/status/ping"), (server, "/api/health")):
        http.script(path, answer(), step, answer())
        assert [sign(), sign(), sign()] == [ANSWERS, SILENT, ANSWERS]


def test_server_is_asked_where_it_is_now(http: RawHttp, kept: KeptProcess, tmp_path: Path) -> None:
    where = ["http://127.0.0.1:1"]
    sign = of_these(of_server(kept, Asking(lambda: where[0], Paths(tmp_path))))
    assert sign() is SILENT
    where[0] = http.url
    http.script("/api/health", answer())
    assert sign() is ANSWERS


def test_runner_lives_while_it_asks_and_a_server_that_cannot_tell_says_nothing_of_it(
    http: RawHttp, kept: KeptProcess, tmp_path: Path
) -> None:
    sign = of_these(of_runner(kept, "safety", Asking(lambda: http.url, Paths(tmp_path))))
    first, second = deployments("2026-11-20T08:00:01Z"), deployments("2026-11-20T08:00:02Z")
    http.script("/api/deployments/filter", first, second, second, answer(503), second)
    assert [sign() for _ in range(5)] == [ANSWERS, ANSWERS, SILENT, UNKNOWN, SILENT]


def test_watchdog_lives_while_its_own_heart_beats(kept: KeptProcess, settings: Settings) -> None:
    sign = of_these(of_watchdog(kept, settings, ACCOUNT))
    assert kept.process is not None

    def beat(pid: int) -> None:
        with closing(Store(f"sqlite:///{settings.home}/px.sqlite")) as store:
            place = place_of(settings)
            beat_watchdog(store, account_id=ACCOUNT, place=place, pid=pid, said="flat")

    beat(kept.process.pid)
    assert sign() is ANSWERS
    assert sign() is SILENT
    beat(kept.process.pid)
    assert sign() is ANSWERS
    beat(os.getpid())
    sign()
    beat(os.getpid())
    assert sign() is SILENT, "another watchdog of this home"


def test_store_that_takes_nothing_is_not_held_against_the_watchdog(
    kept: KeptProcess, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_STORE_S", patience(0.5))
    sign = of_these(of_watchdog(kept, settings, ACCOUNT))
    sign()
    assert sign() is SILENT
    file = store_access.store_file(settings)
    assert file is not None
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert sign() is UNKNOWN
    assert sign() is SILENT
