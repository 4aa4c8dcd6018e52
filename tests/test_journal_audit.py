"""What the audit of the tests' journals lets pass, and what it does not."""

import sys
from pathlib import Path
from types import ModuleType

import pytest
from backtest_scenes import demo_day
from journal_audit import Audit, problem_of

from pxcore.journal.rows import SCHEMA, Opening, RowKind
from pxcore.journal.seal import seal_path
from pxcore.journal.writer import Journal

pytestmark = pytest.mark.damages_journal


def written(folder: Path, *, forgets: int = 0, strategy: str = "timed-entry") -> Path:
    """A day's journal; without so many of its commands, from the first on."""
    day = demo_day(1)
    day.run()
    journal = Journal(folder / "px-20261120-1.jsonl", on_fault=pytest.fail)
    journal.append(
        RowKind.OPENED,
        Opening(
            schema=SCHEMA,
            mode="paper",
            config=day.engine.config,
            strategy=strategy,
            strategy_params={"every_s": 4.0},
            paper_clock="",
            trading_day=day.engine.config.trading_day,
        ),
    )
    for event, commands in day.log:
        journal.append(RowKind.EVENT, event)
        kept, forgets = commands[forgets:], max(0, forgets - len(commands))
        for command in kept:
            journal.append(RowKind.COMMAND, command)
    assert journal.close()
    return journal.path


def test_whole_journal_passes_and_is_looked_at_once(tmp_path):
    audit = Audit()
    written(tmp_path)

    assert audit.problems(tmp_path) == []
    assert audit.problems(tmp_path) == []
    assert audit.journals == 1


def test_edited_journal_does_not_pass(tmp_path):
    path = written(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"size":1', b'"size":2', 1))

    (problem,) = Audit().problems(tmp_path)

    assert "DAMAGED" in problem


def test_journal_that_replays_to_something_else_does_not_pass(tmp_path):
    written(tmp_path, forgets=1)

    (problem,) = Audit().problems(tmp_path)

    assert "replays to" in problem


def test_torn_last_row_of_a_killed_session_passes(tmp_path):
    path = written(tmp_path)
    seal_path(path).unlink()
    path.write_bytes(path.read_bytes()[:-30])

    assert problem_of(path, path.parent) is None


def test_journal_killed_before_its_first_row_passes_and_one_whose_rows_are_gone_does_not(tmp_path):
    path = written(tmp_path)
    path.write_bytes(b'{"v":2')
    assert problem_of(path, path.parent) is not None  # its seal knows of rows

    seal_path(path).unlink()
    assert problem_of(path, path.parent) is None


MINE = """
from pxcore.strategies.timed_entry import TimedEntry

class Mine(TimedEntry):
    name = "mine"
"""


@pytest.mark.parametrize("own", ["a", "b", "c"])
def test_strategy_of_a_tests_folder_is_that_folders_whatever_else_has_its_name(
    tmp_path, monkeypatch, own
):
    another = ModuleType("my_own")
    monkeypatch.setitem(sys.modules, "my_own", another)
    for name in "abc":
        (tmp_path / name / "home").mkdir(parents=True)
        (tmp_path / name / "my_own.py").write_text(MINE if name == own else "")
    path = written(tmp_path / own / "home", strategy="my_own:Mine")

    assert problem_of(path, tmp_path) is None
    assert sys.modules["my_own"] is another
