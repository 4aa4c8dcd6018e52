"""One hub's thread: one connection after the other, and HubUp and HubDown around each."""

import random
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol
from urllib.parse import quote

from pxcore.calendar.hours import is_open_at
from pxcore.clock.clocks import Clock
from pxcore.clock.own_time import Attended
from pxcore.engine.events import Event, Hub, HubDown, HubUp, RecordSkipped
from pxcore.gateway.hubs.feeds import Arguments, MarketFeed, UserFeed
from pxcore.gateway.hubs.transport import HubConnection
from pxcore.gateway.hubs.websocket import HubLimits, HubLost, UpgradeRefused
from pxcore.gateway.wire.market import decode_lines
from pxcore.model import PxError

_STEADY_AFTER_S: Final = 10.0
_SKIPPED_TOLD_MAX: Final = 100  # of a connection; all are counted


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses between attempts, drawn between `least_s` and a bound that doubles to `most_s`."""

    least_s: float = 0.5
    most_s: float = 30.0

    def pause_s(self, failures: int) -> float:
        bound_s = min(self.most_s, self.least_s * 2.0 ** min(failures, 16))
        return random.SystemRandom().uniform(self.least_s, bound_s)


class Companion(Protocol):
    """Whoever has something of its own to say and hear on each connection."""

    def handlers(self, hub: Hub) -> dict[str, Callable[[Arguments], None]]: ...

    def attach(self, hub: Hub, connection: HubConnection) -> None:
        """The connection is up and nothing is subscribed yet. Raises HubLost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubTerms:
    """What both hubs of a Realtime share. See there for what the callables must be."""

    token: Callable[[], str]
    renew_token: Callable[[str], str]
    deliver: Callable[[Event], None]
    clock: Clock
    on_unknown_contract: Callable[[str], None] | None
    limits: HubLimits
    backoff: Backoff
    ssl_context: ssl.SSLContext | None
    companion: Companion | None


