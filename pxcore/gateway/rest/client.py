"""The gateway by REST: the connection itself, and all that can be asked and instructed over it."""

import time
from collections.abc import Callable

from pxcore.clock.clocks import Clock
from pxcore.gateway.rest.bar_questions import BarQuestions
from pxcore.gateway.rest.budget import Budget, Left, OwnLedger
from pxcore.gateway.rest.caller import Caller
from pxcore.gateway.rest.channel import Channel
from pxcore.gateway.rest.clock_reading import ClockReading
from pxcore.gateway.rest.instructions import Instructions
from pxcore.gateway.rest.login import Login
from pxcore.gateway.rest.observer import Observer
from pxcore.gateway.rest.order_line import OrderLine
from pxcore.gateway.rest.policy import BRIEFLY_S, Sender
from pxcore.gateway.rest.questions import Questions


class GatewayClient(Questions, BarQuestions, Instructions):
    """Safe to use from many threads. `api_key` is plain: the caller unwraps it.

    `budget` is this client's own by default: give all of a user's clients one that they share.
    """

    def __init__(
        self,
        *,
        base_url: str,
        username: str,
        api_key: str,
        connect_timeout_s: float,
        reply_timeout_s: float,
        clock: Clock,
        budget: Budget | None = None,
        observer: Observer | None = None,
        sleep: Callable[[float], None] = time.sleep,
        budget_patience_s: float = BRIEFLY_S,
    ) -> None:
        self._channel = Channel(
            base_url=base_url,
            connect_timeout_s=connect_timeout_s,
            reply_timeout_s=reply_timeout_s,
        )
        self._budget = budget or Budget(OwnLedger())
        self._line = OrderLine(
            base_url, connect_timeout_s=connect_timeout_s, reply_timeout_s=reply_timeout_s
        )
        self._sender = sender = Sender(self._channel, self._line, self._budget, observer)
        self._login = Login(sender, username=username, api_key=api_key, clock=clock, sleep=sleep)
        call = Caller(sender, self._login, sleep=sleep, budget_patience_s=budget_patience_s)
        Questions.__init__(self, call, clock)
        BarQuestions.__init__(self, call)
        Instructions.__init__(self, call)

    def login(self) -> None:
        """Logs in again. Raises Misconfigured, saying what to do, when the key is not good.

        Tokens of other logins stay good: two programs of one user do not log each other out.
        """
        self._login.log_in()

    def token(self) -> str:
        """The token that REST and both hubs share, renewed when it is 23 hours old."""
        return self._login.token()

    def renew_token(self, stale: str) -> str:
        """A token that is not this one, which a hub did not take. One login serves all who ask."""
        return self._login.renew(stale)

    def ping(self) -> None:
        """Returns when the gateway answers. Raises Unavailable."""
        self._call.ping()

    def clock_reading(self) -> ClockReading | None:
        """How our wall clock stands to the gateway's, by a ping. Raises Unavailable.

        None when the gateway does not say its time.
        """
        return self._call.clock_reading()

    def keep_ready(self) -> bool:
        """Has a connection open and a request in hand, so that the next instruction may leave at
        once. To be called about once a second, by a thread that has time; False when one would not.
        """
        return self._call.keep_ready()

    def observe(self, observer: Observer) -> Observer:
        """It is told of every request from the next one on; returns the one that was until now."""
        return self._sender.observe(observer)

    def requests_left(self) -> tuple[Left, ...]:
        """What the rate limits still allow, by our own count."""
        return self._budget.left()

    def close(self) -> None:
        self._channel.close()
        self._line.close()
