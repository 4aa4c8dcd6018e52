"""The question that a person at a terminal is asked: a real process on a real terminal."""

import os
import subprocess
import sys
from pathlib import Path

import needs
import pytest
import wording
from paper_server import Gateway, entry
from patience import patience
from px_runner import Px
from raw_http import RawHttp, bad, good

from pxcore.cli.orchestrator import px_environ

pytestmark = [
    pytest.mark.process,
    needs.posix,
]


def at_terminal(
    command: str, typed: str, settings: dict[str, str], folder: Path
) -> tuple[int, str]:
    """Exit status and standard output of `px …`, whose keyboard is a terminal."""
    import pty

    ours, theirs = pty.openpty()
    try:
        os.write(ours, typed.encode())
        ended = subprocess.run(
            [sys.executable, "-m", "pxcore.cli", *command.split()],
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=patience(20),
            cwd=folder,
            env=px_environ(os.environ, settings),
            check=False,
        )
    finally:
        os.close(theirs)
        os.close(ours)
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stdout


@pytest.fixture
def held(gateway: Gateway) -> None:
    gateway.post("/api/Order/place", **entry(stopLossBracket=None, takeProfitBracket=None))


@pytest.mark.parametrize(
    ("typed", "left", "status", "last"),
    [
        pytest.param("n\n", 1, 1, "nothing was sent", id="no"),
        pytest.param("\n", 1, 1, "nothing was sent", id="nothing is no"),
        pytest.param("y\n", 0, 0, wording.nothing_held("MNQZ6"), id="yes"),
    ],
)
@pytest.mark.usefixtures("held")
def test_person_is_asked_and_only_a_yes_moves_money(
    typed: str, left: int, status: int, last: str, px: Px, tmp_path: Path
) -> None:
    ended, said = at_terminal("position close", typed, px.settings, tmp_path)
    assert ended == status and said.endswith(f"{last}\n")
    assert "will close +1 MNQZ6" in said and "Do it?" in said
    assert len(px("positions open --json").json) == left


@pytest.mark.usefixtures("held")
def test_person_is_asked_on_standard_error_when_the_answer_is_json(px: Px, tmp_path: Path) -> None:
    ended, said = at_terminal("position close --json", "y\n", px.settings, tmp_path)
    assert ended == 0 and said.startswith("{") and said.rstrip().endswith("}")


def test_trailing_stop_is_agreed_to_and_sent_from_the_last_trade_of_then(
    raw_px: Px, http: RawHttp, tmp_path: Path
) -> None:
    bars = [
        {"t": "2026-11-20T14:30:00Z", "o": 1, "h": 1, "l": 1, "c": close, "v": 9}
        for close in (29500.75, 29510.75)
    ]
    http.script("/api/History/retrieveBars", *(good(bars=[bar]) for bar in bars))
    http.script("/api/Order/place", bad(2, "no"))
    command = "order place trailing-stop --side sell --size 1 --trail 20"
    ended, said = at_terminal(command, "y\n", raw_px.settings, tmp_path)
    assert ended == 1 and "level 29495.75 is sent" in said and "level 29505.75 is sent" in said
    assert http.asked("/api/Order/place")[0].body["trailPrice"] == 29505.75
