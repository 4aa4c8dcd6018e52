"""What a running `px up` listens on is what `docs/security.md` says, and nothing else."""

import os
import re
from pathlib import Path

import psutil
import pytest
from house import House
from needs import linux

pytestmark = [
    linux,
    pytest.mark.process,
    pytest.mark.e2e,
    pytest.mark.xdist_group("px up"),
]

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
LOOPBACK, KERNEL = "127.0.0.1", "the kernel"
# Which process is which row of the page, by a word of its command line and one of the row.
ROLES = {
    "deployments.server": "Prefect's server",
    "pxcore.paper": "the paper gateway",
    "pxcore.session.process": "a session's control socket",
    "pxcore.cli up": "a session's control socket, and that of `px up`",
    "deployments.serve": "Prefect's runners",
    "flow": "Prefect's runners",
}
_LISTENS = 0x10000  # __SO_ACCEPTCON, in the flags of /proc/net/unix


def rows_of_the_page() -> dict[str, str]:
    """What listens, and where, by the first table."""
    table = PAGE.read_text(encoding="utf-8").partition("|---|")[2].partition("\n\n")[0]
    cells = [line.split("|") for line in table.splitlines()[1:]]
    return {cell[1].strip(): cell[2].strip() for cell in cells}


def role_of(process: psutil.Process) -> str:
    command = " ".join(process.cmdline())
    found = [row for word, row in ROLES.items() if word in command]
    assert found, f"nobody knows what listens here: {command}"
    return found[0]


def unix_names() -> dict[str, str]:
    """Names of the local sockets that listen, by their inodes; `@` begins one without a file."""
    found = {}
    for line in Path("/proc/net/unix").read_text(errors="replace").splitlines()[1:]:
        _, _, _, flags, _, _, inode, *name = line.split(maxsplit=7)
        if int(flags, 16) & _LISTENS:
            found[inode] = name[0] if name else ""
    return found


def local_sockets(process: psutil.Process) -> set[str]:
    names, found = unix_names(), set()
    for entry in Path(f"/proc/{process.pid}/fd").iterdir():
        try:
            inode = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(entry))
        except FileNotFoundError:  # closed meanwhile
            continue
        if inode and inode[1] in names:
            found.add(names[inode[1]])
    return found


def test_sockets_of_a_running_px_up_with_a_session_are_those_of_the_page(
    house: House, held: str
) -> None:
    listening: dict[str, set[str]] = {}
    for process in house.family():
        for one in process.net_connections(kind="inet"):
            is_open = one.status == psutil.CONN_LISTEN or not one.raddr
            if is_open and one.laddr and one.status != psutil.CONN_CLOSE_WAIT:
                assert one.laddr.ip == LOOPBACK, (process.cmdline(), one)
                listening.setdefault(role_of(process), set()).add(LOOPBACK)
        for name in local_sockets(process):
            assert name.startswith("@px-"), (process.cmdline(), name)
            listening.setdefault(role_of(process), set()).add(KERNEL)
    house.set_state(held, "CANCELLING")
    house.released()

    rows = rows_of_the_page()
    for role, places in listening.items():
        (said,) = [where for what, where in rows.items() if what.startswith(role)]
        assert {place for place in (LOOPBACK, KERNEL) if place in said} == places, role
    missing = [what for what in rows if not any(what.startswith(role) for role in listening)]
    assert not missing
