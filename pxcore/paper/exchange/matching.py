"""When does a resting order trade, and at what price? Pure functions of order and top of book.

A limit order that arrives marketable, and every stop that triggers, takes the opposite best
quote, so a gap slips. A limit order that rests fills at its own price: when the market trades
through it, or already at the touch if that rule is chosen.

Stops trigger on a print at or through the level, or when the near side of the quote gets there
(bid for a buy, ask for a sell): the venue refuses a buy stop that is not "above best bid", so
the bid is what it compares with (gateway reference, 2.9).
"""

from dataclasses import dataclass

from pxcore.model import MarketTrade, Order, OrderType, Quote, Side
from pxcore.paper.exchange.terms import FillRule


@dataclass(slots=True)
class Top:
    """A contract's best bid and ask, merged from partial quotes. None until first seen."""

    bid: int | None = None
    ask: int | None = None

    def merge(self, quote: Quote) -> None:
        if quote.bid_ticks is not None:
            self.bid = quote.bid_ticks
        if quote.ask_ticks is not None:
            self.ask = quote.ask_ticks

    @property
    def is_known(self) -> bool:
        return self.bid is not None and self.ask is not None

    def opposite(self, side: Side) -> int | None:
        """What an order of this side trades against."""
        return self.ask if side is Side.BUY else self.bid

    def near(self, side: Side) -> int | None:
        """Where an order of this side would queue."""
        return self.bid if side is Side.BUY else self.ask


def arrival_price(order: Order, top: Top) -> int | None:
    """Ticks at which an order trades the moment it starts to work; None when it rests."""
    opposite = top.opposite(order.side)
    if opposite is None or order.type is OrderType.MARKET:
        return opposite
    if order.limit_ticks is not None:
        return opposite if order.side.sign * (order.limit_ticks - opposite) >= 0 else None
    return opposite if is_triggered(order, top.near(order.side)) else None


def resting_price(order: Order, top: Top, step: Quote | MarketTrade, rule: FillRule) -> int | None:
    """Ticks at which a working order trades on this step; None when it goes on resting."""
    opposite = top.opposite(order.side)
    if opposite is None:
        return None
    printed = step.price_ticks if isinstance(step, MarketTrade) else None
    if order.limit_ticks is not None:
        offered = opposite if printed is None else printed
        through = order.side.sign * (order.limit_ticks - offered)
        is_filled = through > 0 or (through == 0 and rule is FillRule.TOUCH)
        return order.limit_ticks if is_filled else None
    seen = top.near(order.side) if printed is None else printed
    return opposite if is_triggered(order, seen) else None


def is_triggered(order: Order, seen: int | None) -> bool:
    """Is the market, as seen there, at or through the stop?"""
    if order.stop_ticks is None or seen is None:
        return False
    return order.side.sign * (seen - order.stop_ticks) >= 0
