"""`python crash_case.py MOMENT SURVIVOR HOME`: one cell of the crash matrix, as a line of JSON.

A paper gateway and a session as real processes. Faults hold the gateway's answers, so that the
session stands still at the moment wanted; the moment is recognised by what the session says, by
its journal, or by the fault's own count. Then it is killed, and the survivor does its part.
"""

import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import requests
from patience import patience
from replaying import replay

from pxcore.calendar.hours import trading_day_at
from pxcore.cli.market import choose_market
from pxcore.clock.clocks import ShiftedClock
from pxcore.closing.day_check import check_day
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings, load_settings
from pxcore.engine.commands import Notice
from pxcore.engine.events import Ask
from pxcore.flatten.recovery import Recovery
from pxcore.host.handing import hand_over
from pxcore.host.spawn import end, spawn
from pxcore.model import OrderType
from pxcore.paper.config import PaperConfig
from pxcore.session import beginning
from pxcore.session.lines import Ended, Milestone, read_line
from pxcore.session.plan import SessionPlan
from pxcore.session.supervisor import Supervisor
from pxcore.venue import resolve
from pxcore.venue.connect import connect

REPLY_S, GRACE_S = 2, 5
HELD_MS = 2500  # longer than a killed session needs, shorter than an order may be under way
WAIT_S = patience(20)
ACCOUNT = 26_200_002
CONTROL_KEY = "of-this-case"
CONTROL = {"Authorization": f"Bearer {CONTROL_KEY}"}
SESSION = {
    "PX_STRATEGY": "trade-on-start",
    "PX_STRATEGY_PARAMS": "{}",
    "PX_STOP_LOSS_TICKS": "400",
    "PX_TAKE_PROFIT_TICKS": "400",
    "PX_LOSS_USD_MAX": "900",
    "PX_REPLY_TIMEOUT_S": str(REPLY_S),
    "PX_UNKNOWN_GRACE_S": str(GRACE_S),
}


def delayed(path: str, when: str, **more: Any) -> dict[str, Any]:
    return {"fault": "answer_delayed", "path": path, "moment": when, "ms": HELD_MS, **more}


PLACE, CANCEL = "/api/Order/place", "/api/Order/cancel"
MODIFY, CLOSE = "/api/Order/modify", "/api/Position/closeContract"

# Faults, and how the moment is recognised: a line of the session, a text in its journal, or the
# last fault having bitten. `ask`: what the session is asked once it is protected, and the late
# faults are armed.
MOMENTS: dict[str, dict[str, Any]] = {
    "intent written": {"row": b'"place_entry"'},
    "entry sent, not taken yet": {"faults": [delayed(PLACE, "before")]},
    "entry taken, not answered": {"faults": [delayed(PLACE, "after")]},
    "entry's answer lost": {
        "faults": [{"fault": "answer_lost", "path": PLACE, "moment": "after", "how": "reset"}],
        "line": "entry.unknown",
    },
    "accepted, not filled": {
        "faults": [{"fault": "fill_delayed", "ms": HELD_MS}],
        "row": b'"place_accepted"',
    },
    "filled, stop missing": {
        "faults": [{"fault": "leg_missing", "leg": "stop_loss"}],
        "line": "phase.unprotected",
    },
    "own stop sent, not taken yet": {
        "faults": [
            {"fault": "leg_missing", "leg": "stop_loss"},
            delayed(PLACE, "before", skip=1),
        ],
        "settings": {"PX_OWN_STOP": "true", "PX_PROTECTION_DEADLINE_S": "0.5"},
    },
    "protected": {"line": "phase.protected"},
    "stop on the move": {
        "faults": [delayed(MODIFY, "before")],
        "settings": {"PX_TRAIL_TICKS": "30", "PX_STOP_LOSS_TICKS": "60"},
        "market": 80,
    },
    "cancel sent, not taken yet": {"faults": [delayed(CANCEL, "before")], "ask": "stop"},
    "close sent, not taken yet": {"faults": [delayed(CLOSE, "before")], "ask": "stop"},
    "close taken, not answered": {"faults": [delayed(CLOSE, "after")], "ask": "stop"},
    "closed, stop not swept": {"faults": [delayed(CANCEL, "before", skip=1)], "ask": "stop"},
    "asked to leave, its look not answered": {
        "late faults": [delayed("/api/Position/searchOpen", "before")],
        "ask": "leave",
    },
    "protected, with a child that lives on": {
        "line": "phase.protected",
        "settings": {"PX_STRATEGY": "forks:Forks"},
    },
    "flat proven, last row not written": {"line": "flat.proven", "ask": "stop"},
}
SURVIVORS = ("flow", "start", "adopt", "px flatten")


