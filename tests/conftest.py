"""Scenes that tests of several folders share lie on the path. What journals a test leaves is
looked at when it is over (`journal_audit`).
"""

import os
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from journal_audit import Audit
from patience import patience
from shared_prefect import end_shared_prefect

from pxcore.host.memory_files import memory_folder

_HERE = Path(__file__).parent
for folder in (
    "pxcore",
    "pxcore/engine",
    "pxcore/simulation",
    "pxcore/gateway",
    "pxcore/paper",
    "pxcore/reports",
    "pxcore/store",
    "pxcore/strategies",
):
    sys.path.insert(0, str(_HERE / folder))

# What an example may take, and how long it may be in the making, is the machine's affair.
settings.register_profile(
    "any machine",
    parent=settings(),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any machine")

_audit = pytest.StashKey[Audit]()
_own_home = pytest.StashKey["tempfile.TemporaryDirectory[str]"]()


_TEST_UNITS = 300  # for one test, its fixtures included; only a hang takes so long


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Before the plugin of the time limit reads it: the limit is this machine's."""
    config.stash[_audit] = Audit()
    config.option.timeout = patience(_TEST_UNITS)
    # What has no PX_HOME goes to the user's own folder: for tests that is one of theirs.
    config.stash[_own_home] = tempfile.TemporaryDirectory(prefix="px-own-home-")
    os.environ["XDG_DATA_HOME"] = config.stash[_own_home].name


def pytest_unconfigure(config: pytest.Config) -> None:
    end_shared_prefect(config)
    _clear_slips(config)
    config.stash[_own_home].cleanup()


def _clear_slips(config: pytest.Config) -> None:
    """Those of sessions that these tests killed. Their journals stay for a person to read."""
    folder, base = memory_folder(), config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    for slip in folder.iterdir() if folder else ():
        owner = os.fsdecode(slip.read_bytes()[3072:].rstrip(b"\0"))  # as `slip` writes it
        if Path(owner).is_relative_to(base.resolve()):
            slip.unlink(missing_ok=True)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    """When all that the test started is over. What several tests share is judged with the last of
    their module.
    """
    result = yield
    root = getattr(item, "funcargs", {}).get("tmp_path")
    if nextitem is None or nextitem.path != item.path:
        root = item.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    if root is not None:
        is_excused = item.get_closest_marker("damages_journal") is not None
        problems = item.config.stash[_audit].problems(root, is_excused=is_excused)
        if problems:
            pytest.fail("a journal is not as it must be:\n" + "\n".join(problems), pytrace=False)
    return result


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of xdist tells the one who sums up."""
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        audit = session.config.stash[_audit]
        told["audit"] = (audit.journals, audit.took_s)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    journals, took_s = getattr(node, "workeroutput", {}).get("audit", (0, 0.0))
    audit = node.config.stash[_audit]
    audit.journals, audit.took_s = audit.journals + journals, audit.took_s + took_s


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    audit = terminalreporter.config.stash[_audit]
    terminalreporter.write_line(
        f"{audit.journals} journals verified and replayed in {audit.took_s:.1f} s"
    )
