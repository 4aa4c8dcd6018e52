"""`px service install`: prints, and says where it goes; installs nothing."""

import plistlib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from px_runner import Px


@pytest.fixture
def px() -> Px:
    return Px({})


@pytest.mark.parametrize(
    ("platform", "goes_to", "then"),
    [
        (
            "systemd",
            "~/.config/systemd/user/px.service",
            ["systemctl --user enable --now px.service", "loginctl enable-linger"],
        ),
        (
            "launchd",
            "~/Library/LaunchAgents/local.px.plist",
            ["launchctl bootstrap gui/$UID ~/Library/LaunchAgents/local.px.plist"],
        ),
        ("windows", "px.xml", ["schtasks /Create /TN px /XML px.xml"]),
    ],
)
def test_without_print_it_says_where_the_file_goes_and_what_to_run(
    px: Px, tmp_path: Path, platform: str, goes_to: str, then: list[str]
) -> None:
    before = sorted(tmp_path.rglob("*"))

    said = px(f"service install --for {platform}")

    lines = [line.strip() for line in said.out.splitlines()]
    assert said.status == 0 and "nothing was installed" in lines[0]
    assert lines[1].endswith(f"> {goes_to}") and set(then) <= set(lines)
    assert sorted(tmp_path.rglob("*")) == before


def test_print_gives_the_definition_and_nothing_else(px: Px, tmp_path: Path) -> None:
    unit = px("service install --print --for systemd")
    agent = plistlib.loads(px("service install --print --for launchd").out.encode())
    xml = px("service install --print --for windows").out
    task = ET.fromstring(xml)  # noqa: S314  (our own)

    assert unit.out.startswith("#") and f"WorkingDirectory={tmp_path}\n" in unit.out
    assert Path(agent["ProgramArguments"][0]).is_absolute()
    assert task.tag.endswith("Task")


def test_folder_is_absolute_and_must_be_there(px: Px, tmp_path: Path) -> None:
    (tmp_path / "day one").mkdir()

    said = px("service install --print --for systemd --folder", "day one")
    assert f"WorkingDirectory={tmp_path}/day one\n" in said.out

    said = px("service install --print --folder nowhere")
    assert said.status == 2 and "there is no such folder" in said.err


def test_settings_that_the_service_would_not_have_are_named_without_their_values(
    px: Px, tmp_path: Path
) -> None:
    said = px("service install --print --for systemd", PX_API_KEY="s3cret-key")

    assert "PX_API_KEY" in said.err and "there is no .env" in said.err
    assert "s3cret-key" not in said.all

    (tmp_path / ".env").write_text("PX_API_KEY=s3cret-key\n")
    said = px("service install --print --for systemd")
    assert said.err == "" and "s3cret-key" not in said.out
