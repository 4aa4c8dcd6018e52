"""The live session: it wires the parts, runs the loop, and takes them down in order.

One thread at a time steps the engine (`turn`), and blocks on nothing. Whatever ends the session
(its window, a limit, a signal, the end of the pipe, an error of our own), it leaves by a verified
flatten.
"""

import threading
import time
from datetime import datetime

from loguru import logger

from pxcore.clock.own_time import steady_s
from pxcore.config.paths import Paths
from pxcore.config.settings import GatewayName, Mode, Settings
from pxcore.day.kill_switch import both_of, local_kill_switch
from pxcore.engine.commands import (
    CancelOrder,
    ClosePosition,
    Command,
    Denied,
    EndSession,
    FallSeen,
    FlatProven,
    Halt,
    MoveStop,
    Notice,
    PeakSeen,
    PlaceEntry,
    PlaceStop,
    ResolveTag,
    TakeSnapshot,
)
from pxcore.engine.engine import Engine
from pxcore.engine.events import (
    Ask,
    Asked,
    ClockTick,
    Event,
    ShellFault,
    SnapshotFailed,
    SnapshotTaken,
)
from pxcore.gateway.hubs import HubLimits, Realtime
from pxcore.journal.operator import OperatorJournal
from pxcore.journal.rows import SCHEMA, Opening, RowKind
from pxcore.journal.writer import Journal
from pxcore.model import PxError, Unavailable
from pxcore.ownership.account_lock import AccountLock
from pxcore.ownership.lease import LeaseKeeper
from pxcore.session.dispatcher import Dispatcher
from pxcore.session.ending import closing_of, flatten_by_rest
from pxcore.session.inbox import Came, Inbox
from pxcore.session.lines import Ended
from pxcore.session.operator_watch import OperatorWatch
from pxcore.session.paper_link import PaperLink
from pxcore.session.plan import SessionPlan, engine_config, latch_halt_of, require_agreement
from pxcore.session.progress import progress_of
from pxcore.session.self_watch import SelfWatch
from pxcore.session.stamps import Stamps
from pxcore.session.teller import Teller
from pxcore.session.turn import EngineTurn
from pxcore.session.voice import Heartbeat, Voice
from pxcore.session.watch import FileWatch, watch_pipe
from pxcore.strategies import choose_strategy
from pxcore.venue.clock_watch import ClockWatch
from pxcore.venue.connect import connect
from pxcore.venue.venue import Venue
from pxcore.venue.wire_record import WireRecord

_TICK_S = 0.1
_PROGRESS_S = 0.5
_LEAVE_S = 90.0  # for the engine's own flatten, before REST alone takes over
_LATCH_ATTEMPTS = 3  # each waits for a lock as long as the store does
_LATCH_S = 10.0  # shorter than a silence that its supervisor takes for death


