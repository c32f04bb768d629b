"""Curated answers: kept in SQL, found exactly or by meaning."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Connection, insert

from bot.annotations import matching, reading, rot, thresholds, writing
from bot.annotations.bank import probes_of, read_bank
from bot.annotations.calibration import Calibration, calibrate
from bot.annotations.drafts import checked, phrase
from bot.annotations.keys import exact_key
from bot.annotations.reading import Filters
from bot.annotations.records import (
    Annotation,
    AnnotationError,
    Candidate,
    Draft,
    Edit,
    Hit,
    HitKind,
    HitRecord,
    Matched,
    Near,
    Saved,
    State,
)
from bot.annotations.thresholds import Thresholds
from bot.annotations.writing import Vectors, Writer
from bot.storage.opening import Storage
from bot.storage.tables import annotation_hits
from bot.storage.text import storable
from knowledge.errors import KnowledgeError
from knowledge.ingest import Progress
from knowledge.ledger import SourceRow
from knowledge.phrasebook import Phrasebook, Phrasing

log = logging.getLogger(__name__)
Show = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Details:
    annotation: Annotation
    edits: tuple[Edit, ...]
    hits: tuple[HitRecord, ...]
    """The newest hundred."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What `match` would say, and why."""

    matched: Matched
    candidates: tuple[Candidate, ...]
    limits: Thresholds | None
    """None: no embedding model."""


