"""Several write to Prefect's server at once: each is heard, and none has to ask twice."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from patience import patience

from pxcore.cli.prefect_session import PrefectSession

pytestmark = [pytest.mark.process, pytest.mark.e2e]

WRITERS, EACH = 3, 8


def test_every_run_that_is_wished_for_while_others_write_is_made_once(prefect_server):
    """Without turns, two thirds of these are refused with a 503."""
    paths, port = prefect_server
    base = f"http://127.0.0.1:{port}"

    def post(session: PrefectSession, path: str, body: object):
        return session.ask("POST", f"/api/{path}", body, timeout_s=patience(30))

    session = PrefectSession(base, paths)
    name = f"busy-{uuid4()}"
    flow = post(session, "flows/", {"name": name}).json()
    deployment = post(session, "deployments/", {"name": name, "flow_id": flow["id"]}).json()

    def write(_: int) -> list[int]:
        """As one browser does it: the Run button, then Cancel."""
        own = PrefectSession(base, paths)
        statuses = []
        for _ in range(EACH):
            made = post(own, f"deployments/{deployment['id']}/create_flow_run", {})
            statuses.append(made.status_code)
            if made.ok:
                state = {"state": {"type": "CANCELLED"}, "force": True}
                ended = post(own, f"flow_runs/{made.json()['id']}/set_state", state)
                statuses.append(ended.status_code)
        return statuses

    with ThreadPoolExecutor(WRITERS) as pool:
        statuses = [status for of_one in pool.map(write, range(WRITERS)) for status in of_one]
    assert set(statuses) == {201}
    wanted = {"deployments": {"id": {"any_": [deployment["id"]]}}}
    assert post(session, "flow_runs/count", wanted).json() == WRITERS * EACH
