"""`python run_log_case.py MODE`: a flow whose task talks as a session does; what happened as JSON.

MODE `burst` says more than may be said; `secret` fails with a secret in its hand; `outage` says so
and waits for a line on stdin, during which its server is taken away, and times what it then says.
"""

import json
import logging
import os
import sys
import threading
import time
from datetime import UTC, datetime

from loguru import logger
from prefect import flow, task
from prefect.runtime import flow_run

from pxcore.config.masking import Masker
from pxcore.config.settings import load_settings
from pxcore.engine.commands import Level
from pxcore.session.lines import Milestone
from tasks.policy import ONCE
from tasks.run_log import RunLog, logged_run

LINES, ALARMS = 300, 50


def milestone(level: Level, text: str) -> Milestone:
    return Milestone(at=datetime.now(UTC), level=level, code="case", text=text)


@task(**ONCE)
def burst() -> None:
    with RunLog(Masker()) as run_log:

        def talk() -> None:  # as the threads of a session's hubs would
            for number in range(LINES):
                run_log.line(milestone(Level.INFO, f"info {number}"))
            for number in range(ALARMS):
                run_log.line(milestone(Level.ALARM, f"alarm {number}"))

        talker = threading.Thread(target=talk)
        talker.start()
        talker.join()


@task(**ONCE)
def secret() -> None:
    key = load_settings().api_key.get_secret_value()
    logger.warning("loguru has {!r}", key)
    logging.getLogger("pxcore.case").warning("logging has %s", key)
    try:
        raise ValueError(f"cause with {key}")
    except ValueError as error:
        raise RuntimeError(f"failed with {key}") from error


@task(**ONCE)
def outage() -> None:
    with RunLog(Masker()) as run_log:
        run_log.line(milestone(Level.INFO, "before"))
        print(json.dumps({"ready": True}), flush=True)
        sys.stdin.readline()
        took = []
        for number in range(ALARMS):
            began = time.perf_counter()
            run_log.line(milestone(Level.ALARM, f"alarm {number}"))
            took.append(time.perf_counter() - began)
        began = time.perf_counter()
    left_s = time.perf_counter() - began
    print(json.dumps({"line_s_max": max(took), "leave_s": left_s}), flush=True)
    os._exit(0)  # how the flow itself ends without a server is Prefect's


@flow
def case(mode: str) -> None:
    print(json.dumps({"flow_run_id": str(flow_run.id)}), flush=True)
    with logged_run(load_settings()):
        {"burst": burst, "secret": secret, "outage": outage}[mode]()


if __name__ == "__main__":
    case(sys.argv[1], return_state=True)
