"""Everything that the bot remembers, in SQL: tables, migrations, and how they are opened."""

from bot.storage import intake as intake  # its tables belong to the schema
from bot.storage.opening import open_storage
from bot.storage.text import storable
from bot.storage.transactions import Storage, upsert, upserting

__all__ = ["Storage", "open_storage", "storable", "upsert", "upserting"]
