"""What can go wrong with knowledge, as values that a sentence can be made of.

KnowledgeError          code + detail; the sentence is `bot.phrases` under that code
├── DocumentError       one file cannot be read or parsed; ingest goes on without it
├── StoreError          the vector store cannot serve (unreachable, locked, disk full)
├── EmbeddingError      the embedding engine cannot serve
└── LedgerError         the SQL ledger cannot serve

Knowledge never writes sentences for people: it raises a code with details, and
`bot.phrases.describe` turns both into one sentence in the reader's language.
"""


class KnowledgeError(Exception):
    """Raised by `knowledge`; catchers show `bot.phrases.describe(error)`."""

    def __init__(self, code: str, **detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


class DocumentError(KnowledgeError):
    """Raised by sources and parsers for one document; ingest records a `Failure`."""


class StoreError(KnowledgeError):
    """Raised by the index when the store cannot serve; answers turn `failed`."""


class EmbeddingError(KnowledgeError):
    """Raised by embedders; a search may go on lexically."""


class LedgerError(KnowledgeError):
    """Raised by the ledger when its database cannot serve."""
