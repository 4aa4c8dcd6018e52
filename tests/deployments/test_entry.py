"""A run runs our own flow for its deployment, and none for any other."""

import pytest

from deployments.entry import flow_of, run_only
from deployments.registry import every_deployment
from pxcore.model import Misconfigured


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setattr("prefect.runner.runner.load_flow_from_flow_run", None)  # as it was after
    made: dict[str, str] = {}
    run_only(every_deployment(), made)
    return made


def test_each_deployment_of_ours_has_its_flow(environ: dict[str, str]) -> None:
    for one in every_deployment():
        found = flow_of(environ | {"PREFECT__DEPLOYMENT_NAME": str(one.name)})
        assert found.name == one.flow_name
    assert environ["PREFECT__FLOW_ENTRYPOINT"] == "deployments.entry.flow_of_this_run"


@pytest.mark.parametrize("name", ["", "evil", "trading-day-of-nobody"])
def test_deployment_that_is_none_of_ours_has_none(environ: dict[str, str], name: str) -> None:
    with pytest.raises(Misconfigured, match="none of ours"):
        flow_of(environ | {"PREFECT__DEPLOYMENT_NAME": name})
