"""What is registered already is not registered again, and what somebody changed is."""

from datetime import time
from uuid import uuid4

import pytest
from patience import patience

from pxcore.cli.prefect_session import PrefectSession
from pxcore.cli.registered import Registered
from pxcore.cli.settings_watch import AccountTimes, Times

pytestmark = [pytest.mark.process]


def times(window_start: time) -> Times:
    return (
        AccountTimes(
            label="",
            account_id=7,
            window_start=window_start,
            window_end=time(15, 0),
            flat_by=time(15, 5),
            contract="MNQ",
        ),
    )


@pytest.fixture
def session(prefect_server) -> PrefectSession:
    paths, port = prefect_server
    return PrefectSession(f"http://127.0.0.1:{port}", paths)


def test_registering_is_spared_until_a_time_or_anything_of_a_deployment_differs(session) -> None:
    wanted = times(time(8, 30))
    registered = Registered(session)
    registered.forget()
    assert not registered.is_current(wanted), "nobody has registered anything"
    registered.note(wanted)
    assert registered.is_current(wanted)
    assert not registered.is_current(times(time(9, 0)))

    flow = made(session, "flows/", {"name": f"registered-{uuid4()}"})
    deployment = made(session, "deployments/", {"name": "own", "flow_id": flow})
    assert not registered.is_current(wanted), "one more than were registered"
    registered.forget()
    registered.note(wanted)
    assert registered.is_current(wanted)
    changed = {"pull_steps": [{"prefect.deployments.steps.run_shell_script": {"script": "true"}}]}
    answer = session.ask("PATCH", f"/api/deployments/{deployment}", changed, timeout_s=patience(30))
    answer.raise_for_status()
    assert not registered.is_current(wanted), "somebody changed it"

    session.ask(
        "DELETE", f"/api/deployments/{deployment}", timeout_s=patience(30)
    ).raise_for_status()
    registered.forget()
    assert not registered.is_current(wanted)


def made(session: PrefectSession, path: str, body: dict[str, str]) -> str:
    answer = session.ask("POST", f"/api/{path}", body, timeout_s=patience(30))
    answer.raise_for_status()
    return str(answer.json()["id"])
