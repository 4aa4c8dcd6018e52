"""`px simulate`, as it is typed."""

from pathlib import Path
from typing import Annotated

import typer

from pxcore.cli import kinds
from pxcore.cli.output import console
from pxcore.cli.simulate import run_simulation


def simulate(
    seeds: Annotated[int, typer.Option(parser=kinds.rows, help="How many days.")] = 200,
    first_seed: Annotated[int, typer.Option(parser=kinds.seed, help="Seed of the first one.")] = 0,
    json: Annotated[Path | None, typer.Option(help="Write the outcome here as JSON.")] = None,
) -> None:
    """Bad days in virtual time, every invariant checked at each step. With faults, kills and
    restarts.

    Example: px simulate --seeds 1000 --json days.json
    """
    raise typer.Exit(
        run_simulation(first_seed=first_seed, seeds=seeds, json=json, console=console())
    )
