"""`px up`: everything on this machine, kept running until Ctrl-C or `px down`."""

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path

from rich.console import Console

from pxcore.calendar.hours import CHICAGO
from pxcore.cli.children import Crew
from pxcore.cli.home_paper import DEFAULT_ACCOUNT, HomePaper
from pxcore.cli.orchestrator import check_port
from pxcore.cli.signals import BrokenOff, Signals
from pxcore.config.accounts import NamedAccount, accounts
from pxcore.config.paths import Paths
from pxcore.config.settings import AccountlessSettings, GatewayName, Mode, Settings, load_settings
from pxcore.model import Misconfigured
from pxcore.ownership.account_lock import AccountLock
from pxcore.ownership.home_lock import HomeLock, Stop

STATUS_INTERRUPTED = 130
_EVERY_S = 0.3
_AGAIN_S = 15.0
_SESSIONS_S = 150.0  # to flatten, reconcile and report
_ASKED_TO = {
    Stop.LEAVE: "leave; what it holds stays under its bracket",
    Stop.FLATTEN: "flatten and end",
}
_MODES = {
    Mode.PAPER: "PAPER: trades the paper gateway and nothing else",
    Mode.SHADOW: "SHADOW: watches, and sends no order",
    Mode.LIVE: "LIVE: scheduled sessions send real orders",
}


def keep_up(settings: Settings, console: Console, *, port: int, seed: int) -> int:
    """0 once it was stopped and every account released, 1 when a session would not end.

    Raises Misconfigured when another one runs here, or something must be set first.
    """
    paths = Paths(settings.home)
    paths.make()
    known = accounts(settings)
    if settings.gateway is not GatewayName.PAPER and any(one.id is None for one in known):
        raise Misconfigured("PX_ACCOUNT_ID is missing: no account is ever chosen by position")
    for one in known:  # each one's own settings are refused now, not at its first run
        with one.in_force():
            load_settings(kind=AccountlessSettings)
    if port:
        check_port(port, "Prefect's server")

    def say(text: str) -> None:
        console.print(f"{datetime.now(CHICAGO):%H:%M:%S} {text}", soft_wrap=True)

    with HomeLock(paths.home, mode=settings.mode) as lock, ExitStack() as stack:
        asked = Signals()
        stack.enter_context(asked)
        crew = Crew(
            settings,
            known,
            _papers(settings, known, paths, seed, say),
            port=port,
            say=say,
        )
        stack.callback(crew.end)
        console.print(f"px up: starting Prefect's server with its UI, {crew.ui}")
        try:
            with asked.breaking_off(lock.wish):
                crew.start()
                why_not = crew.await_server()
        except BrokenOff:
            console.print("stopped before it was up")
            return STATUS_INTERRUPTED
        lock.tell(crew.ui)
        _first_screen(console, settings, known, crew)
        with suppress(BrokenOff), asked.breaking_off(lock.wish):
            why_not = why_not or crew.begin_schedule()
            _second_screen(console, crew, why_not, say)
        stop = _watch(crew, lock, asked, console)  # a session may live already: see there
        before = asked.count
        _stop_sessions(
            crew,
            paths,
            stop,
            say,
            is_to_flatten=lambda: asked.count > before or lock.wish() is Stop.FLATTEN,
        )
        say("stopping runners, watchdog and server")
        stack.pop_all().close()
        held = crew.holders()
    console.print("stopped" if not held else f"stopped, but held still: {held}: `px status`")
    return 1 if held else 0


def _papers(
    settings: Settings,
    known: tuple[NamedAccount, ...],
    paths: Paths,
    seed: int,
    say: Callable[[str], None],
) -> list[HomePaper]:
    """One for each account, unless it is said where the paper gateway is."""
    if settings.gateway is not GatewayName.PAPER or settings.paper_url:
        return []
    return [
        HomePaper(
            paths,
            account_id=one.id or DEFAULT_ACCOUNT,
            symbol=one.settings.get("PX_CONTRACT", settings.contract),
            seed=seed + number,
            say=say,
        )
        for number, one in enumerate(known)
    ]


def _first_screen(
    console: Console, settings: Settings, known: tuple[NamedAccount, ...], crew: Crew
) -> None:
    """What there is, and how it is stopped, before the schedule has begun."""
    console.print(f"mode     {_MODES[settings.mode]}", style="bold", soft_wrap=True)
    named = [f"{one.id}{f' ({one.label})' if one.label else ''}" for one in known if one.id]
    papers = crew.papers
    listed = ", ".join(named) or ", ".join(str(one.account_id) for one in papers)
    console.print(f"account  {listed}", soft_wrap=True)
    if papers:
        there = papers[0].market_now.astimezone(CHICAGO)
        console.print(
            f"gateway  paper, {', '.join(one.url for one in papers)}; its market has a clock of "
            f"its own, where it is {there:%a %d %b %H:%M:%S} Chicago: calendar and window are "
            "held against that",
            soft_wrap=True,
        )
    else:
        console.print(f"gateway  {settings.gateway} {settings.hosts[0]}", soft_wrap=True)
    console.print(f"UI       {crew.ui}", soft_wrap=True)
    console.print(
        "by hand  in the UI, which `px ui` opens: Deployments, then Run; `px flatten` and "
        "`px kill on` work without it",
        soft_wrap=True,
    )
    console.print(
        "stop     Ctrl-C here, or `px down` in another terminal: a session flattens first",
        soft_wrap=True,
    )


