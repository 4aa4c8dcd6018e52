"""`px bars` from a gateway that gives a thousand at once, as the venue was measured to."""

from pathlib import Path

from capped_bars import MINUTES, capped
from paper_scenes import ACCOUNT
from px_runner import Px

FIRST = MINUTES[0].opened_at


def px_on(gateway_url: str, clock: object, home: Path) -> Px:
    return Px(
        {
            "PX_HOME": str(home),
            "PX_PAPER_URL": gateway_url,
            "PX_PAPER_CLOCK": str(clock),
            "PX_ACCOUNT_ID": str(ACCOUNT),
        }
    )


def test_bars_since_a_start_are_all_there_are(tmp_path: Path) -> None:
    with capped(bars_max=1_000) as gateway:
        px = px_on(gateway.url, gateway.clock, tmp_path)
        said = px(f"bars MNQ --json --start {FIRST.isoformat()}")
        opened = [row["opened_at"] for row in said.json["bars"]]
        assert (said.status, said.err, len(opened)) == (0, "", len(MINUTES))
        assert opened[0] == "2026-11-08T23:00:00Z" and sorted(set(opened)) == opened
        assert said.json["reaches_start"] is True and said.json["may_be_cut"] is False


def test_more_bars_than_come_at_once_are_the_newest_so_many(tmp_path: Path) -> None:
    with capped(bars_max=1_000) as gateway:
        px = px_on(gateway.url, gateway.clock, tmp_path)
        said = px("bars MNQ --json --limit 2500")
        assert (said.err, len(said.json["bars"])) == ("", 2_500)
        cut = px(f"bars MNQ --json --limit 2500 --start {FIRST.isoformat()}")
        assert cut.json["may_be_cut"] is True and "--limit 2500 is reached" in cut.err


def test_start_before_what_the_gateway_keeps_is_told_with_what_came(tmp_path: Path) -> None:
    with capped(bars_max=1_000) as gateway:
        px = px_on(gateway.url, gateway.clock, tmp_path)
        said = px("bars MNQ --start 2026-09-01 --end 2026-11-10")
        assert said.status == 0 and len(said.problems) == 1
        assert "from 2026-09-01 00:00:00 Chicago" in said.err
        assert "the first of 2026-11-08 17:00:00 Chicago" in said.err
