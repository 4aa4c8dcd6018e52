"""Who we are to the gateway: one token, shared by every thread, renewed before it ends.

Tokens live 24 hours; after 23 the next user exchanges it. A login does not end earlier tokens.
Source: gateway reference, 1.5 and 1.7.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from pxcore.clock.clocks import Clock
from pxcore.gateway.rest.budget import Urgency
from pxcore.gateway.rest.policy import Sender, Unauthorised, patiently
from pxcore.gateway.wire import endpoints, requests
from pxcore.gateway.wire.endpoints import Endpoint
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

    def log_in_as_app(self, password: str, device_id: str, app_id: str, verify_key: str) -> str:
        request = requests.AppLogin(
            user_name=self._request.user_name,
            password=password,
            device_id=device_id,
            app_id=app_id,
            verify_key=verify_key,
        )
        with self._lock:
            return self._log_in(endpoints.LOGIN_APP, request)

    def log_out(self) -> None:
        """The token is given back; the next user logs in again."""
        with self._lock:
            token, self._token = self._token, None
            if token is not None:
                self._sender.ask(
                    endpoints.LOGOUT,
                    requests.Empty(),
                    token=token,
                    attempted="logout",
                    urgency=Urgency.URGENT,
                )

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
            answer = self._sender.ask(
                endpoints.VALIDATE,
                requests.Empty(),
                token=token,
                attempted="renew the token",
                urgency=Urgency.URGENT,
            )
        except (Refused, Unavailable, ProtocolError):
            return self._log_in()
        return self._keep(answer.new_token or token)

    def _log_in(
        self,
        endpoint: Endpoint[endpoints.LoggedIn] = endpoints.LOGIN,
        request: msgspec.Struct | None = None,
    ) -> str:
        base_url = self._sender.channel.base_url
        try:
            answer = patiently(
                lambda: self._ask(endpoint, request or self._request), sleep=self._sleep
            )
        except Refused as refused:
            if refused.code_name == "UnknownError":
                raise Unavailable(f"{base_url}: {refused}") from refused
            remedy = _REMEDY.get(refused.code_name, _CHECK_KEY)
            raise Misconfigured(f"{base_url}: {refused}; {remedy}") from refused
        return self._keep(answer.token)

    def _ask(
        self, endpoint: Endpoint[endpoints.LoggedIn], request: msgspec.Struct
    ) -> endpoints.LoggedIn:
        urgency = Urgency.URGENT  # nothing can be flattened without it
        try:
            return self._sender.ask(
                endpoint, request, token=None, attempted="login", urgency=urgency
            )
        except Unauthorised as error:
            raise Misconfigured(f"{error}; {_CHECK_KEY}") from error
