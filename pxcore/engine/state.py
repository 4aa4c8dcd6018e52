"""What the engine believes, and the judgements that are read off it without deciding anything."""

from collections import deque
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from pxcore.engine.book import Book
from pxcore.engine.clock_doubt import ClockDoubt
from pxcore.engine.config import EngineConfig, Limits
from pxcore.engine.entry import Entry
from pxcore.engine.gates import EntryView
from pxcore.engine.in_flight import Sent
from pxcore.engine.limits import DayMoney, Extremes, losses_in_a_row, worst_case_usd
from pxcore.engine.market import Market
from pxcore.engine.own_stop import OwnStop
from pxcore.engine.phase import Phase
from pxcore.engine.protection import Protection, judge_protection, legs_of
from pxcore.engine.strategy import MarketView
from pxcore.engine.unsent import Unsent
from pxcore.model import Bracket, Order

_ENTRIES_KEPT = 100  # more than any limit on entries a minute
_MINUTE = timedelta(minutes=1)


class State:
    """Mutable, owned by the engine alone. `entry` is the one on its way or in the market.

    `limits` are those in force now, and the one place to read them: the terms hold those that the
    session began with.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        self.limits = config.limits
        self.market = Market(config.contract, time_scale=config.limits.time_scale)
        self.book = Book(config.contract.id, scope=config.scope, fills=config.opening_fills)
        self.entry: Entry | None = None
        self.own_stop: OwnStop | None = None
        self.phase = Phase.FLAT
        self.was_flat = False  # known to be, since this session began
        self.phase_since = config.window_start
        self.halt_reason = config.halt_reason
        self.kill_reason: str | None = None
        self.is_paused = False
        self.operator_at: datetime | None = None
        self.extremes = Extremes(
            peak_usd=config.peak_usd,
            fall_usd=config.fall_usd or Decimal(0),
            headroom_usd=config.headroom_usd_min,
        )
        self.clock = ClockDoubt(config.limits)
        self.unsent = Unsent(config.limits.time_scale)
        self.sent_count = 0
        self._entries_at: deque[datetime] = deque(maxlen=_ENTRIES_KEPT)

    def limits_in_force(self) -> Limits:
        return self.limits

    def derive_phase(self) -> Phase:
        """Where the position stands by the book alone, whatever came in whatever order."""
        book, entry = self.book, self.entry
        is_entering = entry is not None and not entry.is_over
        if book.holding.exposure:
            is_leaving = book.holding.by_orders == 0 and not book.holding.is_settled
            if is_leaving and not is_entering:
                return Phase.SETTLING
            return Phase.PROTECTED if self.protection().is_whole else Phase.UNPROTECTED
        if is_entering:
            return Phase.ENTERING
        is_stop_out = self.own_stop is not None and not self.own_stop.is_over
        if book.alive_orders() or is_stop_out or not book.is_settled:
            return Phase.SETTLING
        return Phase.FLAT

    def sent_orders(self) -> list[Sent]:
        """What we sent and still care about: the entry, and a stop of our own."""
        return [s for s in (self.entry, self.own_stop) if s is not None]

    def protection(self) -> Protection:
        """The two legs of what opened the position, judged against what is held."""
        entry = self.entry
        return judge_protection(
            self._legs(),
            exposure=self.book.holding.exposure,
            entry_ticks=entry.filled_ticks if entry is not None else None,
            bracket=entry.bracket if entry is not None else self.config.bracket,
            asked_stops=entry.asked_stops if entry is not None else (),
            needs_target=entry is None or not entry.is_adopted,
        )

    def _legs(self) -> list[Order]:
        entry, orders = self.entry, self.book.orders.values()
        if entry is None:
            return []
        if entry.is_adopted:
            return [o for o in orders if o.contract_id == self.config.contract.id]
        own = self.own_stop.tag if self.own_stop is not None else None
        return legs_of(orders, entry_id=entry.order_id, tag=entry.tag, stop_tag=own)

    def opened_ticks(self) -> int | None:
        """Where the position was opened: its entry's fill, else its average price, rounded so
        that a stop measured from it is the nearer one. None while neither is known.
        """
        if self.entry is not None and self.entry.filled_ticks is not None:
            return self.entry.filled_ticks
        average = self.book.holding.average_price
        if average is None:
            return None
        exact = average / self.config.contract.tick_size
        rounding = ROUND_CEILING if self.book.holding.exposure > 0 else ROUND_FLOOR
        return int(exact.to_integral_value(rounding))

    def day_usd(self) -> Decimal | None:
        """Realised net plus open gross of the trading day; None while the open part is unknown."""
        open_usd = self.market.open_usd(*self.book.holding.open_part())
        return None if open_usd is None else self.book.realised_usd + open_usd

    def money(self) -> DayMoney | None:
        """What the limits on the day's money look at; None while the open part is unknown.

        Changes nothing: whoever shows it may ask at any time.
        """
        day_usd = self.day_usd()
        if day_usd is None:
            return None
        balance_usd, open_usd = self.book.balance_usd, day_usd - self.book.realised_usd
        return DayMoney(
            day_usd=day_usd,
            peak_usd=max(self.extremes.peak_usd, day_usd),
            equity_usd=None if balance_usd is None else balance_usd + open_usd,
        )

    def absent_s(self, now: datetime) -> float | None:
        """Seconds since a person said that they are there; None when nobody ever did."""
        return None if self.operator_at is None else (now - self.operator_at).total_seconds()

    def number_order(self) -> int:
        """New in this session, for the tag of an order of ours or of what is adopted."""
        self.sent_count += 1
        return self.sent_count

    def note_entry(self, now: datetime) -> None:
        self._entries_at.append(now)

    def is_blind(self, now: datetime) -> bool:
        """Something is held and its worth cannot be told: no price, an old one, no average."""
        age_s = self.market.quote_age_s(now)
        is_old = age_s is None or age_s > self.limits.stale_data_s
        return bool(self.book.holding.exposure) and (is_old or self.day_usd() is None)

    @property
    def is_reversed(self) -> bool:
        """What is held is on the other side than our entry: its legs cannot guard it."""
        entry, exposure = self.entry, self.book.holding.exposure
        return entry is not None and entry.is_over and exposure * entry.side.sign < 0

    @property
    def cooldown_until(self) -> datetime | None:
        """Until when the last closed round, if it lost, keeps us out."""
        last = self.book.last_closed()
        if last is None or last.closed_at is None or last.net_usd >= 0:
            return None
        return last.closed_at + timedelta(seconds=self.limits.cooldown_s)

    def market_view(self, now: datetime) -> MarketView:
        """The strategy sees what this session opened or took over, and nobody else's position."""
        market, holding = self.market, self.book.holding
        is_ours = self.entry is not None
        return MarketView(
            now=now,
            contract=self.config.contract,
            bid_ticks=market.bid_ticks,
            ask_ticks=market.ask_ticks,
            last_ticks=market.last_ticks,
            exposure=holding.exposure if is_ours else 0,
            average_price=holding.average_price if is_ours else None,
            window_start=self.config.window_start,
            window_end=self.config.window_end,
        )

    def entry_view(
        self, now: datetime, *, size: int, bracket: Bracket, unknown_because: str | None
    ) -> EntryView:
        """All that the gates may look at for an entry of this size and bracket now."""
        config, limits, account = self.config, self.limits, self.book.account
        realised_usd = self.book.realised_usd
        closed_money = DayMoney(
            day_usd=realised_usd, peak_usd=self.extremes.peak_usd, equity_usd=None
        )
        quiet = next((s.end for s in config.no_entry if s.holds(now)), None)
        return EntryView(
            now=now,
            kill_reason=self.kill_reason,
            halt_reason=self.halt_reason,
            is_paused=self.is_paused,
            absent_s=self.absent_s(now),
            window_start=config.window_start,
            window_end=config.window_end,
            no_entry_until=quiet,
            clock_problem=self.clock.why,
            unknown_because=unknown_because,
            quote_age_s=self.market.quote_age_s(now),
            quote_problem=self.market.quote_problem,
            print_age_s=self.market.print_age_s(now),
            spread_ticks=self.market.spread_ticks,
            account_can_trade=account is not None and account.can_trade,
            exposure=sum(abs(h.exposure) for h in self.book.holdings.values()),
            alive_orders=len(self.book.alive_orders()),
            phase=self.phase if self.book.is_settled else "not settled",
            trades_count=self.book.trades_count,
            entries_last_minute=sum(now - at < _MINUTE for at in self._entries_at),
            unsent_until=self.unsent.until,
            unsent_because=self.unsent.why,
            cooldown_until=self.cooldown_until,
            losses_in_a_row=losses_in_a_row(self.book.rounds),
            money=self.money() or closed_money,
            worst_case_usd=worst_case_usd(
                config.contract, limits, stop_ticks=bracket.stop_loss_ticks, size=size
            ),
            size=size,
            bracket=bracket,
        )
