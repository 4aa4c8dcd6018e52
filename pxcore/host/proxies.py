"""Which way leaves this machine: past any proxy to ourselves, through the user's own to the venue.

The variables are those that every program knows: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY, the
lower case before the upper. What is on loopback is ours and never goes through one. Prefect's
client builds what every variable names before it asks anything, and ends with one that it cannot
use: its processes get none of them, and ours read what the user set from where it is kept for them.
"""

import ipaddress
import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from pxcore.host.decoding import Decoder
from pxcore.model.errors import Misconfigured, ProtocolError

KEPT: Final = "PROXIES_OF_PX"  # as JSON, what is hidden from Prefect
_SCHEMES: Final = ("http", "https", "all", "ws", "wss", "socks")
_NAMES: Final = frozenset(f"{scheme}_proxy" for scheme in _SCHEMES)
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_PORTS: Final = {"http": 80, "socks5": 1080, "socks5h": 1080, "socks4": 1080, "socks4a": 1080}
_WANTED: Final = "http://host:port, socks5://host:port or socks4://host:port"

_kept: Decoder[dict[str, str]] = Decoder(dict[str, str])


@dataclass(frozen=True, slots=True)
class Proxy:
    """`login` is user and password; neither is in `str`. `variable` is where it was set."""

    scheme: str
    host: str
    port: int
    variable: str
    login: tuple[str, str] | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def proxy_to(url: str, environ: Mapping[str, str] | None = None) -> Proxy | None:
    """What a connection to this URL goes through; None when it goes there directly.

    Raises Misconfigured for a proxy that cannot be used.
    """
    wanted = urlsplit(url)
    host = wanted.hostname or ""
    own = os.environ if environ is None else environ
    found = {**_required(own), **_set_in(own)}
    scheme = {"ws": "http", "wss": "https"}.get(wanted.scheme, wanted.scheme)
    for name in (f"{scheme}_proxy", "all_proxy"):
        variable = next((n for n in (name, name.upper()) if found.get(n)), None)
        if variable is not None:
            if _is_passed(host, wanted.port or (443 if scheme == "https" else 80), own):
                return None
            return _read(variable, found[variable])
    return None


def keep_loopback_direct(environ: MutableMapping[str, str]) -> None:
    """Where a proxy is set, NO_PROXY names this machine, beside what the user has there."""
    if not _set_in(environ) and KEPT not in environ:
        return
    given = _no_proxy(environ)
    if "*" in given:
        return
    names = [name.removeprefix("[").removesuffix("]") for name in given]
    text = ",".join(dict.fromkeys((*names, *_LOOPBACK)))
    environ["NO_PROXY"] = environ["no_proxy"] = text


def hide_proxies(environ: MutableMapping[str, str]) -> None:
    """From Prefect; kept for what of ours runs in it."""
    found = {**_hidden_in(environ), **_set_in(environ)}
    if not found:
        return
    keep_loopback_direct(environ)
    environ[KEPT] = msgspec.json.encode(found).decode()
    for name in found:
        environ.pop(name, None)


def show_proxies(environ: MutableMapping[str, str]) -> None:
    """What was hidden is there again: for a process without Prefect."""
    found = _hidden_in(environ)
    for name, value in found.items():
        environ.setdefault(name, value)
    if found:
        environ.pop(KEPT)
    keep_loopback_direct(environ)


def settle_proxies(environ: MutableMapping[str, str]) -> None:
    """As every process begins. One whose Prefect server is on another machine may need them."""
    server = environ.get("PREFECT_API_URL", "")
    if KEPT in environ or (server and _is_loopback(_split(server).hostname or "")):
        hide_proxies(environ)
    keep_loopback_direct(environ)


def _set_in(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.lower() in _NAMES and value}


def _hidden_in(environ: Mapping[str, str]) -> dict[str, str]:
    """Nothing where it cannot be read: who asks for the way to the venue is told."""
    try:
        return _required(environ)
    except Misconfigured:
        return {}


def _required(environ: Mapping[str, str]) -> dict[str, str]:
    try:
        return _kept.decode(environ.get(KEPT, "{}"))
    except ProtocolError as error:
        raise Misconfigured(f"{KEPT} is set by px alone and cannot be read: unset it") from error


def _no_proxy(environ: Mapping[str, str]) -> list[str]:
    texts = (environ.get("no_proxy", ""), environ.get("NO_PROXY", ""))
    return [name for text in texts for name in text.replace(",", " ").split()]


def _is_passed(host: str, port: int, environ: Mapping[str, str]) -> bool:
    """By loopback or NO_PROXY: a name, a domain with all in it, `*`, or a network of addresses."""
    if _is_loopback(host):
        return True
    where = f"{host}:{port}"
    return any(
        name == "*" or _is_in_network(host, name) or _is_of(host, name) or _is_of(where, name)
        for name in _no_proxy(environ)
    )


def _is_of(where: str, name: str) -> bool:
    """The name itself, or one of its domain."""
    domain = name.lower().removeprefix("*").removeprefix(".")
    return bool(domain) and (where == domain or where.endswith(f".{domain}"))


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_in_network(host: str, name: str) -> bool:
    try:
        return "/" in name and ipaddress.ip_address(host) in ipaddress.ip_network(name, False)
    except ValueError:
        return False


def _read(variable: str, text: str) -> Proxy:
    """Its user and password are in no error."""
    url = _split(text if "://" in text else f"http://{text}")
    scheme = url.scheme.lower()
    try:
        port = url.port
        host = url.hostname
    except ValueError:
        port, host = None, None
    if scheme not in _PORTS or not host:
        what = f"of the kind {scheme}" if scheme and scheme not in _PORTS else "that names no host"
        raise Misconfigured(
            f"{variable} names a proxy {what}, which px cannot use: set it to {_WANTED}, unset it, "
            "or name the gateway's host in NO_PROXY"
        )
    login = None
    if url.username is not None:
        login = (unquote(url.username), unquote(url.password or ""))
    return Proxy(scheme, host, port or _PORTS[scheme], variable, login)


def _split(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:
        return urlsplit("")
