"""Turns the DRCD reading-comprehension set into documents and evaluation lines.

The data set (Shao et al. 2018, arXiv:1806.00920; CC BY-SA 3.0, Delta Electronics) is
SQuAD-like JSON with a byte-order mark and is not part of this repository:

    python -m tests.eval.drcd DRCD.json --out DIR

writes one Markdown file per article below `DIR/docs/` and `DIR/questions.jsonl`. With
`--hide 130 --sample 200 --seed 7` only the articles that are not hidden are written, and
the questions are 200 of theirs and 200 that only the hidden articles answer.
"""

import argparse
import json
import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f]')


def documents(path: Path) -> list[tuple[str, str]]:
    """(file name, Markdown) of every article, in the order of the set."""
    return [(name, _markdown(article)) for name, article in _named(path)]


def questions(path: Path) -> list[dict[str, Any]]:
    """One evaluation line a question.

    `source` is the article's file name and `paragraph` the set's own paragraph id;
    answers that differ only between annotators are all kept, in order, once each.
    """
    return [
        {
            "id": question["id"],
            "question": question["question"],
            "answers": list(dict.fromkeys(answer["text"] for answer in question["answers"])),
            "answerable": True,
            "source": name,
            "paragraph": paragraph["id"],
        }
        for name, article in _named(path)
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    ]


def half_hidden(
    path: Path, hide: int, sample: int, seed: int
) -> tuple[list[tuple[str, str]], list[dict[str, Any]]]:
    """Documents without `hide` articles, and `sample` questions of either kind, mixed."""
    chance = random.Random(seed)
    everything = documents(path)
    hidden = set(chance.sample([name for name, _ in everything], hide))
    asked = questions(path)
    can = chance.sample([row for row in asked if row["source"] not in hidden], sample)
    cannot = chance.sample([row for row in asked if row["source"] in hidden], sample)
    rows = [*can, *(_unanswerable(row) for row in cannot)]
    chance.shuffle(rows)
    return [pair for pair in everything if pair[0] not in hidden], rows


def _unanswerable(row: dict[str, Any]) -> dict[str, Any]:
    kept = {key: row[key] for key in ("question", "paragraph")}
    return {"id": f"u-{row['id']}", "answers": [], "answerable": False, **kept}


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Writes one object a line, UTF-8, with the folder made when missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text("".join(lines), encoding="utf-8")


def _named(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Articles with file names that every file system takes, none of them twice."""
    taken: set[str] = set()
    for article in json.loads(path.read_text(encoding="utf-8-sig"))["data"]:
        stem = UNSAFE.sub("_", article["title"]).strip(". ") or "article"
        if stem.casefold() in taken:
            stem = f"{stem}-{article['id']}"
        taken.add(stem.casefold())
        yield f"{stem}.md", article


def _markdown(article: dict[str, Any]) -> str:
    body = [paragraph["context"] for paragraph in article["paragraphs"]]
    return "\n\n".join([f"# {article['title']}", *body]) + "\n"


def main() -> None:
    """Writes the documents and the questions of FILE below --out."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--hide", type=int, default=0, metavar="ARTICLES")
    parser.add_argument("--sample", type=int, default=200, metavar="QUESTIONS")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    folder: Path = given.out / "docs"
    folder.mkdir(parents=True, exist_ok=True)
    pairs, rows = documents(given.file), []
    if given.hide:
        pairs, rows = half_hidden(given.file, given.hide, given.sample, given.seed)
    for name, text in pairs:
        (folder / name).write_text(text, encoding="utf-8")
    write_jsonl(given.out / "questions.jsonl", rows or questions(given.file))


if __name__ == "__main__":
    main()
