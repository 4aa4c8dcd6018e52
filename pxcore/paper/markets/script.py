"""A market by hand: a list of steps, from a JSON file, a test, or the control API.

{"steps": [
    {"after_ms": 0, "contract": "MNQ", "bid": "25000.00", "ask": "25000.25"},
    {"after_ms": 250, "contract": "MNQ", "price": "25000.25", "size": 2, "side": "buy"},
    {"after_ms": 900, "contract": "MNQ", "halt": true}
]}
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec

from pxcore.host.bounded_files import read_file
from pxcore.host.decoding import decode_json
from pxcore.model import (
    Contract,
    MarketTrade,
    Misconfigured,
    OffGrid,
    ProtocolError,
    Quote,
    Side,
)
from pxcore.paper.markets.catalogue import find_contract
from pxcore.paper.markets.formats import other_kind
from pxcore.paper.markets.market import MarketStep, TradingHalt
from pxcore.text.files import without_mark

_WANTED = '{"steps": [{"contract": "MNQ", "after_ms": 250, "price": "25000.25"}, …]}'
_FIELD = re.compile(r"field `(.*)`")
_START_BYTES = 512
_BYTES_MAX = 256 << 20


class ScriptStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One quote (`bid` and `ask`), print (`price`, `size`, `side` that took it) or halt.

    Prices in price units; `after_ms` in market time after the script begins.
    """

    contract: str
    after_ms: float = 0.0
    bid: Decimal | None = None
    ask: Decimal | None = None
    price: Decimal | None = None
    size: int = 1
    side: Side | None = None
    halt: bool | None = None

    def __post_init__(self) -> None:
        is_quote = self.bid is not None or self.ask is not None
        if is_quote + (self.price is not None) + (self.halt is not None) != 1:
            raise ValueError("a step is a quote (bid, ask), a print (price) or a halt, one of them")
        if self.size < 1 or not 0 <= self.after_ms < 1e10:
            raise ValueError(f"size {self.size} or after_ms {self.after_ms:g} is out of range")


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    steps: tuple[ScriptStep, ...]


def read_script(path: Path) -> Script:
    """Raises Misconfigured, naming the file and what is wrong with it."""
    try:
        data = without_mark(read_file(path, _BYTES_MAX))
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror or error}") from error
    is_json = data[:_START_BYTES].lstrip().startswith((b"{", b"["))
    if not is_json and (kind := other_kind(data[:_START_BYTES])) is not None:
        raise Misconfigured(f"{path} is {kind}")
    try:
        return decode_json(data, Script)
    except ProtocolError as error:
        raise Misconfigured(f"{path}{_told(str(error))}") from error


def _told(said: str) -> str:
    """In our words, where the decoder speaks of types and fields."""
    what, _, place = said.partition(" - at `$")
    if not what.startswith(("Expected `", "Object ")):
        return f": {said}"
    here = place.rstrip("`").lstrip(".")
    if name := _FIELD.search(what):
        is_missing = "missing" in what
        what = f"there is no `{name[1]}`" if is_missing else f"`{name[1]}` is not known"
        what += f" in {here}" if here else ""
    else:
        what = f"{here or 'it'} is of another kind"
    return f" is no script of a market: {what}; wanted is {_WANTED}"


def scripted(
    script: Script, contracts: Sequence[Contract], *, start: datetime
) -> Iterator[MarketStep]:
    """The steps in time order, made before the first is taken. Raises Misconfigured."""
    listed = tuple(contracts)
    steps = [_step(step, find_contract(listed, step.contract), start) for step in script.steps]
    return iter(sorted(steps, key=lambda step: step.at))


def _step(step: ScriptStep, contract: Contract, start: datetime) -> MarketStep:
    at = start + timedelta(milliseconds=step.after_ms)
    if step.halt is not None:
        return TradingHalt(at=at, contract_id=contract.id, is_halted=step.halt)
    if step.price is not None:
        return MarketTrade(
            at=at,
            happened_at=at,
            contract_id=contract.id,
            price_ticks=_ticks(step.price, contract),
            size=step.size,
            aggressor=step.side,
        )
    return Quote(
        at=at,
        happened_at=at,
        contract_id=contract.id,
        bid_ticks=None if step.bid is None else _ticks(step.bid, contract),
        ask_ticks=None if step.ask is None else _ticks(step.ask, contract),
    )


def _ticks(price: Decimal, contract: Contract) -> int:
    if not price.is_finite() or not 0 < price < 10**9:
        raise Misconfigured(f"price {price} is not above zero and below 1,000,000,000")
    try:
        return contract.ticks(price)
    except OffGrid as error:
        raise Misconfigured(str(error)) from error
