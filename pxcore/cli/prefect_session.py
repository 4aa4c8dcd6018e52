"""Requests to the Prefect server of a home: with its key, and a token for what changes things."""

from http import HTTPStatus
from typing import Any
from uuid import uuid4

import requests

from pxcore.config.paths import Paths
from pxcore.config.server_key import server_key
from pxcore.gateway.rest.timely import TimelyAdapter

_CHANGES = ("POST", "PUT", "PATCH", "DELETE")


class PrefectSession:
    """Of the server at `ui`, such as http://127.0.0.1:4200. Loopback: no proxy has any business
    there. Everything raises what `requests` raises.
    """

    def __init__(self, ui: str, paths: Paths) -> None:
        self._ui = ui
        user, _, secret = server_key(paths).partition(":")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount("http://", TimelyAdapter())  # an answer that drips has an end, too
        self._session.auth = (user, secret)
        self._client = str(uuid4())  # the token is for this one
        self._token = ""

    def ask(
        self, method: str, path: str, body: Any = None, *, timeout_s: float
    ) -> requests.Response:
        """`path` from the server's root. A token that has grown too old is fetched again, once."""
        if method not in _CHANGES:
            return self._send(method, path, None, timeout_s)
        is_fresh = not self._token
        if is_fresh:
            self._get_token(timeout_s)
        answer = self._send(method, path, body, timeout_s)
        if answer.status_code == HTTPStatus.FORBIDDEN and not is_fresh:
            self._get_token(timeout_s)
            answer = self._send(method, path, body, timeout_s)
        return answer

    def close(self) -> None:
        self._session.close()

    def _get_token(self, timeout_s: float) -> None:
        path = f"/api/csrf-token?client={self._client}"
        answer = self._send("GET", path, None, timeout_s)
        answer.raise_for_status()
        self._token = str(answer.json()["token"])

    def _send(self, method: str, path: str, body: Any, timeout_s: float) -> requests.Response:
        return self._session.request(
            method,
            f"{self._ui}{path}",
            json=body,
            headers={"Prefect-Csrf-Client": self._client, "Prefect-Csrf-Token": self._token},
            timeout=timeout_s,
        )
