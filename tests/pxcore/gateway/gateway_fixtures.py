"""A gateway by hand on a real socket, and clients of it, for the tests that ask it."""

import datetime as dt
import ipaddress
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from gateway_listener import Listener
from gateway_samples import KEY, MNQ, FixedClock, contract_row
from patience import patience
from raw_http import WAIT_S, RawHttp, good
from raw_hub import RawHubs

from pxcore.gateway.rest import Budget, GatewayClient
from pxcore.gateway.rest.budget import OwnLedger
from pxcore.gateway.rest.caller import Caller
from pxcore.gateway.rest.outgoing import Outgoing
from pxcore.model import PxError


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def http() -> Iterator[RawHttp]:
    server = RawHttp()
    server.script("/api/Contract/searchById", good(contract=contract_row(MNQ)))
    yield server
    server.close()


@pytest.fixture
def pauses() -> list[float]:
    """Seconds that the client wanted to wait between attempts; its budget's clock adds them up."""
    return []


@pytest.fixture
def budget(pauses: list[float]) -> Budget:
    return Budget(OwnLedger(), now=lambda: 1_000_000.0 + sum(pauses))


@pytest.fixture
def new_client(
    clock: FixedClock, budget: Budget, pauses: list[float]
) -> Iterator[Callable[..., GatewayClient]]:
    made: list[GatewayClient] = []

    def new(base_url: str, reply_timeout_s: float = WAIT_S, **more: Any) -> GatewayClient:
        client = GatewayClient(
            base_url=base_url,
            username="trader01",
            api_key=KEY,
            connect_timeout_s=WAIT_S,
            reply_timeout_s=reply_timeout_s,
            clock=clock,
            budget=budget,
            sleep=pauses.append,
            **more,
        )
        made.append(client)
        return client

    yield new
    for client in made:
        client.close()


@pytest.fixture(params=["on its own", "at once"])
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever holds of an instruction holds whether it leaves by the channel or by the line."""
    if request.param == "on its own":
        return
    by_the_channel = Caller.instruct

    def instruct(call: Caller, instruction: Outgoing[Any]) -> Any:
        with suppress(PxError):  # as in a session, which is logged in by then
            call._login.token()
        call.keep_ready()
        ready = call.at_once(instruction)
        answer = ready.send() if ready else None
        return answer() if answer else by_the_channel(call, instruction)

    monkeypatch.setattr(Caller, "instruct", instruct)


@pytest.fixture
def client(http: RawHttp, new_client: Callable[[str], GatewayClient]) -> GatewayClient:
    return new_client(http.url)


@pytest.fixture
def hasty_client(http: RawHttp, new_client: Callable[..., GatewayClient]) -> GatewayClient:
    """Does not wait long for an answer that never comes."""
    return new_client(http.url, reply_timeout_s=patience(0.125))


@pytest.fixture
def hubs() -> Iterator[RawHubs]:
    server = RawHubs()
    yield server
    server.close()


@pytest.fixture
def new_listener(clock: FixedClock) -> Iterator[Callable[..., Listener]]:
    made: list[Listener] = []

    def new(url: str, **options: Any) -> Listener:
        made.append(Listener(url, options.pop("clock", clock), **options))
        return made[-1]

    yield new
    for listener in made:
        listener.realtime.stop()


@pytest.fixture
def listener(hubs: RawHubs, new_listener: Callable[..., Listener]) -> Listener:
    return new_listener(hubs.url)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "loopback.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + built.public_bytes(serialization.Encoding.PEM)
    )
    return path
