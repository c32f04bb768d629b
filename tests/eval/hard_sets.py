"""Hard variants of a question set: what retrieval has to survive.

`bigrams`     Characters are deleted at random, the rest closed up, until at least 40 % of
              the question's character bigrams are gone (a bigram is gone when one of
              its two characters is). About a quarter of the characters go.
`keywords`    Only the two or three most telling terms remain, in their order, with
              spaces between. Terms are runs of Latin letters or digits, or Chinese
              2- to 4-grams that two documents or more contain; they are ranked by
              idf · √length. A term that stands in more than one question of fifty, and in more questions
              than documents, only asks (什麼, 哪一個) and is no keyword; nor is a term
              with a particle in it.
`typos`       One or two wrong places: a confusable character (`confusions.py`) in
              half of them, else two neighbours swapped or a random character that is
              about as frequent in the corpus. Particles are spared: a typo there
              changes nothing to search for and would only flatter the set.

A particle is a character that makes up more than 0.4 % of the corpus (的, 在, 為, 有, …).
`simplified`  OpenCC t2s.

The same seed, questions and corpus give the same variants. From the command line:

    python -m tests.eval.hard_sets --drcd DRCD.json --out DIR --n 300
"""

import argparse
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from opencc import OpenCC

from tests.eval.confusions import confusions
from tests.eval.drcd import documents, questions, write_jsonl

SEED = 20261124
DROPPED = 0.4
COMMON = 0.004
ASKING = 0.02
BAND = 25
"""A random typo comes from this many ranks above or below in the frequency list."""

Question = dict[str, Any]
Change = Callable[[str, random.Random], str]
HAN = re.compile(r"[\u3400-\u9fff]+")
WORD = re.compile(r"[A-Za-z0-9]+")


def variants(
    questions: list[Question], corpus: Iterable[str], seed: int = SEED
) -> dict[str, list[Question]]:
    """The four hard sets by name; every field but `question` is kept as it was."""
    texts = list(corpus)
    asked = [question["question"] for question in questions]
    common = particles(texts)
    keywords, typos = Keywords(texts, asked, common), Typos(texts, common)
    return {
        "bigrams": _changed(questions, drop_bigrams, seed),
        "keywords": _changed(questions, keywords.change, seed),
        "typos": _changed(questions, typos.change, seed),
        "simplified": _changed(questions, _simplifier(), seed),
    }


def _changed(questions: list[Question], change: Change, seed: int) -> list[Question]:
    rng = random.Random(seed)
    return [{**question, "question": change(question["question"], rng)} for question in questions]


def _simplifier() -> Change:
    converter = OpenCC("t2s")
    return lambda text, rng: str(converter.convert(text))


def drop_bigrams(text: str, rng: random.Random) -> str:
    """The text without so many characters that `DROPPED` of its bigrams are gone."""
    order = rng.sample(range(len(text)), len(text))
    kept = set(order)
    bigrams = len(text) - 1
    for index in order:
        alive = sum(i in kept and i + 1 in kept for i in range(bigrams))
        if alive <= bigrams * (1 - DROPPED):
            break
        kept.discard(index)
    return "".join(text[i] for i in sorted(kept))


def ngrams(text: str) -> Iterator[tuple[int, str]]:
    """(position, term) of every Latin or digit run and every Chinese 2- to 4-gram."""
    for run in WORD.finditer(text):
        yield run.start(), run.group().lower()
    for run in HAN.finditer(text):
        for size in (2, 3, 4):
            for start in range(run.start(), run.end() - size + 1):
                yield start, text[start : start + size]


def particles(texts: list[str]) -> frozenset[str]:
    """The characters that each make up more than `COMMON` of the texts' Chinese."""
    counts = Counter(char for text in texts for char in text if HAN.match(char))
    return frozenset(char for char, n in counts.items() if n > COMMON * counts.total())


class Keywords:
    """Finds the most telling terms of a question by document frequency."""

    def __init__(self, texts: list[str], asked: list[str], common: frozenset[str]) -> None:
        self._common = common
        self._in_texts = _document_frequency(texts)
        self._in_questions = _document_frequency(asked)
        self._texts, self._asked = len(texts), len(asked)

    def change(self, text: str, rng: random.Random) -> str:
        """Two or three terms that do not overlap; the text itself where none is known."""
        wanted = rng.choice((2, 3))
        chosen: list[tuple[int, str]] = []
        for start, term in sorted(ngrams(text), key=self._rank):
            apart = all(start + len(term) <= s or s + len(t) <= start for s, t in chosen)
            new = apart and term not in {t for _, t in chosen}
            if new and len(chosen) < wanted and self._telling(term):
                chosen.append((start, term))
        return " ".join(term for _, term in sorted(chosen)) or text

    def _telling(self, term: str) -> bool:
        documents = self._in_texts[term] / max(1, self._texts)
        asked = self._in_questions[term] / max(1, self._asked)
        known = self._in_texts[term] > 1 or WORD.fullmatch(term) is not None
        asking = asked > max(ASKING, documents)
        return known and not asking and self._common.isdisjoint(term)

    def _rank(self, place: tuple[int, str]) -> tuple[float, int]:
        start, term = place
        share = (self._in_texts[term] + 0.5) / (self._texts + 1)
        return math.log(share) * math.sqrt(len(term)), start


def _document_frequency(texts: Iterable[str]) -> Counter[str]:
    return Counter(term for text in texts for term in {term for _, term in ngrams(text)})


class Typos:
    """Puts wrong characters where people put them."""

    def __init__(self, texts: list[str], common: frozenset[str]) -> None:
        self._common = common
        counts = Counter(char for text in texts for char in text if HAN.match(char))
        self._ranked = sorted(counts, key=lambda char: (-counts[char], char))
        self._rank = {char: rank for rank, char in enumerate(self._ranked)}
        self._confusions = confusions()

    def change(self, text: str, rng: random.Random) -> str:
        """The text with one or two typos; as it was where it has nothing but particles."""
        for _ in range(rng.choice((1, 2))):
            han = [i for i, char in enumerate(text) if HAN.match(char)]
            if places := [i for i in han if text[i] not in self._common]:
                text = self._typo(text, places, rng)
        return text

    def _typo(self, text: str, places: list[int], rng: random.Random) -> str:
        confusable = [i for i in places if text[i] in self._confusions]
        if confusable and rng.random() < 0.5:
            at = rng.choice(confusable)
            return text[:at] + rng.choice(self._confusions[text[at]]) + text[at + 1 :]
        at = rng.choice(places)
        if rng.random() < 0.5 and at + 1 in places:
            return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        return text[:at] + self._neighbour(text[at], rng) + text[at + 1 :]

    def _neighbour(self, char: str, rng: random.Random) -> str:
        rank = self._rank.get(char, len(self._ranked))
        band = self._ranked[max(0, rank - BAND) : rank + BAND + 1]
        others = [other for other in band if other != char]
        return rng.choice(others) if others else char


def sampled(rows: list[Question], count: int, seed: int = SEED) -> list[Question]:
    """`count` questions drawn without replacement, in their first order."""
    picked = random.Random(seed).sample(range(len(rows)), min(count, len(rows)))
    return [rows[i] for i in sorted(picked)]


def main() -> None:
    """Writes the hard sets of --n questions, and those questions unchanged, below --out."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--drcd", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    clean = sampled(questions(given.drcd), given.n, given.seed)
    corpus = (text for _, text in documents(given.drcd))
    for name, rows in {"clean": clean, **variants(clean, corpus, given.seed)}.items():
        write_jsonl(given.out / f"{name}.jsonl", rows)


if __name__ == "__main__":
    main()
