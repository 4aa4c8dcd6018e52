"""Flatten with proof, as a machine: cancel, close, look, and again until nothing is left.

One logic for every flatten: the engine steps it in a session; `flatten.drive` drives it by
REST for what is left over at start, for `px flatten` and when a session has died.

A round cancels what could add to a position, closes every position, and cancels its stops last,
so that whoever dies in between leaves no position without one. Each goes out once; then it looks
by REST. A look that is not flat is given time and repeated before the next round acts on it, and
a contract with a market order alive is left to that order: a close that is still filling must
not be sent again, or the second would reverse the position; and the legs of an entry that is
still filling are what will guard it. Only a round whose closes never left
is soon followed by the next. What an order did while being cancelled is simply what the next look
shows. A flat look proves nothing if the user hub said anything meanwhile: a look is four requests,
and what it shows may be older than that. Where the stream still believes otherwise, flat must be
seen twice, and the receipt says so; it must be seen twice as well when anything was held today.
The machine never gives up; from the fourth round on each is an alarm.

Positions, the day's fills and the orders must agree on flat. A contract in which fills and
position differ is closed, as if it were held, and what may protect it stays alive until they
agree. Only the venue's own answer that there is nothing to close outweighs its fills.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta

from pxcore.engine.commands import (
    CancelOrder,
    ClosePosition,
    Command,
    FlatProven,
    Level,
    Notice,
    TakeSnapshot,
)
from pxcore.engine.events import (
    CancelAnswered,
    CloseAnswered,
    Event,
    FillSeen,
    Hub,
    OrderSeen,
    PositionSeen,
    RecordSkipped,
    SendOutcome,
    SnapshotFailed,
    SnapshotTaken,
)
from pxcore.engine.flatten_looks import (
    STOPS,
    FillingOrders,
    Looks,
    guarded_in,
    held_in,
    may_protect,
)
from pxcore.engine.in_flight import LOOK_AGE_S_MAX
from pxcore.model import Order, OrderType, Snapshot
from pxcore.text.counting import counted

_PATIENCE_S = (0.25, 0.5, 1.0, 2.0, 5.0)  # before round 2, 3, …: a look, this long, a look
_PATIENCE_BLIND_S = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0)  # after the first look in part, the second, …
_PATIENCE_UNKNOWN_S = 2.0  # at least, when an answer was lost
_PATIENCE_NOT_SENT_S = 1.0  # at most, when no close of the round has left this machine
_ALARM_FROM_ROUND = 4


Instruction = tuple[str, int | str]


class Flattener:
    """One flatten of one account, from `begin` until `proof` is set.

    `round_s` bounds the wait for a round's answers and for a look, in the engine's seconds.
    `may_still_arrive` says whether an order of ours may yet reach the venue: until it does not,
    no look is a proof. `confirm_s` demands a second flat look so much later; with
    `is_taking_over`, somebody else's instructions may still be under way, and the first round
    waits for a second look. `has_sent`: an order of ours may be newer than what a look shows.
    `stream_differs` says what the stream believes that is not flat, `stream_holds` of which
    contracts it believes that something is held.
    `scale` stretches the patience on a sped-up clock. `number_request`
    numbers the looks, so that nobody else's snapshot is taken for one of them.
    """

    def __init__(
        self,
        *,
        reason: str,
        number_request: Callable[[], int],
        round_s: float,
        may_still_arrive: Callable[[datetime], bool] = lambda now: False,
        confirm_s: float = 0.0,
        is_taking_over: bool = False,
        has_sent: bool = False,
        stream_differs: Callable[[], tuple[str, ...]] = tuple,
        stream_holds: Callable[[], Collection[str]] = tuple,
        scale: float = 1.0,
    ) -> None:
        self.reason = reason
        self.rounds = 0
        self.proof: Snapshot | None = None
        self._number_request = number_request
        self._round = timedelta(seconds=round_s)
        self._may_still_arrive = may_still_arrive
        self._confirm = timedelta(seconds=confirm_s)
        self._is_taking_over = is_taking_over
        self._has_sent = has_sent
        self._stream_differs = stream_differs
        self._seen = Looks(stream_holds)
        self._scale = scale
        self._waiting: set[Instruction] = set()
        self._closing: set[Instruction] = set()  # closes of this round that may take effect
        self._had_closes = False
        self._request: int | None = None  # of the look that is out
        self._due_at: datetime | None = None  # when to look next, whatever is still waiting
        self._has_lost_answer = False
        self._is_moving = False  # something happened on the account while a look was out
        self.closes_made: Counter[str] = Counter()  # by contract: that the venue may have taken
        self._closed: set[str] = set()  # contracts of which a close may take effect yet
        self._filling = FillingOrders()
        self._looks = 0  # not flat, since the round's instructions
        self._blind_looks = 0  # in part, since the last whole one
        self._flat_since: datetime | None = None

    def begin(
        self,
        now: datetime,
        *,
        orders: Iterable[Order],
        held: Iterable[str],
        unsure: Collection[str] = (),
    ) -> list[Command]:
        """First round, on what is believed; of `unsure` contracts, fills and position differ.
        Taking over, it begins with a look, and a second.
        """
        if self._is_taking_over:
            return self._act(now, [], [])
        return self._act(now, list(orders), list(held), unsure)

    def begin_by_look(self, look: SnapshotTaken | SnapshotFailed) -> list[Command]:
        """First round, on a look: closes what it lists as held, and cancels nothing that may
        protect what it does not list.
        """
        if isinstance(look, SnapshotTaken):
            orders, held = look.snapshot.orders, held_in(look.snapshot.positions)
            unsure = set(self._seen.differences_in(look.snapshot))
        else:
            orders, held = look.orders or (), self._seen.held_in_part(look)
            unsure = guarded_in(orders).difference(held)
        return self.begin(look.at, orders=orders, held=held, unsure=unsure)

    def step(self, event: Event) -> list[Command]:
        """Any event; those that are not about a flatten only move the time."""
        if self.proof is not None:
            return []
        match event:
            case CancelAnswered(order_id=order_id, answer=answer):
                self._answered(("order", order_id), answer, event.at)
            case CloseAnswered(contract_id=contract_id, answer=answer):
                self._answered(("position", contract_id), answer, event.at)
                if answer not in (SendOutcome.DONE, SendOutcome.UNKNOWN):
                    self._closed.discard(contract_id)
                    if self.closes_made[contract_id]:  # else it is of a flatten before this one
                        self.closes_made[contract_id] -= 1
                if answer is SendOutcome.GONE:
                    self._seen.note_nothing_to_close(contract_id)
            case OrderSeen() | FillSeen() | PositionSeen() | RecordSkipped(hub=Hub.USER):
                self._is_moving = True
            case SnapshotTaken(request=request) if request == self._request:
                return self._judge(event.at, event.snapshot)
            case SnapshotFailed(request=request, why=why) if request == self._request:
                blind = Notice(level=Level.ALARM, code="flatten.blind", text=why)
                return [blind, *self._act_blindly(event)]
            case _:
                pass
        return self._look_if_due(event.at)

    def _answered(self, instruction: Instruction, answer: SendOutcome, now: datetime) -> None:
        if instruction not in self._waiting:
            return
        self._waiting.discard(instruction)
        self._has_lost_answer |= answer is SendOutcome.UNKNOWN
        if answer is SendOutcome.NOT_SENT:
            self._closing.discard(instruction)
        if self._waiting or self._request is not None or self._looks:
            return
        self._due_at = None  # all answered: look now
        if self._had_closes and not self._closing:  # none left: the next look may act at once
            self._looks = 1
            seconds = min(self._patience_s(), _PATIENCE_NOT_SENT_S)
            self._due_at = now + timedelta(seconds=seconds * self._scale)

    def _act(
        self, now: datetime, orders: list[Order], held: list[str], unsure: Collection[str] = ()
    ) -> list[Command]:
        self.rounds += 1
        self._looks = 0
        self._has_lost_answer = self._is_taking_over
        filling = [o for o in orders if o.type is OrderType.MARKET]
        closing = {o.contract_id for o in filling}
        stuck = self._filling.stuck()
        left = {o.id for o in filling} - stuck  # with their legs, which cannot fill before them
        orders = [o for o in orders if o.id not in left and o.parent_id not in left]
        orders = [o for o in orders if o.contract_id not in unsure or not may_protect(o)]
        self._filling.note(filling)
        held = [c for c in held if c not in closing]
        self._closed.update(held)
        self.closes_made.update(held)
        self._closing = {("position", c) for c in held}
        self._had_closes = bool(held)
        self._waiting = {("order", o.id) for o in orders} | self._closing
        self._due_at = now + self._round if self._waiting else None
        notice = Notice(
            level=Level.ALARM if self.rounds >= _ALARM_FROM_ROUND else Level.INFO,
            code="flatten.round",
            text=f"flatten ({self.reason}), attempt {self.rounds}: "
            f"cancel {counted(len(orders), 'order')}, close {counted(len(held), 'position')}"
            + (f", {len(closing)} closing already" if closing else ""),
        )
        stops = [o for o in orders if o.type in STOPS]
        others = [o for o in orders if o.type not in STOPS]
        return [
            notice,
            *(CancelOrder(order_id=o.id, contract_id=o.contract_id) for o in others),
            *(ClosePosition(contract_id=c) for c in held),
            *(CancelOrder(order_id=o.id, contract_id=o.contract_id) for o in stops),
            *self._look_if_due(now),
        ]

    def _look_if_due(self, now: datetime) -> list[Command]:
        if self._due_at is not None and now < self._due_at:
            return []
        self._has_lost_answer |= bool(self._waiting)
        self._request = self._number_request()
        self._is_moving = False
        self._due_at = now + self._round  # a lost look is asked for again
        why = f"flatten ({self.reason})"
        return [TakeSnapshot(request=self._request, why=why, is_urgent=True)]

    def _judge(self, now: datetime, snapshot: Snapshot) -> list[Command]:
        self._request = None
        self._blind_looks = 0
        differs = self._seen.differences_in(snapshot)
        if differs or not snapshot.shows_nothing:
            held = held_in(snapshot.positions)
            return self._act_on(now, list(snapshot.orders), held, differs)
        if self._may_still_arrive(now):
            self._due_at = now + timedelta(seconds=_PATIENCE_UNKNOWN_S * self._scale)
            return []
        if self._is_moving:  # its four answers may be older than that
            self._due_at = now + self._patience()
            return []
        return self._judge_flat(now, snapshot)

    def _judge_flat(self, now: datetime, snapshot: Snapshot) -> list[Command]:
        """Proof, unless flat must be seen a second time."""
        self._flat_since = self._flat_since or now
        differs = self._stream_differs()
        confirm = self._confirm_for(snapshot)
        if differs:
            confirm = max(confirm, timedelta(seconds=_PATIENCE_UNKNOWN_S * self._scale))
        if now - self._flat_since < confirm:
            self._due_at = self._flat_since + confirm
            return []
        self.proof = snapshot
        balance_usd = snapshot.account.balance_usd
        return [FlatProven(attempts=self.rounds, balance_usd=balance_usd, stream_differs=differs)]

    def _confirm_for(self, snapshot: Snapshot) -> timedelta:
        """How much later flat must be seen a second time; zero where once is enough."""
        if self._has_sent or snapshot.has_traded:
            return max(self._confirm, timedelta(seconds=LOOK_AGE_S_MAX * self._scale))
        return self._confirm

    def _act_blindly(self, failed: SnapshotFailed) -> list[Command]:
        """Part of a look: no proof of anything, but what it shows can be cancelled and closed.

        Without the orders, a close that is still filling cannot be seen: none is sent twice.
        Without the positions, what the day's fills come to is held. Without the fills, an order
        that protects says as much as a position that is not listed. Each is a dozen requests: they
        come further and further apart, or the venue would take no close for their number.
        """
        self._request = None
        self._blind_looks += 1
        held = self._seen.held_in_part(failed)
        if failed.orders is None:
            held = [c for c in held if c not in self._closed]
        orders = list(failed.orders or ())
        unseen = guarded_in(orders).difference(held, self._seen.nothing_to_close)
        unsure = {c: f"{c}: protected, and no position is listed" for c in sorted(unseen)}
        if orders or held:
            return self._act_on(failed.at, orders, held, unsure)
        self._flat_since = None
        self._due_at = failed.at + self._patience()
        return []

    def _act_on(
        self, now: datetime, orders: list[Order], held: list[str], unsure: dict[str, str]
    ) -> list[Command]:
        """Not flat: the next round, once it has been seen twice."""
        self._flat_since = None
        self._looks += 1
        if self._looks == 1 or any(kind == "position" for kind, _ in self._waiting):
            self._due_at = now + self._patience()
            return []
        told = [
            Notice(level=Level.ALARM, code="flatten.contradiction", text=f"{text}: closing it")
            for text in unsure.values()
        ]
        closing = list(dict.fromkeys((*held, *unsure)))
        return [*told, *self._act(now, orders, closing, unsure)]

    def _patience(self) -> timedelta:
        seconds = self._patience_s()
        if self._has_lost_answer:
            seconds = max(seconds, _PATIENCE_UNKNOWN_S)
        return timedelta(seconds=seconds * self._scale)

    def _patience_s(self) -> float:
        seconds = _PATIENCE_S[min(self.rounds, len(_PATIENCE_S)) - 1]
        if not self._blind_looks:
            return seconds
        blind = _PATIENCE_BLIND_S[min(self._blind_looks, len(_PATIENCE_BLIND_S)) - 1]
        return max(seconds, blind)
