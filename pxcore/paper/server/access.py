"""Who may call, and how often: tokens shaped like the venue's, and its rate limits.

Both run on wall time, whatever the market's clock does. Source: gateway reference, 1.5 to 1.8, 3.
"""

import base64
import hashlib
import hmac
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from pxcore.host.decoding import decode_json
from pxcore.model import ProtocolError

WallSeconds = Callable[[], float]


class _Claims(msgspec.Struct, frozen=True):
    sub: str
    iat: float
    exp: float
    jti: str


class Tokens:
    """Issues and checks signed tokens. A new one does not end those before it."""

    def __init__(self, *, lifetime_s: float, wall: WallSeconds) -> None:
        self._lifetime_s = lifetime_s
        self._wall = wall
        self._key = secrets.token_bytes(32)
        self._revoked: set[str] = set()

    def issue(self, user: str) -> str:
        now = self._wall()
        claims = _Claims(sub=user, iat=now, exp=now + self._lifetime_s, jti=secrets.token_hex(8))
        head = _packed(msgspec.json.encode({"alg": "HS256", "typ": "JWT"}))
        body = f"{head}.{_packed(msgspec.json.encode(claims))}"
        return f"{body}.{self._signature(body)}"

    def user(self, token: str) -> str | None:
        """Whose token it is; None when it is foreign, garbled, expired or logged out."""
        claims = self._claims(token)
        if claims is None or claims.exp <= self._wall() or claims.jti in self._revoked:
            return None
        return claims.sub

    def expire_all(self) -> None:
        """Every token that was issued so far is worthless; those to come are not."""
        self._key = secrets.token_bytes(32)

    def revoke(self, token: str) -> None:
        claims = self._claims(token)
        if claims is not None:
            self._revoked.add(claims.jti)

    def _claims(self, token: str) -> _Claims | None:
        body, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(body).encode()):
            return None
        try:
            return decode_json(_unpacked(body.partition(".")[2]), _Claims)
        except (ValueError, ProtocolError):
            return None

    def _signature(self, body: str) -> str:
        return _packed(hmac.new(self._key, body.encode(), hashlib.sha256).digest())


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `requests` in any `seconds`."""

    requests: int
    seconds: float


REST_LIMIT = RateLimit(200, 60)
BARS_LIMIT = RateLimit(50, 30)


class Throttle:
    """A sliding window per user."""

    def __init__(self, limit: RateLimit, wall: WallSeconds) -> None:
        self._limit = limit
        self._wall = wall
        self._taken: dict[str, deque[float]] = {}

    def admits(self, user: str) -> bool:
        """True, and counted, when there is room."""
        now = self._wall()
        taken = self._taken.setdefault(user, deque())
        while taken and taken[0] <= now - self._limit.seconds:
            taken.popleft()
        if len(taken) >= self._limit.requests:
            return False
        taken.append(now)
        return True


def _packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
