"""How a session leaves when its engine is out of play, and what its journal says last."""

from pxcore.config.settings import Settings
from pxcore.engine.engine import Engine
from pxcore.flatten.door import Door, Taking
from pxcore.flatten.record import Say
from pxcore.gateway.rest import GatewayClient
from pxcore.journal.rows import Closing, Ledger
from pxcore.session.lines import Ended
from pxcore.session.plan import SessionPlan

_LAST_RESORT_S = 60.0


def flatten_by_rest(
    client: GatewayClient,
    *,
    plan: SessionPlan,
    settings: Settings,
    reason: str,
    say: Say,
) -> None:
    """Whatever is left is flattened by REST alone, by who holds the account. Raises NotFlat."""
    door = Door(
        settings,
        plan.account.id,
        client=client,
        scope=plan.scope,
        by=plan.session_id,
        say=say,
    )
    door.flatten(reason, timeout_s=_LAST_RESORT_S, holding=Taking.OURS, about=plan.session_id)


def closing_of(
    engine: Engine,
    ended: Ended,
    *,
    conflated_quotes: int,
    bad_records: int,
    reconnects: int,
    rows_dropped: int,
) -> Closing:
    """The last row of a session's journal."""
    return Closing(
        reason=ended.reason,
        is_flat=ended.is_flat,
        headroom_usd_min=engine.state.extremes.headroom_usd,
        conflated_quotes=conflated_quotes,
        bad_records=bad_records,
        reconnects=reconnects,
        rows_dropped=rows_dropped,
        ledger=ledger_of(engine),
        halt_reason=engine.state.halt_reason,
    )


def ledger_of(engine: Engine) -> Ledger:
    """The day by the engine's own book, for whoever compares it with the venue's."""
    book = engine.state.book
    return Ledger(
        realised_usd=book.realised_usd,
        fills=sum(not fill.is_voided for fill in book.fills.values()),
        held={contract: book.holdings[contract].exposure for contract in book.held_contracts()},
    )
