"""The owner's own sentences, where they like them better than ours.

Only what customers read can be changed. A text may hold {placeholders}: those that our
sentence has, and everywhere {contact} and {hours}, which are sentences of the owner's as well.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from string import Formatter

from sqlalchemy import delete, select

from bot.errors import BotError
from bot.phrases import TABLES, say
from bot.smalltalk import clean
from bot.storage import Storage, upsert
from bot.storage.tables import words
from knowledge.errors import KnowledgeError

log = logging.getLogger(__name__)

MAX_LENGTH = 2000
"""Characters."""
FRESH_FOR = timedelta(seconds=3)
"""How late another process notices a change."""
STAFF = {"contact": "staff.contact", "hours": "staff.hours"}
"""Placeholder → whose text fills it."""
EDITABLE: Mapping[str, frozenset[str]] = {
    "staff.contact": frozenset(),
    "staff.hours": frozenset(),
    "smalltalk.greeting": frozenset(),
    "smalltalk.identity": frozenset(),
    "smalltalk.capabilities": frozenset(),
    "smalltalk.thanks": frozenset(),
    "smalltalk.acknowledgement": frozenset(),
    "smalltalk.farewell": frozenset(),
    "line.welcome": frozenset(),
    "line.joined": frozenset(),
    "answer.no_data": frozenset(),
    "answer.no_data_empty": frozenset(),
    "answer.failed": frozenset(),
    "answer.busy": frozenset(),
    "answer.full": frozenset(),
    "quota.over_person": frozenset({"renews"}),
    "quota.over_room": frozenset({"renews"}),
    "quota.over_platform": frozenset({"renews"}),
    "quota.over_all": frozenset({"renews"}),
}
"""What may be changed → placeholders that a text must hold."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in one language."""

    code: str
    language: str
    default: str
    own: str | None
    placeholders: tuple[str, ...]
    """What may stand in braces."""
    required: tuple[str, ...]
    """What must."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The sentences of one moment: an answer is spoken in one voice."""

    own: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def say(self, code: str, language: str = "zh-TW", **detail: object) -> str:
        """As `bot.phrases.say`, in the owner's words where there are any."""
        staff = {name: self._plain(source, language) for name, source in STAFF.items()}
        text = self.own.get((code, language))
        if text is None:
            return say(code, language, **{**staff, **detail})
        return text.format_map(_Blanks({**staff, **detail}))

    def _plain(self, code: str, language: str) -> str:
        text = self.own.get((code, language))
        return say(code, language) if text is None else text.format_map(_Blanks())


class Words:
    def __init__(self, storage: Storage, clock: Callable[[], datetime]) -> None:
        self._storage = storage
        self._clock = clock
        self._wording = Wording()
        self._read_at: datetime | None = None

    def say(self, code: str, language: str = "zh-TW", **detail: object) -> str:
        """As `bot.phrases.say`, in the owner's words where there are any; never raises."""
        return self.wording().say(code, language, **detail)

    def wording(self) -> Wording:
        """The present sentences: read, unless that was done a moment ago.

        While the database is away the last ones that were read go on, or ours.
        """
        now = self._clock()
        if self._read_at is None or not timedelta() <= now - self._read_at < FRESH_FOR:
            self._read_at = now
            try:
                self._wording = Wording(self._read())
            except KnowledgeError as error:
                log.warning("the owner's sentences: %s %s", error.code, error.detail)
        return self._wording

    def set(self, code: str, language: str, text: str, author: str) -> str:
        """The text as it was stored. Raises BotError `words.…` with what is wrong with it."""
        plain = clean(text)
        _refuse_unknown(code, language)
        _refuse_bad(code, language, plain)
        said = {"text": plain, "author": author, "at": self._clock()}
        with self._storage.transaction() as tx:
            row = upsert(tx, words).values(code=code, language=language, **said)
            tx.execute(row.on_conflict_do_update(index_elements=["code", "language"], set_=said))
        self._read_at = None
        return plain

    def reset(self, code: str, language: str) -> bool:
        """Back to our sentence; False where it was ours. Raises BotError `words.…`."""
        _refuse_unknown(code, language)
        own = delete(words).where(words.c.code == code, words.c.language == language)
        with self._storage.transaction() as tx:
            had = tx.execute(own).rowcount > 0
        self._read_at = None
        return had

    def list(self, language: str) -> tuple[Sentence, ...]:
        """Everything that may be changed. Raises BotError `words.language`, LedgerError."""
        own = self._read()
        return tuple(self._sentence(code, language, own) for code in EDITABLE)

    def get(self, code: str, language: str) -> Sentence:
        """Raises BotError `words.unknown` or `words.language`, LedgerError."""
        return self._sentence(code, language, self._read())

    def _sentence(self, code: str, language: str, own: Mapping[tuple[str, str], str]) -> Sentence:
        _refuse_unknown(code, language)
        return Sentence(
            code,
            language,
            TABLES[language][code],
            own.get((code, language)),
            _allowed(code, language),
            tuple(sorted(EDITABLE[code])),
        )

    def _read(self) -> dict[tuple[str, str], str]:
        with self._storage.reading() as tx:
            rows = tx.execute(select(words.c.code, words.c.language, words.c.text))
            return {(row.code, row.language): row.text for row in rows}


class _Blanks(dict[str, object]):
    """A detail that nobody hands over shows as `?`, never as an error."""

    def __missing__(self, name: str) -> str:
        return "?"


def _allowed(code: str, language: str) -> tuple[str, ...]:
    own = {name for _, name, _, _ in Formatter().parse(TABLES[language][code]) if name}
    return tuple(sorted(own if code in STAFF.values() else own | set(STAFF)))


def _refuse_unknown(code: str, language: str) -> None:
    if language not in TABLES:
        raise BotError("words.language", language=language, known="、".join(TABLES))
    if code not in EDITABLE:
        raise BotError("words.unknown", name=code, known="、".join(EDITABLE))


def _refuse_bad(code: str, language: str, text: str) -> None:
    if not text:
        raise BotError("words.empty")
    if len(text) > MAX_LENGTH:
        raise BotError("words.too_long", limit=str(MAX_LENGTH), length=str(len(text)))
    allowed = _allowed(code, language)
    listed = "、".join(f"{{{name}}}" for name in allowed) or "-"
    try:
        fields = [part for part in Formatter().parse(text) if part[1] is not None]
    except ValueError as error:
        raise BotError("words.braces", allowed=listed) from error
    for _, name, form, conversion in fields:
        # `{renews.year}` and `{renews:>9}` are no plain names either.
        if name not in allowed or form or conversion:
            raise BotError("words.placeholder", name=f"{{{name}}}", allowed=listed)
    missing = EDITABLE[code] - {name for _, name, _, _ in fields}
    if missing:
        raise BotError("words.missing", name=f"{{{min(missing)}}}")
