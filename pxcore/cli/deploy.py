"""`px deploy`: the deployments for a work pool, on a Prefect server that runs elsewhere."""

import os
import subprocess
import sys

from pxcore.model import Misconfigured


def deploy_to(pool: str) -> int:
    """Its exit status. In a process of its own: nothing of Prefect's is imported here.

    Raises Misconfigured without PREFECT_API_URL, which says which server.
    """
    if not os.environ.get("PREFECT_API_URL"):
        raise Misconfigured(
            "PREFECT_API_URL is missing: which Prefect server? On one machine `px up` is all"
        )
    return subprocess.run(  # noqa: S603
        [sys.executable, "-m", "deployments.deploy", pool], check=False
    ).returncode
