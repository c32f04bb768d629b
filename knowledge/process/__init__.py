"""A child process shared by every program that uses one data directory.

Whoever needs the service first starts it (`connect`); the others find it; it
ends by itself once nobody has used it for a while (`serve`). An exclusive lock on
``<data_dir>/<name>.lock`` says that it lives, ``<data_dir>/<name>.json`` says where.

    link.py     what a client holds: an open connection, which is its lease
    client.py   find the service or start it
    server.py   the child's main loop: one thread does the work, in order
    house.py    who is connected to the child, and whether it is time to go
    frames.py   length-prefixed msgpack, and the names of the files
"""

from knowledge.process.client import connect, last_words
from knowledge.process.link import Link, Service
from knowledge.process.server import Worker, arguments, serve

__all__ = ["Link", "Service", "Worker", "arguments", "connect", "last_words", "serve"]
