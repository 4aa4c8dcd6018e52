"""Who we are to the gateway: one token, shared by every thread, renewed before it ends.

Tokens live 24 hours; after 23 the next user exchanges it. A login does not end earlier tokens.
Source: gateway reference, 1.5 and 1.7.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from pxcore.clock import Clock
from pxcore.gateway.channel import Channel
from pxcore.gateway.policy import Unauthorised, ask_once, patiently
from pxcore.gateway.wire import endpoints
from pxcore.model import Misconfigured, ProtocolError, Refused, Unavailable

_RENEW_AFTER: Final = timedelta(hours=23)

_CHECK_KEY: Final = (
    "check the user name (the platform's login name, not the e-mail address) and the API key"
)
_REMEDY: Final = {
    "AgreementsNotSigned": "log into the platform and sign the agreements",
    "ApiSubscriptionNotFound": "the user has no API subscription: buy or link it",
    "ApiKeyAuthenticationDisabled": "API keys are disabled for this user: ask support",
}


class Login:
    def __init__(
        self,
        channel: Channel,
        *,
        username: str,
        api_key: str,
        clock: Clock,
        sleep: Callable[[float], None],
    ) -> None:
        self._channel = channel
        self._request = endpoints.Login(user_name=username, api_key=api_key)
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

    def renew(self, stale: str) -> str:
        """A token that is not `stale`: logs in again unless another thread just did."""
        with self._lock:
            if self._token is not None and self._token != stale:
                return self._token
            return self._log_in()

    def _keep(self, token: str) -> str:
        self._token, self._since = token, self._clock.now()
        return token

    def _exchange(self, token: str) -> str:
        try:
            answer = ask_once(
                self._channel,
                endpoints.VALIDATE,
                endpoints.Empty(),
                token=token,
                attempted="renew the token",
            )
        except (Refused, Unavailable, ProtocolError):
            return self._log_in()
        return self._keep(answer.new_token or token)

    def _log_in(self) -> str:
        base_url = self._channel.base_url
        try:
            answer = patiently(self._ask, sleep=self._sleep)
        except Refused as refused:
            if refused.code_name == "UnknownError":
                raise Unavailable(f"{base_url}: {refused}") from refused
            remedy = _REMEDY.get(refused.code_name, _CHECK_KEY)
            raise Misconfigured(f"{base_url}: {refused}; {remedy}") from refused
        return self._keep(answer.token)

    def _ask(self) -> endpoints.LoggedIn:
        try:
            return ask_once(
                self._channel, endpoints.LOGIN, self._request, token=None, attempted="login"
            )
        except Unauthorised as error:
            raise Misconfigured(f"{error}; {_CHECK_KEY}") from error
