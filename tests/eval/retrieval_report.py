"""How often retrieval finds the answer, on plain and on hard questions, as a Markdown table.

    python -m tests.eval.retrieval_report --drcd DRCD.json [--data-dir DIR] [--n 1000]

A hit is chunk-level: the passage comes from the right article and holds the answer. Intervals
are 95 % bootstrap intervals that draw whole articles. The second table asks the follow-ups of
`followups.jsonl` of the sample knowledge base, with the rewrite and without.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from bot.evaluation.hits import rank
from bot.evaluation.questions import EvalLine
from bot.messages import Turn
from bot.standalone import standalone
from knowledge.ledger import sqlite_url
from knowledge.library import Library
from knowledge.retriever import HybridRetriever, Query
from knowledge.settings import KnowledgeSettings
from tests.eval.drcd import documents, questions
from tests.eval.gate_cases import paraphrases
from tests.eval.hard_sets import sampled, variants
from tests.eval.logistic import by_group
from tests.eval.worlds import drcd_world

DEPTHS = (1, 3, 5)
NOW = datetime(2026, 11, 24, 14, 0, tzinfo=ZoneInfo("Asia/Taipei"))
"""A Tuesday; 「明天」 in a follow-up is counted from here."""


@dataclass(frozen=True, slots=True)
class Row:
    """The ranks of one question set; 0 where the answer was not among the first five."""

    name: str
    ranks: tuple[int, ...]
    groups: tuple[str, ...]

    def hits(self, depth: int) -> float:
        return float(np.mean([0 < found <= depth for found in self.ranks]))

    def cell(self, depth: int) -> str:
        hit = np.array([0 < found <= depth for found in self.ranks])
        low, high = by_group(self.groups, lambda chosen: float(hit[chosen].mean()))
        return f"{hit.mean():.3f} [{low:.3f}, {high:.3f}]"

    def markdown(self) -> str:
        cells = " | ".join(self.cell(depth) for depth in DEPTHS)
        return f"| {self.name} | {len(self.ranks)} | {cells} |"


def measured(name: str, rows: Sequence[dict[str, Any]], retriever: HybridRetriever) -> Row:
    ranks = []
    for row in rows:
        line = EvalLine(row["id"], row["question"], tuple(row["answers"]), True, row["source"])
        found = retriever.search(Query((row["question"],), k=max(DEPTHS)))
        ranks.append(rank(found.passages, line) or 0)
    return Row(name, tuple(ranks), tuple(row["source"] for row in rows))


def drcd_rows(given: argparse.Namespace) -> list[Row]:
    """Plain and Simplified questions in full, the hard sets on a sample of them."""
    clean = sampled(questions(given.drcd), given.n)
    corpus = [text for _, text in documents(given.drcd)]
    hard = variants(sampled(clean, given.hard), corpus)
    sets = {
        "原題": clean,
        "簡體字": variants(clean, corpus)["simplified"],
        "刪去四成的雙字": hard["bigrams"],
        "只剩關鍵詞": hard["keywords"],
        "錯字": hard["typos"],
        "手寫改述": paraphrases(given.drcd, given.paraphrases),
    }
    with drcd_world(given.drcd, given.data_dir) as world:
        retriever = world.library.retriever
        return [measured(name, rows, retriever) for name, rows in sets.items()]


@dataclass(frozen=True, slots=True)
class FollowUp:
    line: EvalLine
    elliptical: bool


def follow_ups(file: Path) -> list[FollowUp]:
    rows = [json.loads(raw) for raw in file.read_text(encoding="utf-8").splitlines() if raw.strip()]
    return [
        FollowUp(
            EvalLine(
                row["id"],
                row["question"],
                (row["answer_contains"],),
                True,
                row["source"],
                tuple(Turn(turn["question"], turn["answer"]) for turn in row["history"]),
            ),
            row["elliptical"],
        )
        for row in rows
    ]


def follow_up_report(turns: Sequence[FollowUp], retriever: HybridRetriever) -> list[str]:
    """Markdown: hit@k of the elliptical ones, and where the rule was wrong about a question."""
    elliptical = [turn for turn in turns if turn.elliptical]
    others = [turn for turn in turns if not turn.elliptical]
    as_asked = _ranked("省略句，照原句", elliptical, retriever, rewritten=False)
    both = _ranked("省略句，原句加改寫", elliptical, retriever, rewritten=True)
    plain = _ranked("完整的問題", others, retriever, rewritten=True)
    missed = [t.line.question for t in elliptical if not _is_rewritten(t)]
    wrongly = [t.line.question for t in others if _is_rewritten(t)]
    lost = [
        t.line.question
        for t, found in zip(elliptical, both.ranks, strict=True)
        if not 0 < found <= 3
    ]
    return [
        "| 追問 | n | hit@1 | hit@3 | hit@5 |",
        "|---|---|---|---|---|",
        *(row.markdown() for row in (as_asked, both, plain)),
        "",
        f"省略句漏改 {len(missed)} 題：{'、'.join(missed) or '無'}",
        f"完整問題誤改 {len(wrongly)} 題：{'、'.join(wrongly) or '無'}",
        f"前三段沒有命中 {len(lost)} 題：{'、'.join(lost) or '無'}",
    ]


def _is_rewritten(turn: FollowUp) -> bool:
    return standalone(turn.line.question, turn.line.history, NOW).previous is not None


def _ranked(
    name: str, turns: Sequence[FollowUp], retriever: HybridRetriever, *, rewritten: bool
) -> Row:
    ranks = []
    for turn in turns:
        history = turn.line.history if rewritten else ()
        texts = standalone(turn.line.question, history, NOW).texts
        found = retriever.search(Query(texts, k=max(DEPTHS)))
        ranks.append(rank(found.passages, turn.line) or 0)
    return Row(name, tuple(ranks), tuple(str(turn.line.id) for turn in turns))


def sample_lines(file: Path) -> list[str]:
    """The follow-up table over `knowledge/sample/`, in a library of its own."""
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        settings = KnowledgeSettings(
            data_dir=data_dir, database_url=sqlite_url(data_dir), store_linger_s=0
        )
        with Library(settings) as library:
            library.ingest_sample()
            return follow_up_report(follow_ups(file), library.retriever)


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--drcd", type=Path, required=True)
    parser.add_argument("--data-dir", type=Path, default=Path("data-drcd"))
    parser.add_argument("--paraphrases", type=Path, default=Path("tests/eval/paraphrases.jsonl"))
    parser.add_argument("--followups", type=Path, default=Path("tests/eval/followups.jsonl"))
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--hard", type=int, default=300)
    given = parser.parse_args()
    rows = drcd_rows(given)
    print("| 題組 | n | hit@1 | hit@3 | hit@5 |\n|---|---|---|---|---|", flush=True)
    for row in rows:
        print(row.markdown(), flush=True)
    losses = " / ".join(f"{rows[0].hits(depth) - rows[1].hits(depth):+.3f}" for depth in DEPTHS)
    print(f"\n簡體字比原題少：{losses}\n")
    print("\n".join(sample_lines(given.followups)))


if __name__ == "__main__":
    main()
