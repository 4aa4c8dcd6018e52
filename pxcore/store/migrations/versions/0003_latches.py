"""Leases, the kill switch's latch with its record, and who watches."""

import sqlalchemy as sa
from alembic import op

from pxcore.store.projection.columns import Moment, Whole, Words

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
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
