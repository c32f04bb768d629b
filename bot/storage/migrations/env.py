"""What Alembic runs for every command; the connection comes with the command."""

from alembic import context

from bot.storage.tables import metadata
from knowledge.ledger.tables import metadata as ledger_metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=[ledger_metadata, metadata],
    render_as_batch=True,  # for SQLite, which can alter little
)
with context.begin_transaction():
    context.run_migrations()
