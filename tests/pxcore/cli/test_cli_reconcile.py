"""`px reconcile` on a day without a session: what is there is somebody else's."""

from pathlib import Path

import pytest
import wording
from paper_server import Gateway, entry
from px_runner import Px


def test_day_without_sessions_on_which_nothing_happened_is_clean(px: Px) -> None:
    said = px("reconcile --json")

    assert said.status == 0
    assert (said.json["verdict"], said.json["sessions"]) == ("clean", [])


def test_strangers_trade_on_a_day_without_sessions_is_named_and_exits_with_1(
    px: Px, gateway: Gateway
) -> None:
    gateway.post("/api/Order/place", **entry())

    said = px("reconcile --json")

    assert said.status == 1 and said.json["verdict"] == "broken"
    kinds = {one["kind"] for one in said.json["differences"]}
    assert {wording.NOT_OURS, "order still alive"} <= kinds
    assert "no session" in px("reconcile").out


@pytest.mark.damages_journal
def test_journal_that_does_not_even_say_whose_it_is_breaks_the_day(px: Px, tmp_path: Path) -> None:
    day = px("reconcile --json").json["trading_day"].replace("-", "")
    folder = tmp_path / "home" / "journal"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"px-{day}-143000-ab12.jsonl").write_bytes(b"{}\n")

    said = px("reconcile --json")

    assert said.status == 1
    assert [one["kind"] for one in said.json["differences"]] == ["journal damaged"]
