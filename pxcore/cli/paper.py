"""The paper gateway: `px paper` in the foreground, or as a process of a demo's own."""

import queue
import threading
from datetime import UTC, datetime, time
from pathlib import Path
from typing import IO

import msgspec
from rich.console import Console

from pxcore.calendar import CHICAGO, chicago, latest_regular_day
from pxcore.cli.market import DemoMarket
from pxcore.clock import ShiftedClock
from pxcore.gateway import GatewayClient
from pxcore.gateway.choose import choose_contract, exchange_root
from pxcore.model import Misconfigured, Unavailable
from pxcore.paper.catalogue import catalogue
from pxcore.paper.process import PaperConfig, Recording, run
from pxcore.runtime.plan import Paths
from pxcore.runtime.process import end, spawn

_START_S = 30.0


def serve_paper(*, symbol: str, seed: int, port: int, account_id: int, console: Console) -> int:
    """Runs it until Ctrl-C; prints the settings that point a day to it.

    Its market is at a minute before the 08:30 Chicago open now, whatever the hour here.
    """
    day = latest_regular_day(datetime.now(CHICAGO).date())
    start = chicago(day, time(8, 29))
    clock = ShiftedClock(market=start, wall=datetime.now(UTC), speed=1.0)
    contract = choose_contract(symbol, catalogue(day))

    def announce(url: str) -> None:
        console.print(f"paper gateway: {contract.name}, the open of {day}; Ctrl-C stops it")
        for name, value in (
            ("PX_PAPER_URL", url),
            ("PX_PAPER_CLOCK", clock),
            ("PX_ACCOUNT_ID", account_id),
            ("PX_CONTRACT", contract.id),
        ):
            console.print(f"export {name}={value}", soft_wrap=True)

    config = PaperConfig(
        port=port,
        account_id=account_id,
        symbols=(exchange_root(contract),),
        seed=seed,
        clock=str(clock),
        market_start=start,
    )
    return run(config, announce=announce)


class Paper:
    """Starts at once and ends with us. Its account is new: nothing of an earlier demo is on it."""

    def __init__(
        self, paths: Paths, market: DemoMarket, *, seed: int, port: int, file: Path | None
    ) -> None:
        self._clock = ShiftedClock(
            market=market.clock_start, wall=datetime.now(UTC), speed=market.speed
        )
        self.account_id = 20_000_000 + int(datetime.now(UTC).timestamp()) % 10_000_000
        self.url = ""
        self._log = paths.logs / "paper.log"
        config = PaperConfig(
            port=port,
            account_id=self.account_id,
            symbols=(exchange_root(market.contract),),
            seed=seed,
            clock=str(self._clock),
            market_start=market.clock_start,
            recording=None
            if file is None
            else Recording(
                path=str(file.resolve()), start=market.stretch_start, end=market.stretch_end
            ),
            exit_on_stdin_eof=True,
        )
        self._process = spawn(
            "pxcore.paper", msgspec.json.encode(config).decode(), stderr=self._log
        )
        self._first: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True).start()

    def wait_until_listening(self) -> None:
        """Raises Unavailable, with what it said, when it does not come up."""
        try:
            line = self._first.get(timeout=_START_S)
        except queue.Empty:
            line = ""
        if not line:
            raise Unavailable(f"the paper gateway did not start: {self._last_words()}")
        self.url = msgspec.json.decode(line)["listening"]

    def settings(self) -> dict[str, str]:
        """What points a day to it."""
        return {
            "PX_PAPER_URL": self.url,
            "PX_PAPER_CLOCK": str(self._clock),
            "PX_ACCOUNT_ID": str(self.account_id),
        }

    def is_flat(self) -> bool:
        """Nothing held and no order alive, asked by REST now. Raises as the client does."""
        client = GatewayClient(
            base_url=self.url,
            username="paper",
            api_key="paper",
            connect_timeout_s=2.0,
            reply_timeout_s=5.0,
            clock=self._clock,
        )
        try:
            return client.snapshot(self.account_id, day_start=self._clock.now()).is_flat
        finally:
            client.close()

    def end(self) -> None:
        end(self._process, patience=(35.0, 5.0, 5.0))

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self._first.put(line)
        self._first.put("")

    def _last_words(self) -> str:
        try:
            lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        except OSError as error:
            raise Misconfigured(f"{self._log} cannot be read: {error.strerror}") from error
        return lines[-1] if lines else f"see {self._log}"
