"""A demo's processes hear of the demo's settings alone, and of its own Prefect."""

import os
from types import SimpleNamespace

import pytest

from pxcore.cli.day import FlowProcess
from pxcore.cli.deploy import deploy_to
from pxcore.cli.orchestrator import px_environ
from pxcore.config.paths import Paths
from pxcore.model import Misconfigured


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


@pytest.mark.parametrize(
    ("url", "auth", "why"),
    [
        ("", "", "PREFECT_API_URL is missing"),
        ("http://10.0.0.7:4200/api", "", "PREFECT_API_AUTH_STRING is missing"),
        ("http://prefect.example/api", "", "PREFECT_API_AUTH_STRING is missing"),
        ("http://127.0.0.1:4200/api", "", None),
        ("http://10.0.0.7:4200/api", "me:secret", None),
    ],
)
def test_deployments_go_to_no_server_elsewhere_that_asks_for_nothing(monkeypatch, url, auth, why):
    monkeypatch.setenv("PREFECT_API_URL", url)
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", auth)
    monkeypatch.delenv("PREFECT_API_KEY", raising=False)
    ran = []
    monkeypatch.setattr(
        "pxcore.cli.deploy.subprocess.run",
        lambda command, check: ran.append(command) or SimpleNamespace(returncode=0),
    )
    if why is None:
        assert deploy_to("pool") == 0 and ran
    else:
        with pytest.raises(Misconfigured, match=why):
            deploy_to("pool")
        assert not ran
