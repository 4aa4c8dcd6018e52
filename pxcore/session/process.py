"""The process of a live session, tied to its flow by a pipe, and flat at its end.

Exit status 0 says that REST showed the account flat (`lines.ExitStatus`).
"""

import gc
import os
import signal
import sys

from pxcore.config.logs import log_as_set, take_over_crashes
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings, load_settings
from pxcore.engine.commands import Level
from pxcore.host.decoding import decode_json
from pxcore.host.entry import settle
from pxcore.host.handing import taken_over
from pxcore.host.proxies import show_proxies
from pxcore.model import Misconfigured, ProtocolError, Unavailable
from pxcore.ownership.account_lock import AccountBusy, AccountLock
from pxcore.ownership.lease import take
from pxcore.ownership.world import world_of
from pxcore.session.lines import Ended, ExitStatus, Milestone
from pxcore.session.plan import SessionPlan, brought_up_to_date
from pxcore.session.session import Session
from pxcore.session.voice import Heartbeat, Voice, own_pipes

_SWITCH_S = 0.0005  # a thread with a price in its hands waits no longer for one that computes


def _waiting(settings: Settings) -> Milestone:
    text = "another machine held the account and has fallen silent: waiting until it has gone"
    now = settings.clock.now()
    return Milestone(at=now, level=Level.WARNING, code="lease.waits", text=text)


def main(argv: list[str]) -> ExitStatus:
    """`python -m pxcore.session.process PLAN`."""
    settle()
    sys.setswitchinterval(_SWITCH_S)
    show_proxies(os.environ)
    pipes = own_pipes()  # before the strategy is imported: it may print
    voice = Voice(pipes.says)
    try:
        plan = decode_json(taken_over(argv[1]), SessionPlan)
        settings = load_settings()
        paths = Paths(settings.home)
        log_as_set(settings, paths.logs / f"{plan.session_id}.log", session=plan.session_id)
        take_over_crashes()
        with AccountLock(
            paths.home, plan.account.id, holder=plan.session_id, world=world_of(settings)
        ) as lock:
            with Heartbeat(lambda: voice.say(_waiting(settings))):
                take(
                    settings,
                    account_id=plan.account.id,
                    holder=plan.session_id,
                )
            plan = brought_up_to_date(plan, settings)
            session = Session(plan, settings, voice, lock, asks=pipes.asks)
            for name in (signal.SIGTERM, signal.SIGINT):
                signal.signal(name, lambda number, frame: session.ask_to_stop(f"signal {number}"))
            gc.freeze()  # what is there now stays: a collection need not look at it again
            ended = session.run()
    except AccountBusy as error:
        voice.end(Ended(reason=str(error), is_flat=False, is_refused=True))
        return ExitStatus.NOT_STARTED
    except (Misconfigured, Unavailable, ProtocolError, OSError, IndexError) as error:
        voice.end(Ended(reason=f"session not started: {error}", is_flat=False))
        return ExitStatus.NOT_STARTED
    voice.end(ended)
    if ended.is_flat:
        return ExitStatus.FLAT
    return ExitStatus.LEFT if ended.is_left else ExitStatus.NOT_PROVEN


if __name__ == "__main__":
    sys.exit(main(sys.argv))
