"""The tables of the first release: what must last, and a projection of the journals.

Its number is that of the last of three migrations that it stands for. A store that a checkout of
before the release brought to that one has the same tables, and is not touched.
"""

import sqlalchemy as sa
from alembic import op

from pxcore.store.projection.columns import Moment, Money, Whole, Words

revision = "0003"
down_revision = None


def upgrade() -> None:
    _lasting()
    _sends()
    _judgements()
    _sessions()
    _days()


def _lasting() -> None:
    """In no journal: halts, leases, the kill switch's latch with its record, and who watches."""
    op.create_table(
        "halts",
        sa.Column("account_id", Whole, primary_key=True),
        sa.Column("trading_day", sa.Date(), primary_key=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("account_id", Whole, primary_key=True, autoincrement=False),
        sa.Column("holder", Words(), nullable=False),
        sa.Column("place", Words(), nullable=False),
        sa.Column("pid", Whole, nullable=False),
        sa.Column("beat", Whole, nullable=False),
        sa.Column("loops", Whole, nullable=False),
        sa.Column("phase", Words(), nullable=False),
        sa.Column("exposure", Whole, nullable=False),
        sa.Column("taken_at", Moment(), nullable=False),
        sa.Column("beaten_at", Moment(), nullable=False),
        sa.Column("released_at", Moment(), nullable=True),
    )
    op.create_table(
        "kill_latch",
        sa.Column("one", Whole, primary_key=True, autoincrement=False),
        sa.Column("reason", Words(), nullable=False),
        sa.Column("who", Words(), nullable=False),
        sa.Column("flattens", sa.Boolean(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
    )
    op.create_table(
        "kill_acts",
        sa.Column("number", Whole, primary_key=True, autoincrement=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("verb", Words(), nullable=False),
        sa.Column("who", Words(), nullable=False),
        sa.Column("reason", Words(), nullable=False),
        sa.Column("flattens", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "watchdogs",
        sa.Column("account_id", Whole, primary_key=True, autoincrement=False),
        sa.Column("place", Words(), primary_key=True),
        sa.Column("pid", Whole, nullable=False),
        sa.Column("beat", Whole, nullable=False),
        sa.Column("beaten_at", Moment(), nullable=False),
        sa.Column("said", Words(), nullable=False),
    )


def _sends() -> None:
    """What was wanted, sent and filled."""
    op.create_table(
        "intents",
        sa.Column("kind", Words(), nullable=False),
        sa.Column("contract_id", Words(), nullable=False),
        sa.Column("tag", Words(), nullable=True),
        sa.Column("order_id", Whole, nullable=True),
        sa.Column("side", Words(), nullable=True),
        sa.Column("size", Whole, nullable=True),
        sa.Column("stop_ticks", Whole, nullable=True),
        sa.Column("reason", Words(), nullable=True),
        sa.Column("outcome", Words(), nullable=True),
        sa.Column("answered_at", Moment(), nullable=True),
        sa.Column("journal", Words(), nullable=False),
        sa.Column("seq", Whole, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("account_id", Whole, nullable=False),
        sa.Column("trading_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("journal", "seq"),
    )
    op.create_index("ix_intents_day", "intents", ["account_id", "trading_day"])
    op.create_index("ix_intents_tag", "intents", ["tag"])

    op.create_table(
        "orders",
        sa.Column("account_id", Whole, nullable=False),
        sa.Column("trading_day", sa.Date(), nullable=False),
        sa.Column("order_id", Whole, nullable=False),
        sa.Column("contract_id", Words(), nullable=False),
        sa.Column("status", Words(), nullable=False),
        sa.Column("type", Words(), nullable=False),
        sa.Column("side", Words(), nullable=False),
        sa.Column("size", Whole, nullable=False),
        sa.Column("filled_size", Whole, nullable=False),
        sa.Column("limit_ticks", Whole, nullable=True),
        sa.Column("stop_ticks", Whole, nullable=True),
        sa.Column("filled_ticks", Whole, nullable=True),
        sa.Column("tag", Words(), nullable=True),
        sa.Column("parent_id", Whole, nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("seen_by", Words(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "trading_day", "order_id"),
    )
    op.create_index("ix_orders_day", "orders", ["account_id", "trading_day"])
    op.create_index("ix_orders_tag", "orders", ["tag"])

    op.create_table(
        "fills",
        sa.Column("account_id", Whole, nullable=False),
        sa.Column("trading_day", sa.Date(), nullable=False),
        sa.Column("fill_id", Whole, nullable=False),
        sa.Column("contract_id", Words(), nullable=False),
        sa.Column("order_id", Whole, nullable=False),
        sa.Column("side", Words(), nullable=False),
        sa.Column("size", Whole, nullable=False),
        sa.Column("price_ticks", Whole, nullable=False),
        sa.Column("pnl_usd", Money(), nullable=True),
        sa.Column("fees_usd", Money(), nullable=False),
        sa.Column("commissions_usd", Money(), nullable=False),
        sa.Column("happened_at", Moment(), nullable=False),
        sa.Column("is_voided", sa.Boolean(), nullable=False),
        sa.Column("seen_by", Words(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "trading_day", "fill_id"),
    )
    op.create_index("ix_fills_day", "fills", ["account_id", "trading_day"])
    op.create_index("ix_fills_order_id", "fills", ["order_id"])

    op.create_table(
        "positions",
        sa.Column("contract_id", Words(), nullable=False),
        sa.Column("size", Whole, nullable=False),
        sa.Column("average_price", Money(), nullable=False),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.Column("journal", Words(), nullable=False),
        sa.Column("seq", Whole, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("account_id", Whole, nullable=False),
        sa.Column("trading_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("journal", "seq"),
    )
    op.create_index("ix_positions_day", "positions", ["account_id", "trading_day"])


def _judgements() -> None:
    """What was decided, and what was said."""
    op.create_table(
        "refusals",
        sa.Column("gate", Words(), nullable=False),
        sa.Column("value", Words(), nullable=False),
        sa.Column("limit", Words(), nullable=False),
        sa.Column("side", Words(), nullable=False),
        sa.Column("reason", Words(), nullable=False),
        sa.Column("journal", Words(), nullable=False),
        sa.Column("seq", Whole, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("account_id", Whole, nullable=False),
        sa.Column("trading_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("journal", "seq"),
    )
    op.create_index("ix_refusals_day", "refusals", ["account_id", "trading_day"])

    op.create_table(
        "risk_ledger",
        sa.Column("cause", Words(), nullable=False),
        sa.Column("fills", Whole, nullable=False),
        sa.Column("realised_usd", Money(), nullable=False),
        sa.Column("peak_usd", Money(), nullable=False),
        sa.Column("loss_usd_max", Money(), nullable=False),
        sa.Column("headroom_usd", Money(), nullable=False),
        sa.Column("journal", Words(), nullable=False),
        sa.Column("seq", Whole, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("account_id", Whole, nullable=False),
        sa.Column("trading_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("journal", "seq"),
    )
    op.create_index("ix_risk_ledger_day", "risk_ledger", ["account_id", "trading_day"])

    op.create_table(
        "heartbeats",
        sa.Column("journal", Words(), nullable=False),
        sa.Column("minute_wall", Moment(), nullable=False),
        sa.Column("ticks", Whole, nullable=False),
        sa.Column("last_seq", Whole, nullable=False),
        sa.Column("last_wall", Moment(), nullable=False),
        sa.Column("account_id", Whole, nullable=False),
        sa.Column("trading_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("journal", "minute_wall"),
    )
    op.create_index("ix_heartbeats_day", "heartbeats", ["account_id", "trading_day"])

    op.create_table(
        "incidents",
        sa.Column("level", Words(), nullable=False),
        sa.Column("code", Words(), nullable=False),
        sa.Column("text", Words(), nullable=False),
        sa.Column("journal", Words(), nullable=False),
        sa.Column("seq", Whole, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("account_id", Whole, nullable=False),
        sa.Column("trading_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("journal", "seq"),
    )
    op.create_index("ix_incidents_day", "incidents", ["account_id", "trading_day"])

    op.create_table(
        "kill_switch",
        sa.Column("reason", Words(), nullable=True),
        sa.Column("journal", Words(), nullable=False),
        sa.Column("seq", Whole, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("account_id", Whole, nullable=False),
        sa.Column("trading_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("journal", "seq"),
    )
    op.create_index("ix_kill_switch_day", "kill_switch", ["account_id", "trading_day"])

    op.create_table(
        "operator_acts",
        sa.Column("journal", Words(), nullable=False),
        sa.Column("seq", Whole, nullable=False),
        sa.Column("wall", Moment(), nullable=False),
        sa.Column("who", Words(), nullable=False),
        sa.Column("reason", Words(), nullable=False),
        sa.Column("act", Words(), nullable=False),
        sa.Column("account_id", Whole, nullable=False),
        sa.Column("trading_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("journal", "seq"),
    )
    op.create_index("ix_operator_acts_day", "operator_acts", ["account_id", "trading_day"])


def _sessions() -> None:
    """What ran, and what it made."""
    op.create_table(
        "journals",
        sa.Column("journal", Words(), nullable=False),
        sa.Column("last_hash", Words(), nullable=True),
        sa.Column("damage", Words(), nullable=True),
        sa.Column("account_id", Whole, nullable=False),
        sa.Column("trading_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("journal"),
    )
    op.create_index("ix_journals_day", "journals", ["account_id", "trading_day"])

    op.create_table(
        "sessions",
        sa.Column("session_id", Words(), nullable=False),
        sa.Column("contract_id", Words(), nullable=False),
        sa.Column("contract", Words(), nullable=False),
        sa.Column("mode", Words(), nullable=False),
        sa.Column("strategy", Words(), nullable=False),
        sa.Column("strategy_params", Words(), nullable=False),
        sa.Column("window_start", Moment(), nullable=False),
        sa.Column("window_end", Moment(), nullable=False),
        sa.Column("started_wall", Moment(), nullable=True),
        sa.Column("ended_reason", Words(), nullable=True),
        sa.Column("is_flat", sa.Boolean(), nullable=True),
        sa.Column("headroom_usd_min", Money(), nullable=True),
        sa.Column("entries_sent", Whole, nullable=False),
        sa.Column("protected", Whole, nullable=False),
        sa.Column("unprotected_s", Money(), nullable=False),
        sa.Column("reconnects", Whole, nullable=True),
        sa.Column("journal_hash", Words(), nullable=True),
        sa.Column("damage", Words(), nullable=True),
        sa.Column("account_id", Whole, nullable=False),
        sa.Column("trading_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("session_id"),
    )
    op.create_index("ix_sessions_day", "sessions", ["account_id", "trading_day"])

    op.create_table(
        "trades",
        sa.Column("session_id", Words(), nullable=False),
        sa.Column("number", Whole, nullable=False),
        sa.Column("strategy", Words(), nullable=False),
        sa.Column("contract", Words(), nullable=False),
        sa.Column("side", Words(), nullable=False),
        sa.Column("size", Whole, nullable=False),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("entry_price", Words(), nullable=False),
        sa.Column("exit_price", Words(), nullable=True),
        sa.Column("exit_by", Words(), nullable=False),
        sa.Column("gross_usd", Money(), nullable=False),
        sa.Column("costs_usd", Money(), nullable=False),
        sa.Column("adverse_ticks", Words(), nullable=True),
        sa.Column("favourable_ticks", Words(), nullable=True),
        sa.Column("entry_slip_ticks", Words(), nullable=True),
        sa.Column("exit_slip_ticks", Words(), nullable=True),
        sa.Column("reason", Words(), nullable=True),
        sa.Column("account_id", Whole, nullable=False),
        sa.Column("trading_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("session_id", "number"),
    )
    op.create_index("ix_trades_closed_at", "trades", ["closed_at"])
    op.create_index("ix_trades_day", "trades", ["account_id", "trading_day"])

    op.create_table(
        "equity_curve",
        sa.Column("journal", Words(), nullable=False),
        sa.Column("number", Whole, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("net_usd", Money(), nullable=False),
        sa.Column("drawdown_usd", Money(), nullable=False),
        sa.Column("account_id", Whole, nullable=False),
        sa.Column("trading_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("journal", "number"),
    )
    op.create_index("ix_equity_curve_day", "equity_curve", ["account_id", "trading_day"])


def _days() -> None:
    """What a day came to."""
    op.create_table(
        "daily_reports",
        sa.Column("session_id", Words(), nullable=False),
        sa.Column("verdict", Words(), nullable=False),
        sa.Column("net_usd", Money(), nullable=False),
        sa.Column("gross_usd", Money(), nullable=False),
        sa.Column("costs_usd", Money(), nullable=False),
        sa.Column("balance_usd", Money(), nullable=False),
        sa.Column("trades", Whole, nullable=False),
        sa.Column("denials", Whole, nullable=False),
        sa.Column("report", Words(), nullable=False),
        sa.Column("account_id", Whole, nullable=False),
        sa.Column("trading_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("session_id"),
    )
    op.create_index("ix_daily_reports_day", "daily_reports", ["account_id", "trading_day"])

    op.create_table(
        "differences",
        sa.Column("journal", Words(), nullable=False),
        sa.Column("number", Whole, nullable=False),
        sa.Column("kind", Words(), nullable=False),
        sa.Column("what", Words(), nullable=False),
        sa.Column("ours", Words(), nullable=False),
        sa.Column("venues", Words(), nullable=False),
        sa.Column("account_id", Whole, nullable=False),
        sa.Column("trading_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("journal", "number"),
    )
    op.create_index("ix_differences_day", "differences", ["account_id", "trading_day"])

    op.create_table(
        "reconciliations",
        sa.Column("journal", Words(), nullable=False),
        sa.Column("session_id", Words(), nullable=True),
        sa.Column("wall", Moment(), nullable=False),
        sa.Column("verdict", Words(), nullable=False),
        sa.Column("fills", Whole, nullable=False),
        sa.Column("orders", Whole, nullable=False),
        sa.Column("account_id", Whole, nullable=False),
        sa.Column("trading_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("journal"),
    )
    op.create_index("ix_reconciliations_day", "reconciliations", ["account_id", "trading_day"])

    op.create_table(
        "trading_days",
        sa.Column("account_id", Whole, nullable=False),
        sa.Column("trading_day", sa.Date(), nullable=False),
        sa.Column("sessions", Whole, nullable=False),
        sa.Column("trades", Whole, nullable=False),
        sa.Column("fills", Whole, nullable=False),
        sa.Column("gross_usd", Money(), nullable=False),
        sa.Column("costs_usd", Money(), nullable=False),
        sa.Column("net_usd", Money(), nullable=False),
        sa.Column("balance_usd", Money(), nullable=True),
        sa.Column("is_flat", sa.Boolean(), nullable=True),
        sa.Column("verdict", Words(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "trading_day"),
    )
    op.create_index("ix_trading_days_day", "trading_days", ["account_id", "trading_day"])
