"""May an order of a session that has died still reach the venue? Asked of its journal and of REST.

Until it cannot, no look at the account proves that it is flat for good. Each intent without an
outcome is looked up by its tag: one that is found is under way no more.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pxcore.calendar import trading_day_at
from pxcore.engine.commands import Level, Notice
from pxcore.gateway import GatewayClient
from pxcore.journal.latches import unanswered_in_journals
from pxcore.journal.terms import read_terms
from pxcore.model import PxError
from pxcore.runtime.plan import Paths
from pxcore.settings import Settings


class Strays:
    """Of one account's trading day. Called with a moment, it says whether one may still arrive.

    The moment's own clock does not matter: requests travel in our time, whatever the market's is.
    """

    def __init__(
        self,
        settings: Settings,
        account_id: int,
        client: GatewayClient,
        *,
        say: Callable[[Notice], None],
    ) -> None:
        day = trading_day_at(settings.clock.now())
        self._account_id = account_id
        self._client = client
        self._say = say
        self._since = day.opens_at
        journals = Paths(settings.home).journals
        terms = read_terms(journals, account_id=account_id, trading_day=day.day, store=None)
        grace_s = max(settings.unknown_grace_s, terms.in_force.unknown_grace_s or 0.0)
        self._under_way = timedelta(seconds=settings.reply_timeout_s + grace_s)
        self._sent_at = unanswered_in_journals(journals, account_id=account_id, trading_day=day.day)

    def may_arrive(self) -> bool:
        """By the time alone; nothing is asked of anybody."""
        now = datetime.now(UTC)
        return any(now < at + self._under_way for at in self._sent_at.values())

    def __call__(self, moment: datetime) -> bool:
        """Looks the tags up as well. True also when one was found just now: whoever asks has
        looked at the account before it, and must look again.
        """
        if not self.may_arrive():
            return False
        for tag in sorted(self._sent_at):
            self._look_up(tag)
        return True

    def _look_up(self, tag: str) -> None:
        try:
            order = self._client.resolve(self._account_id, tag, since=self._since)
        except PxError:
            return  # not known: it is waited for
        if order is not None:
            del self._sent_at[tag]
            text = f"{tag} of a session that died is order {order.id}: {order.status}"
            self._say(Notice(level=Level.WARNING, code="intent.found", text=text))
