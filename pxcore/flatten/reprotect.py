"""What the watchdog may do instead of a flatten: see a position under a stop, and keep it.

A stop that is missing is placed once, as far from the average price as the settings say. Whether
it works is seen at the venue before anything is called kept.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from pxcore.calendar.hours import trading_day_at
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.engine.commands import PlaceStop
from pxcore.flatten.record import FlattenRecord
from pxcore.gateway.rest import GatewayClient, Urgency
from pxcore.model import Order, OrderType, Position, PxError, Scope, Side
from pxcore.ownership.account_lock import AccountLock
from pxcore.ownership.world import world_of
from pxcore.venue.venue import Venue

_LOOKS, _BETWEEN_S = 4, 1.0
_STOPS = (OrderType.STOP, OrderType.TRAILING_STOP)


class Reprotect:
    """Of one account, by the settings."""

    def __init__(
        self,
        settings: Settings,
        client: GatewayClient,
        *,
        say: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sleep = sleep
        self._settings = settings
        self._client = client
        self._say = say
        self._tried: set[str] = set()

    @property
    def is_wanted(self) -> bool:
        return self._settings.watchdog == "protect"

    def has_covered(self, why: str, scope: Scope) -> bool:
        """Is all that the scope holds under working stops? One that is missing is placed first.

        False where it is not, or cannot be known, or somebody has taken the account meanwhile: then
        only a flatten helps, or it is theirs.
        """
        account_id = self._settings.account_id
        assert account_id is not None
        try:
            home, world = Paths(self._settings.home).home, world_of(self._settings)
            with AccountLock(home, account_id, holder="watchdog", world=world):
                bare = self._uncovered(account_id, scope)
                if bare and not all(self._place(account_id, one, why) for one in bare):
                    return False
                return self._is_covered_soon(account_id, scope)
        except PxError as error:
            self._say(f"not protected: {error}")
            return False

    def _is_covered_soon(self, account_id: int, scope: Scope) -> bool:
        """A stop that was placed just now is given a moment to be seen working."""
        for _ in range(_LOOKS):
            if not self._uncovered(account_id, scope):
                return True
            self._sleep(_BETWEEN_S)
        return False

    def _uncovered(self, account_id: int, scope: Scope) -> list[Position]:
        """Raises PxError for a look that does not agree with itself: no stop is placed on that."""
        day_start = trading_day_at(self._settings.clock.now()).opens_at
        look = self._client.snapshot(account_id, day_start=day_start, urgency=Urgency.URGENT)
        look = look.only(scope)
        for difference in look.disagreements():
            raise PxError(str(difference))
        held = [p for p in look.positions if not p.is_flat]
        alone = {o.contract_id for o in look.orders} - {p.contract_id for p in held}
        if alone:
            raise PxError(f"orders are alive without a position in {', '.join(sorted(alone))}")
        return [p for p in held if not is_covered(p, look.orders)]

    def _place(self, account_id: int, position: Position, why: str) -> bool:
        settings = self._settings
        if position.contract_id in self._tried:
            return False
        self._tried.add(position.contract_id)
        contract = self._client.contract(position.contract_id, urgency=Urgency.URGENT)
        direction = 1 if position.size > 0 else -1
        distance = Decimal(settings.stop_loss_ticks) * contract.tick_size
        level = position.average_price - direction * distance
        nearer = ROUND_CEILING if direction > 0 else ROUND_FLOOR  # to the market: risks no more
        stop = PlaceStop(
            tag=f"px-watchdog-{datetime.now(UTC):%Y%m%d-%H%M%S}",
            contract_id=contract.id,
            side=Side.SELL if direction > 0 else Side.BUY,
            size=abs(position.size),
            stop_ticks=int((level / contract.tick_size).to_integral_value(nearer)),
            reason=why,
        )
        self._say(f"placing a stop {stop.side} {stop.size} {contract.name}, {stop.tag}")
        venue = Venue(
            self._client,
            account_id=account_id,
            day_start=trading_day_at(settings.clock.now()).opens_at,
            clock=settings.clock,
        )
        with FlattenRecord(
            settings, account_id, why, say=lambda n: self._say(n.text), client=self._client
        ) as record:
            record.command(stop)
            record.event(venue.instruct(stop, contract))
        return True


def is_covered(position: Position, orders: tuple[Order, ...]) -> bool:
    """Do working stops on the other side close all of it, and no more than that?"""
    side = Side.SELL if position.size > 0 else Side.BUY
    stops = [
        o
        for o in orders
        if o.contract_id == position.contract_id
        and o.is_working
        and o.side is side
        and o.type in _STOPS
    ]
    return sum(o.size - o.filled_size for o in stops) == abs(position.size)
