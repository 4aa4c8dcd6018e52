"""kill -9 in mid-write, at many moments: what was said to be written is there, in order."""

import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from seeds import seeds

from pxcore.journal.reader import decode_command, read_rows
from pxcore.journal.repair import repair
from pxcore.journal.rows import RowKind
from pxcore.journal.verify import Soundness, verify

pytestmark = pytest.mark.process

CASE = Path(__file__).with_name("kill_case.py")
MOMENTS = seeds()
AT_ONCE = 4


def killed_after(intents: int, bytes_more: int, path: Path) -> int:
    """The last intent that was said to be written; killed at some byte of what it says next."""
    process = subprocess.Popen([sys.executable, str(CASE), str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    said = b""
    while said.count(b"\n") < intents:
        said += process.stdout.read(1)
    said += process.stdout.read(bytes_more)
    process.kill()
    said += process.stdout.read()
    process.wait()
    process.stdout.close()
    return int(said[: said.rindex(b"\n")].split()[-1])


def one_moment(seed: int, folder: Path) -> str | None:
    """What is wrong, or None."""
    dice = random.Random(seed)
    path = folder / f"px-20261120-{seed:03d}.jsonl"
    last = killed_after(dice.randrange(1, 120), dice.randrange(0, 9), path)
    before = verify(path)
    found = repair(path)
    rows = list(read_rows(path))
    intents = [decode_command(row).tag for row in rows if row.kind is RowKind.COMMAND]
    wanted = [f"px-{number}" for number in range(1, last + 1)]
    problems = {
        "an intent that was sent is missing": intents[:last] != wanted,
        "a row is missing": [r.seq for r in rows] != list(range(1, len(rows) + 1)),
        "it is taken for damaged": before.soundness is not Soundness.OPEN,
        "it is not sealed": found is None or verify(path).soundness is not Soundness.SOUND,
    }
    wrong = [what for what, is_so in problems.items() if is_so]
    return f"seed {seed}: {wrong}" if wrong else None


def test_no_row_that_was_said_to_be_written_is_lost_by_a_kill(tmp_path):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda seed: one_moment(seed, tmp_path), MOMENTS))

    assert [one for one in found if one] == []
