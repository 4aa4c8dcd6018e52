"""A real HTTP receiver of alerts on 127.0.0.1: quick, slow, refusing, or away at first."""

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from patience import patience

ARRIVES_S = patience(15)


@dataclass
class Receiver:
    """`statuses` are answered in turn, the last one for ever, once it `lets_answer`."""

    statuses: list[int] = field(default_factory=lambda: [200])
    port: int = 0
    lets_answer: threading.Event = field(default_factory=threading.Event)
    _came: "queue.SimpleQueue[dict[str, Any]]" = field(default_factory=queue.SimpleQueue)

    @property
    def url(self) -> str:
        return f"json://reader:hunter2-{self.port}@127.0.0.1:{self.port}/inbox"

    @property
    def secret(self) -> str:
        return f"hunter2-{self.port}"

    def next(self) -> dict[str, Any]:
        """The alert that comes next. Fails when none does in time."""
        return self._came.get(timeout=ARRIVES_S)

    @property
    def is_empty(self) -> bool:
        return self._came.empty()

    def take(self, body: bytes) -> int:
        self._came.put(json.loads(body))
        self.lets_answer.wait(ARRIVES_S)
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


@contextmanager
def receiving(*statuses: int, is_silent: bool = False) -> Iterator[Receiver]:
    receiver = Receiver(statuses=list(statuses) or [200])
    if not is_silent:
        receiver.lets_answer.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status = receiver.take(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                self.send_response(status)
                self.end_headers()
            except OSError:
                return  # the sender has gone meanwhile

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.lets_answer.set()
        server.shutdown()
        server.server_close()
        thread.join()
