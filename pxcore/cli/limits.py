"""`px limits` and `px limits tighten`: the day's limits, where each comes from, and less of them.

Both ask nobody but this machine: they work while the gateway is away, and beside a session.
"""

from datetime import date
from typing import Any

import msgspec
from msgspec.structs import replace

from pxcore.calendar.hours import trading_day_at
from pxcore.cli.output import Grid, Output
from pxcore.cli.reasons import reason_given
from pxcore.cli.trade.values import chicago_text
from pxcore.config.limits import bounds_named, limits_of
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.day.kill_switch import kill_switch, local_kill_switch
from pxcore.day.settled import day_terms
from pxcore.engine.limit_table import LIMITS, Value
from pxcore.engine.tightening import (
    Bounds,
    bounds_of,
    loosened,
    names_in,
    not_tighter,
    only,
    text_of,
    tighter_of,
)
from pxcore.journal.latches import Latched
from pxcore.journal.operator import OperatorJournal, OperatorRow, Rearmed, Tightened, operator_name
from pxcore.journal.terms import DayTerms, read_terms
from pxcore.model import Misconfigured, ProtocolError, Unavailable
from pxcore.ownership.holders import find_holder, holder_elsewhere, holder_of
from pxcore.ownership.world import world_of


class Today:
    """The account and trading day of the settings, and what they have settled so far."""

    def __init__(self, settings: Settings) -> None:
        if settings.account_id is None:
            raise Misconfigured("PX_ACCOUNT_ID is missing: no account is ever chosen by position")
        self.settings = settings
        self.account_id = settings.account_id
        self.day: date = trading_day_at(settings.clock.now()).day
        self.paths = Paths(settings.home)
        self.wanted = limits_of(settings)
        self.journal = OperatorJournal(
            self.paths.journals, account_id=self.account_id, trading_day=self.day
        )

    @property
    def where(self) -> str:
        mode = self.settings.mode.value
        shown = mode.upper() if mode == "live" else mode
        gateway = self.settings.gateway.value
        return f"{shown}, gateway {gateway}, account {self.account_id}, trading day {self.day}"

    @property
    def holder(self) -> str | None:
        return holder_of(self.paths.home, self.account_id, world_of(self.settings))

    def refuse_elsewhere(self, verb: str) -> None:
        """Raises Misconfigured when the account is held from another home folder, which would never
        read what is written here.
        """
        world = world_of(self.settings)
        holder = holder_elsewhere(self.paths.home, self.account_id, world)
        if holder is not None:
            raise Misconfigured(
                f"account {self.account_id} is held by {holder} of another home folder: {verb} it "
                "there; nothing was written"
            )

    @property
    def session_id(self) -> str | None:
        """The session of this home that runs: its own numbers are in force, and no setting of the
        shell that asks.
        """
        holder = find_holder(self.paths.home, self.account_id)
        return None if holder is None or not holder.is_session else holder.text.split()[0]

    def base(self, terms: DayTerms) -> Bounds:
        """What the day's limits are laid on: those of the session that runs, or of the settings."""
        runs = self.session_id
        own = None if runs is None else terms.of_session(runs)
        return bounds_of(self.wanted) if own is None else own

    @property
    def kill_switch(self) -> str | None:
        """As far as can be known: a store that is away is said with the halts."""
        try:
            switch = kill_switch(self.settings)
        except Unavailable:
            switch = local_kill_switch(self.settings)
        return None if switch is None else str(switch)

    def terms(self) -> DayTerms:
        """Read again. Raises Unavailable when the store cannot be read."""
        return day_terms(self.settings, self.account_id, self.day)

    def limits_alone(self) -> DayTerms:
        """Without the store, which knows halts and nothing of limits."""
        return read_terms(
            self.paths.journals, account_id=self.account_id, trading_day=self.day, latched=None
        )

    def record(self, decide: Any, reason: str) -> OperatorRow:
        """One act, on the disk. Raises Unavailable when it cannot be written, Misconfigured for
        a journal that is damaged, and what `decide` raises: nothing is written then.
        """
        try:
            return self.journal.record(decide, who=operator_name(), reason=reason)
        except ProtocolError as error:
            raise Misconfigured(damage_told(str(error))) from error
        except OSError as error:
            raise Unavailable(
                f"{self.journal.path} cannot be written: {error.strerror}; nothing was written"
            ) from error


def damage_told(damage: str) -> str:
    return (
        f"{damage}: nothing may be opened, and no act is taken, until a person has repaired the "
        "file or moved it away (then what it released holds again); nothing was written"
    )


# -- px limits --------------------------------------------------------------------------------


class LimitLine(msgspec.Struct, frozen=True, kw_only=True):
    """One limit: what the session that runs has, or else one that begins now; the setting here; and
    where the first is from.
    """

    name: str
    in_force: Value | None
    setting: Value | None
    source: str


