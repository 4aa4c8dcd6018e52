"""Lost orders: may an order of a session that has died still reach the venue?

Until it cannot, no look at the account proves that it is flat for good. Each intent without an
outcome is looked up by its tag: one that is found is under way no more. A cancel or a close has
no tag: for as long after a death as a request can be under way, one may take effect.

Journals are read beside the flatten, which waits for them only before it calls the account flat.
What cannot be read, or not in time, counts as a session that has just died.
"""

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from pxcore.calendar.hours import trading_day_at
from pxcore.clock.own_time import steady_s
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.engine.commands import Level, Notice
from pxcore.gateway.rest import GatewayClient
from pxcore.host.courtesy import begun, reason_of
from pxcore.journal.flatten_rows import unanswered_stops
from pxcore.journal.latches import (
    Opened,
    find_last_word,
    find_openings,
    find_unanswered,
)
from pxcore.model import PxError

_BRIEFLY_S = 1.0  # for the journals, where something may be held
_READ_S = 15.0  # for a long day's, where nothing is held any more


class LostOrders:
    """Of one account's trading day, as its journals say. Reading them begins at once.

    The moments are ours, not the market's: requests travel in our time. None lies further ahead
    than a request may be under way, whatever the clock that a journal was written by said.
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
        self._client = client
        self._say = say
        self._account_id = account_id
        self._found: _Found | None = None
        self._worst: _Found | None = None  # while nothing is known
        self._began_s = steady_s()
        self._thread = threading.Thread(target=self._run, name="lost-orders", daemon=True)
        self._is_read = begun(self._thread)

    def may_arrive(self) -> bool:
        """By the time alone; nothing is asked of anybody. Waits for the journals, with a bound."""
        now_s = steady_s()
        return any(now_s < until_s for until_s in self._known(_READ_S).until_s.values())

    def has_just_died(self) -> bool:
        """May a cancel, a close or a move of a session that died still take effect?"""
        return steady_s() < self._known(_BRIEFLY_S).dying_until_s

    def look_up(self) -> bool:
        """Asks the venue for each that may still arrive. True when there was one to ask for, found
        or not: whoever has looked at the account before must look again.
        """
        if not self.may_arrive():
            return False
        since = trading_day_at(self._settings.clock.now()).opens_at
        until_s = self._known(_READ_S).until_s
        for tag in sorted(until_s):
            self._look_up(tag, since, until_s)
        return True

    def _look_up(self, tag: str, since: datetime, until_s: dict[str, float]) -> None:
        try:
            order = self._client.resolve(self._account_id, tag, since=since)
        except PxError:
            return  # not known: it is waited for
        if order is not None:
            del until_s[tag]
            text = f"{tag} of a session that died is order {order.id}: {order.status}"
            self._say(Notice(level=Level.WARNING, code="intent.found", text=text))

    # -- the journals -------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            found, unreadable = _read(self._settings, self._account_id)
            for text in unreadable:
                self._say(Notice(level=Level.ALARM, code="flatten.unread", text=text))
        except Exception as error:  # whatever is in a file: it is no reason to stop a flatten
            found = self._unknown(f"its journals cannot be read: {reason_of(error)}")
        self._found = found

    def _known(self, wait_s: float) -> "_Found":
        """What the journals say, or the worst that they may say, once they have had their time."""
        if self._found is None and self._worst is None and self._is_read:
            self._thread.join(wait_s)
        if self._found is not None:
            return self._found
        if self._worst is None:
            self._worst = self._unknown(f"its journals were not read within {wait_s:g} s")
        return self._worst

    def _unknown(self, why: str) -> "_Found":
        """The worst that they may hold: a session that died as we began, and an order of its."""
        settings = self._settings
        text = f"{why}; an order of a session that died is taken to be under way"
        self._say(Notice(level=Level.ALARM, code="flatten.unread", text=text))
        until_s = self._began_s + settings.reply_timeout_s + settings.unknown_grace_s
        return _Found(until_s={"an order that is not known": until_s}, dying_until_s=until_s)


class _Found(msgspec.Struct, kw_only=True):
    """Until when, by our own time, each tag's order may be under way; and what a session of the
    day that died last has sent besides.
    """

    until_s: dict[str, float]
    dying_until_s: float


def _read(settings: Settings, account_id: int) -> tuple[_Found, tuple[str, ...]]:
    """By our own clock: for as long as the settings say, or those that its session began with. And
    what could not be read, which counts as just sent.
    """
    day = trading_day_at(settings.clock.now()).day
    folder = Paths(settings.home).journals
    opened = find_openings(folder, account_id=account_id, trading_day=day, within_s=_READ_S)
    graces_s = [one.bounds.unknown_grace_s or 0.0 for one in opened.value]
    grace_s = max((settings.unknown_grace_s, *graces_s))
    sent = find_unanswered(folder, account_id=account_id, trading_day=day)
    stops = unanswered_stops(folder, account_id=account_id, trading_day=day)
    died = find_last_word(folder, account_id=account_id, trading_day=day)
    travel_s = settings.reply_timeout_s + grace_s
    wall = _wall_as_then(opened.value)
    own_s = settings.reply_timeout_s + settings.unknown_grace_s
    found = _Found(
        until_s={tag: _until_s(wall - at, travel_s) for tag, at in {**sent.value, **stops}.items()},
        dying_until_s=0.0 if died.value is None else _until_s(wall - died.value, own_s),
    )
    unreadable = dict.fromkeys((*opened.unreadable, *sent.unreadable, *died.unreadable))
    return found, tuple(unreadable)


def _until_s(passed: timedelta, travel_s: float) -> float:
    """By our own time. No more has passed than can be proven: the wall clock may have been set
    back since, and by how much it was set forward is taken off.
    """
    return steady_s() + travel_s - max(passed.total_seconds(), 0.0)


def _wall_as_then(opened: Iterable[Opened]) -> datetime:
    """What the wall clock would say if it had not been set forward since these sessions began."""
    now, now_s = datetime.now(UTC), steady_s()
    forward_s = max((one.set_forward_s(now, now_s) for one in opened), default=0.0)
    return now - timedelta(seconds=forward_s)
