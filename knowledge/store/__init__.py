"""Where passages are kept: Qdrant's engine in a process of its own, or a Qdrant server.

    embedded.py    `EmbeddedIndex`: the client of the store process
    remote.py      `ServerIndex`: the client of a Qdrant server; remote_models.py its words
    wire.py        how points and vectors travel to the store process
    __main__.py    the store process (``python -m knowledge.store``)
    worker.py      its work: which request goes to which collection
    collection.py  one collection: its files, its requests, its upkeep
    engine.py      the engine: settings, queries, errors

The engine holds Python's global lock in every call, `optimize` for seconds; only a
process of its own keeps the bot answering meanwhile.
"""
