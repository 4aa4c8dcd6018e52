"""One session's plan: what the start-up sync resolved, handed whole to the session's process."""

import secrets
from datetime import UTC, date, datetime

import msgspec
from msgspec.structs import replace

from pxcore.calendar.hours import chicago, trading_day_at
from pxcore.config.limits import allowed
from pxcore.config.paths import Paths
from pxcore.config.settings import Mode, Settings
from pxcore.day.halts import latch_halt
from pxcore.day.settled import day_terms
from pxcore.day.store_access import ask_store
from pxcore.day.window import window_of
from pxcore.engine.config import EngineConfig, ExitTerms, Stretch
from pxcore.engine.limits import Extremes, realised_extremes
from pxcore.engine.tightening import Bounds, tighter_of
from pxcore.journal.latches import extremes_in_journals
from pxcore.journal.terms import read_terms
from pxcore.model import (
    Account,
    Bracket,
    Contract,
    Foreign,
    Misconfigured,
    Scope,
    Snapshot,
)


class SessionPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Times are UTC. `opening` is the account that the session starts from, flat unless it adopts
    what is held; orders of the day up to `last_order_id` are not this session's. `in_force` are
    the day's limits so far, with the first `operator_rows` of the operator's journal. `scope` says
    which contracts of the account are ours: whoever looks at the account for this session, or
    closes what it holds, has it from here.
    """

    session_id: str
    mode: Mode
    base_url: str
    account: Account
    contract: Contract
    trading_day: date
    day_start: datetime
    window_start: datetime
    window_end: datetime
    flat_by: datetime
    foreign: Foreign
    opening: Snapshot
    last_order_id: int
    halt_reason: str | None
    no_entry: tuple[Stretch, ...] = ()
    extremes: Extremes = Extremes()
    adopts_opening: bool = False
    in_force: Bounds = Bounds()
    operator_rows: int = 0

    @property
    def scope(self) -> Scope:
        return self.foreign.scope(self.contract.id)


def make_plan(
    settings: Settings,
    *,
    account: Account,
    contract: Contract,
    opening: Snapshot,
    last_order_id: int,
    adopts_opening: bool = False,
) -> SessionPlan:
    """Puts the plan together. Raises NotNow as `window_of` does, Unavailable without a store."""
    window = window_of(settings, settings.clock.now(), contract=contract.id)
    trading_day = window.day
    journals = Paths(settings.home).journals
    latched = ask_store(
        settings, lambda store: store.latched(account_id=account.id, trading_day=trading_day)
    )
    terms = read_terms(journals, account_id=account.id, trading_day=trading_day, latched=latched)
    stamp = datetime.now(UTC).strftime("%H%M%S")
    return SessionPlan(
        session_id=f"px-{trading_day:%Y%m%d}-{stamp}-{secrets.token_hex(2)}",
        mode=settings.mode,
        base_url=settings.hosts[0],
        account=account,
        contract=contract,
        trading_day=trading_day,
        day_start=trading_day_at(settings.clock.now()).opens_at,
        window_start=window.start,
        window_end=window.end,
        flat_by=window.flat_by,
        foreign=settings.foreign,
        opening=opening,
        last_order_id=last_order_id,
        halt_reason=terms.halt_reason,
        no_entry=tuple(
            Stretch(start=chicago(trading_day, first), end=chicago(trading_day, last))
            for first, last in settings.no_entry_times
        ),
        extremes=realised_extremes(opening.fills).and_of(
            extremes_in_journals(journals, account_id=account.id, trading_day=trading_day)
        ),
        adopts_opening=adopts_opening,
        in_force=terms.in_force,
        operator_rows=len(terms.rows),
    )


def brought_up_to_date(plan: SessionPlan, settings: Settings) -> SessionPlan:
    """The plan with what was latched and tightened since it was made; nothing gets looser.

    For whoever holds the account: from then on only tightenings come, and a session hears them.
    Raises Unavailable as `day_terms` does.
    """
    terms = day_terms(settings, plan.account.id, plan.trading_day)
    return replace(
        plan,
        halt_reason=plan.halt_reason or terms.halt_reason,
        in_force=tighter_of((plan.in_force, terms.in_force)),
        operator_rows=len(terms.rows),
    )


def latch_halt_of(plan: SessionPlan, settings: Settings, reason: str) -> None:
    """No session may enter any more on the plan's account and day. Raises as `latch_halt` does."""
    latch_halt(
        settings,
        account_id=plan.account.id,
        trading_day=plan.trading_day,
        session_id=plan.session_id,
        reason=reason,
    )


def require_agreement(plan: SessionPlan, settings: Settings) -> None:
    """The settings of this process are those that the plan was made with, as far as money goes.

    Raises Misconfigured when they changed meanwhile: a plan for paper must never meet the
    settings of a real gateway.
    """
    found = (settings.mode, settings.hosts[0], settings.account_id)
    wanted = (plan.mode, plan.base_url, plan.account.id)
    if found != wanted:
        raise Misconfigured(
            f"settings changed since the start-up: planned was {wanted[0]} on {wanted[1]}, "
            f"account {wanted[2]}; now it is {found[0]} on {found[1]}, account {found[2]}"
        )


def engine_config(plan: SessionPlan, settings: Settings) -> EngineConfig:
    """The engine's terms: those of the settings, with limits no looser than the day's so far."""
    limits, held = allowed(settings, plan.in_force)
    return EngineConfig(
        session_id=plan.session_id,
        account_id=plan.account.id,
        contract=plan.contract,
        trading_day=plan.trading_day,
        window_start=plan.window_start,
        window_end=plan.window_end,
        size=settings.size,
        risk_usd_per_trade=settings.risk_usd_per_trade,
        bracket=Bracket(
            stop_loss_ticks=settings.stop_loss_ticks,
            take_profit_ticks=settings.take_profit_ticks,
        ),
        limits=limits,
        limits_held=held,
        sends_orders=plan.mode is not Mode.SHADOW,
        halt_reason=plan.halt_reason,
        no_entry=plan.no_entry,
        exits=ExitTerms(
            break_even_ticks=settings.break_even_ticks,
            trail_ticks=settings.trail_ticks,
            time_stop_s=settings.time_stop_s,
            move_every_s=settings.clock.speed,
        ),
        peak_usd=plan.extremes.peak_usd,
        fall_usd=plan.extremes.fall_usd,
        headroom_usd_min=plan.extremes.headroom_usd,
        places_stops=settings.own_stop,
        adopts_opening=sum(
            p.size for p in plan.opening.positions if p.contract_id == plan.contract.id
        )
        if plan.adopts_opening
        else 0,
        opening_fills=plan.opening.fills,
        foreign=plan.foreign,
    )
