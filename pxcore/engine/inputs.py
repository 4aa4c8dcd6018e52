"""What is heard changes what is known. Nothing is decided here, and nothing is sent.

Prices, the account's reports, connections and looks: each becomes part of the state. What
follows from it, the engine decides afterwards.
"""

from collections.abc import Callable

from pxcore.engine.commands import Level
from pxcore.engine.events import (
    AccountSeen,
    FillSeen,
    Hub,
    HubDown,
    HubUp,
    LimitsTightened,
    OperatorSeen,
    PositionSeen,
    RecordSkipped,
    SnapshotFailed,
    SnapshotTaken,
)
from pxcore.engine.foreign import concerns_us
from pxcore.engine.price_notices import PriceNotices
from pxcore.engine.resync import Resync
from pxcore.engine.state import State
from pxcore.engine.tightening import bounds_of, loosened, not_tighter, text_of, tightest
from pxcore.model import MarketTrade, Quote


class Inputs:
    """Keeps the state and the resync informed; `notice` is for a level, a code and a text."""

    def __init__(
        self,
        state: State,
        resync: Resync,
        notice: Callable[[Level, str, str], None],
    ) -> None:
        self._state = state
        self._resync = resync
        self._notice = notice
        self._contract = state.config.contract
        self._scope = state.config.scope
        self._prices = PriceNotices(
            self._contract, notice, time_scale=state.config.limits.time_scale
        )

    # -- the market ---------------------------------------------------------------------------

    def on_quote(self, quote: Quote) -> None:
        if quote.contract_id == self._contract.id:
            found = self._state.market.see_quote(quote)
            if found:
                self._prices.tell(found, quote.at)

    def on_print(self, trade: MarketTrade) -> None:
        if trade.contract_id == self._contract.id:
            found = self._state.market.see_print(trade)
            if found:
                self._prices.tell(found, trade.at)

    # -- the account --------------------------------------------------------------------------

    def on_position(self, event: PositionSeen) -> None:
        self._resync.note_user_event(event.at)
        self._state.book.see_position(event.position)

    def on_fill(self, event: FillSeen) -> None:
        if concerns_us(event, self._scope):
            self._resync.note_user_event(event.at)
        self._state.book.see_fill(event.fill)

    def on_account(self, event: AccountSeen) -> None:
        self._state.book.see_account(event.account)

    def on_operator(self, event: OperatorSeen) -> None:
        self._state.operator_at = event.seen_at

    def on_tightened(self, event: LimitsTightened) -> None:
        """All of it or nothing: a wish that would loosen one limit was made for another day."""
        before = self._state.limits
        looser = not_tighter(bounds_of(before), event.bounds)
        if looser:
            refused = "; ".join(map(str, looser))
            self._notice(Level.WARNING, "limits.refused", f"not tightened: {refused}")
            return
        self._state.limits = after = tightest(event.bounds, before)
        changes = [
            f"{change.name} {text_of(change.in_force)}"
            for change in loosened(bounds_of(after), before)
        ]
        if changes:
            text = f"tightened: {', '.join(changes)} ({event.why})"
            self._notice(Level.WARNING, "limits.tightened", text)

    # -- connection and looks -----------------------------------------------------------------

    def on_hub_up(self, event: HubUp) -> None:
        self._resync.hub_up(event.hub)

    def on_hub_down(self, event: HubDown) -> None:
        self._resync.hub_down(event.hub, event.reason)
        if event.hub is Hub.MARKET:
            self._state.market.forget()
        self._notice(Level.WARNING, "hub.down", f"{event.hub} hub down: {event.reason}")

    def on_record_skipped(self, event: RecordSkipped) -> None:
        self._notice(Level.WARNING, "hub.record_skipped", f"{event.hub} hub: {event.why}")
        if event.hub is Hub.USER:
            self._resync.note_user_event(event.at)
            self._resync.doubt("the user hub said something that could not be read")

    def on_snapshot(self, event: SnapshotTaken) -> None:
        self._resync.note_look(event.snapshot)
        lacks = self._state.book.lacks(event.snapshot)
        if not self._resync.accepts(event.request, event.snapshot, event.at, lacks=lacks):
            return
        for difference in self._state.book.differences(event.snapshot):
            self._notice(Level.INFO, "resync.difference", difference)
        book = self._state.book
        book.replace(event.snapshot)
        for sent in self._state.sent_orders():
            sent.note_look(event.snapshot.orders, book.fills.values(), event.at)
            if sent.order_id is not None and not sent.is_over and sent.order_id not in book.orders:
                self._resync.still_doubt(f"order {sent.order_id} is neither alive nor filled")

    def on_snapshot_failed(self, event: SnapshotFailed) -> None:
        if self._resync.failed(event.request, event.at):
            self._notice(Level.WARNING, "resync.failed", event.why)
