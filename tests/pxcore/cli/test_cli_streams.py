"""Whatever the terminal cannot show, and whatever becomes of what is said: nothing stops an action.

Real processes on a real gateway. Its account has a name that does all that a name can do.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import needs
import pytest
from paper_scenes import ACCOUNT, LISTED, OPEN, START_USD
from paper_server import Gateway, entry, fixed_tape, serving
from patience import patience
from px_runner import Px

from pxcore.cli.orchestrator import px_environ
from pxcore.clock.clocks import ShiftedClock
from pxcore.paper.exchange import AccountSpec, Exchange
from pxcore.paper.server.venue import PaperVenue

pytestmark = [pytest.mark.process, needs.posix]

NAME = "Ann 🚀 \x1b]0;mine\x07\x1b[2J\u202eknil\r\nflat, verified\x9b0m [/red][bold] :smile: \ufeff"
SHOWN = r"\x1b]0;mine\x07\x1b[2J\u202eknil\r\nflat, verified\x9b0m [/red][bold] :smile: \ufeff"
SPEED = 50.0


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """As everybody's, but for the account's name."""
    exchange = Exchange(contracts=LISTED, accounts=(AccountSpec(ACCOUNT, NAME, START_USD),), seed=7)
    clock = ShiftedClock(market=OPEN, wall=datetime.now(UTC), speed=SPEED)
    venue = PaperVenue(exchange=exchange, tape=fixed_tape(), clock=clock)
    with serving(fixed_tape(), venue=venue) as running:
        running.clock = clock
        yield running.log_in()


@pytest.fixture
def held(gateway: Gateway) -> None:
    gateway.post("/api/Order/place", **entry("\x1b[31mnot ours"))


def px_process(
    px: Px, command: str, folder: Path, *, through: str = 'exec "$@"', **environ: str
) -> "subprocess.CompletedProcess[bytes]":
    """`px …` through a shell, which may do to its streams what a shell can."""
    return subprocess.run(
        ["sh", "-c", through, "sh", sys.executable, "-m", "pxcore.cli", *command.split()],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=patience(30),
        cwd=folder,
        env=px_environ(os.environ, px.settings | environ),
        check=False,
    )


def require_flat(gateway: Gateway) -> None:
    assert gateway.post("/api/Position/searchOpen", accountId=ACCOUNT)[1]["positions"] == []
    assert gateway.post("/api/Order/searchOpen", accountId=ACCOUNT)[1]["orders"] == []


def require_plain(said: str) -> None:
    assert all(line.isprintable() for line in said.splitlines()), said
    assert "Traceback" not in said


# -- signs that a terminal has not ----------------------------------------------------------------


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-16", "utf-8"])
def test_flatten_flattens_an_account_whose_name_the_terminal_cannot_show(
    px: Px, gateway: Gateway, tmp_path: Path, encoding: str
) -> None:
    done = px_process(px, "flatten --yes", tmp_path, PYTHONIOENCODING=encoding)
    said = done.stdout.decode(encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    require_flat(gateway)
    require_plain(said)
    assert SHOWN in said and "flat, verified by REST" in said
    assert ("🚀" if encoding.startswith("utf") else r"\U0001f680") in said


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize(
    "command",
    ["accounts", "account check", "orders open"],
)
def test_verbs_show_the_name_and_obey_nothing_of_it(px: Px, tmp_path: Path, command: str) -> None:
    done = px_process(px, command, tmp_path, PYTHONIOENCODING="cp1252")
    require_plain(done.stdout.decode("cp1252") + done.stderr.decode("cp1252"))
    assert SHOWN.encode() in done.stdout


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8"])
def test_json_holds_the_name_in_any_encoding(px: Px, tmp_path: Path, encoding: str) -> None:
    import json

    done = px_process(px, "accounts --json", tmp_path, PYTHONIOENCODING=encoding)
    require_plain(done.stdout.decode(encoding))
    (row,) = json.loads(done.stdout.decode(encoding))
    assert row["name"] == f"Ann 🚀 {SHOWN}"


def test_contract_is_found_by_its_name_whatever_the_terminal(px: Px, tmp_path: Path) -> None:
    done = px_process(px, "contract MNQZ6", tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0 and b"MNQZ6" in done.stdout


def test_day_is_begun_on_an_account_whose_name_the_terminal_cannot_show(
    px: Px, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "pxcore.cli", "run"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=tmp_path,
        env=px_environ(os.environ, px.settings | {"PYTHONIOENCODING": "cp1252"}),
    )
    assert process.stdout is not None
    with process:
        first = process.stdout.readline() + process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    require_plain((first + rest).decode("cp1252"))
    assert b"to trade" in first and b"U0001f680" in first


# -- streams that take nothing --------------------------------------------------------------------

SAYING_NOTHING = [
    pytest.param('exec "$@" >/dev/full', id="stdout on a full disk"),
    pytest.param('exec "$@" >/dev/full 2>/dev/full', id="both on a full disk"),
    pytest.param('exec "$@" >&-', id="stdout closed"),
    pytest.param('exec "$@" 2>&-', id="stderr closed"),
    pytest.param('exec "$@" >&- 2>&- <&-', id="all closed"),
]


@needs.full_device
@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("through", SAYING_NOTHING)
def test_flatten_flattens_whatever_becomes_of_what_it_says(
    px: Px, gateway: Gateway, tmp_path: Path, through: str
) -> None:
    done = px_process(px, "flatten --yes", tmp_path, through=through)
    require_flat(gateway)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.usefixtures("held")
def test_flatten_flattens_into_a_pipe_that_nobody_reads(
    px: Px, gateway: Gateway, tmp_path: Path
) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:  # until it takes no byte more
            os.write(writing, bytes(4096))
    except BlockingIOError:
        os.set_blocking(writing, True)
    done = subprocess.run(
        [sys.executable, "-m", "pxcore.cli", "flatten", "--yes"],
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=writing,
        timeout=patience(30),
        cwd=tmp_path,
        env=px_environ(os.environ, px.settings),
        check=False,
    )
    os.close(reading)
    os.close(writing)
    assert done.returncode == 0
    require_flat(gateway)


@pytest.mark.parametrize("command", ["accounts", "accounts --json"])
def test_reader_that_has_gone_changes_no_exit_status(px: Px, tmp_path: Path, command: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "pxcore.cli", *command.split()],
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=patience(30),
        cwd=tmp_path,
        env=px_environ(os.environ, px.settings),
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@needs.full_device
def test_answer_that_did_not_fit_on_the_disk_is_told_and_the_status_is_the_verbs(
    px: Px, tmp_path: Path
) -> None:
    done = px_process(px, "accounts --json", tmp_path, through='exec "$@" >/dev/full')
    assert done.returncode == 0
    assert done.stderr == b"px: not all of standard output was written: No space left on device\n"


@needs.full_device
@pytest.mark.parametrize("through", SAYING_NOTHING[1::3])
def test_kill_switch_is_engaged_whatever_becomes_of_what_is_said(
    px: Px, tmp_path: Path, through: str
) -> None:
    done = px_process(px, "kill on --reason news", tmp_path, through=through)
    assert done.returncode == 0 and (tmp_path / "home" / "KILL").exists()


@needs.full_device
@pytest.mark.usefixtures("gateway")
@pytest.mark.parametrize("through", SAYING_NOTHING[1::3])
def test_watchdog_watches_and_ends_whatever_becomes_of_what_it_says(
    px: Px, tmp_path: Path, through: str
) -> None:
    (tmp_path / "home").mkdir()
    os.mkfifo(tmp_path / "home" / "logs")  # nor is there room for a log
    done = px_process(px, "watchdog --tied", tmp_path, through=through)
    assert done.returncode == 0, done.stderr


def test_what_is_typed_in_another_encoding_is_no_yes_and_no_error(px: Px, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pxcore.cli", "kill", "off", "--reason", "over"],
        input=b"\xff\xfe\n",
        capture_output=True,
        timeout=patience(30),
        cwd=tmp_path,
        env=px_environ(os.environ, px.settings | {"PX_KILL_SWITCH": "news \x1b[2J"}),
        check=False,
    )
    assert done.returncode == 1 and b"nothing was released" in done.stdout
    require_plain(done.stdout.decode() + done.stderr.decode())
