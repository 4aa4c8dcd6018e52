"""Whatever lies among the journals, `px flatten` flattens, and every verb that reads them ends in
sentences.
"""

from datetime import date
from pathlib import Path

import needs
import pytest
from odd_files import ODD_FILES, ODD_LINES, PACKED_FILES, Maker, each
from paper_scenes import ACCOUNT, OPEN
from paper_server import Gateway, entry
from px_runner import Px, Said

from pxcore.calendar.hours import trading_day_at

pytestmark = [needs.posix, pytest.mark.damages_journal]

DAY: date = trading_day_at(OPEN).day
SESSION = f"px-{DAY:%Y%m%d}-odd"
READING = (
    "journal show",
    "journal tail",
    "journal verify",
    "journal verify --repair",
    "journal verify --all",
    "journal rebuild",
    "replay",
    "replay --until 09:42",
    "report --week",
    "limits",
    "status",
    "housekeeping --dry-run",
)
# Every reader beneath is held to all of them: `journal/test_odd_journals.py`.
FILES = ("a folder", "a pipe", "two gigabytes without a line")
LINES = ("nested lists", "a nested body", "no text at all")
# One may die just before: with these its orders are waited for as short as may be.
SHORT = {"PX_UNKNOWN_GRACE_S": "5", "PX_REPLY_TIMEOUT_S": "1"}


@pytest.fixture
def journals(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / "journal"
    folder.mkdir(parents=True)
    return folder


def require_sentences(said: Said, command: str) -> None:
    """`Px` itself raises what would have been a traceback."""
    assert said.status in (0, 1, 2, 3), command
    assert "Traceback" not in said.all, command
    assert all(line.isprintable() for line in said.all.splitlines()), command


def run_all(px: Px, tmp_path: Path) -> list[Said]:
    commands = [*READING, f"journal export {tmp_path / 'rows.csv'}", f"report --week {DAY}"]
    found = []
    for command in commands:
        said = px(command)
        require_sentences(said, command)
        found.append(said)
    return found


@pytest.mark.parametrize("make", each({name: ODD_FILES[name] for name in FILES}))
def test_verbs_that_read_journals_name_what_is_none(
    raw_px: Px, journals: Path, tmp_path: Path, make: Maker
) -> None:
    make(journals / f"{SESSION}.jsonl")
    said = run_all(raw_px, tmp_path)
    assert sum(SESSION in one.all for one in said) >= 6
    assert raw_px("journal verify --all").status == 1
    assert raw_px("journal rebuild").status == 1


@pytest.mark.parametrize("line", each({name: ODD_LINES[name] for name in LINES}))
def test_verbs_that_read_journals_name_a_line_that_is_no_row(
    raw_px: Px, journals: Path, tmp_path: Path, line: bytes
) -> None:
    (journals / f"{SESSION}.jsonl").write_bytes(line + b"\n")
    run_all(raw_px, tmp_path)
    said = raw_px("journal verify --all")
    assert said.status == 1 and SESSION in said.out
    assert raw_px("journal rebuild").status == 1


@pytest.mark.parametrize("params", ["[" * 100_000, '{"a":' * 100 + "1" + "}" * 100])
def test_parameters_nested_without_end_are_a_sentence_of_every_verb(
    raw_px: Px, params: str
) -> None:
    for command in ("accounts", "journal rebuild"):
        said = raw_px(command, PX_STRATEGY_PARAMS=params)
        assert (said.status, len(said.problems)) == (2, 1), command
        assert "PX_STRATEGY_PARAMS" in said.err and "nested" in said.err
    for command in ("status", "kill status"):  # they need none of it
        said = raw_px(command, PX_STRATEGY_PARAMS=params)
        assert "left out: PX_STRATEGY_PARAMS" in said.err and "nested" in said.err, command
        assert "Traceback" not in said.all


def test_flatten_closes_and_proves_it_whatever_lies_among_the_journals(
    px: Px, gateway: Gateway, journals: Path
) -> None:
    """All of it at once: what may have been sent by any of them is waited for together."""
    for number, make in enumerate((*ODD_FILES.values(), *PACKED_FILES.values())):
        make(journals / f"{SESSION}-{number}.jsonl")
    for number, line in enumerate(ODD_LINES.values()):
        (journals / f"{SESSION}-line-{number}.jsonl").write_bytes(line + b"\n")
    gateway.post("/api/Order/place", **entry())

    said = px("flatten --yes", **SHORT)

    require_sentences(said, "flatten")
    assert said.status == 0, said.all
    assert gateway.post("/api/Position/searchOpen", accountId=ACCOUNT)[1]["positions"] == []


@pytest.mark.parametrize("make", each({"a pipe": ODD_FILES["a pipe"]}))
def test_flatten_closes_and_proves_it_without_a_folder_for_journals(
    px: Px, gateway: Gateway, journals: Path, make: Maker
) -> None:
    journals.rmdir()
    make(journals)
    gateway.post("/api/Order/place", **entry())

    said = px("flatten --yes", **SHORT)

    require_sentences(said, "flatten")
    assert said.status == 0, said.all
    assert gateway.post("/api/Position/searchOpen", accountId=ACCOUNT)[1]["positions"] == []
