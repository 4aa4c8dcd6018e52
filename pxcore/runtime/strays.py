"""May an order of a session that has died still reach the venue? Asked of its journal and of REST.

Until it cannot, no look at the account proves that it is flat for good. Each intent without an
outcome is looked up by its tag: one that is found is under way no more. A cancel or a close has
no tag: for as long after a death as a request can be under way, one may take effect.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pxcore.calendar import trading_day_at
from pxcore.engine.commands import Level, Notice
from pxcore.gateway import GatewayClient
from pxcore.journal.latches import (
    last_word_of_the_dead,
    openings_in_journals,
    unanswered_in_journals,
)
from pxcore.model import PxError
from pxcore.runtime.paths import Paths
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
        self._settings = settings
        self._account_id = account_id
        self._client = client
        self._say = say
        self._until: dict[str, datetime] | None = None  # by tag; None before it was asked for

    @property
    def _pending(self) -> dict[str, datetime]:
        """Read at the first question, which a flatten asks when it sees nothing held any more:
        no close waits for it.
        """
        if self._until is None:
            self._until = _read(self._settings, self._account_id)
        return self._until

    def has_just_died(self) -> bool:
        """May a cancel, a close or a move of a session that died still take effect?"""
        settings = self._settings
        died_at = last_word_of_the_dead(
            Paths(settings.home).journals,
            account_id=self._account_id,
            trading_day=trading_day_at(settings.clock.now()).day,
        )
        under_way = timedelta(seconds=settings.reply_timeout_s + settings.unknown_grace_s)
        return died_at is not None and datetime.now(UTC) < died_at + under_way

    def may_arrive(self) -> bool:
        """By the time alone; nothing is asked of anybody."""
        now = datetime.now(UTC)
        return any(now < until for until in self._pending.values())

    def __call__(self, moment: datetime) -> bool:
        """Looks the tags up as well. True also when one was found just now: whoever asks has
        looked at the account before it, and must look again.
        """
        if not self.may_arrive():
            return False
        since = trading_day_at(self._settings.clock.now()).opens_at
        for tag in sorted(self._pending):
            self._look_up(tag, since)
        return True

    def _look_up(self, tag: str, since: datetime) -> None:
        try:
            order = self._client.resolve(self._account_id, tag, since=since)
        except PxError:
            return  # not known: it is waited for
        if order is not None:
            del self._pending[tag]
            text = f"{tag} of a session that died is order {order.id}: {order.status}"
            self._say(Notice(level=Level.WARNING, code="intent.found", text=text))


def _read(settings: Settings, account_id: int) -> dict[str, datetime]:
    """Until when, by our own clock, each order without an answer may be under way: for as long as
    the settings say, or those that its session began with.
    """
    day = trading_day_at(settings.clock.now()).day
    folder = Paths(settings.home).journals
    opened = openings_in_journals(folder, account_id=account_id, trading_day=day)
    graces_s = [one.bounds.unknown_grace_s or 0.0 for one in opened]
    grace_s = max((settings.unknown_grace_s, *graces_s))
    under_way = timedelta(seconds=settings.reply_timeout_s + grace_s)
    sent_at = unanswered_in_journals(folder, account_id=account_id, trading_day=day)
    return {tag: at + under_way for tag, at in sent_at.items()}