def _second_screen(
    console: Console, crew: Crew, why_not: str | None, say: Callable[[str], None]
) -> None:
    """What runs next by itself, or `why_not`: what keeps the schedule from working."""
    if why_not is not None:
        console.print(
            f"next     nothing runs by itself: {why_not}; it is tried again. Watchdogs, "
            "`px flatten` and `px kill on` work without it",
            style="bold red",
            soft_wrap=True,
        )
        return
    runs = crew.next_runs()
    for number, run in enumerate(runs):
        console.print(f"{'next' if not number else '':<8} {run.text()}", soft_wrap=True)
    if not runs:  # a server that cannot make any says so in its log alone
        console.print(
            "next     no run is planned so far: if the UI shows none either, nothing runs by "
            "itself, and logs/prefect-server.log in the home folder says why. Watchdogs, "
            "`px flatten` and `px kill on` work without it",
            style="bold red",
            soft_wrap=True,
        )
    console.print("now      to trade at once: `px run` in another terminal", soft_wrap=True)
    say("ready")


def _watch(crew: Crew, lock: HomeLock, asked: Signals, console: Console) -> Stop:
    """Until somebody wants it to stop; what is to become of a session.

    At a terminal a first Ctrl-C asks while a session lives, and a second one agrees: nothing waits
    for the answer meanwhile.
    """
    heard, asked_at_s = 0, float("-inf")
    while True:
        wish = lock.wish()
        if wish is not None:
            return wish
        if asked.is_term:
            return Stop.FLATTEN
        if asked.count > heard:
            holders = crew.holders()
            is_agreed = asked.count > heard + 1 or time.monotonic() - asked_at_s < _AGAIN_S
            if is_agreed or not holders or not sys.stdin.isatty():
                return Stop.FLATTEN
            heard, asked_at_s = asked.count, time.monotonic()
            for account_id, holder in holders.items():
                console.print(f"account {account_id} is held by {holder}", style="yellow")
            console.print(
                f"Ctrl-C again within {_AGAIN_S:g} s: it flattens and ends, and all stops. "
                "`px down --leave` would leave it to its bracket"
            )
        _look(crew, lock, asked)
        time.sleep(_EVERY_S)


def _look(crew: Crew, lock: HomeLock, asked: Signals) -> None:
    """One round, and how it stands for whoever asks. What takes long ends as the start does, when
    it is to stop.
    """
    crew.look()
    if crew.is_schedule_due:
        with suppress(BrokenOff), asked.breaking_off(lock.wish):
            crew.begin_schedule_again()
    lock.tell(crew.ui)
    lock.report(crew.troubles, crew.happened)


def _stop_sessions(
    crew: Crew,
    paths: Paths,
    stop: Stop,
    say: Callable[[str], None],
    *,
    is_to_flatten: Callable[[], bool],
) -> None:
    """Asks whoever holds an account, also who takes it only now, until it is heard, and waits for
    the runs to end. Who was asked to leave is asked to flatten after all when that is wished.
    """
    said: set[tuple[int, str]] = set()
    heard: set[tuple[int, str]] = set()
    deadline = time.monotonic() + _SESSIONS_S
    is_told = False
    while (holders := crew.holders()) or crew.runs():
        if stop is Stop.LEAVE and is_to_flatten():
            stop = Stop.FLATTEN
            said.clear()
            heard.clear()
        for account_id, holder in holders.items():
            one = (account_id, holder)
            if one not in said:
                said.add(one)
                say(f"{holder} is asked to {_ASKED_TO[stop]}")
            if one not in heard and _is_asked(paths.home, account_id, stop):
                heard.add(one)
        if not holders and not is_told:
            is_told = True
            say(f"waiting for {', '.join(crew.runs())}")
        if time.monotonic() > deadline:
            say(f"not waited for any longer: {', '.join(crew.runs()) or 'a session'}")
            return
        crew.look_after_gateways()
        time.sleep(_EVERY_S)


def _is_asked(home: Path, account_id: int, stop: Stop) -> bool:
    lock = AccountLock(home, account_id, holder="px up")
    return lock.ask_holder_to_leave() if stop is Stop.LEAVE else lock.ask_holder_to_stop()
