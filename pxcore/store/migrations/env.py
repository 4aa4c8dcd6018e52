"""Where alembic finds the connection: whoever opens the store has it, and a transaction."""

from alembic import context

from pxcore.store.projection.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite cannot alter a column otherwise
)
with context.begin_transaction():
    context.run_migrations()
