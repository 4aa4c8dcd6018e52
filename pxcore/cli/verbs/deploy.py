"""`px deploy`, as it is typed."""

from typing import Annotated

import typer

from pxcore.cli.deploy import deploy_to


def deploy(
    pool: Annotated[str, typer.Option(help="Name of the work pool; made if there is none.")],
) -> None:
    """Register the deployments for the workers of a work pool. On the server of
    PREFECT_API_URL.

    Example: px deploy --pool trading
    """
    raise typer.Exit(deploy_to(pool))
