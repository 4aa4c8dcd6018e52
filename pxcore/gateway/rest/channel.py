"""One HTTP exchange with the gateway, and what its failure proves.

Every exchange is sent exactly once: urllib3 repeats nothing, redirects are not followed.
No .netrc is read; of a proxy, what `pxcore.host.proxies` says.
Errors name the base URL and the cause and are raised without the exception beneath, which
holds the request and with it the key or the token.
"""

import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NewConnectionError
from urllib3.util.retry import Retry

from pxcore.gateway.rest.timely import TimelyAdapter
from pxcore.host.proxies import proxy_to
from pxcore.model import Misconfigured, OutcomeUnknown, Unavailable

BODY_BYTES_MAX = 64 * 1024 * 1024
_PART = 65536


@dataclass(frozen=True, slots=True)
class Reply:
    """`date` is the header of that name as it came: the server's own time, in whole seconds.
    `leads_to` is where a redirect leads: scheme and host, no more.
    """

    status: int
    body: bytes
    date: str | None = None
    leads_to: str | None = None


class _Session(requests.Session):
    """Leaves a redirect alone. `requests` would read where it leads, and its body without a bound,
    although it follows none; an address that is none would raise.
    """

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


class Channel:
    """Safe to use from many threads: each has a session, and so connections, of its own."""

    def __init__(self, *, base_url: str, connect_timeout_s: float, reply_timeout_s: float) -> None:
        url = urlsplit(base_url)
        if url.scheme not in ("https", "http") or not url.hostname:
            raise Misconfigured(f"the gateway's base URL {base_url!r} is no http(s)://host")
        self.base_url = base_url.rstrip("/")
        self._through = proxy_to(self.base_url)
        self._timeout_s = (connect_timeout_s, reply_timeout_s)
        self._own = threading.local()
        self._sessions: list[requests.Session] = []
        self._lock = threading.Lock()

    def post(self, path: str, body: bytes, token: str | None) -> Reply:
        """The gateway's reply, whatever its status.

        Raises Unavailable when nothing was sent, OutcomeUnknown when the reply is lost.
        """
        return self._exchange("POST", path, body, token)

    def get(self, path: str) -> Reply:
        return self._exchange("GET", path, None, None)

    def close(self) -> None:
        """Idle connections are closed. A later exchange opens a new one."""
        with self._lock:
            for session in self._sessions:
                session.close()

    def _exchange(self, method: str, path: str, body: bytes | None, token: str | None) -> Reply:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            response = self._session().request(
                method,
                self.base_url + path,
                data=body,
                headers=headers,
                timeout=self._timeout_s,
                allow_redirects=False,
                stream=True,
            )
            return Reply(
                response.status_code,
                self._body(response),
                response.headers.get("Date"),
                place_of(response.headers.get("Location")),
            )
        except requests.RequestException as error:
            cause = _root_cause(error)
            if _was_not_sent(error):
                raise Unavailable(f"{self.base_url} cannot be reached: {cause}") from None
            raise OutcomeUnknown(f"{self.base_url}{path} gave no whole reply: {cause}") from None

    def _body(self, response: requests.Response) -> bytes:
        """All of it, in the time that a reply may take (`timely`)."""
        body = bytearray()
        try:
            while part := response.raw.read1(_PART, decode_content=True):
                body += part
                if len(body) > BODY_BYTES_MAX:
                    raise requests.ConnectionError(f"it is longer than {BODY_BYTES_MAX} bytes")
        except HTTPError as error:
            raise requests.ConnectionError(error) from error
        finally:
            response.close()  # a whole one has given its connection back before
        return bytes(body)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._own, "session", None)
        if session is None:
            session = _Session()
            session.trust_env = False
            session.headers.update(
                {"Content-Type": "application/json", "Accept": "application/json"}
            )
            adapter = TimelyAdapter(
                through=self._through, max_retries=Retry(total=0, read=False, redirect=False)
            )
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            self._own.session = session
            with self._lock:
                self._sessions.append(session)
        return session


def place_of(location: str | None) -> str | None:
    """Without what may be secret in it."""
    if location is None:
        return None
    try:
        url = urlsplit(location)
        host = url.hostname
    except ValueError:
        return "no address that can be read"
    return f"{url.scheme}://{host}" if host else "another page of its own"


def _was_not_sent(error: requests.RequestException) -> bool:
    """True only where it is proven: no connection came about."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    if not isinstance(error, requests.ConnectionError) or not error.args:
        return False
    beneath = error.args[0]
    return isinstance(beneath, MaxRetryError) and isinstance(
        beneath.reason, (NewConnectionError, ConnectTimeoutError)
    )


def _root_cause(error: BaseException) -> str:
    """The innermost error in one line: the system's own words where there are any."""
    while beneath := _beneath(error):
        error = beneath
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (words or type(error).__name__).splitlines()[0]


def _beneath(error: BaseException) -> BaseException | None:
    """What it wraps: requests and urllib3 keep it in `reason`, in `args` or as the cause."""
    held = (getattr(error, "reason", None), *reversed(error.args), error.__cause__)
    return next((inner for inner in held if isinstance(inner, BaseException)), None)
