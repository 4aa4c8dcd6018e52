"""What `px demo` refuses before it starts anything, as one clear line and status 2."""

import socket
from pathlib import Path

import pytest
from px_runner import Px, Said


@pytest.fixture
def px(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Px:
    monkeypatch.chdir(tmp_path)
    return Px({"PX_HOME": str(tmp_path / "home")})


def is_one_line(said: Said) -> bool:
    return said.status == 2 and said.out == "" and len(said.problems) == 1


BAD = [
    pytest.param(("--contract", "XYZ"), "no active contract is called 'XYZ'", id="symbol"),
    pytest.param(("--market", "absent.csv"), "absent.csv", id="no file"),
    pytest.param(("--market", "bad.csv", "--contract", "GC"), "line 3", id="bad row"),
    pytest.param(("--market", "bad.csv"), "line 2", id="wrong contract for the file"),
    pytest.param(("--market", "noise.bin"), "noise.bin", id="not a market file"),
    pytest.param(("--market", "bars.csv"), "these are one-minute bars", id="bars for trades"),
    pytest.param(("--market", "one.csv"), "one.csv holds one trade alone", id="one row"),
    pytest.param(("--market", "."), "Is a directory", id="folder"),
    pytest.param(("--json", "nowhere/out.json"), "nowhere", id="no folder for the outcome"),
]


@pytest.mark.parametrize(("arguments", "text"), BAD)
def test_bad_input_is_one_clear_line_and_status_2(
    px: Px, tmp_path: Path, arguments: tuple[str, ...], text: str
) -> None:
    (tmp_path / "bad.csv").write_text(
        "time_utc,price,size\n2024-03-05T14:00:00Z,2010.1,1\n2024-03-05T14:00:01Z,many,1\n"
    )
    (tmp_path / "bars.csv").write_text(
        '"start_utc","open","high","low","close","volume"\n"2024-03-05T14:00:00Z","9","9","9","9","1"\n'
    )
    (tmp_path / "one.csv").write_text("time_utc,price,size\n2024-03-05T14:00:00Z,2010,1\n")
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)) * 10)
    said = px("demo", *arguments)
    assert is_one_line(said), said
    assert text in said.err
    assert not (tmp_path / "home" / "journal").exists()


def test_home_that_cannot_be_written_is_one_clear_line_and_status_2(px: Px, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = px("demo", PX_HOME=str(tmp_path / "file" / "home"))
    assert said.status == 2 and len(said.problems) == 1, said
    assert "cannot be written" in said.err


def test_port_in_use_is_one_clear_line_and_status_2(px: Px) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = px("demo", "--port", str(taken.getsockname()[1]))
    assert is_one_line(said), said
    assert "another program listens on port" in said.err


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        pytest.param(
            "trades.csv",
            b"time_utc;price;size\n2024-05-06T13:30:00+00:00;17999,75;9\n",
            "line 2: price '17999,75' has a comma",
            id="decimal comma",
        ),
        pytest.param("trades.parquet", b"PAR1....", "is a Parquet file", id="Parquet"),
        pytest.param("trades.html", b"<!doctype html>", "is a web page", id="web page"),
        pytest.param("trades", b"time,last\n", "line 1: no header column", id="no suffix"),
        pytest.param("trades.csv", b"", "is empty", id="empty"),
    ],
)
@pytest.mark.parametrize("verb", ["demo", "paper"])
def test_market_file_that_is_not_read_is_named_by_every_verb_that_takes_one(
    px: Px, tmp_path: Path, verb: str, name: str, content: bytes, text: str
) -> None:
    (tmp_path / name).write_bytes(content)
    said = px(verb, "--market", name)
    assert is_one_line(said), said
    assert name in said.err and text in said.err


def test_folder_in_place_of_a_market_is_named(px: Px, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for verb in ("demo", "paper"):
        said = px(verb, "--market", "data")
        assert is_one_line(said) and "data cannot be read" in said.err
