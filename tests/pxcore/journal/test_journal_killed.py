"""kill -9 in mid-write, at many moments: what was said to be written is there, in order."""

import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from seeds import seeds

from pxcore.host.memory_files import memory_folder
from pxcore.journal.reader import decode_command, read_rows
from pxcore.journal.repair import repair
from pxcore.journal.rows import RowKind
from pxcore.journal.slip import slip_path
from pxcore.journal.verify import Soundness, verify

pytestmark = pytest.mark.process

CASE = Path(__file__).with_name("kill_case.py")
MOMENTS = seeds()
AT_ONCE = 4


def killed_after(intents: int, bytes_more: int, path: Path, way: str) -> tuple[int, int]:
    """The last intent that was said to be safe, and how many were by their slip alone; killed at
    some byte of what it says next.
    """
    process = subprocess.Popen([sys.executable, str(CASE), str(path), way], stdout=subprocess.PIPE)
    assert process.stdout is not None
    said = b""
    while said.count(b"\n") < intents:
        said += process.stdout.read(1)
    said += process.stdout.read(bytes_more)
    process.kill()
    said += process.stdout.read()
    process.wait()
    process.stdout.close()
    whole = said[: said.rindex(b"\n")]
    return int(whole.splitlines()[-1].split()[0]), whole.count(b"noted")


def one_moment(seed: int, folder: Path, way: str) -> tuple[str | None, int, int]:
    """What is wrong, or None; how many intents were noted, and was one on the slip alone?"""
    dice = random.Random(seed)
    path = folder / f"px-20261120-{seed:03d}.jsonl"
    last, noted = killed_after(dice.randrange(1, 120), dice.randrange(0, 9), path, way)
    before = verify(path)
    found = repair(path)
    rows = list(read_rows(path))
    intents = [decode_command(row).tag for row in rows if row.kind is RowKind.COMMAND]
    wanted = [f"px-{number}" for number in range(1, last + 1)]
    problems = {
        "an intent that was sent is missing": intents[:last] != wanted,
        "a row is missing": [r.seq for r in rows] != list(range(1, len(rows) + 1)),
        "it is taken for damaged": before.soundness is not Soundness.OPEN,
        "its slip is still there": (slip := slip_path(path)) is not None and slip.exists(),
        "it is not sealed": found is None or verify(path).soundness is not Soundness.SOUND,
    }
    wrong = [what for what, is_so in problems.items() if is_so]
    slipped = found is not None and found.slipped is not None
    return (f"seed {seed}: {wrong}" if wrong else None), noted, slipped


@pytest.mark.parametrize("way", ["written", "noted"])
def test_no_intent_that_was_said_to_be_safe_is_lost_by_a_kill(tmp_path, way):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda seed: one_moment(seed, tmp_path, way), MOMENTS))

    assert [wrong for wrong, _, _ in found if wrong] == []
    if way == "noted" and memory_folder() is not None:
        assert sum(noted for _, noted, _ in found) > len(found)
        assert any(slipped for _, _, slipped in found), "no kill met one that was on its slip alone"
