"""What a run runs: our own flow for the deployment that our own runner took it for.

Prefect's server keeps with each deployment where its code is to be found and what is to be done
before (pull steps, shell commands among them), and Prefect's runner believes it. Ours does not:
whoever has changed a deployment there changes nothing of what is executed here.
"""

import json
import os
from collections.abc import Iterable, MutableMapping
from typing import Any

from prefect import Flow, flow
from prefect.deployments.runner import RunnerDeployment
from prefect.runner import runner as prefects_runner
from prefect.utilities.importtools import import_object

from pxcore.host.decoding import Decoder
from pxcore.model import Misconfigured

_entrypoints: Decoder[dict[str, str]] = Decoder(dict[str, str])
_ENTRYPOINTS = "OUR_ENTRYPOINTS"  # by deployment, as JSON, in the environment of the runner's runs


def run_only(
    deployments: Iterable[RunnerDeployment], environ: MutableMapping[str, str] = os.environ
) -> None:
    """From here on a runner in this process executes their flows, as they are here, alone."""
    environ[_ENTRYPOINTS] = json.dumps({str(one.name): one.entrypoint for one in deployments})
    environ["PREFECT__FLOW_ENTRYPOINT"] = f"{__name__}.flow_of_this_run"
    assert hasattr(prefects_runner, "load_flow_from_flow_run")
    prefects_runner.load_flow_from_flow_run = _flow_for_hooks


def flow_of(environ: MutableMapping[str, str]) -> Flow[..., Any]:
    """Raises Misconfigured for a run of a deployment that is none of ours."""
    name = environ.get("PREFECT__DEPLOYMENT_NAME", "")
    entrypoint = _entrypoints.decode(environ.get(_ENTRYPOINTS, "{}")).get(name)
    if entrypoint is None:
        raise Misconfigured(
            f"deployment {name or 'without a name'} is none of ours: nothing is run"
        )
    found = import_object(entrypoint)
    assert isinstance(found, Flow)
    return found


def __getattr__(name: str) -> Flow[..., Any]:
    """`flow_of_this_run`, in the process of a run."""
    if name != "flow_of_this_run":
        raise AttributeError(name)
    return flow_of(os.environ)


@flow(name="no-hooks")
def _no_hooks() -> None:
    """Ours have none: what a run has to do about its end, it does itself."""


async def _flow_for_hooks(*given: Any, **named: Any) -> Flow[..., Any]:
    """Asked for by the runner when a run was cancelled or has crashed."""
    return _no_hooks
