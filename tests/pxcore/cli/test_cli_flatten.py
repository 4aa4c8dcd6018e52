"""`px flatten` keeps a journal of its own: what it sent, request by request, and its receipt."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from engine_scenes import CONFIG
from gateway_samples import position_row
from paper_scenes import ACCOUNT
from paper_server import Gateway, entry
from patience import patience
from px_runner import Px
from raw_http import RawHttp, good, hang_up

from pxcore.journal.reader import decode_answer, decode_closing, decode_request, read_rows
from pxcore.journal.rows import SCHEMA, FlattenTerms, Opening, Outcome, Row, RowKind
from pxcore.journal.segments import flattens_in
from pxcore.journal.verify import Soundness, verify
from pxcore.reports.flattens import add_flattens
from pxcore.reports.record import Record

CLOSE = "/api/Position/closeContract"


def record_of(home: Path) -> tuple[Path, list[Row]]:
    (path,) = flattens_in(home / "journal")
    return path, list(read_rows(path))


def test_every_request_of_a_flatten_and_its_answer_are_in_its_journal(
    px: Px, gateway: Gateway, tmp_path: Path
) -> None:
    gateway.post("/api/Order/place", **entry())

    assert px("flatten --yes").status == 0

    path, rows = record_of(tmp_path / "home")
    requests = [decode_request(row) for row in rows if row.kind is RowKind.REQUEST]
    answers = [decode_answer(row) for row in rows if row.kind is RowKind.ANSWER]
    paths = [one.path for one in requests]
    assert paths.count(CLOSE) == 1 and "/api/Position/searchOpen" in paths
    assert [one.number for one in requests] == sorted(one.number for one in answers)
    assert {one.outcome for one in answers} == {Outcome.ANSWERED}
    assert decode_closing(rows[-1]).is_flat
    assert verify(path).soundness is Soundness.SOUND


def test_close_whose_answer_is_lost_is_in_the_journal_as_one_that_left(
    raw_px: Px, http: RawHttp, tmp_path: Path
) -> None:
    held = position_row()
    http.script("/api/Position/searchOpen", good(positions=[held]))
    http.script("/api/Order/searchOpen", good(orders=[]))
    http.script("/api/Trade/search", good(trades=[]))
    http.script(CLOSE, hang_up)

    assert raw_px(f"flatten --yes --timeout {patience(0.5):g}").status != 0

    _, rows = record_of(tmp_path / "home")
    sent = [decode_request(row) for row in rows if row.kind is RowKind.REQUEST]
    closes = {one.number for one in sent if one.path == CLOSE}
    answers = [decode_answer(row) for row in rows if row.kind is RowKind.ANSWER]
    assert closes
    assert {a.outcome for a in answers if a.number in closes} == {Outcome.LOST}
    assert not decode_closing(rows[-1]).is_flat


def test_report_reads_the_closes_of_a_flatten_among_its_requests(
    px: Px, gateway: Gateway, tmp_path: Path
) -> None:
    gateway.post("/api/Order/place", **entry())
    px("flatten --yes")
    _, rows = record_of(tmp_path / "home")
    terms = msgspec.json.decode(rows[0].body, type=FlattenTerms)
    opening = Opening(
        schema=SCHEMA,
        mode="paper",
        config=CONFIG,
        strategy="timed-entry",
        strategy_params={},
        paper_clock="",
        trading_day=terms.trading_day,
    )
    record = Record(opening=opening)

    add_flattens(
        record,
        tmp_path / "home" / "journal",
        account_id=ACCOUNT,
        trading_day=terms.trading_day,
    )

    assert record.closes_outside.total() == 1
    assert len(record.fills_by_rest) == 2
    assert record.damage is None


@pytest.mark.process
def test_flatten_whose_reader_has_gone_flattens_to_its_end(px: Px, gateway: Gateway) -> None:
    """`px flatten --yes | head -0`: its first line meets a closed pipe."""
    gateway.post("/api/Order/place", **entry())
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "pxcore.cli", "flatten", "--yes"],
        env=os.environ | px.settings,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=patience(20),
    )
    os.close(writing)
    assert done.returncode == 0, done.stderr
    assert gateway.post("/api/Position/searchOpen", accountId=ACCOUNT)[1]["positions"] == []
    assert gateway.post("/api/Order/searchOpen", accountId=ACCOUNT)[1]["orders"] == []
