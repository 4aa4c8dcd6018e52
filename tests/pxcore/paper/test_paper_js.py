"""The official JavaScript SignalR client works on the paper gateway unmodified.

Needs Node and npm.
"""

import fcntl
import json
import subprocess
from pathlib import Path

import needs
import pytest
from paper_scenes import ACCOUNT, MNQ
from paper_server import CONTROL_KEY, lively_tape, serving
from patience import patience

from pxcore.paper.server.app import ServerConfig

pytestmark = pytest.mark.process
HERE = Path(__file__).parent / "js"


@pytest.fixture(scope="module")
def client() -> Path:
    """The client's program, with its package installed beside it."""
    _, npm = needs.node()
    with (HERE / ".install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (HERE / "node_modules" / "@microsoft" / "signalr").is_dir():
            command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run(command, cwd=HERE, check=True, timeout=patience(60), capture_output=True)
    return HERE / "client.mjs"


def test_lock_file_names_no_registry() -> None:
    text = (HERE / "package-lock.json").read_text()
    assert '"resolved"' not in text and "registry" not in text


@pytest.mark.parametrize("way", ["negotiated", "direct"])
def test_official_client_connects_receives_and_survives_a_reconnect(client: Path, way: str) -> None:
    node, _ = needs.node()
    config = ServerConfig(rest_limit=None, bars_limit=None, control_key=CONTROL_KEY)
    with serving(lively_tape(), config=config) as gateway:
        gateway.log_in()
        done = subprocess.run(
            [node, str(client), gateway.url, gateway.token, str(ACCOUNT), MNQ.id, way, CONTROL_KEY],
            capture_output=True,
            text=True,
            timeout=patience(20),
            check=False,
        )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["result"] == 0
    assert "Unknown hub method 'Dance'" in report["unknownMethod"]
    assert report["placed"]["success"]
    assert report["orders"] == [
        ["js-1-SL", 8],
        ["js-1", 6],
        ["js-1-TP", 8],
        ["js-1", 2],
        ["js-1-TP", 1],
        ["js-1-SL", 1],
    ]
    assert (report["fill"]["side"], report["position"]["type"]) == (0, 1)
    assert report["account"]["id"] == ACCOUNT
    assert report["quote"][0] == report["trade"][0] == MNQ.id
    assert isinstance(report["trade"][1], list)
    assert report["snapshotRows"] == 102 and report["snapshotChars"] > 8000
    assert report["closed"]["success"] and report["closing"] == 2
    assert report["quoteAfterReconnect"] == MNQ.id