class Session:
    """`asks` is the descriptor of the pipe on which the parent asks."""

    def __init__(
        self, plan: SessionPlan, settings: Settings, voice: Voice, lock: AccountLock, *, asks: int
    ) -> None:
        require_agreement(plan, settings)
        self._choice = choose_strategy(settings.strategy, settings.strategy_params)
        self._plan = plan
        self._settings = settings
        self._asks = asks
        self._lock = lock
        self._paths = Paths(settings.home)
        self._clock = settings.clock
        self._inbox = Inbox()
        self._turn = EngineTurn(self._inbox, self._step, on_crash=self._note_crash)
        self._clock_watch = ClockWatch(self._clock, self._inbox.put)
        self._teller = Teller(voice, plan.contract, self._clock)
        self._crash: BaseException | None = None
        self._latching: threading.Thread | None = None
        self._doubts: SelfWatch | None = None
        self._has_looked = False  # at the account by REST, whatever came of it
        self._journal = Journal(
            self._paths.journal(plan.session_id),
            on_fault=lambda what: self._inbox.put(ShellFault(at=self._clock.now(), what=what)),
            is_packed=settings.journal_compressed,
            notes_intents=True,
        )
        self._client = connect(settings, observer=WireRecord(self._journal, self._clock))
        self._venue = Venue(
            self._client,
            account_id=plan.account.id,
            day_start=plan.day_start,
            clock=self._clock,
            scope=plan.scope,
        )
        self._engine = Engine(engine_config(plan, settings), self._choice.make())
        is_paper = settings.gateway is GatewayName.PAPER
        self._link = (
            PaperLink(plan.session_id, self._inbox, bring_price=self._turn.bring_price)
            if is_paper
            else None
        )
        self._dispatcher = self._make_dispatcher()
        self._lease = LeaseKeeper(
            settings,
            account_id=plan.account.id,
            holder=plan.session_id,
            on_lost=self._note_lost,
        )
        self._realtime = self._make_realtime()

    def _watch_files(self) -> FileWatch:
        return FileWatch(
            lambda: both_of(local_kill_switch(self._settings), self._lease.switch),
            self._lock,
            self._paths.here_file,
            clock=self._clock,
            deliver=self._inbox.put,
            look_at_journal=self._journal.look,
            resumes=lambda: self._lease.resumes,
            said=lambda: self._lease.said,
        )

    def _make_dispatcher(self) -> Dispatcher:
        return Dispatcher(
            self._venue,
            contract=self._plan.contract,
            journal=self._journal,
            clock=self._clock,
            deliver=self._inbox.put,
            on_crash=self._note_crash,
            sends_orders=self._plan.mode is not Mode.SHADOW,
            stale_data_s=lambda: self._engine.state.limits.stale_data_s,
            on_idle=self._inbox.nudge,
        )

    def _make_realtime(self) -> Realtime:
        plan, settings = self._plan, self._settings
        _, rtc_url = settings.hosts
        return Realtime(
            rtc_url=rtc_url,
            token=self._client.token,
            renew_token=self._client.renew_token,
            account_id=plan.account.id,
            contracts={plan.contract.id: plan.contract},
            deliver=self._link.deliver if self._link else self._inbox.put,
            deliver_price=self._link.deliver_price if self._link else self._turn.bring_price,
            arrivals=self._turn,
            clock=self._clock,
            companion=self._link,
            wants_depth=settings.depth,
            limits=HubLimits(
                silence_limit_s=settings.silence_limit_s, data_limit_s=settings.data_limit_s
            ),
        )

    def ask_to_stop(self, why: str) -> None:
        """Safe in a signal handler."""
        self._inbox.put(Asked(at=self._clock.now(), ask=Ask.STOP, why=why))

    def run(self) -> Ended:
        """Trades the window to its end and leaves flat; or says that flat is not proven."""
        self._open_journal()
        watch_pipe(self._asks, clock=self._clock, deliver=self._inbox.put)
        files = self._watch_files()
        doubts = self._doubts = SelfWatch(
            self._plan,
            self._engine,
            self._clock,
            lease=self._lease,
            files=files,
            teller=self._teller,
            ask=self._inbox.put,
        )
        operator = OperatorWatch(
            OperatorJournal(
                self._paths.journals,
                account_id=self._plan.account.id,
                trading_day=self._plan.trading_day,
            ),
            rows_known=self._plan.operator_rows,
            clock=self._clock,
            deliver=self._inbox.put,
        )
        self._realtime.start()
        try:
            self._loop(doubts)
            reason = self._engine.ending or "over"
            is_left = self._engine.is_left
            is_proven = self._plan.mode is not Mode.SHADOW and not is_left
            is_flat = is_proven or self._looks_flat(reason)
            ended = Ended(reason=reason, is_flat=is_flat, is_left=is_left)
        except Exception as error:  # the edge of the loop: whatever it was, leave flat
            self._turn.close()
            logger.opt(exception=error).error("session failed; flattening by REST")
            ended = self._leave_by_rest(f"session failed: {error}")
        self._turn.close()
        files.stop()
        operator.stop()
        if self._link is not None:
            self._link.leave()
        self._realtime.stop()
        self._dispatcher.stop(timeout_s=2.0)
        self._close_journal(ended)
        if self._latching is not None:
            self._latching.join(_LATCH_S)
        self._lease.stop()
        return ended

    # -- the loop -----------------------------------------------------------------------------

    def _loop(self, doubts: SelfWatch) -> None:
        next_tick = next_progress = time.monotonic()
        leave_by: float | None = None
        while not self._engine.is_over:
            self._inbox.wait(_TICK_S)
            self._turn.work()
            moment = time.monotonic()
            if not self._keeps_step() and moment >= next_tick:
                next_tick = moment + _TICK_S
                with self._turn.taken():
                    self._clock_watch.look()
                    # in its turn: time never goes back
                    self._inbox.put(ClockTick(at=self._clock.now()))
            if moment >= next_progress:
                next_progress = moment + _PROGRESS_S
                with self._turn.taken():
                    progress = progress_of(
                        self._engine, self._clock.now(), market_late_s=self._clock.late_s
                    )
                self._teller.progress(progress)
                self._lease.note(phase=progress.phase, exposure=progress.exposure)
                doubts.heed_hindrance()
            if self._engine.ending is not None:
                doubts.tell_lateness()
                leave_by = leave_by or moment + _LEAVE_S
                if moment > leave_by:
                    raise TimeoutError(f"not proven flat within {_LEAVE_S:g} s")
            if self._crash is not None:
                raise RuntimeError(f"a thread failed: {self._crash}") from self._crash

    def _keeps_step(self) -> bool:
        """Does a paper market bring the ticks? It is told when the session is ready for it, and
        when nothing is left to do.
        """
        if self._link is None:
            return False
        resync = self._engine.resync
        # A look that failed is repeated in market time, which therefore has to run.
        is_ready = resync.are_hubs_up and (resync.is_known or self._has_looked)
        if is_ready or self._engine.ending is not None:
            self._link.ready()
        if self._dispatcher.is_idle:  # first: its answers are in the inbox then
            self._link.quiet(lambda: self._inbox.is_empty)
        return self._link.is_stepping

    def _step(self, event: Event, came: Came) -> None:
        if self._engine.is_over:
            return
        self._journal.append(RowKind.EVENT, event)
        commands = self._engine.step(event)
        if self._engine.state.clock.why is not None:
            self._clock_watch.hear(event)
        if self._link is not None and isinstance(event, SnapshotTaken | SnapshotFailed):
            self._has_looked = True
        if self._engine.ending is not None:
            self._dispatcher.forbid_entries()
        decided_ns = time.perf_counter_ns()
        for command in commands:
            seq = self._journal.append(RowKind.COMMAND, command)
            self._carry_out(command, seq, event.at, Stamps(came, decided_ns))
        for command in commands:  # when all of it is on its way
            self._teller.tell(command, event.at)
        if self._doubts is not None:
            self._doubts.judge_lag(event)
        if self._engine.is_over:
            self._inbox.nudge()

    def _carry_out(self, command: Command, seq: int, now: datetime, stamps: Stamps) -> None:
        match command:
            case PlaceEntry() | PlaceStop() | CancelOrder() | ClosePosition() | MoveStop():
                self._dispatcher.instruct(command, seq, now, stamps)
            case TakeSnapshot() | ResolveTag():
                self._dispatcher.ask(command)
            case Halt(reason=reason):
                self._latching = threading.Thread(target=self._latch_halt, args=(reason,))
                self._latching.start()
            case Notice() | Denied() | PeakSeen() | FallSeen() | FlatProven() | EndSession():
                pass

    def _latch_halt(self, reason: str) -> None:
        """In the store, for the day. The journal and the parent hold it too: see `plan`."""
        for attempt in range(1, _LATCH_ATTEMPTS + 1):
            try:
                latch_halt_of(self._plan, self._settings, reason)
                return
            except Unavailable as error:
                logger.error("{}, attempt {}", error, attempt)

    def _note_lost(self, holder: str) -> None:
        why = f"the lease of the account is held by {holder}"
        self._inbox.put(Asked(at=self._clock.now(), ask=Ask.LEAVE, why=why))

    def _note_crash(self, error: BaseException) -> None:
        self._crash = error

    # -- leaving ------------------------------------------------------------------------------

    def _looks_flat(self, why: str) -> bool:
        """One look, nothing sent: what a session in shadow can say of the account."""
        look = self._venue.ask(TakeSnapshot(request=0, why=why, is_urgent=True))
        return isinstance(look, SnapshotTaken) and look.snapshot.is_flat

    def _leave_by_rest(self, reason: str) -> Ended:
        """The engine is out of play: whatever is left is flattened by REST alone."""
        settings = self._settings
        if self._link is not None:
            self._link.leave()

        def go_on() -> None:
            self._teller.alarm("leaving", reason)
            self._lease.note(phase="leaving", exposure=self._engine.state.book.holding.exposure)

        with Heartbeat(go_on):
            self._dispatcher.abandon(settings.connect_timeout_s + settings.reply_timeout_s)
            if self._plan.mode is Mode.SHADOW:
                return Ended(reason=reason, is_flat=self._looks_flat(reason))
            try:
                flatten_by_rest(
                    self._client,
                    plan=self._plan,
                    settings=settings,
                    reason=reason,
                    say=self._teller.notice,
                )
            except PxError as error:
                logger.critical("{}", error)
                return Ended(reason=f"{reason}; {error}", is_flat=False)
        return Ended(reason=reason, is_flat=True)

    # -- the record ---------------------------------------------------------------------------

    def _open_journal(self) -> None:
        self._journal.append(
            RowKind.OPENED,
            Opening(
                schema=SCHEMA,
                mode=self._plan.mode,
                config=self._engine.config,
                strategy=self._settings.strategy,
                strategy_params=self._choice.recorded_params,
                paper_clock=self._settings.recorded_clock,
                trading_day=self._plan.trading_day,
                steady_s=steady_s(),
                has_slip=self._journal.has_slip,
            ),
            at=self._clock.now(),
        )

    def _close_journal(self, ended: Ended) -> None:
        closing = closing_of(
            self._engine,
            ended,
            conflated_quotes=self._inbox.conflated_quotes,
            bad_records=self._realtime.bad_records,
            reconnects=self._realtime.reconnects,
            rows_dropped=self._journal.rows_dropped,
        )
        self._journal.append(RowKind.CLOSED, closing, at=self._clock.now())
        if not self._journal.close():
            logger.error("the journal is not complete: {} rows dropped", self._journal.rows_dropped)
