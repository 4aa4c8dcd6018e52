"""May an entry of a session that has died still reach the venue? Asked of its journal.

Until it cannot, no look at the account proves that it is flat for good.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from pxcore.calendar import trading_day_at
from pxcore.journal.latches import strays_until
from pxcore.journal.terms import read_terms
from pxcore.runtime.plan import Paths
from pxcore.settings import Settings


def strays_of(settings: Settings, account_id: int) -> Callable[[datetime], bool]:
    """Whether, at that moment, one may still be under way. The moment's own clock does not
    matter: requests travel in our time, whatever the market's is.
    """
    journals = Paths(settings.home).journals
    day = trading_day_at(settings.clock.now()).day
    terms = read_terms(journals, account_id=account_id, trading_day=day, store=None)
    grace_s = max(settings.unknown_grace_s, terms.in_force.unknown_grace_s or 0.0)
    until = strays_until(
        journals,
        account_id=account_id,
        trading_day=day,
        under_way_s=settings.reply_timeout_s + grace_s,
    )
    return lambda now: until is not None and datetime.now(UTC) < until
