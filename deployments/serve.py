"""`python -m deployments.serve sessions|safety`: a runner, which runs what falls due.

Needs a Prefect server and `PREFECT_API_URL`, which is refused when it is missing: without it
Prefect would start a temporary server that schedules nothing.

It executes the flows of this folder alone (`deployments/entry.py`). One of `px up` serves nothing
when accounts.toml names other accounts by now: those have no watchdog.
"""

import os
import sys

from prefect import serve

from deployments.entry import run_only
from deployments.register import WITHOUT_SERVER
from deployments.registry import Runner, deployments_of
from deployments.saying import complain, say_problems
from pxcore.config.accounts import accounts
from pxcore.config.began_with import refuse_others
from pxcore.config.settings import LenientAccountlessSettings, load_settings
from pxcore.host.entry import settle
from pxcore.model import Misconfigured

_SPARE = 4  # runs beside one for each deployment: a second one is refused by the flow, not unseen


def main(argv: list[str]) -> int:
    if len(argv) != 2 or argv[1] not in set(Runner):
        complain(f"usage: python -m deployments.serve {'|'.join(Runner)}")
        return 2
    if not os.environ.get("PREFECT_API_URL"):
        complain(WITHOUT_SERVER)
        return 2
    try:
        made = deployments_of(Runner(argv[1]))
        settings = load_settings(kind=LenientAccountlessSettings)
        refuse_others(accounts(settings))
        for one in settings.left_out:
            complain(f"left out: {one}; this runner works without it")
    except Misconfigured as error:
        say_problems(error)
        return 2
    run_only(made)
    serve(*made, limit=len(made) + _SPARE, pause_on_shutdown=False, print_starting_message=False)
    return 0


if __name__ == "__main__":
    settle()
    sys.exit(main(sys.argv))
