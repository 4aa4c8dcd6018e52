"""Both hubs, kept connected for as long as the session lives.

Each hub has a supervisor thread, and every attempt a new connection with a token asked for again:
connect, handshake, subscribe, HubUp; then pings, until the connection is lost for whatever
reason; HubDown, a pause, and again. What happened in between was not heard: HubUp means that
the state must be asked for by REST. Source: gateway reference, 4.8; signalrcore notes, 6.
"""

import ssl
import time
from collections.abc import Callable, Mapping

from pxcore.clock.clocks import Clock
from pxcore.engine.events import Event, Hub
from pxcore.gateway.hubs.feeds import Arrivals, MarketFeed, Report, Unheeded, UserFeed
from pxcore.gateway.hubs.keeper import Backoff, Companion, HubKeeper, HubTerms
from pxcore.gateway.hubs.websocket import HubLimits
from pxcore.model import Contract


class Realtime:
    """Delivers events from both hubs until stopped.

    `deliver` is called on the hubs' threads, for the two hubs at the same time, and must not
    wait. `token` gives a token that is good now, and is asked with every ping besides: when it
    gives another one, the hub reconnects with that. `renew_token` gives one that is not the stale
    one it is told of, after the gateway refused that or announced a logout (default: `token`).
    `contracts` may grow: the user hub sees it at once, the market hub when it connects next.
    `on_unknown_contract` hears the id of a contract outside of it, on a hub's thread; it is
    counted in any case. `companion` has a word on each connection before it is subscribed.
    `arrivals` is told of what the market hub brings, whose events go to `deliver_price` where that
    is given.
    """

    def __init__(
        self,
        *,
        rtc_url: str,
        token: Callable[[], str],
        account_id: int,
        contracts: Mapping[str, Contract],
        deliver: Callable[[Event], None],
        clock: Clock,
        wants_depth: bool = False,
        renew_token: Callable[[str], str] | None = None,
        on_unknown_contract: Callable[[str], None] | None = None,
        limits: HubLimits | None = None,
        backoff: Backoff | None = None,
        ssl_context: ssl.SSLContext | None = None,
        companion: Companion | None = None,
        arrivals: Arrivals | None = None,
        deliver_price: Callable[[Event], None] | None = None,
    ) -> None:
        arrivals = arrivals or Unheeded()

        def user_feed(report: Report) -> UserFeed:
            return UserFeed(
                account_id=account_id,
                contracts=contracts,
                deliver=deliver,
                clock=clock,
                report=report,
            )

        def market_feed(report: Report) -> MarketFeed:
            return MarketFeed(
                contracts=contracts,
                wants_depth=wants_depth,
                deliver=deliver_price or deliver,
                clock=clock,
                report=report,
                arrivals=arrivals,
            )

        terms = HubTerms(
            token=token,
            renew_token=renew_token or (lambda stale: token()),
            deliver=deliver,
            clock=clock,
            on_unknown_contract=on_unknown_contract,
            limits=limits or HubLimits(),
            backoff=backoff or Backoff(),
            ssl_context=ssl_context,
            companion=companion,
        )

        url = f"{rtc_url.rstrip('/')}/hubs"
        self.user = HubKeeper(Hub.USER, url=f"{url}/{Hub.USER}", new_feed=user_feed, terms=terms)
        self.market = HubKeeper(
            Hub.MARKET,
            url=f"{url}/{Hub.MARKET}",
            new_feed=market_feed,
            terms=terms,
            on_arrival=arrivals.received,
        )
        self._hubs = (self.user, self.market)

    def start(self) -> None:
        """Returns at once; HubUp of each hub follows. May be called once."""
        for hub in self._hubs:
            hub.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Returns within `timeout_s`, whatever the servers do. A hub that is up goes down."""
        deadline = time.monotonic() + timeout_s
        for hub in self._hubs:
            hub.stop()
        for hub in self._hubs:
            hub.join(max(deadline - time.monotonic(), 0))

    @property
    def bad_records(self) -> int:
        """Records and payloads that could not be read, on both hubs, and prices that cannot be."""
        return sum(hub.bad_records for hub in self._hubs)

    @property
    def handler_errors(self) -> int:
        """Events that `deliver` did not take."""
        return sum(hub.handler_errors for hub in self._hubs)

    @property
    def unknown_contracts(self) -> int:
        """Payloads about a contract outside of the mapping."""
        return sum(hub.unknown_contracts for hub in self._hubs)

    @property
    def unknown_targets(self) -> int:
        """Events that nobody here listens to."""
        return sum(hub.unknown_targets for hub in self._hubs)

    @property
    def reconnects(self) -> int:
        """How often a hub came up again after its first time."""
        return sum(max(hub.ups - 1, 0) for hub in self._hubs)

    @property
    def last_faults(self) -> dict[Hub, str | None]:
        """The last thing that went wrong on each hub, None when nothing did."""
        return {hub.hub: hub.last_fault for hub in self._hubs}
