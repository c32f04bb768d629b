"""Turns the DRCD reading-comprehension set into documents and evaluation lines.

The data set (Shao et al. 2018, arXiv:1806.00920; CC BY-SA 3.0, Delta Electronics) is
SQuAD-like JSON with a byte-order mark and is not part of this repository:

    python -m tests.eval.drcd DRCD.json --out DIR

writes one Markdown file per article below `DIR/docs/` and `DIR/questions.jsonl`.
"""

import argparse
import json
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
    given = parser.parse_args()
    folder: Path = given.out / "docs"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in documents(given.file):
        (folder / name).write_text(text, encoding="utf-8")
    write_jsonl(given.out / "questions.jsonl", questions(given.file))


if __name__ == "__main__":
    main()
