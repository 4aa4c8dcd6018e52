"""May an entry of a session that has died still reach the venue? Asked of its journal.

Until it cannot, no look at the account proves that it is flat for good.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from pxcore.calendar import trading_day_at
from pxcore.journal.latches import strays_until
from pxcore.runtime.plan import Paths
from pxcore.settings import Settings


def strays_of(settings: Settings, account_id: int) -> Callable[[datetime], bool]:
    """Whether, at that moment, one may still be under way. The moment's own clock does not
    matter: requests travel in our time, whatever the market's is.
    """
    until = strays_until(
        Paths(settings.home).journals,
        account_id=account_id,
        trading_day=trading_day_at(settings.clock.now()).day,
        under_way_s=settings.reply_timeout_s + settings.unknown_grace_s,
    )
    return lambda now: until is not None and datetime.now(UTC) < until
