"""`px demo`: one paper trading day, from nothing to the daily report.

The settings of a real gateway play no part in it: the processes of a demo get all their settings
from here, and run where no `.env` lies.
"""

import os
from contextlib import ExitStack
from pathlib import Path

import msgspec
from rich.console import Console

from pxcore.cli.market import DemoMarket, choose_market
from pxcore.cli.orchestrator import check_port, px_environ
from pxcore.cli.paper import Paper
from pxcore.cli.terminal_day import Prepared, TerminalDay, idle_s
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.strategies import make_strategy
from pxcore.upkeep.old_home import DEMO

_LEAD_S = 8.0  # of ours, from the paper market's first step to the window's start


class DemoRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asked for. `account_id` is for the day; the paper account has its
    own. `port` 0 is a free one, `window_s` in seconds of ours. `strategy` are the settings of
    another strategy than the demo's own, if one was asked for.
    """

    seed: int
    symbol: str
    file: Path | None
    window_s: float
    account_id: int | None
    port: int
    strategy: dict[str, str]
    json: Path | None


def run_demo(request: DemoRequest, settings: Settings, console: Console) -> int:
    """The exit status. Raises Misconfigured before anything is started when it cannot be run."""
    is_apart = "home" not in settings.model_fields_set
    paths = Paths(DEMO if is_apart else settings.home)
    if request.strategy:
        make_strategy(settings.strategy, settings.strategy_params)
    if request.port:
        check_port(request.port, "the paper gateway")
    market = choose_market(
        request.file,
        symbol=request.symbol,
        seed=request.seed,
        lead_s=_LEAD_S,
        window_s=request.window_s,
    )
    day = TerminalDay(paths, console, title="px demo", json=request.json, is_apart=is_apart)
    day.screen.say(market.description)

    def prepare(stack: ExitStack) -> Prepared:
        paper = Paper(paths, market, seed=request.seed, port=request.port, file=request.file)
        stack.callback(paper.end)
        paper.wait_until_listening(day.screen.say)
        account = f"paper account {paper.account_id}"
        day.screen.say(f"paper gateway on {paper.url}: this day trades {account} and nothing else")
        return Prepared(
            account=account,
            idle_s=idle_s(settings),
            environ=_environ(request, market, paper, paths),
            cwd=paths.logs,
            is_flat=paper.is_flat,
        )

    return day.run(prepare)


def _environ(
    request: DemoRequest, market: DemoMarket, paper: Paper, paths: Paths
) -> dict[str, str]:
    wanted = market.settings | paper.settings() | {"PX_HOME": str(paths.home)} | request.strategy
    if request.account_id is not None:
        wanted["PX_ACCOUNT_ID"] = str(request.account_id)
    # The day runs in another folder: what lies in this one must be found from there.
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(Path.cwd()))))
    found = {"PYTHONPATH": path} if request.strategy else {}
    return px_environ(os.environ, wanted) | found
