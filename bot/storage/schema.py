"""Which schema a database has, and bringing it to another one.

Alembic is imported only where there is something to do: an ordinary start asks one question
and goes on.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, inspect, text

from bot.errors import ConfigError
from bot.storage.migrations import HEAD, STEPS
from bot.storage.transactions import Storage
from knowledge.ledger.turns import one_maker

EMPTY = "base"
"""Before the first step: an empty database, or one of the program's first release."""


def bring_up_to_date(storage: Storage) -> str:
    """To this program's schema; gives the one that was found.

    Several programs that start together take turns, and the first does it.

    Raises LedgerError `database.unavailable`, StoreError `disk.full`, ConfigError
    `database.newer` for a schema that this program does not know.
    """
    found = current(storage)
    if found == HEAD:
        return found
    with storage.plain_errors(), one_maker(storage.engine):
        found = current(storage)
        if found != HEAD:
            refuse_unknown(found)
            migrate(storage, found, HEAD)
    return found


def current(storage: Storage) -> str:
    """The last step that was made; `EMPTY` where none was."""
    with storage.reading() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return EMPTY
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found or EMPTY


def migrate(storage: Storage, found: str, target: str) -> None:
    """From one step to another, up or down, in one transaction: stopped anywhere, nothing
    has changed. The caller holds `one_maker`.
    """
    with (
        storage.plain_errors(),
        storage.engine.connect() as connection,
        keys_unchecked(connection),
        connection.begin(),
    ):
        run_steps(connection, target, down=_order(target) < _order(found))


def _order(step: str) -> int:
    return 0 if step == EMPTY else int(step)


def refuse_unknown(found: str) -> None:
    """Raises ConfigError `database.newer`."""
    if found != EMPTY and found not in STEPS:
        raise ConfigError("database.newer", found=found, known=HEAD)


def run_steps(connection: Connection, target: str, *, down: bool = False) -> None:
    """Within the caller's transaction."""
    # Before the import, which is talkative already.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from alembic import command  # a fifth of a second that an ordinary start does not pay
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "bot.storage:migrations")
    (command.downgrade if down else command.upgrade)(config, target)


@contextmanager
def keys_unchecked(connection: Connection) -> Iterator[None]:
    """SQLite alters a table by making it anew; with its keys watched, the rows that point to
    the old one would go with it. Must be said outside of any transaction.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")
