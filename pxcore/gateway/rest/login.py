"""Who we are to the gateway: one token, shared by every thread, renewed before it ends.

Tokens live 24 hours; after 23 the next user exchanges it. A login does not end earlier tokens.
Source: gateway reference, 1.5 and 1.7.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from pxcore.clock.clocks import Clock
from pxcore.gateway.rest.budget import Urgency
from pxcore.gateway.rest.failures import Failure
from pxcore.gateway.rest.outcomes import Kind
from pxcore.gateway.rest.policy import Sender, patiently
from pxcore.gateway.wire import endpoints, requests

_RENEW_AFTER: Final = timedelta(hours=23)


class Login:
    def __init__(
        self,
        sender: Sender,
        *,
        username: str,
        api_key: str,
        clock: Clock,
        sleep: Callable[[float], None],
    ) -> None:
        self._sender = sender
        self._request = requests.LoginRequest(user_name=username, api_key=api_key)
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._token: str | None = None
        self._since: datetime | None = None

    def log_in(self) -> str:
        """A new token. Raises Misconfigured when the user or the key is not good."""
        with self._lock:
            return self._log_in()

    def token(self) -> str:
        """The shared token: logs in at first use, renews it after 23 hours."""
        with self._lock:
            if self._token is None or self._since is None:
                return self._log_in()
            if self._clock.now() - self._since >= _RENEW_AFTER:
                return self._exchange(self._token)
            return self._token

    def token_in_hand(self) -> str | None:
        """The shared token, if there is one that need not be renewed. Waits for nothing."""
        token, since = self._token, self._since
        if token is None or since is None or self._clock.now() - since >= _RENEW_AFTER:
            return None
        return token

    def renew(self, stale: str) -> str:
        """A token that is not `stale`: logs in again unless another thread just did."""
        with self._lock:
            if self._token is not None and self._token != stale:
                return self._token
            return self._log_in()

    def _keep(self, token: str) -> str:
        self._since = self._clock.now()  # first: whoever looks in between finds the older of both
        self._token = token
        return token

    def _exchange(self, token: str) -> str:
        came = self._sender.send(
            Kind.QUESTION,
            endpoints.VALIDATE,
            requests.Empty(),
            token=token,
            attempted="renew the token",
            urgency=Urgency.URGENT,
        )
        if isinstance(came, Failure):
            return self._log_in()
        return self._keep(came.answer.new_token or token)

    def _log_in(self) -> str:
        came = patiently(
            lambda: self._sender.send(
                Kind.LOGIN,
                endpoints.LOGIN,
                self._request,
                token=None,
                attempted="login",
                urgency=Urgency.URGENT,  # nothing can be flattened without it
            ),
            sleep=self._sleep,
        )
        return self._keep(came.get().token)
