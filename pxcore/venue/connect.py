"""A client of the gateway that the settings name, and where its requests are counted: together,
whatever the home folder, for all of one user's at one gateway.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

from pxcore.config.paths import Paths
from pxcore.config.settings import GatewayName, Settings
from pxcore.gateway.rest import A_WINDOW_S, BRIEFLY_S, Budget, GatewayClient, Observer, SharedLedger
from pxcore.host.courtesy import bounded
from pxcore.host.own_home import default_home
from pxcore.model import Unavailable


def connect(
    settings: Settings,
    *,
    observer: Observer | None = None,
    sleep: Callable[[float], None] = time.sleep,
    waits_for_budget: bool = False,
) -> GatewayClient:
    """A client of the gateway that the settings name. Nothing is sent yet.

    With `waits_for_budget` a question that our own count of requests holds back is asked once one
    is free, a minute a try and four tries at most, instead of failing: a day's start and end have
    that time.
    """
    base_url, _ = settings.hosts
    username, api_key = settings.login
    return GatewayClient(
        base_url=base_url,
        username=username,
        api_key=api_key,
        connect_timeout_s=settings.connect_timeout_s,
        reply_timeout_s=settings.reply_timeout_s,
        clock=settings.clock,
        budget=Budget(ledger_of(settings)),
        observer=observer,
        sleep=sleep,
        budget_patience_s=A_WINDOW_S if waits_for_budget else BRIEFLY_S,
    )


def ledger_of(settings: Settings) -> SharedLedger:
    """Where requests of the gateway's user are counted; for a paper gateway that is its home."""
    user = f"{settings.gateway} {settings.username}".lower()
    is_paper = settings.gateway is GatewayName.PAPER
    return SharedLedger(Paths(settings.home if is_paper else _writable(settings)).budget(user))


def _writable(settings: Settings) -> Path:
    """The user's own folder; the home folder where a service has none that it may write to."""
    own = default_home()
    try:
        bounded("the user's own folder", lambda: own.mkdir(parents=True, exist_ok=True, mode=0o700))
    except (OSError, Unavailable):
        return settings.home
    return own if os.access(own, os.W_OK) else settings.home