class Annotations:
    """Thread-safe; every method is one or two short transactions.

    `clock` tells the time in the bot's zone: a date of expiry is one of that zone. `ledger`
    gives the documents that sources may be linked to. Raises KnowledgeError where the
    database cannot serve, and AnnotationError where the request makes no sense.
    """

    def __init__(
        self,
        storage: Storage,
        phrasebook: Phrasebook | None,
        clock: Callable[[], datetime],
        ledger: Callable[[], Iterable[SourceRow]] = tuple,
    ) -> None:
        self.storage, self.phrasebook = storage, phrasebook
        self._clock, self._ledger = clock, ledger

    @property
    def today(self) -> date:
        return self._clock().date()

    def close(self) -> None:
        """Lets go of the phrasebook; the storage is the caller's."""
        if self.phrasebook is not None:
            self.phrasebook.close()

    # -- curating ----------------------------------------------------------------------------

    def add(self, draft: Draft, author: str, from_request: str | None = None) -> Saved:
        """Raises AnnotationError as `drafts.checked` says, or `annotation.duplicate`."""
        tidy = checked(draft, self.today)
        by = self.writer(author)
        with self.storage.transaction() as tx:
            writing.take_turn(tx)
            id_, owed = writing.add(tx, tidy, by, from_request)
            saved = reading.one(tx, id_)
        return Saved(saved, self.carry(owed))

    def edit(self, annotation_id: int, author: str, change: Callable[[Draft], Draft]) -> Saved:
        """`change` is given what stands there now. Raises as `add`, and `annotation.missing`."""
        by, today = self.writer(author), self.today
        with self.storage.transaction() as tx:
            writing.take_turn(tx)
            before = reading.one(tx, annotation_id)
            after = change(before.draft)
            same_date = after.expires_on == before.draft.expires_on
            owed = writing.revise(tx, before, checked(after, None if same_date else today), by)
            saved = reading.one(tx, annotation_id)
        return Saved(saved, self.carry(owed))

    def retire(self, annotation_id: int, author: str) -> Saved:
        return self._set_state(annotation_id, author, "retired")

    def restore(self, annotation_id: int, author: str) -> Saved:
        """Raises AnnotationError `annotation.duplicate` where its place is taken."""
        return self._set_state(annotation_id, author, "active")

    def _set_state(self, annotation_id: int, author: str, state: State) -> Saved:
        by = self.writer(author)
        with self.storage.transaction() as tx:
            writing.take_turn(tx)
            before = reading.one(tx, annotation_id)
            owed = writing.set_state(tx, before, state, by)
            saved = reading.one(tx, annotation_id)
        return Saved(saved, self.carry(owed))

    def add_alias(self, annotation_id: int, author: str, alias: str) -> Saved:
        """Also how a suggestion is accepted: it becomes an alias."""
        return self.edit(
            annotation_id, author, lambda draft: replace(draft, aliases=(*draft.aliases, alias))
        )

    def remove_alias(self, annotation_id: int, author: str, alias: str) -> Saved:
        """An alias or a suggestion. Raises AnnotationError `annotation.alias_missing` (text)."""
        key = exact_key(alias)

        def without(draft: Draft) -> Draft:
            kept = tuple(one for one in draft.aliases if exact_key(one) != key)
            if len(kept) == len(draft.aliases):
                raise AnnotationError("annotation.alias_missing", text=alias, id=str(annotation_id))
            return replace(draft, aliases=kept)

        with self.storage.transaction() as tx:
            if writing.drop_suggestion(tx, annotation_id, alias):
                return Saved(reading.one(tx, annotation_id))
        return self.edit(annotation_id, author, without)

    def accept_choice(self, annotation_id: int, text: str) -> bool:
        """What somebody meant by `text` when asked back: a suggestion, which matches nothing
        until a curator accepts it. False where it was known already."""
        said = phrase(text)
        with self.storage.transaction() as tx:
            reading.one(tx, annotation_id)
            return writing.suggest(tx, annotation_id, said, self._clock())

    def record_hit(
        self,
        annotation_id: int,
        request_id: str,
        kind: HitKind,
        score: float | None,
        at: datetime,
    ) -> None:
        with self.storage.transaction() as tx:
            tx.execute(
                insert(annotation_hits).values(
                    annotation_id=annotation_id,
                    request_id=storable(request_id)[:300],
                    kind=kind,
                    score=score,
                    at=at,
                )
            )

    # -- reading -----------------------------------------------------------------------------

    def listed(self, filters: Filters | None = None) -> list[Annotation]:
        with self.storage.reading() as tx:
            return reading.listed(tx, filters or Filters())

    def get(self, annotation_id: int) -> Annotation:
        """Raises AnnotationError `annotation.missing` (id)."""
        with self.storage.reading() as tx:
            return reading.one(tx, annotation_id)

    def details(self, annotation_id: int) -> Details:
        with self.storage.reading() as tx:
            return Details(
                reading.one(tx, annotation_id),
                tuple(reading.edits_of(tx, annotation_id)),
                tuple(reading.hits_of(tx, annotation_id, 100)),
            )

    # -- matching ----------------------------------------------------------------------------

    def match(
        self, text: str, audiences: frozenset[str] | None = None, today: date | None = None
    ) -> Matched:
        """`audiences`: None sees everything. An embedder or a store that is down leaves exact
        matches as they are and comes back as `problem`."""
        return self._look(text, audiences, today or self.today, stop_at_exact=True).matched

    def exact(
        self, text: str, audiences: frozenset[str] | None = None, today: date | None = None
    ) -> Hit | None:
        """Word for word only."""
        with self.storage.reading() as tx:
            return matching.exact(tx, text, audiences, today or self.today)

    def explain(
        self, text: str, audiences: frozenset[str] | None = None, today: date | None = None
    ) -> Explanation:
        return self._look(text, audiences, today or self.today, stop_at_exact=False)

    def _look(
        self, text: str, audiences: frozenset[str] | None, today: date, *, stop_at_exact: bool
    ) -> Explanation:
        with self.storage.reading() as tx:
            found = matching.exact(tx, text, audiences, today)
            book = self.phrasebook
            limits = None if book is None else thresholds.load(tx, book.model_id)
            is_worth_it = bool(exact_key(text)) and reading.any_active(tx)
        if (found and stop_at_exact) or book is None or limits is None:
            return Explanation(Matched(found), (), limits)
        if not is_worth_it:
            return Explanation(Matched(None), (), limits)
        try:
            nearby = book.nearest(text, matching.POOL, audiences)
        except KnowledgeError as error:
            return Explanation(Matched(found, error), (), limits)
        with self.storage.reading() as tx:
            ranked = matching.candidates(tx, text, nearby, audiences, today)
            result: Hit | Near | None = found or matching.decide(tx, text, ranked, limits)
        return Explanation(Matched(result), tuple(ranked), limits)

    def chosen(
        self, annotation_id: int, audiences: frozenset[str] | None, today: date | None = None
    ) -> Hit | None:
        """What somebody picked when they were asked back; None where it no longer holds."""
        with self.storage.reading() as tx:
            return matching.picked(tx, annotation_id, audiences, today or self.today)

    # -- upkeep ------------------------------------------------------------------------------

    def sync(self, progress: Show = lambda _: None) -> int:
        """Brings the phrasebook in line with SQL; how many phrasings were embedded.

        To be called at start: it makes up for whatever could not be embedded when it was
        written, for a lost collection and for a change of embedding model.
        Raises EmbeddingError or StoreError.
        """
        if self.phrasebook is None:
            return 0
        return self.phrasebook.sync(self._searchable, progress)

    def _searchable(self) -> list[Phrasing]:
        with self.storage.reading() as tx:
            return reading.searchable(tx, self.today)

    def check_rot(self, rows: Iterable[SourceRow] | None = None) -> int:
        """Compares linked sources with the ledger; how many flags changed."""
        hashes = rot.fingerprints(self._ledger() if rows is None else rows)
        with self.storage.transaction() as tx:
            return rot.mark(tx, hashes)

    def limits(self) -> Thresholds | None:
        """None without an embedding model."""
        if self.phrasebook is None:
            return None
        with self.storage.reading() as tx:
            return thresholds.load(tx, self.phrasebook.model_id)

    def calibrate(self, progress: Show = lambda _: None, *, keep: bool = True) -> Calibration:
        """Measures on what is there and keeps the choice for this embedding model.

        Raises AnnotationError `calibration.no_model`, `calibration.few` or
        `calibration.hopeless`, and EmbeddingError.
        """
        if self.phrasebook is None:
            raise AnnotationError("calibration.no_model")
        with self.storage.reading() as tx:
            entries = read_bank(tx)
        made = calibrate(probes_of(entries, self.phrasebook, progress))
        if keep:
            step = made.at(made.sure)
            figures: dict[str, float | int | None] = {
                "precision": step.precision,
                "recall": step.recall,
                "positives": made.positives,
                "negatives": made.negatives,
            }
            with self.storage.transaction() as tx:
                model = self.phrasebook.model_id
                thresholds.store(tx, model, made.sure, made.near, figures, self._clock())
        return made

    # -- for the modules beside this one ---------------------------------------------------------

    def writer(self, author: str) -> Writer:
        hashes: Mapping[str, str] = rot.fingerprints(self._ledger())
        return Writer(storable(author)[:300], self._clock(), hashes)

    def carry(self, owed: Vectors, progress: Show = lambda _: None) -> KnowledgeError | None:
        """Brings vectors after what SQL has; a failure is logged and handed on."""
        if self.phrasebook is None:
            return None
        try:
            self.phrasebook.remove(owed.remove)
            self.phrasebook.put(owed.put, progress)
        except KnowledgeError as error:
            log.warning("annotations: %s %s", error.code, error.detail)
            return error
        return None

    def in_one(self, work: Callable[[Connection], Sequence[Vectors]]) -> Vectors:
        """Several changes in one transaction; what the phrasebook owes for all of them."""
        with self.storage.transaction() as tx:
            writing.take_turn(tx)
            owed = list(work(tx))
        return Vectors(
            tuple(one for vectors in owed for one in vectors.put),
            tuple(id_ for vectors in owed for id_ in vectors.remove),
        )
