"""A session's or a flatten's journal as rows of the store.

What the market said is skipped: a day has millions of it, and none is a row of the store.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from pxcore.engine.commands import (
    CancelOrder,
    ClosePosition,
    Denied,
    Halt,
    Level,
    MoveStop,
    Notice,
    PeakSeen,
    PlaceEntry,
    PlaceStop,
)
from pxcore.engine.config import Limits
from pxcore.engine.events import (
    CancelAnswered,
    ClockTick,
    CloseAnswered,
    Event,
    FillSeen,
    KillSwitchSeen,
    LimitsTightened,
    MoveAnswered,
    OrderSeen,
    PlaceAccepted,
    PlaceNotSent,
    PlaceRefused,
    PlaceUnknown,
    PositionSeen,
    ShellFault,
    SnapshotTaken,
    TagResolved,
)
from pxcore.engine.limits import DayMoney, Extremes
from pxcore.engine.tightening import bounds_of, not_tighter, tightest
from pxcore.host.decoding import Decoder
from pxcore.journal.bulk import EventRow, Part
from pxcore.journal.denial_text import limit_told, value_told
from pxcore.journal.latches import Latched
from pxcore.journal.reader import decode_body, decode_command, decode_event, decode_gap
from pxcore.journal.rows import FlattenTerms, Opening, Row, RowKind
from pxcore.model import DepthLevel, Fill, MarketTrade, Quote
from pxcore.store.projection.fold import REST, STREAM, Halted, Told
from pxcore.store.projection.tables import (
    HeartbeatRow,
    IntentRow,
    KillSwitchRow,
    PositionRow,
    RefusalRow,
    RiskRow,
    row_of,
)

_terms: Decoder[FlattenTerms] = Decoder(FlattenTerms)
_MARKET = frozenset((Quote, MarketTrade, DepthLevel))

Instruction = PlaceEntry | PlaceStop | CancelOrder | ClosePosition | MoveStop


class JournalFold:
    """One journal's rows, in order."""

    def __init__(self, name: str, told: Told, *, opening: Opening | None = None) -> None:
        self._name = name
        self.told = told
        self._at: datetime | None = None
        self._beat: HeartbeatRow | None = None
        self._waiting: dict[tuple[str, str | int], IntentRow] = {}  # for an answer, by what it is
        self._limits: Limits | None = opening.config.limits if opening is not None else None
        self._extremes = Extremes()
        if opening is not None:
            self._extremes = Extremes(peak_usd=opening.config.peak_usd)
        self._balance_usd: Decimal | None = None  # by the last look, and what was
        self._realised_then_usd = Decimal(0)  # realised when it was taken
        self._realised: dict[int, Decimal] = {}  # by fill

    def read(self, part: Part) -> None:
        if isinstance(part, Row):
            self._at = part.at or self._at
            self._see(part, self._at or part.wall)
            return
        for row in part:
            if type(row.body) not in _MARKET:
                self._see_event(row, row.body, row.at or row.body.at)
        self._at = part[-1].at or self._at

    def _see(self, row: Row, at: datetime) -> None:
        match row.kind:
            case RowKind.EVENT:
                self._see_event(row, decode_event(row), at)
            case RowKind.COMMAND:
                self._see_command(row, at)
            case RowKind.GAP:
                gap = decode_gap(row)
                text = f"{gap.rows} rows are missing: {gap.why}"
                self.told.note(self._name, row.seq, at, Level.ALARM, "journal.gap", text)
            case RowKind.FLATTEN:
                why = decode_body(row, _terms).reason
                self.told.note(
                    self._name, row.seq, at, Level.WARNING, "flatten.outside_session", why
                )
            case RowKind.OPENED:
                self._note_risk(row, at, "the session began")
            case _:
                pass

    def _of(self, row: Row | EventRow, at: datetime) -> dict[str, Any]:
        """What every row of the store has that stands for one of the journal."""
        return {
            "account_id": self.told.account_id,
            "trading_day": self.told.trading_day,
            "journal": self._name,
            "seq": row.seq,
            "at": at,
        }

    # -- events -------------------------------------------------------------------------------

    def _see_event(self, row: Row | EventRow, event: Event, at: datetime) -> None:
        day = self.told
        match event:
            case ClockTick():
                self._see_tick(row)
            case OrderSeen(order=order):
                day.orders.append((order, STREAM))
            case FillSeen(fill=fill):
                day.fills.append((fill, STREAM))
                self._see_fill(row, at, fill)
            case SnapshotTaken(snapshot=snapshot):
                for order in snapshot.orders:
                    day.orders.append((order, REST))
                for fill in snapshot.fills:
                    day.fills.append((fill, REST))
                    self._see_fill(row, at, fill, is_told=False)
                self._balance_usd = snapshot.account.balance_usd
                self._realised_then_usd = self._realised_usd
            case PositionSeen(position=position):
                day.rows.append(row_of(PositionRow, position, **self._of(row, at)))
            case KillSwitchSeen(reason=reason):
                day.rows.append(KillSwitchRow(**self._of(row, at), reason=reason))
            case ShellFault(what=what):
                day.note(self._name, row.seq, at, Level.ALARM, "fault", what)
            case LimitsTightened(bounds=bounds) if self._limits is not None:
                if not not_tighter(bounds_of(self._limits), bounds):  # as the engine judged it
                    self._limits = tightest(bounds, self._limits)
                    self._note_risk(row, at, "limits tightened")
            case _:
                self._see_answer(event)

    def _see_answer(self, event: object) -> None:
        match event:
            case PlaceAccepted(tag=tag, order_id=order_id, at=at):
                self._answer(("tag", tag), "accepted", at, order_id)
            case PlaceRefused(tag=tag, code_name=code, at=at):
                self._answer(("tag", tag), f"refused: {code}", at)
            case PlaceNotSent(tag=tag, at=at):
                self._answer(("tag", tag), "not_sent", at)
            case PlaceUnknown(tag=tag, at=at):
                self._answer(("tag", tag), "unknown", at, is_last=False)
            case TagResolved(tag=tag, order=order, at=at) if order is not None:
                self._answer(("tag", tag), "found", at, order.id)
            case CancelAnswered(order_id=order_id, answer=answer, at=at):
                self._answer(("cancel", order_id), answer.value, at)
            case CloseAnswered(contract_id=contract_id, answer=answer, at=at):
                self._answer(("close", contract_id), answer.value, at)
            case MoveAnswered(order_id=order_id, answer=answer, at=at):
                self._answer(("move", order_id), answer.value, at)
            case _:
                pass

    def _answer(
        self,
        of: tuple[str, str | int],
        outcome: str,
        at: datetime,
        order_id: int | None = None,
        *,
        is_last: bool = True,
    ) -> None:
        intent = self._waiting.pop(of, None) if is_last else self._waiting.get(of)
        if intent is None:
            return
        intent.outcome, intent.answered_at = outcome, at
        intent.order_id = order_id if order_id is not None else intent.order_id

    def _see_tick(self, row: Row | EventRow) -> None:
        minute = row.wall.replace(second=0, microsecond=0)
        beat = self._beat
        if beat is None or beat.minute_wall != minute:
            beat = self._beat = HeartbeatRow(
                account_id=self.told.account_id,
                trading_day=self.told.trading_day,
                journal=self._name,
                minute_wall=minute,
                ticks=0,
            )
            self.told.rows.append(beat)
        beat.ticks += 1
        beat.last_seq, beat.last_wall = row.seq, row.wall

    # -- commands -----------------------------------------------------------------------------

    def _see_command(self, row: Row, at: datetime) -> None:
        command = decode_command(row)
        match command:
            case PlaceEntry() | PlaceStop() | CancelOrder() | ClosePosition() | MoveStop():
                self._see_intent(row, at, command)
            case Denied():
                told = {"value": value_told(command), "limit": limit_told(command)}
                self.told.rows.append(row_of(RefusalRow, command, **told, **self._of(row, at)))
            case Notice(level=level, code=code, text=text) if level is not Level.INFO:
                self.told.note(self._name, row.seq, at, level.value, code, text)
            case Halt(reason=reason):
                latched = Latched(session_id=self._name, reason=reason)
                self.told.halts.append(Halted(latched=latched, wall=row.wall))
                self._note_risk(row, at, f"halted: {reason}")
            case PeakSeen(peak_usd=peak_usd):
                self._extremes = self._extremes.and_of(Extremes(peak_usd=peak_usd))
                self._note_risk(row, at, "a new peak")
            case _:
                pass

    def _see_intent(self, row: Row, at: datetime, command: Instruction) -> None:
        intent = IntentRow(
            **self._of(row, at),
            kind=type(command).__struct_config__.tag,
            contract_id=command.contract_id,
            tag=getattr(command, "tag", None),
            order_id=getattr(command, "order_id", None),
            side=getattr(command, "side", None),
            size=getattr(command, "size", None),
            stop_ticks=getattr(command, "stop_ticks", None),
            reason=getattr(command, "reason", None),
        )
        self._waiting[_key_of(command)] = intent
        self.told.rows.append(intent)

    # -- the risk ledger ----------------------------------------------------------------------

    def _see_fill(
        self, row: Row | EventRow, at: datetime, fill: Fill, *, is_told: bool = True
    ) -> None:
        net = Decimal(0) if fill.is_voided else fill.net_usd
        if self._realised.get(fill.id) == net:
            return
        self._realised[fill.id] = net
        if is_told:
            self._note_risk(row, at, f"fill {fill.id}")

    def _note_risk(self, row: Row | EventRow, at: datetime, cause: str) -> None:
        if self._limits is None:
            return  # a flatten has no limits
        realised = self._realised_usd
        money = DayMoney(
            day_usd=realised,
            peak_usd=max(self._extremes.peak_usd, realised),
            equity_usd=None
            if self._balance_usd is None
            else self._balance_usd + realised - self._realised_then_usd,
        )
        self.told.rows.append(
            RiskRow(
                **self._of(row, at),
                cause=cause,
                fills=len(self._realised),
                realised_usd=realised,
                peak_usd=money.peak_usd,
                loss_usd_max=self._limits.loss_usd_max,
                headroom_usd=money.headroom_usd(self._limits),
            )
        )

    @property
    def _realised_usd(self) -> Decimal:
        return sum(self._realised.values(), Decimal(0))


def _key_of(command: Instruction) -> tuple[str, str | int]:
    match command:
        case PlaceEntry(tag=tag) | PlaceStop(tag=tag):
            return "tag", tag
        case CancelOrder(order_id=order_id):
            return "cancel", order_id
        case MoveStop(order_id=order_id):
            return "move", order_id
        case ClosePosition(contract_id=contract_id):
            return "close", contract_id