class LimitsToday(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. Seconds are of our own time; None is no limit. `session_id` is the session whose
    limits these are, None when none runs.
    """

    account_id: int
    trading_day: date
    mode: str
    held_by: str | None
    session_id: str | None
    kill_switch: str | None
    halts: tuple[Latched, ...]
    limits: tuple[LimitLine, ...]
    acts: tuple[OperatorRow, ...]
    problem: str | None


def show_limits(settings: Settings, out: Output) -> int:
    """1 when the operator's journal cannot be read. Sends nothing and writes nothing."""
    today = Today(settings)
    terms = today.terms()
    found = LimitsToday(
        account_id=today.account_id,
        trading_day=today.day,
        mode=settings.mode.value,
        held_by=today.holder,
        session_id=today.session_id,
        kill_switch=today.kill_switch,
        halts=terms.halts,
        limits=tuple(_line(name, terms, today) for name in LIMITS),
        acts=terms.rows,
        problem=terms.damage,
    )
    out.show(found, *_facts(today, found, terms), _grid(found), *map(told, found.acts))
    if terms.damage is not None:
        out.warn(damage_told(terms.damage))
    return 1 if terms.damage is not None else 0


def _line(name: str, terms: DayTerms, today: Today) -> LimitLine:
    setting: Value | None = getattr(bounds_of(today.wanted), name)
    used: Value | None = getattr(tighter_of((today.base(terms), terms.in_force)), name)
    return LimitLine(
        name=name, in_force=used, setting=setting, source=_origin(name, used, terms, today)
    )


def _origin(name: str, used: Value | None, terms: DayTerms, today: Today) -> str:
    runs = today.session_id
    own = "setting" if runs is None else f"settings of {runs}"
    if used is None or (runs is None and used == getattr(bounds_of(today.wanted), name)):
        return own
    found = terms.origin(name, used, first=runs)
    if found is None or (runs is not None and found.session_id == runs):
        return own
    return found.what


def _facts(today: Today, found: LimitsToday, terms: DayTerms) -> list[str]:
    lines = [today.where, f"held by {found.held_by or 'nobody'}"]
    if found.session_id is not None:
        lines.append(
            f"in force is what {found.session_id} has; settings are this shell's"
            if terms.of_session(found.session_id) is not None
            else f"what {found.session_id} has is NOT KNOWN: its journal cannot be read"
        )
    if found.kill_switch:
        lines.append(f"kill switch ENGAGED: {found.kill_switch}")
    lines += [halt_told(one) for one in found.halts] or ["no halt known"]
    return lines


def _grid(found: LimitsToday) -> Grid:
    rows = [
        (
            one.name,
            _shown(one.in_force),
            _shown(one.setting),
            "HELD" if one.in_force != one.setting else "",
            one.source,
        )
        for one in found.limits
    ]
    return Grid(("limit", "in force", "setting", "", "from"), rows, right=("in force", "setting"))


def _shown(value: Value | None) -> str:
    return "none" if value is None else text_of(value)


def halt_told(halt: Latched) -> str:
    return f"HALTED: {halt.reason} (session {halt.session_id})"


def told(row: OperatorRow) -> str:
    """One act in a sentence, its time in Chicago's."""
    act = row.act
    if isinstance(act, Tightened):
        what = f"tightened {changes_told(act.before, act.after)}"
    else:
        what = f"re-armed {_rearmed(act)}"
    return f"{chicago_text(row.wall)} {row.who} {what}: {row.reason}"


def _rearmed(act: Rearmed) -> str:
    parts = [f"halt ({halt.reason})" for halt in act.halts]
    if act.before is not None and act.after is not None:
        looser = _changed(act.before, act.after)
        changes = changes_told(only(act.before, looser), only(act.after, looser))
        parts.append(f"limits ({changes or 'no change'})")
    return ", ".join(parts)


def _changed(before: Bounds, after: Bounds) -> tuple[str, ...]:
    names = names_in(before)
    return tuple(name for name in names if getattr(before, name) != getattr(after, name))


def changes_told(before: Bounds, after: Bounds) -> str:
    """`loss_usd_max 500 to 300`, for every limit that either names."""
    named = [n for n in LIMITS if n in names_in(before) or n in names_in(after)]
    return ", ".join(
        f"{name} {_shown(getattr(before, name))} to {_shown(getattr(after, name))}"
        for name in named
    )


# -- px limits tighten ------------------------------------------------------------------------


def tighten_limits(settings: Settings, out: Output, wishes: list[str], reason: str) -> int:
    """0 once it is on the disk, or was so already. Raises Misconfigured when it would loosen, and
    when a session of another home folder holds the account.
    """
    asked = bounds_named(wishes)
    why = reason_given(reason)
    today = Today(settings)
    today.refuse_elsewhere("tighten")
    terms = today.limits_alone()
    if terms.damage is not None:
        raise Misconfigured(damage_told(terms.damage))
    before = _current(today, terms, asked)
    out.say(f"{today.where}: tightening {changes_told(before, asked)}")
    if only(terms.in_force, names_in(asked)) == asked:
        out.say("in force already, nothing was written")
        return 0

    def decide(rows: tuple[OperatorRow, ...]) -> Tightened:
        return Tightened(before=_current(today, today.limits_alone(), asked), after=asked)

    row = today.record(decide, why)
    holder = today.holder
    heeds = f"{holder} uses it within a second" if holder else "the next session begins with it"
    out.say(f"done: {heeds} (row {row.seq} of {today.journal.path.name})")
    return 0


def _current(today: Today, terms: DayTerms, asked: Bounds) -> Bounds:
    """What the limits named are now: in force, or else the setting.

    Raises Misconfigured when one of them would get looser.
    """
    in_force = {name: getattr(terms.in_force, name) for name in names_in(terms.in_force)}
    current = replace(today.base(terms), **in_force)
    looser = not_tighter(current, asked)
    if looser:
        raise Misconfigured(
            *(f"{one}: a limit is loosened by `px rearm --limits` alone" for one in looser),
            "nothing was written",
        )
    return only(current, names_in(asked))


def settings_against(today: Today, terms: DayTerms) -> list[str]:
    """Where the settings are looser than what is in force, a sentence each."""
    return [str(one) for one in loosened(terms.in_force, today.wanted)]
