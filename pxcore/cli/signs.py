"""What shows of each process of `px up` that it lives, and for how long it may show nothing.

The server and the paper gateways answer a question. A runner asks the server for its deployments
about every second, and the server notes when. A watchdog's heartbeat grows in the store. Each is
something that only a process which goes on can do; and where somebody else may be the reason why
nothing is seen (the server of a runner, the store of a watchdog), nothing is held against it.
"""

import os
from collections.abc import Callable

import requests

from pxcore.cli.runners import TAGS
from pxcore.cli.upcoming import PrefectApi
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.day.store_access import ask_store
from pxcore.gateway.rest.timely import TimelyAdapter
from pxcore.host.keep import KeptProcess
from pxcore.host.liveness import Growing, Sign, SignOfLife, Watched
from pxcore.host.starting import HANG_UNITS
from pxcore.model import PxError
from pxcore.ownership.lease import place_of
from pxcore.store.database import Store
from pxcore.store.live.leases import read_watchdogs

# The same as a part of a start that comes to nothing has; twice that for a paper gateway, which
# holds a market that sessions trade on, and for a runner, which asks less often after an outage.
_SOON_UNITS, _LATE_UNITS = HANG_UNITS, 2 * HANG_UNITS
_OFTEN_S, _SELDOM_S = 2.0, 5.0  # between two looks
_ANSWER_S = 3.0
_STORE_S = 5.0


class Asking:
    """Prefect's API where it is now, with a connection of its own: for one thread."""

    def __init__(self, ui: Callable[[], str], paths: Paths) -> None:
        self._ui = ui
        self._paths = paths
        self._made: tuple[str, PrefectApi] | None = None

    def __call__(self) -> PrefectApi:
        ui = self._ui()
        if self._made is None or self._made[0] != ui:
            self._made = (ui, PrefectApi(ui, self._paths))
        return self._made[1]


def of_server(kept: KeptProcess, api: Asking) -> Watched:
    def sign() -> SignOfLife:
        return SignOfLife.ANSWERS if api().is_well() else SignOfLife.SILENT

    return Watched(kept, sign, units=_SOON_UNITS, every_s=_OFTEN_S)


def of_runner(kept: KeptProcess, name: str, api: Asking) -> Watched:
    sign = Growing(lambda: api().last_polled(**TAGS[name]))
    return Watched(kept, sign, units=_LATE_UNITS, every_s=_SELDOM_S)


def of_gateway(kept: KeptProcess, url: str) -> Watched:
    return Watched(kept, _Answering(f"{url}/api/status/ping"), units=_LATE_UNITS, every_s=_SELDOM_S)


def of_watchdog(kept: KeptProcess, settings: Settings, account_id: int) -> Watched:
    return Watched(kept, _beating(kept, settings, account_id), units=_SOON_UNITS, every_s=_SELDOM_S)


class _Answering:
    """It answers a question, whatever it says. Loopback: no proxy has any business there."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount("http://", TimelyAdapter())

    def __call__(self) -> SignOfLife:
        try:
            self._session.get(self._url, timeout=_ANSWER_S)
        except requests.RequestException:
            return SignOfLife.SILENT
        return SignOfLife.ANSWERS


def _beating(kept: KeptProcess, settings: Settings, account_id: int) -> Sign:
    """Its heartbeat has grown; one that has not counts against it while the store takes writes."""
    place = place_of(settings)

    def beat() -> object | None:
        process = kept.process
        found = ask_store(settings, lambda s: read_watchdogs(s, account_id), limit_s=_STORE_S)
        for one in found:
            is_its = process is not None and (one.pid == process.pid or os.name == "nt")
            if one.place == place and is_its:
                return one.beat
        return "none of it yet"

    growing = Growing(beat)

    def sign() -> SignOfLife:
        try:
            seen = growing()
            if seen is SignOfLife.SILENT:
                ask_store(settings, Store.require_writable, limit_s=_STORE_S)
        except PxError:
            return SignOfLife.UNKNOWN
        return seen

    return sign
