"""What is secret in a text, and the text without it.

A secret is looked for in every form in which programs print one: as it is, as Python's `repr` and
JSON escape it, as a URL encodes it, and those of each other. What looks like a token is masked
whether or not anybody named it.
"""

import html
import json
import re
from collections.abc import Callable, Iterable
from urllib.parse import quote, quote_plus, unquote, urlsplit

MASK = "***"

_FORMS: tuple[Callable[[str], str], ...] = (
    lambda text: repr(text)[1:-1],
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: quote(text, safe=""),
    lambda text: quote(text),
    quote_plus,
    html.escape,
)
_ROUNDS = 2  # an escaped form inside another: an exception's repr in a JSON body

# Anything that says of itself that it is a secret; the group is what stays.
_TOKENS = (
    # Three parts of a JWT, two of a cut one, wherever they stand.
    re.compile(r"()\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"),
    re.compile(r"(?i)(access_token(?:=|%3D)|\b(?:Bearer|Basic)(?:\s+|%20|\+))[A-Za-z0-9._~+/=%-]+"),
    # A value of JSON, of Python or of a query, under a name that gives it away.
    re.compile(
        r"(?i)((?:api_?key|access_?token|\btoken|passw(?:or)?d|secret)"
        r"(?:[\\]*[\"']\s*:\s*[\\]*[\"']|=[\\]*[\"']?))[^\s\"'\\&,;)}]+"
    ),
    # The password of a URL: a database's, a proxy's.
    re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://[^\s/:@\"']*:)[^\s/\"']+(?=@)"),
)
_PART = re.compile(r"[A-Za-z0-9_-]{8,}")  # of a URL: long enough to be a token


class Masker:
    """Takes these values, in all their forms, and all that looks like a token out of a text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.secrets = tuple(secret for secret in secrets if secret)
        forms = sorted(_all_forms(self.secrets), key=len, reverse=True)  # longest first
        self._named = re.compile("|".join(map(re.escape, forms))) if forms else None

    def __call__(self, text: str) -> str:
        if self._named is not None:
            text = self._named.sub(MASK, text)
        for token in _TOKENS:
            text = token.sub(rf"\1{MASK}", text)
        return text


def secrets_in_url(url: str) -> tuple[str, ...]:
    """The URL, its password, and whatever in it is long enough to be a token.

    An alert's URL may hold its token anywhere, in place of the host too; a name with dots there
    is a host, and no secret.
    """
    try:
        split = urlsplit(url)
        host = split.hostname or ""
    except ValueError:
        return (url,)
    *login, address = split.netloc.rpartition("@")
    is_host = "." in host or host == "localhost"
    rest = " ".join((*login, "" if is_host else address, split.path, split.query))
    parts = (*_PART.findall(rest), *_PART.findall(unquote(rest)))
    passwords = password_in_url(url) if is_host else ()
    return tuple(dict.fromkeys((url, *passwords, *parts)))


def password_in_url(url: str) -> tuple[str, ...]:
    """As it is sent, if there is one: of a database, say."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return ()
    return (unquote(password),) if password else ()


def _all_forms(secrets: Iterable[str]) -> set[str]:
    found = set(secrets)
    for _ in range(_ROUNDS):
        found |= {form(text) for text in found for form in _FORMS}
    lower = {re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), text) for text in found}
    return found | lower
