"""The gate's training rows: signals of questions whose answer is, and is not, in the corpus.

clean              questions of the set, in the set's own words
paraphrase         the same kind of question in other words, written by hand
small              clean questions in a corpus of thirteen articles
small_paraphrase   paraphrases in such a corpus
tiny               clean questions in a corpus of one article, some five passages
tiny_paraphrase    paraphrases in such a corpus

Each question counts twice: as answerable, and with its whole article removed (in a small
corpus: with one more of the others in its place).
"""

import json
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.retriever import HybridRetriever, Query, Signals
from tests.eval.drcd import questions
from tests.eval.hard_sets import SEED, sampled
from tests.eval.worlds import World

OTHERS = {"small": 12, "tiny": 0}
"""Articles beside the right one."""
QUESTIONS = {"small": 300, "tiny": 100}


@dataclass(frozen=True, slots=True)
class Case:
    kind: str
    article: str
    """Source name; questions of one article are never split between folds."""
    answerable: bool
    signals: Signals


def paraphrases(drcd: Path, file: Path) -> list[dict[str, Any]]:
    """The hand paraphrases with answers and source of the questions whose ids they bear."""
    originals = {row["id"]: row for row in questions(drcd)}
    rows = [
        json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()
    ]
    return [{**originals[row["id"]], "question": row["question"]} for row in rows]


def collect(
    world: World,
    clean: list[dict[str, Any]],
    other_words: list[dict[str, Any]],
    *,
    dense: bool,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Case]:
    """All cases; `dense` is off for the retriever without an embedder."""
    sets = {"clean": clean, "paraphrase": other_words}
    for size, count in QUESTIONS.items():
        sets |= {size: sampled(clean, count), f"{size}_paraphrase": other_words}
    return [
        case for kind, rows in sets.items() for case in _cases(world, kind, rows, dense, progress)
    ]


def _cases(
    world: World,
    kind: str,
    rows: list[dict[str, Any]],
    dense: bool,
    progress: Callable[[int], None],
) -> list[Case]:
    cases: list[Case] = []
    others = OTHERS.get(kind.partition("_")[0])
    pairs = _whole(world, rows, dense) if others is None else _small(world, rows, others, dense)
    for row, with_it, without_it in pairs:
        for answerable, retriever in ((True, with_it), (False, without_it)):
            found = retriever.search(Query((row["question"],)))
            cases.append(Case(kind, row["source"], answerable, found.signals))
        progress(len(cases))
    return cases


Pair = tuple[dict[str, Any], HybridRetriever, HybridRetriever]


def _whole(world: World, rows: Iterable[dict[str, Any]], dense: bool) -> Iterator[Pair]:
    everything = world.whole(dense=dense)
    for row in rows:
        yield row, everything, world.without([row["source"]], dense=dense)


def _small(world: World, rows: Iterable[dict[str, Any]], count: int, dense: bool) -> Iterator[Pair]:
    rng, names = random.Random(SEED), sorted(world.articles.version)
    for row in rows:
        right = row["source"]
        others = rng.sample([name for name in names if name != right], count + 1)
        yield (
            row,
            world.only([right, *others[:count]], dense=dense),
            world.only(others, dense=dense),
        )


def save(path: Path, cases: Iterable[Case]) -> None:
    lines = (
        json.dumps(
            [case.kind, case.article, case.answerable, case.signals.as_dict()], ensure_ascii=False
        )
        for case in cases
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def load(path: Path) -> list[Case]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        Case(kind, article, answerable, Signals(**signals))
        for kind, article, answerable, signals in rows
    ]
