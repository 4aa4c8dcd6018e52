"""Why would an entry pass now, or not? The engine's state and every gate, for a person."""

from datetime import datetime
from decimal import Decimal

import msgspec

from pxcore.engine.commands import Gate
from pxcore.engine.engine import Engine
from pxcore.engine.gates import each_gate
from pxcore.engine.refusals import Refusal


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """The engine at one moment. Ages in seconds, money in USD, prices in price units; None where
    something is not known.
    """

    at: datetime
    phase: str
    ending: str | None
    unknown_because: str | None
    exposure: int
    protection: str | None
    orders_alive: int
    bid: Decimal | None
    ask: Decimal | None
    quote_age_s: float | None
    print_age_s: float | None
    day_usd: Decimal | None
    realised_usd: Decimal
    headroom_usd: Decimal | None
    trades: int
    waits: str | None
    denials: dict[str, int]
    gates: dict[Gate, Refusal | None]  # of an entry of the settings' size and bracket

    @property
    def first_refusal(self) -> Refusal | None:
        """What would be the reason: the first gate that refuses."""
        return next((refused for refused in self.gates.values() if refused is not None), None)


def explain(engine: Engine, now: datetime) -> Explanation:
    state = engine.state
    book, market, contract = state.book, state.market, engine.config.contract
    view = state.entry_view(
        now,
        size=engine.config.size,
        bracket=engine.config.bracket,
        unknown_because=engine.resync.unknown_because,
    )
    money = state.money() if book.balance_usd is not None else None
    bid, ask = market.bid_ticks, market.ask_ticks
    return Explanation(
        at=now,
        phase=state.phase,
        ending=engine.ending,
        unknown_because=engine.resync.unknown_because,
        exposure=book.holding.exposure,
        protection=state.protection().problem if book.holding.exposure else None,
        orders_alive=len(book.alive_orders()),
        bid=None if bid is None else contract.price(bid),
        ask=None if ask is None else contract.price(ask),
        quote_age_s=market.quote_age_s(now),
        print_age_s=market.print_age_s(now),
        day_usd=state.day_usd(),
        realised_usd=book.realised_usd,
        headroom_usd=None if money is None else money.headroom_usd(state.limits),
        trades=book.trades_count,
        waits=engine.waits,
        denials=dict(engine.denials),
        gates=each_gate(view, state.limits),
    )
