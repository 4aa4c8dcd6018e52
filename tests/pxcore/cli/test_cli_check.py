"""`px check`: the machine's measures for a person and for a program, and its exit status."""

from pathlib import Path

import pytest
import wording
from machines import SLOW
from px_runner import Px

from pxcore.preflight import machine


def test_quick_machine_is_a_table_with_its_limits_and_status_0(px: Px) -> None:
    said = px("check")
    assert (said.status, said.err) == (0, "")
    assert [line.split() for line in said.out.splitlines()[:4]] == [
        ["measure", "took", "ms", "limit", "ms"],
        ["a", "fixed", "piece", "of", "work", "45.0", "225.0"],
        ["late", "to", "wake", "up", "0.2", "100.0"],
        ["flush", "to", "the", "disk", "0.3", "500.0"],
    ]
    assert said.out.splitlines()[4] == (
        "quick enough to trade: one second's work of a quick machine takes 1.0 s here"
    )


def test_slow_machine_is_said_in_words_and_status_1(
    px: Px, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "measure", lambda paths: SLOW)
    said = px("check")
    assert said.status == 1 and said.pauses == [1.0, 1.0]
    assert said.out.splitlines()[-1].startswith(wording.TOO_SLOW)


def test_json_is_one_document_for_a_program(px: Px, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = px("check --json").json
    assert (fit["is_fit"], fit["too_slow"], fit["unit_s"]) == (True, [], 1.0)
    assert fit["machine"] == {"work_s": 0.045, "wake_late_s": 0.0002, "flush_s": 0.0003}
    assert set(fit["limits"]) == set(fit["machine"])

    monkeypatch.setattr(machine, "measure", lambda paths: SLOW)
    said = px("check --json")
    assert said.status == 1 and said.json["is_fit"] is False
    assert said.json["told"].startswith(wording.TOO_SLOW)
    assert [one["measured_s"] for one in said.json["too_slow"]] == [0.5, 0.25, 1.5]


def test_it_needs_no_account_and_no_gateway(px: Px) -> None:
    real = {"PX_GATEWAY": "topstepx", "PX_USERNAME": "u", "PX_API_KEY": "k", "PX_PAPER_CLOCK": ""}
    assert px("check", PX_ACCOUNT_ID="", **real).status == 0


def test_home_that_cannot_be_written_is_status_2(px: Px, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = px("check", PX_HOME=str(tmp_path / "file" / "home"))
    assert said.status == 2 and "cannot be written" in said.err


def test_machine_is_a_line_of_the_list_before_a_day(
    px: Px, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "measure", lambda paths: SLOW)
    said = px("preflight --json")
    assert said.status == 0 and "machine" in said.json["warnings"]  # on paper
