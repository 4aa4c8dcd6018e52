"""Each platform's own reader takes its definition, whatever the paths hold."""

import plistlib
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path, PurePosixPath, PureWindowsPath

import needs
import pytest

from pxcore.host.service_files import (
    STOP_S,
    Platform,
    Service,
    definition,
    launchd_agent,
    systemd_unit,
    windows_task,
)
from pxcore.model import Misconfigured

ODD = ["plain", "with space", "50%u off", "a&b<c>", "it's", 'say "hi"', "pay$HOME", "back\\slash"]
SHELL = """/bin/sh -c 'exec "$$0" up' """
TASK = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}


def service(folder: str = "/srv/day", px: str = "/opt/px/bin/px") -> Service:
    return Service(
        px=PurePosixPath(px), folder=PurePosixPath(folder), log=PurePosixPath("/var/log/px.log")
    )


def installed(root: Path, name: str) -> Service:
    """With a program that is there: systemd looks for it."""
    px = root / name / "bin" / "px"
    px.parent.mkdir(parents=True)
    px.write_text("#!/bin/sh\n")
    px.chmod(0o755)
    return Service(px=px, folder=root / name, log=root / "px.log")


def value_of(unit: str, key: str) -> str:
    (found,) = [line for line in unit.splitlines() if line.startswith(f"{key}=")]
    return found.partition("=")[2]


@needs.systemd
@pytest.mark.parametrize("name", ODD)
def test_systemd_takes_the_unit(tmp_path, name):
    unit = tmp_path / "px.service"
    unit.write_text(systemd_unit(installed(tmp_path, name)))

    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True
    )

    newer = ("RestartSteps", "RestartMaxDelaySec")  # since systemd 254
    ours = [line for line in said.stderr.splitlines() if str(unit) in line or "px.service" in line]
    assert [line for line in ours if not any(key in line for key in newer)] == []
    assert said.returncode == 0


@needs.systemd
def test_systemd_would_say_that_the_program_is_missing(tmp_path):
    unit = tmp_path / "px.service"
    unit.write_text(systemd_unit(service(px=str(tmp_path / "none"))))
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True
    )
    assert said.returncode != 0 and "none" in said.stderr


@pytest.mark.parametrize(
    ("folder", "px", "shown_folder", "shown_px"),
    [
        ("/a b", "/a b/px", "/a b", '"/a b/px" up'),
        ("/50%u", "/50%u/px", "/50%%u", '"/50%%u/px" up'),
        ('/say "hi"', '/say "hi"/px', '/say "hi"', SHELL + '"/say \\"hi\\"/px"'),
        ("/it's $5", "/it's $5/px", "/it's $5", SHELL + '"/it\'s $$5/px"'),
        ("/b\\s", "/b\\s/px", "/b\\s", SHELL + '"/b\\\\s/px"'),
        ("/pay$HOME", "/pay$HOME/px", "/pay$HOME", '"/pay$HOME/px" up'),
    ],
)
def test_systemd_reads_the_paths_as_they_are(folder, px, shown_folder, shown_px):
    unit = systemd_unit(service(folder, px))
    assert value_of(unit, "WorkingDirectory") == shown_folder
    assert value_of(unit, "ExecStart") == shown_px


def test_systemd_leaves_a_flatten_its_time_and_asks_px_up_alone():
    unit = systemd_unit(service())
    assert value_of(unit, "KillMode") == "process"
    assert value_of(unit, "TimeoutStopSec") == "180" == str(STOP_S)
    assert value_of(unit, "Restart") == "on-failure"


@pytest.mark.parametrize("name", ODD)
def test_launchd_gets_the_paths_as_they_are(name):
    agent = plistlib.loads(launchd_agent(service(f"/{name}", f"/{name}/px")).encode())
    assert agent["ProgramArguments"] == [f"/{name}/px", "up"]
    assert agent["WorkingDirectory"] == f"/{name}"
    assert (agent["ExitTimeOut"], agent["KeepAlive"]) == (180, {"SuccessfulExit": False})


@pytest.mark.parametrize("name", [*ODD, "Größe"])
def test_windows_gets_the_paths_as_they_are(name):
    folder = PureWindowsPath("C:/Users") / name
    made = Service(
        px=folder / "px.exe", folder=folder, log=PureWindowsPath("C:/px.log"), user="PC\\me & you"
    )
    text = windows_task(made)
    task = ET.fromstring(text)  # noqa: S314  (our own)

    def said(path: str) -> str | None:
        return task.findtext("/".join(f"t:{part}" for part in path.split("/")), None, TASK)

    assert text.isascii()
    assert said("Actions/Exec/Command") == str(folder / "px.exe")
    assert said("Actions/Exec/WorkingDirectory") == str(folder)
    assert said("Triggers/LogonTrigger/UserId") == "PC\\me & you"
    assert said("Settings/ExecutionTimeLimit") == "PT0S"
    assert said("Settings/RestartOnFailure/Interval") == "PT1M"


@pytest.mark.parametrize("folder", ["/a\nExecStart=/bin/sh", "/a\tb", "/trailing ", "relative"])
@pytest.mark.parametrize("platform", Platform)
def test_path_that_could_say_something_else_is_refused(folder, platform):
    with pytest.raises(Misconfigured, match="cannot stand"):
        definition(platform, service(folder))


def test_folder_that_would_join_two_lines_is_refused():
    with pytest.raises(Misconfigured, match="backslash"):
        systemd_unit(service("/a\\"))
