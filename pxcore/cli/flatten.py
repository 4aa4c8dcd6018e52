"""`px flatten`: close everything on the account, with proof, without Prefect or a session."""

import sys

import typer
from rich.console import Console

from pxcore.cli.output import NEEDS_YES, agrees
from pxcore.config.settings import Settings
from pxcore.flatten.by_hand import AdHocFlatten, flat_told
from pxcore.model import Misconfigured


def flatten_account(
    settings: Settings,
    console: Console,
    *,
    is_agreed: bool,
    timeout_s: float,
    is_everything: bool = False,
) -> int:
    """0 once REST has shown the account flat. Raises NotFlat when it could not be proven."""
    job = AdHocFlatten(
        settings,
        settings.account_id,
        by="px flatten",
        say=console.print,
        is_everything=is_everything,
    )
    found = job.look()
    console.print(found.text)
    if found.is_done:
        console.print("flat already, nothing sent")
        return 0
    if found.holder is not None:
        console.print(f"{found.holder} has the account: it will be asked to flatten and end first")
    if not is_agreed:
        if not sys.stdin.isatty():
            raise Misconfigured(f"{NEEDS_YES}; nothing was sent")
        if not agrees(console, "Cancel every order and close every position?"):
            raise typer.Abort
    console.print(flat_told(job.act(timeout_s)))
    return 0
