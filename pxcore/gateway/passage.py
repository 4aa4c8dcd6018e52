"""A connection to the venue through the user's proxy: REST and both hubs go the same way.

An HTTP proxy is asked for a tunnel (CONNECT), whatever runs in it; a SOCKS one for a connection.
Either is told the venue's name, and looks up its address. Nothing of a request has left as long as
the way does not stand.
"""

import base64
import socket
from http.client import HTTPConnection, HTTPException
from typing import Final

from python_socks import ProxyError as SocksError
from python_socks import ProxyType
from python_socks.sync import Proxy as Socks

from pxcore.host.courtesy import bounded, reason_of
from pxcore.host.proxies import Proxy
from pxcore.model import Unavailable
from pxcore.text.plain import plain

_KINDS: Final = {
    "socks5": ProxyType.SOCKS5,
    "socks5h": ProxyType.SOCKS5,
    "socks4": ProxyType.SOCKS4,
    "socks4a": ProxyType.SOCKS4,
}


def open_through(proxy: Proxy, host: str, port: int, timeout_s: float) -> socket.socket:
    """Connected. Raises OSError, which names the proxy; TimeoutError is one."""

    def connect() -> socket.socket:
        if proxy.scheme == "http":
            return _tunnel(proxy, host, port, timeout_s)
        user, password = proxy.login or (None, None)
        kind = _KINDS[proxy.scheme]
        way = Socks(kind, proxy.host, proxy.port, user, password, rdns=True)
        return way.connect(host, port, timeout=timeout_s)

    try:  # each of its reads has its time: all of them together, here
        sock = bounded(
            "it", connect, limit_s=timeout_s, undo=lambda late: late.close(), is_must=True
        )
    except (TimeoutError, Unavailable):
        raise TimeoutError(f"the proxy {proxy} gave no connection in {timeout_s:g} s") from None
    except (OSError, SocksError, HTTPException, ValueError) as error:
        raise OSError(f"the proxy {proxy} gave none: {plain(reason_of(error))}") from None
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _tunnel(proxy: Proxy, host: str, port: int, timeout_s: float) -> socket.socket:
    headers = {}
    if proxy.login is not None:
        login = base64.b64encode(":".join(proxy.login).encode()).decode()
        headers["Proxy-Authorization"] = f"Basic {login}"
    connection = HTTPConnection(proxy.host, proxy.port, timeout=timeout_s)
    connection.set_tunnel(host, port, headers)
    connection.connect()
    sock = connection.sock
    if sock is None:
        raise OSError("no connection")
    return sock
