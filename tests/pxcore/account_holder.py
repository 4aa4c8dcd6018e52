"""A process that holds an account as a session does, and says what it is asked for."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SESSION = "px-20261120-143000-ab12"
_HOLDS = """
import os, sys, time
from pathlib import Path
from pxcore.ownership.account_lock import AccountLock
lock = AccountLock(Path(sys.argv[1]), int(sys.argv[3]), holder=sys.argv[2])
lock.__enter__()
heard = []
if sys.argv[4] == "listens":
    lock.listen(lambda call: print(call.wish, call.why, flush=True))
if sys.argv[4] == "forks" and os.fork() == 0:
    os.execvp("sleep", ["sleep", "3600"]) if sys.argv[5] == "execs" else time.sleep(3600)
print("holds", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(
    home: Path, how: str = "listens", *more: str, holder: str = SESSION, account_id: int = 7
) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDS, str(home), holder, str(account_id), how, *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "holds\n"
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
