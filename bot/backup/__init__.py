"""One file that holds all that cannot be made again, and the way back from it.

manifest.py  what is in the file, and the sums that prove it
archive.py   the tar file: written whole or not at all, read only when it is whole
rows.py      the database, as lines of JSON: the same from SQLite and from PostgreSQL
points.py    the passages with their vectors, so that nothing is embedded anew
making.py    `back_up`: one moment of database, passages and uploads
restoring.py `restore`: everything is checked before anything is changed
"""

from bot.backup.making import Backed, back_up
from bot.backup.restoring import Restored, restore

__all__ = ["Backed", "Restored", "back_up", "restore"]