class HubKeeper:
    """Keeps one hub connected from `start` to `stop`.

    The counters and `last_fault` may be read from any thread.
    """

    def __init__(
        self,
        hub: Hub,
        *,
        url: str,
        new_feed: Callable[["HubKeeper"], UserFeed | MarketFeed],
        terms: HubTerms,
        on_arrival: Callable[[], None] = lambda: None,
    ) -> None:
        self.hub = hub
        self.ups = 0
        self.bad_records = 0
        self.handler_errors = 0
        self.unknown_contracts = 0
        self.unknown_targets = 0
        self.last_fault: str | None = None
        self._url = url
        self._new_feed = new_feed
        self._terms = terms
        self._on_arrival = on_arrival
        self._skipped_told = 0
        self._token_used = ""
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
            self._stopping.wait(self._terms.backoff.pause_s(failures))

    def _attempt(self) -> None:
        """One connection, from its token to its loss."""
        connection = self._new_connection()
        clock, deliver = self._terms.clock, self._terms.deliver
        is_up = False
        try:
            if self._stopping.is_set():
                return
            feed = self._subscribe(connection)
            is_up = True
            self.ups += 1
            deliver(HubUp(at=clock.now(), hub=self.hub))
            self._keep(connection, feed)
        except HubLost as error:
            connection.fail(str(error))
        finally:
            connection.stop()
            self.last_fault = connection.reason
            if is_up:
                deliver(HubDown(at=clock.now(), hub=self.hub, reason=connection.reason))

    def _new_connection(self) -> HubConnection:
        """With a token asked for now. Raises PxError when there is none."""
        terms = self._terms
        token = terms.renew_token(self._token_used) if self._wants_new_token else terms.token()
        self._wants_new_token = False
        self._token_used = token
        self._skipped_told = 0
        self._connection = connection = HubConnection(
            f"{self._url}?access_token={quote(token, safe='')}",
            name=f"{self.hub}-hub",
            limits=terms.limits,
            ssl_context=terms.ssl_context,
            on_arrival=self._on_arrival,
            report=self,
        )
        return connection

    def _subscribe(self, connection: HubConnection) -> UserFeed | MarketFeed:
        """Connected, and everything subscribed. Raises HubLost."""
        feed, companion = self._new_feed(self), self._terms.companion
        if isinstance(feed, MarketFeed):
            connection.listen(decode_lines, feed.take)
        for target, handler in feed.handlers.items():
            connection.on(target, handler)
        for target, handler in (companion.handlers(self.hub) if companion else {}).items():
            connection.on(target, handler)
        connection.on("GatewayLogout", self._logged_out)
        try:
            connection.start()
        except UpgradeRefused as refused:
            self._wants_new_token = refused.status in (401, 403)
            raise
        if companion is not None:
            companion.attach(self.hub, connection)
        for method, *arguments in feed.subscriptions():
            connection.call(str(method), *arguments)
        return feed

    def _keep(self, connection: HubConnection, feed: UserFeed | MarketFeed) -> None:
        """Pings until the connection is lost, or is of no more use. Raises HubLost.

        A hub that pings and tells nothing while the exchange is open is as good as gone. A
        connection is replaced before its token ends, which is when the shared one was renewed.
        """
        limits, heard, heard_at = self._terms.limits, 0, 0.0
        attended = Attended(2 * limits.ping_every_s)
        heard_there = self._terms.clock.now()
        while not connection.lost.wait(limits.ping_every_s):
            connection.ping()
            if self._is_token_replaced():
                raise HubLost("the token was renewed: the next connection uses it")
            if isinstance(feed, UserFeed):
                continue  # silence is normal there
            moment = attended.look()
            there = self._terms.clock.now()
            if feed.heard != heard or not is_open_at(there):
                heard, heard_at, heard_there = feed.heard, moment, there
            elif moment - heard_at >= limits.data_limit_s and self._lasts(there - heard_there):
                raise HubLost(f"no market data for {limits.data_limit_s:g} s")

    def _lasts(self, there: timedelta) -> bool:
        """Of a market that may stand still or be late, its own time counts as well."""
        clock = self._terms.clock
        limit_s = self._terms.limits.data_limit_s * clock.speed
        return clock.late_s is None or there >= timedelta(seconds=limit_s)

    def _is_token_replaced(self) -> bool:
        try:
            return self._terms.token() != self._token_used
        except PxError as error:  # asked again with the next ping; this token is still good
            self.last_fault = str(error)
            return False

    def _logged_out(self, _: Arguments) -> None:
        """The venue's hint that this token has had its day: begin again. Reference, 4.9."""
        self._wants_new_token = True
        if self._connection is not None:
            self._connection.fail("the gateway sent GatewayLogout")

    # -- what the connection and the feeds report ---------------------------------------------

    def bad_record(self, why: str) -> None:
        """Counted, and told as an event, so that it is in the journal."""
        self.bad_records += 1
        self.last_fault = why
        self._skipped_told += 1
        if self._skipped_told <= _SKIPPED_TOLD_MAX:
            self.tell(why)

    def bad_price(self) -> None:
        """Counted with the records that could not be read; what is told of it is told apart."""
        self.bad_records += 1

    def tell(self, what: str) -> None:
        """As an event, so that it is in the journal."""
        terms = self._terms
        terms.deliver(RecordSkipped(at=terms.clock.now(), hub=self.hub, why=what))

    def handler_error(self, error: Exception) -> None:
        self.handler_errors += 1
        self.last_fault = f"{type(error).__name__}: {error}"

    def unknown_target(self, target: str) -> None:
        self.unknown_targets += 1
        self.last_fault = f"{target!r} is nothing that is listened to"

    def unknown_contract(self, contract_id: str) -> None:
        self.unknown_contracts += 1
        if self._terms.on_unknown_contract is not None:
            self._terms.on_unknown_contract(contract_id)
