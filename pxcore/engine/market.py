"""The newest quote and print of the traded contract that are believed, and how old they are.

What the contract cannot have (zero, where it may not trade there) is no price: that side of the
quote is missing. What jumps is not believed until it is confirmed (see `belief`): until then that
side is not known either. Money is judged by the last price that was believed, or by the other side
where that is worse.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from pxcore.engine.belief import Belief, BeliefOutcome, Beliefs, Finding, Heard
from pxcore.model import Contract, MarketTrade, Quote


class Market:
    """Mutable, owned by the engine. Ages are judged by when we learned, in seconds.

    `bid_ticks` and `ask_ticks` are None while that side is missing or doubted; `last_ticks` is the
    last print that was believed. `doubted` is the newest event with a price that is not believed,
    `confirmed_by` the newest that made an earlier one believed.
    """

    __slots__ = (
        "_beliefs",
        "_contract",
        "_has_doubt",
        "_least",
        "_usual",
        "ask_ticks",
        "bid_ticks",
        "confirmed_by",
        "doubted",
        "last_ticks",
        "print_at",
        "quote_at",
    )

    def __init__(self, contract: Contract, *, time_scale: float = 1.0) -> None:
        self._contract = contract
        self._least = contract.least_ticks
        self._beliefs = Beliefs(time_scale=time_scale)
        self._usual = self._beliefs.usual_ticks
        self.forget()

    def forget(self) -> None:
        """The market was not heard for a while: nothing is known of it."""
        self._beliefs.forget()
        self._has_doubt = False
        self.bid_ticks: int | None = None
        self.ask_ticks: int | None = None
        self.last_ticks: int | None = None
        self.quote_at: datetime | None = None
        self.print_at: datetime | None = None
        self.doubted: Quote | MarketTrade | None = None
        self.confirmed_by: Quote | MarketTrade | None = None

    # -- hearing ------------------------------------------------------------------------------

    def see_quote(self, quote: Quote) -> Sequence[Finding]:
        """What became of prices that were not believed at once. Written for speed."""
        bid, ask, usual, least = quote.bid_ticks, quote.ask_ticks, self._usual, self._least
        was_bid, was_ask = self.bid_ticks, self.ask_ticks
        found: Sequence[Finding] = ()
        if (
            bid is not None
            and ask is not None
            and was_bid is not None
            and was_ask is not None
            and -usual <= bid - was_bid <= usual
            and -usual <= ask - was_ask <= usual
            and least <= bid
            and least <= ask
            and not self._has_doubt
        ):
            self.bid_ticks, self.ask_ticks = bid, ask
        else:
            found = self._weigh_quote(quote)
        self.quote_at = min(quote.at, quote.happened_at)
        return found

    def see_print(self, trade: MarketTrade) -> Sequence[Finding]:
        """As `see_quote`. Only a print that is believed makes the last one a fresh one."""
        price, was, usual = trade.price_ticks, self.last_ticks, self._usual
        found: Sequence[Finding] = ()
        if (
            was is not None
            and -usual <= price - was <= usual
            and self._least <= price
            and not self._has_doubt
        ):
            self.last_ticks = price
        else:
            found = self._weigh_print(trade)
            if self.doubted is trade:
                return found
        self.print_at = min(trade.at, trade.happened_at)
        return found

    def believed_part(self, event: Quote | MarketTrade) -> Quote | MarketTrade | None:
        """Of the event that is `doubted` what is believed; None where that is nothing."""
        if isinstance(event, MarketTrade):
            return None
        return replace(event, bid_ticks=self.bid_ticks, ask_ticks=self.ask_ticks)

    def _weigh_quote(self, quote: Quote) -> Sequence[Finding]:
        self._bring_up_to_date()
        sides = ((self._beliefs.bid, quote.bid_ticks), (self._beliefs.ask, quote.ask_ticks))
        impossible, heard = [], []
        for side, ticks in sides:
            if ticks is not None and not self._contract.can_be_at(ticks):
                impossible.append(_impossible(side, ticks))
                ticks = None
            heard.append(Heard(side, ticks, ticks))
        found = self._weigh(heard, quote)
        if (self.bid_ticks, self.ask_ticks) != (quote.bid_ticks, quote.ask_ticks):
            self.doubted = quote
        return (*impossible, *found)

    def _weigh_print(self, trade: MarketTrade) -> Sequence[Finding]:
        """Prints of one moment of the venue are one event: an order that took several."""
        self._bring_up_to_date()
        last = self._beliefs.last
        if not self._contract.can_be_at(trade.price_ticks):
            self.doubted = trade
            return (_impossible(last, trade.price_ticks),)
        found = self._weigh([Heard(last, trade.price_ticks, trade.happened_at)], trade)
        if last.doubt is not None:
            self.doubted = trade
        return found

    def _weigh(self, heard: Sequence[Heard], event: Quote | MarketTrade) -> Sequence[Finding]:
        beliefs = self._beliefs
        found = beliefs.weigh(heard, event.at)
        self.bid_ticks = beliefs.bid.ticks if beliefs.bid.is_known else None
        self.ask_ticks = beliefs.ask.ticks if beliefs.ask.is_known else None
        self.last_ticks = beliefs.last.ticks
        self._has_doubt, self._usual = beliefs.has_doubt, beliefs.usual_ticks
        if any(finding.outcome is BeliefOutcome.CONFIRMED for finding in found):
            self.confirmed_by = event
        return found

    def _bring_up_to_date(self) -> None:
        """With what was believed at once."""
        beliefs = self._beliefs
        if self.bid_ticks is not None:
            beliefs.bid.ticks = self.bid_ticks
        if self.ask_ticks is not None:
            beliefs.ask.ticks = self.ask_ticks
        beliefs.last.ticks, beliefs.print_at = self.last_ticks, self.print_at
        beliefs.last.is_missing = self.last_ticks is None

    # -- reading ------------------------------------------------------------------------------

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
    def quote_problem(self) -> str | None:
        """Why `quote_age_s` is None, in words."""
        if self.quote_at is None:
            return None
        for side in (self._beliefs.bid, self._beliefs.ask):
            if side.doubt is not None:
                return f"{side.name} {self._contract.price(side.doubt.ticks)} is not confirmed"
            if side.is_missing:
                return f"no {side.name}"
        spread_ticks = self.spread_ticks
        is_crossed = spread_ticks is not None and spread_ticks <= 0
        return "bid and ask are crossed" if is_crossed else None

    @property
    def spread_ticks(self) -> int | None:
        """None while one side is not known."""
        if self.bid_ticks is None or self.ask_ticks is None:
            return None
        return self.ask_ticks - self.bid_ticks

    def exit_ticks(self, exposure: int) -> int | None:
        """At which so much could be closed, by the last price that was believed; None before any.

        While that side is not known, no better than the other one allows: below an ask that has
        fallen there is no bid.
        """
        if exposure > 0:
            if self.bid_ticks is not None:
                return self.bid_ticks
            return _worse(min, self._beliefs.bid.ticks, self.ask_ticks)
        if self.ask_ticks is not None:
            return self.ask_ticks
        return _worse(max, self._beliefs.ask.ticks, self.bid_ticks)

    def open_usd(self, exposure: int, average_price: Decimal | None) -> Decimal | None:
        """Gross profit and loss in USD of closing at the opposite best price, the last believed.

        None when there is no such price, or the average is not known: not zero.
        """
        if exposure == 0:
            return Decimal(0)
        exit_ticks = self.exit_ticks(exposure)
        if exit_ticks is None or average_price is None:
            return None
        moved = self._contract.price(exit_ticks) - average_price
        return moved / self._contract.tick_size * self._contract.tick_value * exposure


def _worse(worse: Callable[[int, int], int], kept: int | None, other: int | None) -> int | None:
    return kept if kept is None or other is None else worse(kept, other)


def _impossible(side: Belief, ticks: int) -> Finding:
    return Finding(
        outcome=BeliefOutcome.IMPOSSIBLE, of=side.name, ticks=ticks, before_ticks=side.ticks
    )
