"""What Prefect's server could not write is tried again, in turns, and never makes two runs."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from patience import patience

from deployments.again import AskedAgain

RUN = "/api/deployments/0a1b2c3d-0000-4000-8000-000000000000/create_flow_run"


@dataclass
class Server:
    """An app that answers each request with the next of these statuses, the last one for ever, as
    Starlette does: what is answered by a 503 is raised afterwards.
    """

    statuses: list[int]
    bodies: list[bytes] = field(default_factory=list)
    lengths: list[bytes] = field(default_factory=list)
    at_work: int = 0
    most_at_work: int = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            body, more = b"", True
            while more:
                message = await receive()
                body, more = body + message["body"], message.get("more_body", False)
            self.bodies.append(body)
            self.lengths.append(dict(scope["headers"]).get(b"content-length", b""))
            for _ in range(3):
                await asyncio.sleep(0)  # others may run
            status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body", "body": str(status).encode()})
            if status == 503:
                raise RuntimeError("database is locked")
        finally:
            self.at_work -= 1


async def ask(app: Any, *parts: bytes, method: str = "POST", path: str = RUN) -> int:
    """The status that whoever asks sees."""
    pieces = parts or (b"{}",)
    length = str(sum(map(len, pieces))).encode()
    waiting = [
        {"type": "http.request", "body": p, "more_body": n < len(pieces)}
        for n, p in enumerate(pieces, 1)
    ]
    seen: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        seen.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(b"content-length", length), (b"host", b"127.0.0.1")],
    }
    try:
        await app(scope, receive, send)
    except RuntimeError:
        assert seen, "nothing was answered"
    assert [m["type"] for m in seen] == ["http.response.start", "http.response.body"]
    return int(seen[0]["status"])


def asked(server: Server, *parts: bytes, for_s: float = patience(10), **how: str) -> int:
    return asyncio.run(ask(AskedAgain(server, for_s=for_s), *parts, **how))


def test_what_was_locked_is_asked_again_until_it_is_done_and_nobody_hears_of_it():
    server = Server([503, 503, 201])
    assert asked(server, b'{"parameters": {}}') == 201
    assert len(server.bodies) == 3


def test_run_has_one_key_over_all_attempts_and_the_length_that_it_comes_to():
    server = Server([503, 201])
    asked(server, b'{"parame', b'ters": {"a": 1}}')
    first, second = server.bodies
    assert first == second and json.loads(first)["parameters"] == {"a": 1}
    assert len(json.loads(first)["idempotency_key"]) == 32
    assert server.lengths == [str(len(first)).encode()] * 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (RUN, b'{"idempotency_key": "mine"}'),
        (RUN, b"no json"),
        (RUN, b"[" * 100_000),
        ("/api/flow_runs/0a1b/set_state", b'{"state": {}}'),
    ],
    ids=["key of its own", "no JSON", "deep", "another path"],
)
def test_other_bodies_stay_as_they_are(path, body):
    server = Server([503, 200])
    assert asked(server, body, path=path) == 200
    assert server.bodies == [body, body]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/ready"), ("POST", "/api/flow_runs/filter")]
)
def test_what_only_asks_is_asked_once(method, path):
    server = Server([503, 200])
    assert asked(server, method=method, path=path) == 503
    assert len(server.bodies) == 1


def test_lock_that_lasts_is_told_in_the_end():
    server = Server([503])
    assert asked(server, for_s=0.4) == 503
    assert len(server.bodies) > 1


@pytest.mark.parametrize("status", [200, 409, 422, 500])
def test_any_other_answer_is_passed_on(status):
    server = Server([status])
    assert asked(server) == status
    assert len(server.bodies) == 1


def test_long_body_is_passed_on_in_its_parts_and_asked_once():
    server = Server([503, 200])
    half = b"x" * 700_000
    assert asked(server, half, half, path="/api/logs/") == 503
    assert server.bodies == [half + half]


def test_writers_take_turns_and_readers_do_not_wait_for_them():
    server = Server([200])

    async def all_at_once() -> None:
        app = AskedAgain(server)
        await asyncio.gather(*(ask(app) for _ in range(5)))

    asyncio.run(all_at_once())
    assert (server.most_at_work, len(server.bodies)) == (1, 5)

    async def all_read() -> None:
        app = AskedAgain(server)
        await asyncio.gather(*(ask(app, path="/api/flow_runs/filter") for _ in range(5)))

    asyncio.run(all_read())
    assert server.most_at_work == 5
