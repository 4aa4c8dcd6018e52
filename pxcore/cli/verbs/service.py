"""`px service`: what makes this machine keep `px up` running. It only prints."""

import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Annotated

import typer

from pxcore.cli.output import Form, Output, say_line
from pxcore.config.settings import ENV_FILE
from pxcore.config.sources import PREFIX
from pxcore.host.service_files import LABEL, Platform, Service, definition
from pxcore.model import Misconfigured

app = typer.Typer(no_args_is_help=True)

_GOES_TO = {
    Platform.SYSTEMD: "~/.config/systemd/user/px.service",
    Platform.LAUNCHD: f"~/Library/LaunchAgents/{LABEL}.plist",
    Platform.WINDOWS: "px.xml",
}
_THEN = {
    Platform.SYSTEMD: ("systemctl --user enable --now px.service", "loginctl enable-linger"),
    Platform.LAUNCHD: (
        f"launchctl bootstrap gui/$UID {_GOES_TO[Platform.LAUNCHD]}",
        f"launchctl print gui/$UID/{LABEL}",
    ),
    Platform.WINDOWS: ("schtasks /Create /TN px /XML px.xml", "schtasks /Run /TN px"),
}


@app.callback()
def service() -> None:
    """Keep `px up` running, over crashes and reboots. By the machine's own service manager."""


@app.command()
def install(
    prints: Annotated[
        bool, typer.Option("--print", help="The definition itself, on standard output.")
    ] = False,
    for_: Annotated[
        Platform | None, typer.Option("--for", help="By default that of this machine.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where it runs and finds .env; by default this one.")
    ] = None,
) -> None:
    """Print a service definition, or without --print where it goes. Installs nothing by itself.

    Example: px service install --print > ~/.config/systemd/user/px.service
    """
    platform = for_ or _platform_here()
    place = (folder or Path.cwd()).expanduser().resolve()
    text = definition(platform, _service(place))
    out = Output(Form.TABLE)
    _warn(place, out)
    if prints:
        say_line(text.rstrip("\n"))
        return
    command = ["px", "service", "install", "--print", "--for", platform, "--folder", str(place)]
    quoted = subprocess.list2cmdline if platform is Platform.WINDOWS else shlex.join
    out.say(f"This only prints; nothing was installed. The file goes to {_GOES_TO[platform]}:")
    out.say(f"  {quoted(command)} > {_GOES_TO[platform]}")
    out.say("and then it is you who runs:")
    for line in _THEN[platform]:
        out.say(f"  {line}")


def _platform_here() -> Platform:
    return {"darwin": Platform.LAUNCHD, "win32": Platform.WINDOWS}.get(
        sys.platform, Platform.SYSTEMD
    )


def _service(folder: Path) -> Service:
    """Raises Misconfigured when there is no such folder, or no `px` beside this interpreter."""
    if not folder.is_dir():
        raise Misconfigured(f"--folder {folder}: there is no such folder")
    px = Path(sysconfig.get_path("scripts")) / ("px.exe" if os.name == "nt" else "px")
    if not px.is_file():
        raise Misconfigured(f"there is no {px}: install the package first, see README")
    return Service(
        px=px, folder=folder, log=Path.home() / "Library" / "Logs" / "px.log", user=_windows_user()
    )


def _windows_user() -> str | None:
    """Without it Windows wants an administrator: the logon of anybody would start the task."""
    name, domain = os.environ.get("USERNAME"), os.environ.get("USERDOMAIN")
    return f"{domain}\\{name}" if os.name == "nt" and name and domain else None


def _warn(folder: Path, out: Output) -> None:
    """What holds in this shell and not in the service."""
    if not (folder / ENV_FILE).is_file():
        out.warn(
            f"there is no .env in {folder}: the service would run with every default, on paper"
        )
    named = sorted(name for name in os.environ if name.upper().startswith(PREFIX))
    if named:
        out.warn(f"the service does not have this shell's {', '.join(named)}: put them into .env")
