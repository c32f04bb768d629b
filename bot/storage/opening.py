"""Opening the database that the bot remembers in."""

from bot.storage.schema import bring_up_to_date
from bot.storage.transactions import Storage
from knowledge.ledger import open_engine

__all__ = ["Storage", "open_storage"]


def open_storage(url: str) -> Storage:
    """The database at `url`, its tables made or brought up to date.

    Raises LedgerError `database.url` or `database.unavailable`, StoreError `disk.full`,
    ConfigError `database.newer` where a newer version of the program made it.
    """
    storage = Storage(open_engine(url))
    try:
        bring_up_to_date(storage)
    except BaseException:
        storage.close()
        raise
    return storage
