"""One hub's thread: one connection after the other, and HubUp and HubDown around each."""

import random
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from pxcore.clock import Clock
from pxcore.engine.events import Event, Hub, HubDown, HubUp
from pxcore.gateway.feeds import Arguments, MarketFeed, UserFeed
from pxcore.gateway.transport import HubConnection
from pxcore.gateway.websocket import HubLimits, HubLost, UpgradeRefused

_STEADY_AFTER_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses between attempts, drawn between `least_s` and a bound that doubles to `most_s`."""

    least_s: float = 0.5
    most_s: float = 30.0

    def pause_s(self, failures: int) -> float:
        bound_s = min(self.most_s, self.least_s * 2.0 ** min(failures, 16))
        return random.SystemRandom().uniform(self.least_s, bound_s)


class Supervisor:
    """Keeps one hub connected from `start` to `stop`.

    The counters and `last_fault` may be read from any thread.
    """

    def __init__(
        self,
        hub: Hub,
        *,
        url: str,
        token: Callable[[], str],
        renew_token: Callable[[], str],
        new_feed: Callable[["Supervisor"], UserFeed | MarketFeed],
        deliver: Callable[[Event], None],
        clock: Clock,
        on_unknown_contract: Callable[[str], None] | None,
        limits: HubLimits,
        backoff: Backoff,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        self.hub = hub
        self.ups = 0
        self.bad_records = 0
        self.handler_errors = 0
        self.unknown_contracts = 0
        self.last_fault: str | None = None
        self._url = url
        self._token = token
        self._renew_token = renew_token
        self._new_feed = new_feed
        self._deliver = deliver
        self._clock = clock
        self._on_unknown_contract = on_unknown_contract
        self._limits = limits
        self._backoff = backoff
        self._ssl_context = ssl_context
        self._wants_new_token = False
        self._connection: HubConnection | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"px-{hub}-hub", daemon=True)

    # -- the life of the hub ------------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the connection, or the attempt at one. Returns at once; then `join`."""
        self._stopping.set()
        if self._connection is not None:
            self._connection.fail("stopped")
            self._connection.abort()

    def join(self, timeout_s: float) -> None:
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            started_s = time.monotonic()
            try:
                self._attempt()
            except Exception as error:  # the edge of the thread: it must not end before its time
                self.last_fault = f"{type(error).__name__}: {error}"
            is_steady = time.monotonic() - started_s >= _STEADY_AFTER_S
            failures = 0 if is_steady else failures + 1
            self._stopping.wait(self._backoff.pause_s(failures))

    def _attempt(self) -> None:
        """One connection, from its token to its loss."""
        connection = self._new_connection()
        is_up = False
        try:
            if self._stopping.is_set():
                return
            self._subscribe(connection)
            is_up = True
            self.ups += 1
            self._deliver(HubUp(at=self._clock.now(), hub=self.hub))
            while not connection.lost.wait(self._limits.ping_every_s):
                connection.ping()
        except HubLost as error:
            connection.fail(str(error))
        finally:
            connection.stop()
            self.last_fault = connection.reason
            if is_up:
                down = HubDown(at=self._clock.now(), hub=self.hub, reason=connection.reason)
                self._deliver(down)

    def _new_connection(self) -> HubConnection:
        """With a token asked for now. Raises PxError when there is none."""
        token = (self._renew_token if self._wants_new_token else self._token)()
        self._wants_new_token = False
        self._connection = connection = HubConnection(
            f"{self._url}?access_token={quote(token, safe='')}",
            name=f"{self.hub}-hub",
            limits=self._limits,
            ssl_context=self._ssl_context,
            report=self,
        )
        return connection

    def _subscribe(self, connection: HubConnection) -> None:
        """Connected, and everything subscribed. Raises HubLost."""
        feed = self._new_feed(self)
        for target, handler in feed.handlers.items():
            connection.on(target, handler)
        connection.on("GatewayLogout", self._logged_out)
        try:
            connection.start()
        except UpgradeRefused as refused:
            self._wants_new_token = refused.status in (401, 403)
            raise
        for method, *arguments in feed.subscriptions():
            connection.call(str(method), *arguments)

    def _logged_out(self, _: Arguments) -> None:
        """The venue's hint that this token has had its day: begin anew. Reference, 4.9."""
        self._wants_new_token = True
        if self._connection is not None:
            self._connection.fail("the gateway sent GatewayLogout")

    # -- what the connection and the feeds report ---------------------------------------------

    def bad_record(self, why: str) -> None:
        self.bad_records += 1
        self.last_fault = why

    def handler_error(self, error: Exception) -> None:
        self.handler_errors += 1
        self.last_fault = f"{type(error).__name__}: {error}"

    def unknown_contract(self, contract_id: str) -> None:
        self.unknown_contracts += 1
        if self._on_unknown_contract is not None:
            self._on_unknown_contract(contract_id)
