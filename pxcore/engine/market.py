"""The newest quote and print of the traded contract, and how old they are."""

from datetime import datetime
from decimal import Decimal

from pxcore.model import Contract, MarketTrade, Quote


class Market:
    """Mutable, owned by the engine. Ages are judged by when we learned, in seconds."""

    __slots__ = ("_contract", "ask_ticks", "bid_ticks", "last_ticks", "print_at", "quote_at")

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.bid_ticks: int | None = None
        self.ask_ticks: int | None = None
        self.last_ticks: int | None = None
        self.quote_at: datetime | None = None
        self.print_at: datetime | None = None

    def see_quote(self, quote: Quote) -> None:
        self.bid_ticks = quote.bid_ticks
        self.ask_ticks = quote.ask_ticks
        self.quote_at = min(quote.at, quote.happened_at)

    def see_print(self, trade: MarketTrade) -> None:
        self.last_ticks = trade.price_ticks
        self.print_at = min(trade.at, trade.happened_at)

    def quote_age_s(self, now: datetime) -> float | None:
        """None while there is no two-sided quote that is not crossed."""
        if self.quote_at is None or self.bid_ticks is None or self.ask_ticks is None:
            return None
        if self.bid_ticks >= self.ask_ticks:
            return None
        return (now - self.quote_at).total_seconds()

    def print_age_s(self, now: datetime) -> float | None:
        return None if self.print_at is None else (now - self.print_at).total_seconds()

    @property
    def spread_ticks(self) -> int | None:
        """None while one side is not known."""
        if self.bid_ticks is None or self.ask_ticks is None:
            return None
        return self.ask_ticks - self.bid_ticks

    def open_usd(self, exposure: int, average_price: Decimal | None) -> Decimal | None:
        """Gross profit and loss in USD of closing now at the opposite best price.

        None when there is no such price, or the average is not known: not zero.
        """
        if exposure == 0:
            return Decimal(0)
        exit_ticks = self.bid_ticks if exposure > 0 else self.ask_ticks
        if exit_ticks is None or average_price is None:
            return None
        moved = self._contract.price(exit_ticks) - average_price
        return moved / self._contract.tick_size * self._contract.tick_value * exposure