class Paper:
    """The gateway, its control, and a watch of what the account holds there."""

    def __init__(self, home: Path) -> None:
        market = choose_market(None, symbol="MNQ", seed=11, lead_s=1.0, window_s=120.0)
        clock = ShiftedClock(market=market.clock_start, wall=datetime.now(UTC), speed=1.0)
        config = PaperConfig(
            account_id=ACCOUNT,
            seed=11,
            clock=str(clock),
            market_start=market.clock_start,
            waits=True,
            clock_file=str(home / "market.clock"),
            has_control=True,
            api_key=CONTROL_KEY,
            exit_on_stdin_eof=True,
        )
        self.process = spawn(
            "pxcore.paper", msgspec.json.encode(config).decode(), stderr=home / "paper.err"
        )
        assert self.process.stdout is not None
        self.url = json.loads(self.process.stdout.readline())["listening"]
        self.settings = market.settings | {
            "PX_HOME": str(home),
            "PX_PAPER_URL": self.url,
            "PX_PAPER_KEY": CONTROL_KEY,
            "PX_PAPER_CLOCK": str(home / "market.clock"),
            "PX_ACCOUNT_ID": str(ACCOUNT),
        }

    def post(self, path: str, body: object) -> None:
        requests.post(
            f"{self.url}/paper/{path}", json=body, headers=CONTROL, timeout=WAIT_S
        ).raise_for_status()

    def get(self, path: str) -> Any:
        return requests.get(f"{self.url}/paper/{path}", headers=CONTROL, timeout=WAIT_S).json()

    def account(self) -> Any:
        return self.get("state")["accounts"][0]

    def has_bitten(self) -> bool:
        """The last fault that was armed."""
        return bool(self.get("faults")["faults"][-1]["bitten"])

    @property
    def is_naked(self) -> bool:
        """Something is held and no stop works on its other side for all of it."""
        account = self.account()
        held = sum(p["size"] * (1 if p["type"] == 1 else -1) for p in account["positions"])
        side = 1 if held > 0 else 0
        stops = [o for o in account["orders"] if o["type"] == 4 and o["status"] == 1]
        return bool(held) and sum(o["size"] for o in stops if o["side"] == side) < abs(held)


