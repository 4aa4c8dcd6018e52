"""A service definition of each platform that keeps `px up` running. Text only: nothing is written.

All say the same: start in this folder, where `.env` holds the settings and secrets, so that none
are in here; start again after a failure, later each time where the platform can; and leave
`STOP_S` for a stop, since a stop is a flatten and its proof.
"""

import plistlib
import xml.etree.ElementTree as ET
from enum import StrEnum
from pathlib import PurePath

import msgspec

from pxcore.model import Misconfigured

STOP_S = 180  # the longest flatten: 90 s with the gateway away, 60 s by REST alone, and the rest
LABEL = "local.px"
_RESTART_S = 10
_RESTART_S_MAX = 300
_MISCONFIGURED = 2  # the exit status that only a person can fix: no use in starting again
_TASK = "http://schemas.microsoft.com/windows/2004/02/mit/task"


class Platform(StrEnum):
    SYSTEMD = "systemd"
    LAUNCHD = "launchd"
    WINDOWS = "windows"


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """Absolute paths of the `px` to run and the folder to run it in. `log` is for what launchd
    has no journal for; `user` is whose logon starts the Windows task, None anybody's.

    Raises Misconfigured for a path or a name that no definition can hold.
    """

    px: PurePath
    folder: PurePath
    log: PurePath
    user: str | None = None

    def __post_init__(self) -> None:
        for path in (self.px, self.folder, self.log):
            text = str(path)
            if not path.is_absolute() or not text.isprintable() or text != text.strip():
                raise Misconfigured(f"{text!r} cannot stand in a service definition")
        if self.user is not None and not self.user.isprintable():
            raise Misconfigured(f"user {self.user!r} cannot stand in a service definition")


def definition(platform: Platform, service: Service) -> str:
    """The file's text."""
    match platform:
        case Platform.SYSTEMD:
            return systemd_unit(service)
        case Platform.LAUNCHD:
            return launchd_agent(service)
        case Platform.WINDOWS:
            return windows_task(service)


def systemd_unit(service: Service) -> str:
    """A user unit. `mixed`: SIGTERM goes to `px up` alone, which ends its sessions in order.

    What is left when `px up` has ended, or after `STOP_S`, systemd kills: so `px up` must outlive
    its sessions. Source: systemd.kill(5) of systemd 252. Versions before 254 do not know the two
    settings of the growing pause, say so in their log, and start again every `_RESTART_S`.
    """
    if str(service.folder).endswith("\\"):
        raise Misconfigured(f"{service.folder} ends in a backslash: systemd would join two lines")
    return f"""\
# No secrets in here: they are in .env of the folder.
[Unit]
Description=px: scheduled trading sessions
StartLimitIntervalSec=0

[Service]
Type=exec
WorkingDirectory={_percent(service.folder)}
ExecStart={_command(service.px)}
Restart=on-failure
RestartPreventExitStatus={_MISCONFIGURED}
RestartSec={_RESTART_S}
RestartSteps=5
RestartMaxDelaySec={_RESTART_S_MAX}
KillMode=process
KillSignal=SIGTERM
TimeoutStopSec={STOP_S}

[Install]
WantedBy=default.target
"""


def launchd_agent(service: Service) -> str:
    """An agent of the user. launchd itself holds back a program that fails again and again."""
    return plistlib.dumps(
        {
            "Label": LABEL,
            "ProgramArguments": [str(service.px), "up"],
            "WorkingDirectory": str(service.folder),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": _RESTART_S,
            "ExitTimeOut": STOP_S,
            "StandardOutPath": str(service.log),
            "StandardErrorPath": str(service.log),
        },
        sort_keys=False,
    ).decode()


def windows_task(service: Service) -> str:
    """A task for `schtasks /Create /XML`, at logon. Ending it there kills: `px down` stops it.

    ASCII, and without an XML declaration: shells there write the file in encodings of their own.
    """
    task = ET.Element("Task", {"version": "1.3", "xmlns": _TASK})
    _add(task, "RegistrationInfo/Description", "px: scheduled trading sessions")
    _add(task, "Triggers/LogonTrigger/Enabled", "true")
    if service.user is not None:
        _add(task, "Triggers/LogonTrigger/UserId", service.user)
        _add(task, "Principals/Principal/UserId", service.user)
    _add(task, "Principals/Principal/LogonType", "InteractiveToken")
    _add(task, "Principals/Principal/RunLevel", "LeastPrivilege")
    for name, value in _TASK_SETTINGS:
        _add(task, f"Settings/{name}", value)
    _add(task, "Actions/Exec/Command", str(service.px))
    _add(task, "Actions/Exec/Arguments", "up")
    _add(task, "Actions/Exec/WorkingDirectory", str(service.folder))
    ET.indent(task)
    return ET.tostring(task).decode() + "\n"


_TASK_SETTINGS = (
    ("MultipleInstancesPolicy", "IgnoreNew"),
    ("DisallowStartIfOnBatteries", "false"),
    ("StopIfGoingOnBatteries", "false"),
    ("AllowHardTerminate", "false"),
    ("StartWhenAvailable", "true"),
    ("RunOnlyIfIdle", "false"),
    ("ExecutionTimeLimit", "PT0S"),  # none
    ("RestartOnFailure/Interval", "PT1M"),  # the shortest that there is
    ("RestartOnFailure/Count", "999"),
)


def _add(task: ET.Element, path: str, text: str) -> None:
    """The text at that path, whose elements are made where they are missing."""
    at = task
    for name in path.split("/"):
        found = at.find(name)
        at = ET.SubElement(at, name) if found is None else found
    at.text = text


def _percent(path: PurePath) -> str:
    """systemd reads `%` as the beginning of a name of its own."""
    return str(path).replace("%", "%%")


def _command(px: PurePath) -> str:
    """systemd takes no program whose path holds a quote or a backslash: then a shell becomes it.

    A `$` is itself in the program's path, and written twice in what follows it.
    """
    path = _percent(px)
    if not {"'", '"', "\\"} & set(path):
        return f'"{path}" up'
    quoted = path.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f"""/bin/sh -c 'exec "$$0" up' "{quoted}\""""
