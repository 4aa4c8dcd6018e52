"""All there is to say about a paper gateway that runs as a process, as one JSON value."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from pxcore.paper.exchange import (
    AccountSpec,
    BracketMode,
    ExchangeConfig,
    PositionBrackets,
    program_named,
)
from pxcore.paper.server.dialect import Dialect

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_NAME = "PRAC-V2-600001-40000002"
_BALANCE_USD = Decimal("50000.00")
_DAY_S = 24 * 3600.0


class Recording(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The stretch of a recorded file to play; None for an end means the file's own."""

    path: str
    start: Moment | None = None
    end: Moment | None = None


class PaperConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All there is to say about a paper gateway.

    `port` 0 is any free one. `program` (50k, 100k, 150k, practice) gives the account its name,
    balance and limits; without one it has none. `clock` is `wall` or MARKET@WALL@SPEED;
    `market_start` is when the market's tape begins, by default the clock's now, and `opens_at`
    when its burst does. A recording or a script plays the first of `symbols`; the others are
    synthetic, of that `shape`. With `hours` "exchange" the market closes as the exchange does.
    A market that `waits` stands still until its session is ready (`server.bell`), and then goes in
    step with it if so configured. `faults`, `state` and `clock_file`, where the market's time is
    published, are paths. `user_name` and `api_key` of None accept any that are not empty. With
    `has_control` whoever has the `api_key` has the control API as well (`server.control`).
    """

    port: int = 0
    account_id: int = 26200002
    account_name: str | None = None
    balance_usd: Decimal | None = None
    program: str | None = None
    bracket_mode: BracketMode = BracketMode.AUTO_OCO
    position_brackets: PositionBrackets | None = None
    exchange: ExchangeConfig = ExchangeConfig()
    dialect: Dialect = Dialect()
    symbols: tuple[str, ...] = ("MNQ",)
    seed: int = 1
    shape: str = "calm"
    clock: str = "wall"
    market_start: Moment | None = None
    opens_at: Moment | None = None
    waits: bool = False
    goes_in_steps: bool = False
    clock_file: str | None = None
    hours: Literal["always", "exchange"] = "always"
    recording: Recording | None = None
    script: str | None = None
    faults: str | None = None
    state: str | None = None
    user_name: str | None = None
    api_key: str | None = None
    token_lifetime_s: float = _DAY_S
    is_rate_limited: bool = True
    has_control: bool = False
    exit_on_stdin_eof: bool = False

    def __post_init__(self) -> None:
        if self.has_control and not self.api_key:
            raise ValueError("`has_control` needs an `api_key`: it is the control API's key, too")

    def account(self) -> AccountSpec:
        """The one account. Raises Misconfigured for a program that does not exist."""
        program = None if self.program is None else program_named(self.program)
        name, balance_usd = _NAME, _BALANCE_USD
        if program is not None:
            name, balance_usd = program.account_name, program.balance_usd
        return AccountSpec(
            self.account_id,
            self.account_name or name,
            balance_usd if self.balance_usd is None else self.balance_usd,
            bracket_mode=self.bracket_mode,
            program=program,
            position_brackets=self.position_brackets,
        )