class Victim:
    """The session, with a flow above it or without one. `codes` is what it has said so far."""

    def __init__(self, plan: SessionPlan, settings: Settings, *, has_flow: bool) -> None:
        self.codes: list[str] = []
        self.ended: Ended | None = None
        self._flow: Supervisor | None = None
        if has_flow:
            self._flow = Supervisor(plan, settings, on_line=self._hear)
            self._thread = threading.Thread(target=self._supervise)
            self._thread.start()
            wait_for(lambda: self._flow is not None and self._flow._process is not None)
            assert self._flow._process is not None
            self._process = self._flow._process
        else:
            self._process = spawn(
                "pxcore.session.process",
                hand_over(Paths(settings.home).handed, msgspec.json.encode(plan)),
                stderr=Paths(settings.home).logs / "victim.err",
            )
            self._thread = threading.Thread(target=self._read)
            self._thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, what: Ask) -> None:
        """To stop, or to leave."""
        if self._flow is not None:
            ask = self._flow.ask_to_leave if what is Ask.LEAVE else self._flow.ask_to_stop
            ask()
        else:
            assert self._process.stdin is not None
            self._process.stdin.write(f"{what}\n")
            self._process.stdin.flush()

    def kill(self) -> None:
        os.kill(self._process.pid, signal.SIGKILL)

    def kill_all(self) -> None:
        """With what it has forked."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def join(self) -> None:
        """The flow has done its part; without one, the process is gone."""
        self._thread.join(WAIT_S)
        end(self._process, patience=(WAIT_S, WAIT_S, WAIT_S))

    def _supervise(self) -> None:
        assert self._flow is not None
        self.ended = self._flow.run()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            self._hear(read_line(text))

    def _hear(self, line: object) -> None:
        if isinstance(line, Milestone):
            self.codes.append(line.code)


def wait_for(is_so: Callable[[], bool], what: str = "it", within_s: float = WAIT_S) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come about")
        threading.Event().wait(0.005)


def reach(moment: dict[str, Any], paper: Paper, victim: Victim, journal: Path) -> None:
    """Returns when the session stands at the moment."""
    if "ask" in moment or "market" in moment:
        wait_for(lambda: "phase.protected" in victim.codes, "protection")
    if "late faults" in moment:
        paper.post("faults", moment["late faults"])
    if "ask" in moment:
        victim.ask(Ask(moment["ask"]))
    if "market" in moment:
        paper.post("market", {"contract": "MNQ", "ticks": moment["market"]})
    if "line" in moment:
        wait_for(lambda: moment["line"] in victim.codes, moment["line"])
    elif "row" in moment:
        wait_for(lambda: journal.exists() and moment["row"] in journal.read_bytes(), "the row")
    else:
        wait_for(paper.has_bitten, "the fault")


def planned(settings: Settings, said: list[Notice]) -> SessionPlan:
    """The start-up, as the flow does it."""
    client = connect(settings)
    account = resolve.resolve_account(client, settings)
    contract = resolve.resolve_contract(client, settings)
    recovered = Recovery(client, contract, settings, account_id=account.id, say=said.append).run()
    return beginning.plan_session(client, account, contract, recovered, settings)


def start_again(settings: Settings, said: list[Notice]) -> Ended:
    """A second session of the day, asked to end once it guards a position or says it waits."""
    plan = planned(settings, said)
    heard: queue.SimpleQueue[str] = queue.SimpleQueue()

    def hear(line: object) -> None:
        if isinstance(line, Milestone):
            heard.put(line.code)
            if line.code in ("phase.protected", "strategy.waits"):
                supervisor.ask_to_stop()

    supervisor = Supervisor(plan, settings, on_line=hear)
    return supervisor.run()


def survive(survivor: str, victim: Victim, settings: Settings, said: list[Notice]) -> bool:
    """What is left does its part. True when it says that the account is flat."""
    victim.join()
    if survivor == "flow":
        return victim.ended is not None and victim.ended.is_flat
    if survivor == "px flatten":
        status = end(
            spawn("pxcore.cli", "flatten", "--yes", stderr=settings.home / "flatten.err"),
            patience=(WAIT_S, WAIT_S, WAIT_S),
        )
        return status == 0
    return start_again(settings, said).is_flat


def run(name: str, survivor: str, home: Path) -> dict[str, Any]:
    moment = MOMENTS[name]
    paper = Paper(home)
    os.environ.update(paper.settings | SESSION | moment.get("settings", {}))
    os.environ["PX_LEFTOVERS"] = "adopt" if survivor == "adopt" else "flatten"
    settings = load_settings()
    said: list[Notice] = []
    victim: Victim | None = None
    try:
        plan = planned(settings, said)
        if moment.get("faults"):
            paper.post("faults", moment["faults"])
        journal = Paths(settings.home).journal(plan.session_id)
        victim = Victim(plan, settings, has_flow=survivor == "flow")
        reach(moment, paper, victim, journal)
        victim.kill()
        naked = Naked(paper)
        begun = time.monotonic()
        is_flat = survive(survivor, victim, settings, said)
        flat_s = time.monotonic() - begun
        outlived = threading.Event()
        outlived.wait(max(0.0, REPLY_S + GRACE_S + 1 - flat_s))  # nothing can arrive any more
        naked.stop()
        return judge(paper, settings, said=said, is_flat=is_flat, flat_s=flat_s, naked=naked)
    finally:
        if victim is not None:
            victim.kill_all()
        end(paper.process, patience=(WAIT_S, WAIT_S, WAIT_S))


class Naked(threading.Thread):
    """How long the position was without its stop, from the death on, by the gateway itself."""

    def __init__(self, paper: Paper) -> None:
        super().__init__(daemon=True)
        self.seconds = 0.0
        self._paper = paper
        self._stopped = threading.Event()
        self.start()

    def stop(self) -> None:
        self._stopped.set()
        self.join(WAIT_S)

    def run(self) -> None:
        before = time.monotonic()
        while not self._stopped.wait(0.05):
            now = time.monotonic()
            if self._paper.is_naked:
                self.seconds += now - before
            before = now


def judge(
    paper: Paper,
    settings: Settings,
    *,
    said: list[Notice],
    is_flat: bool,
    flat_s: float,
    naked: Naked,
) -> dict[str, Any]:
    """By the gateway's own record, and the journals."""
    client = connect(settings)
    contract = resolve.resolve_contract(client, settings)
    day = trading_day_at(settings.clock.now())
    whole = check_day(client, resolve.resolve_account(client, settings), contract, day, settings)
    account = paper.account()
    day_start = datetime.fromtimestamp(0, UTC)
    orders = client.orders(ACCOUNT, start=day_start)
    fills = client.snapshot(ACCOUNT, day_start=day_start).fills
    tags = [o.tag for o in orders if o.tag]
    entries = {o.id for o in orders if o.tag and o.type is OrderType.MARKET}
    journals = sorted(Paths(settings.home).journals.glob("px-*.jsonl"))
    divergences = [replay(path)[1] for path in journals]
    return {
        "is_flat": is_flat,
        "flat_s": round(flat_s, 1),
        "naked_s": round(naked.seconds, 2),
        "positions": len(account["positions"]),
        "orders_alive": len(account["orders"]),
        "double_tags": sorted({t for t in tags if tags.count(t) > 1}),
        "entries_filled": len(entries & {f.order_id for f in fills}),
        "net": sum(f.signed_size for f in fills if f.contract_id == contract.id),
        "largest": largest(fills),
        "sessions": len(journals),
        "divergences": [str(d) for d in divergences if d is not None],
        "verdict": whole.verdict,
        "differences": [dict(d) for d in whole.differences],
        "said": [notice.text for notice in said],
    }


def largest(fills: Any) -> int:
    """The most contracts ever held, by the fills in their order."""
    held = most = 0
    for fill in sorted(fills, key=lambda f: (f.happened_at, f.id)):
        held += fill.signed_size
        most = max(most, abs(held))
    return most


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], sys.argv[2], Path(sys.argv[3]))))
