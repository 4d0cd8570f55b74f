"""Alembic's entry: runs the chain of migrations on the connection that `storage.database.schema_history` hands over."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    transactional_ddl=True,  # our connections say BEGIN themselves, so SQLite's DDL does roll back
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
