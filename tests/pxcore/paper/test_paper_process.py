"""The paper gateway as a process of its own."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import wording
from paper_scenes import ACCOUNT, MNQ
from paper_server import CONTROL_KEY, Gateway, entry
from patience import patience
from waiting import until

from pxcore.clock.published import PublishedClock

pytestmark = pytest.mark.process


@contextmanager
def running(**config: object) -> Iterator[tuple["subprocess.Popen[str]", Gateway]]:
    """A process that listens, with its stdin held open; killed if it is still there at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pxcore.paper", json.dumps(config)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["listening"]
        yield process, Gateway(int(url.rsplit(":")[-1])).log_in()
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def refused(argument: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pxcore.paper", argument],
        capture_output=True,
        text=True,
        timeout=patience(10),
        check=False,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_process_stops_cleanly_on_a_signal_though_somebody_listens(number: signal.Signals) -> None:
    with running() as (process, gateway):
        hub = gateway.hub("market")
        hub.call("SubscribeContractQuotes", MNQ.id)
        hub.event("GatewayQuote")
        process.send_signal(number)
        out, err = process.communicate(timeout=patience(2))
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize("has_opened", [False, True])
def test_gateway_started_anew_waits_again_only_if_its_market_had_not_opened(
    tmp_path: Path, has_opened: bool
) -> None:
    """Killed with its market open: what the sessions see goes on from there, and never back."""
    start = datetime(2026, 11, 20, 14, 29, tzinfo=UTC)
    config: dict[str, object] = {
        "clock": f"{start.isoformat()}@{datetime.now(UTC).isoformat()}@50",
        "market_start": start.isoformat(),
        "waits": True,
        "clock_file": str(tmp_path / "clock"),
        "has_control": True,
        "api_key": CONTROL_KEY,
    }
    with running(**config) as (_, gateway):
        clock = PublishedClock(tmp_path / "clock")
        if has_opened:
            gateway.post("/paper/open")
            until(lambda: clock.now() > start, what="time runs")
        before = clock.now()
    with running(**config) as (_, gateway):
        state = gateway.get("/paper/state")
        now = datetime.fromisoformat(state["now"])
        assert state["clock"]["pace"] == ("running" if has_opened else "waiting")
        assert now >= before if has_opened else now == start
        assert clock.now() >= before, "the same file: who had it open reads on"
    with running(**config | {"market_start": (start + timedelta(days=3)).isoformat()}) as (
        _,
        again,
    ):
        assert again.get("/paper/state")["clock"]["pace"] == "waiting", "its market begins anew"


@pytest.mark.parametrize("held", [b"", b"\0" * 57, b"torn"])
def test_gateway_starts_where_the_one_before_died_before_it_wrote_a_time(
    tmp_path: Path, held: bytes
) -> None:
    (tmp_path / "clock").write_bytes(held)
    config = {"waits": True, "clock_file": str(tmp_path / "clock"), "has_control": True}
    with running(**config, api_key=CONTROL_KEY) as (_, gateway):
        assert gateway.get("/paper/state")["clock"]["pace"] == "waiting"


def test_port_in_use_is_one_clear_line_and_status_two() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, err = refused(json.dumps({"port": port}))
    assert status == 2
    assert err.startswith(f"paper gateway: cannot listen on 127.0.0.1:{port}: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("argument", "complaint"),
    [
        ('{"port":"x"}', "configuration: Expected `int`, got `str` - at `$.port`"),
        ('{"symbol":"MNQ"}', "configuration: Object contains unknown field `symbol`"),
        ('{"symbols":["MNX"]}', wording.not_listed("MNX")),
        ('{"clock":"noon"}', "paper clock 'noon' is not MARKET@WALL@SPEED"),
        ('{"recording":{"path":"/nowhere.csv"}}', "/nowhere.csv cannot be read"),
    ],
    ids=["type", "unknown field", "symbol", "clock", "recording"],
)
def test_bad_configuration_is_one_clear_line_and_status_two(argument: str, complaint: str) -> None:
    status, err = refused(argument)
    assert status == 2
    assert err.startswith(f"paper gateway: {complaint}")
    assert err.count("\n") == 1


def test_end_of_stdin_stops_an_idle_gateway() -> None:
    with running(exit_on_stdin_eof=True) as (process, _):
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=patience(5)) == 0


def test_end_of_stdin_waits_until_the_account_is_flat_and_nobody_listens() -> None:
    with running(exit_on_stdin_eof=True) as (process, gateway):
        hub = gateway.hub("user")
        hub.call("SubscribeOrders", ACCOUNT)
        _, placed = gateway.post("/api/Order/place", **entry())
        assert placed["success"]
        for _ in range(6):  # three at birth, the fill, two legs working
            hub.event("GatewayUserOrder")
        assert process.stdin is not None
        process.stdin.close()
        hub.socket.close()
        _, working = gateway.post("/api/Order/searchOpen", accountId=ACCOUNT)
        assert process.poll() is None
        for row in working["orders"]:
            gateway.post("/api/Order/cancel", accountId=ACCOUNT, orderId=row["id"])
        _, closed = gateway.post(
            "/api/Position/closeContract", accountId=ACCOUNT, contractId=MNQ.id
        )
        assert closed["success"]
        assert process.wait(timeout=patience(5)) == 0


def test_recording_is_played_on_a_shifted_clock(tmp_path: Path) -> None:
    """A print a second for two hours: whenever we listen, its time says which one it is."""
    path, start = tmp_path / "gold.csv", datetime(2013, 10, 7, 13, 40, tzinfo=UTC)
    seconds = range(2 * 3600)
    rows = [
        f"{start + timedelta(seconds=n):%Y-%m-%dT%H:%M:%SZ},{1300 + n % 500 / 10},{n % 7 + 1}\n"
        for n in seconds
    ]
    path.write_text("time_utc,price,size\n" + "".join(rows))
    market_start = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
    with running(
        symbols=["GC"],
        recording={"path": str(path), "end": "2013-10-07T15:40:00Z"},
        clock=f"{market_start.isoformat()}@{datetime.now(UTC).isoformat()}@20",
        market_start=market_start.isoformat(),
    ) as (_, gateway):
        hub = gateway.hub("market")
        hub.call("SubscribeContractTrades", "CON.F.US.GCE.Z26")
        contract_id, (one, *_) = hub.event("GatewayTrade")
        hub.socket.close()
    assert contract_id == "CON.F.US.GCE.Z26"
    number = (datetime.fromisoformat(one["timestamp"]) - market_start).total_seconds()
    assert number in seconds
    assert (one["price"], one["volume"]) == (1300 + number % 500 / 10, number % 7 + 1)


def test_answers_on_a_connection_that_is_kept_open_do_not_wait_for_an_acknowledgement() -> None:
    """Without TCP_NODELAY each waits for the client's delayed one: 40 ms at the least."""
    request = b"GET /api/Status/ping HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    took_ms = []
    with running() as (_, gateway), socket.create_connection(gateway.address) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(20):
            begun_ns = time.perf_counter_ns()
            client.sendall(request)
            answer = b""
            while not answer.endswith(b"pong"):
                answer += client.recv(65_536)
            took_ms.append((time.perf_counter_ns() - begun_ns) / 1e6)
    assert min(took_ms[5:]) < 35  # the first few are acknowledged at once
