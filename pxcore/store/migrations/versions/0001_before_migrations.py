"""What a store had before there were migrations: four tables, of which halts alone is kept."""

import sqlalchemy as sa
from alembic import op

from pxcore.store.projection.columns import Moment, Whole

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "halts",
        sa.Column("account_id", Whole, primary_key=True),
        sa.Column("trading_day", sa.Date(), primary_key=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
    )
    for name in ("sessions", "fills", "days"):
        op.create_table(name, sa.Column("account_id", Whole, primary_key=True))
