"""What lies in files of the home, and what a gateway answers with, at its worst: one line each."""

import json
from pathlib import Path

import pytest
from hostile import HOSTILE, require_no_line_of_its_own, require_plain, require_shown
from patience import patience
from px_runner import Px, Said
from raw_http import RawHttp, answer, bad, good


def require_harmless(said: Said) -> None:
    require_plain(said.all)
    require_no_line_of_its_own(said.all)
    assert "Traceback" not in said.all


FLATTEN = f"flatten --yes --timeout {patience(0.5):g}"
BODIES = [
    pytest.param(answer(500, raw=HOSTILE.encode()), id="a page of an error"),
    pytest.param(answer(200, raw=HOSTILE.encode()), id="no JSON"),
    pytest.param(answer(403, raw=f"<html>{HOSTILE}".encode()), id="a page of a proxy"),
    pytest.param(bad(2, HOSTILE), id="a refusal"),
    pytest.param(good(accounts=[{"id": HOSTILE, "name": HOSTILE}]), id="rows of another kind"),
]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("command", ["accounts", "account check", "preflight", FLATTEN])
def test_answer_of_a_gateway_is_quoted_on_one_line(
    body, command: str, raw_px: Px, http: RawHttp
) -> None:
    http.script("/api/Account/search", body)
    said = raw_px(command)
    require_harmless(said)
    assert said.status != 0


def test_refusal_of_an_order_is_quoted_with_its_words(raw_px: Px, http: RawHttp) -> None:
    http.script("/api/Order/place", bad(2, HOSTILE))
    said = raw_px("order place --side buy --size 1 --type market --yes")
    require_harmless(said)
    assert said.status != 0


@pytest.mark.parametrize(
    "text",
    [
        f"[[accounts]]\nid = 7\nlabel = {json.dumps(HOSTILE)}\n",
        f"[[accounts]]\nid = 7\nlabel = 'a'\n{json.dumps(HOSTILE)} = 1\n",
        f"[[accounts]]\nid = {json.dumps(HOSTILE)}\n",
        HOSTILE,
    ],
    ids=["label", "name", "id", "no TOML"],
)
def test_list_of_accounts_is_refused_in_lines_of_ours(text: str, px: Px, tmp_path: Path) -> None:
    (tmp_path / "accounts.toml").write_text(text, encoding="utf-8")
    said = px("up --port 0")
    require_harmless(said)
    assert said.status == 2


def test_kill_file_and_settings_file_are_quoted_on_one_line(px: Px, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "KILL").write_text(HOSTILE, encoding="utf-8", newline="")
    said = px("kill status")
    require_harmless(said)
    require_shown(said.all, "<script>", "knil")
    (tmp_path / ".env").write_text(f"PX_{HOSTILE}\nPX_SIZE='{HOSTILE}'\n", encoding="utf-8")
    said = px("status")
    require_harmless(said)


def test_reason_that_was_typed_is_kept_and_shown_on_one_line(px: Px) -> None:
    require_harmless(px("kill on --reason", HOSTILE))
    for command in ("kill status", "status", "kill status --json"):
        said = px(command)
        require_harmless(said)
        require_shown(said.all, "<script>")
    require_harmless(px("kill off --yes --reason", HOSTILE))
