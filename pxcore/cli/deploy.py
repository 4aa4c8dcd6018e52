"""`px deploy`: the deployments for a work pool, on a Prefect server that runs elsewhere."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

from pxcore.host.own_names import NAMES
from pxcore.model import Misconfigured


def deploy_to(pool: str) -> int:
    """Its exit status. In a process of its own: nothing of Prefect's is imported here.

    Raises Misconfigured without PREFECT_API_URL, which says which server, and for a server on
    another machine without what it asks its clients for: one that asks for nothing lets everybody
    on the network run commands on the machines of its workers.
    """
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        raise Misconfigured(
            "PREFECT_API_URL is missing: which Prefect server? On one machine `px up` is all"
        )
    has_key = os.environ.get("PREFECT_API_AUTH_STRING") or os.environ.get("PREFECT_API_KEY")
    if urlsplit(url).hostname not in NAMES and not has_key:
        raise Misconfigured(
            "PREFECT_API_AUTH_STRING is missing: a server on another machine is to ask for one "
            "(PREFECT_SERVER_API_AUTH_STRING there), or anybody who reaches it runs commands here"
        )
    return subprocess.run(  # noqa: S603
        [sys.executable, "-m", "deployments.deploy", pool], check=False
    ).returncode
