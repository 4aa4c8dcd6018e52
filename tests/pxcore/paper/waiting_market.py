"""A paper gateway whose market waits for its session, in a thread of the test's own process."""

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from paper_scenes import ACCOUNT, LISTED, MNQ, OPEN, START_USD, quote
from paper_server import CONTROL_KEY, Gateway, Hub, serving

from pxcore.clock.clocks import ShiftedClock
from pxcore.clock.published import ClockFile, PublishedClock
from pxcore.paper.exchange import AccountSpec, Exchange
from pxcore.paper.server.app import ServerConfig
from pxcore.paper.server.market_time import MarketTime
from pxcore.paper.server.venue import PaperVenue


class Waiting:
    """A gateway whose market waits: a quote every 20 ms from its start on."""

    def __init__(
        self, stack: ExitStack, folder: Path, *, goes_in_steps: bool, speed: float
    ) -> None:
        clock = ShiftedClock(market=OPEN, wall=datetime.now(UTC), speed=speed)
        self.time = MarketTime(clock, start=OPEN, waits=True, file=ClockFile(folder / "clock"))
        tape = (quote(20 * n, 100_000 + n, 100_001 + n) for n in range(1_000_000))
        venue = PaperVenue(
            exchange=Exchange(
                contracts=LISTED, accounts=(AccountSpec(ACCOUNT, "PRAC-V2-1", START_USD),), seed=7
            ),
            tape=tape,
            clock=self.time,
            goes_in_steps=goes_in_steps,
        )
        config = ServerConfig(rest_limit=None, bars_limit=None, control_key=CONTROL_KEY)
        running = serving(iter(()), venue=venue, config=config)
        self.gateway: Gateway = stack.enter_context(running).log_in()
        self.clock_file = folder / "clock"
        self.published = PublishedClock(self.clock_file)
        self._stack = stack

    def hub(self, name: str) -> Hub:
        hub = self.gateway.hub(name)
        self._stack.callback(hub.socket.close)
        return hub

    def attached(self, session: str = "S") -> tuple[Hub, Hub]:
        """The user and the market hub of a session that has attached and subscribed."""
        user, market = self.hub("user"), self.hub("market")
        for hub in (user, market):
            assert "error" not in hub.call("PaperAttach", session)
        user.call("SubscribeOrders", ACCOUNT)
        user.call("SubscribeTrades", ACCOUNT)
        market.call("SubscribeContractQuotes", MNQ.id)
        return user, market

    @property
    def pace(self) -> str:
        return str(self.gateway.get("/paper/state")["clock"]["pace"])

    @property
    def now(self) -> datetime:
        return datetime.fromisoformat(self.gateway.get("/paper/state")["now"])
