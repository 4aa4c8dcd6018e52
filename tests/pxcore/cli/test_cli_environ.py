"""A demo's processes hear of the demo's settings alone, and of its own Prefect."""

import os

from pxcore.cli.day import FlowProcess
from pxcore.cli.orchestrator import px_environ
from pxcore.runtime.paths import Paths


def test_flow_of_a_demo_sees_no_setting_and_no_profile_of_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv("PX_SIZE", "9")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    given = []
    monkeypatch.setattr(
        "pxcore.cli.day.spawn", lambda *a, **named: given.append(named["environ"]) or _Ended()
    )
    FlowProcess(
        Paths(tmp_path),
        port=4321,
        environ=px_environ(os.environ, {"PX_CONTRACT": "MES"}),
        cwd=tmp_path,
    )
    (environ,) = given
    assert {n: v for n, v in environ.items() if n.startswith("PX_")} == {"PX_CONTRACT": "MES"}
    assert environ["PREFECT_API_URL"] == "http://127.0.0.1:4321/api"


class _Ended:
    """Of a process, all that is asked for: it said nothing."""

    stdout = ()
