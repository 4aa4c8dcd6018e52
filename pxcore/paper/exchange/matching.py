"""When does a resting order trade, and at what price? Pure functions of order and top of book.

A limit order that arrives marketable, and every stop that triggers, takes the opposite best
quote, so a gap slips; a stop that a print triggered pays that print if it is worse. A limit
order that rests fills at its own price: when the market trades through it, or already at the
touch if that rule is chosen.

Stops trigger on a print at or through the level, or when the near side of the quote gets there
(bid for a buy, ask for a sell): the venue refuses a buy stop that is not "above best bid", so
the bid is what it compares with (gateway reference, 2.9).
"""

from dataclasses import dataclass

from pxcore.model import MarketTrade, Order, OrderType, Quote, Side
from pxcore.paper.exchange.messages import FillRule

_BUY = Side.BUY  # asked of every resting order at every quote: by name it costs more


@dataclass(slots=True)
class Top:
    """A contract's best bid and ask, merged from partial quotes, and its last trade's price.

    Ticks, None until first seen.
    """

    bid: int | None = None
    ask: int | None = None
    last: int | None = None

    def see(self, step: Quote | MarketTrade) -> None:
        if isinstance(step, MarketTrade):
            self.last = step.price_ticks
            return
        if step.bid_ticks is not None:
            self.bid = step.bid_ticks
        if step.ask_ticks is not None:
            self.ask = step.ask_ticks
        if step.last_ticks is not None:
            self.last = step.last_ticks

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
    if order.stop_ticks is not None:
        return opposite if is_triggered(order, top.near(order.side)) else None
    if order.limit_ticks is None:
        return None
    return opposite if order.side.sign * (order.limit_ticks - opposite) >= 0 else None


def resting_price(order: Order, top: Top, step: Quote | MarketTrade, rule: FillRule) -> int | None:
    """Ticks at which a working order trades on this step; None when it goes on resting."""
    is_buy = order.side is _BUY
    opposite = top.ask if is_buy else top.bid
    if opposite is None:
        return None
    printed = step.price_ticks if isinstance(step, MarketTrade) else None
    limit, stop = order.limit_ticks, order.stop_ticks
    if limit is not None:
        offered = opposite if printed is None else printed
        through = limit - offered if is_buy else offered - limit
        is_filled = through > 0 or (through == 0 and rule is FillRule.TOUCH)
        return limit if is_filled else None
    seen = (top.bid if is_buy else top.ask) if printed is None else printed
    if stop is None or seen is None or (seen < stop if is_buy else seen > stop):
        return None
    if printed is None:
        return opposite
    return max(opposite, printed) if is_buy else min(opposite, printed)


def is_triggered(order: Order, seen: int | None) -> bool:
    """Is the market, as seen there, at or through the stop?"""
    if order.stop_ticks is None or seen is None:
        return False
    return order.side.sign * (seen - order.stop_ticks) >= 0


def is_reached(order: Order, top: Top, step: Quote | MarketTrade) -> bool:
    """Does this step trigger a stop-limit order?"""
    printed = step.price_ticks if isinstance(step, MarketTrade) else None
    return is_triggered(order, top.near(order.side) if printed is None else printed)


def trail_distance(last_ticks: int, trail_ticks: int) -> int:
    """How far a trailing stop keeps away: the absolute level says only that (reference, 2.9)."""
    return abs(last_ticks - trail_ticks)


def trailed(side: Side, level: int | None, last_ticks: int, distance: int) -> int:
    """A trailing stop's level after a trade: it follows a better market and never gives way."""
    wanted = last_ticks + side.sign * distance
    if level is None:
        return wanted
    return min(level, wanted) if side is Side.BUY else max(level, wanted)
