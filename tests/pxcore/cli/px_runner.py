"""`px …` as a call: exit status, what it printed, and how long it would have waited."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from typer.testing import CliRunner

from pxcore.cli.app import app


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str
    pauses: list[float]

    @property
    def all(self) -> str:
        return self.out + self.err

    @property
    def json(self) -> Any:
        """The one document on standard output: anything else there is an error."""
        return json.loads(self.out)

    @property
    def problems(self) -> list[str]:
        """Lines of standard error."""
        return self.err.splitlines()


@dataclass
class Px:
    """Standard input is empty and no terminal. Waits are counted, not made."""

    settings: dict[str, str]
    runner: CliRunner = field(default_factory=CliRunner)
    on_pause: Callable[[], None] = lambda: None

    def __call__(self, command: str, *more: str, **settings: str) -> Said:
        pauses: list[float] = []

        def sleep(seconds: float) -> None:
            pauses.append(seconds)
            self.on_pause()

        result = self.runner.invoke(
            app, [*command.split(), *more], env=self.settings | settings, obj=sleep
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception  # it would have been a traceback
        return Said(result.exit_code, result.stdout, result.stderr, pauses)
