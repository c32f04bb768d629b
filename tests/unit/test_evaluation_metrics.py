"""The figures: definitions, edges, and that what cannot be computed is null."""

import json
import math

import pytest

from bot.evaluation.intervals import auc, bootstrap, false_accepts, roc, wilson
from bot.evaluation.metrics import judge, summarize
from bot.evaluation.run import Result
from tests.support.judged import answer, found, judged, line

PROMISED = [
    "n",
    "hit@1",
    "hit@3",
    "hit@5",
    "mrr",
    "answer_accuracy",
    "refusal_precision",
    "refusal_recall",
    "citation_validity",
    "latency_ms",
]
NONE = line(answerable=False)


def test_the_promised_keys_come_first() -> None:
    summary = summarize([judged(line("10:00"), answer("10:00"))], 0.1)
    assert list(summary)[: len(PROMISED)] == PROMISED
    assert list(summary["latency_ms"]) == ["p50", "p95"]


def test_hits_and_reciprocal_ranks_are_of_answerable_questions() -> None:
    second = (found("別的"), found())
    cases = [
        judged(line("10:00"), answer("10:00")),
        judged(line("10:00"), answer("10:00"), passages=second),
        judged(line("09:00"), answer("不知道")),
        judged(NONE, answer("無資料", "no_data")),
    ]
    summary = summarize(cases, 0.1)
    assert summary["hit@1"] == pytest.approx(1 / 3, abs=1e-4)
    assert summary["hit@3"] == pytest.approx(2 / 3, abs=1e-4)
    assert summary["mrr"] == 0.5
    assert summary["answer_accuracy"] == pytest.approx(2 / 3, abs=1e-4)


def test_refusals() -> None:
    cases = [
        judged(line("10:00"), answer("無資料", "no_data")),
        judged(NONE, answer("無資料", "no_data")),
        judged(NONE, answer("10:00")),
        judged(NONE, answer("無資料", "no_data")),
        judged(NONE, answer("10:00", "extractive")),
    ]
    summary = summarize(cases, 0.1)
    assert summary["refusal_precision"] == pytest.approx(2 / 3, abs=1e-4)
    assert summary["refusal_recall"] == 0.5
    assert summary["mistakes"] == {"false_answer": 2, "false_refusal": 1}


def test_small_talk_is_no_invented_answer() -> None:
    assert judged(NONE, answer("你好", "smalltalk")).mistake is None


def test_what_has_no_cases_is_null() -> None:
    answerable = summarize([judged(line("10:00"), answer("無資料", "no_data"))], 0.1)
    assert answerable["refusal_recall"] is None
    assert answerable["refusal_precision"] is None
    assert answerable["citation_validity"] is None
    assert answerable["gate"]["auc"] is None
    unanswerable = summarize([judged(NONE, answer("10:00"))], 0.1)
    assert unanswerable["hit@1"] is unanswerable["mrr"] is unanswerable["answer_accuracy"] is None
    assert unanswerable["refusal_precision"] is None
    assert unanswerable["refusal_recall"] == 0
    assert "NaN" not in json.dumps([answerable, unanswerable, summarize([], 0.1)])


def test_retrieval_alone_refuses_by_the_gate() -> None:
    cases = [judged(line("10:00")), judged(NONE, refused_by_gate=True, confidence=0.01)]
    summary = summarize(cases, 0.1)
    assert summary["mode"] == "retrieval"
    assert (summary["refusal_precision"], summary["refusal_recall"]) == (1, 1)
    assert summary["answer_accuracy"] is None
    assert summary["latency_ms"]["p50"] == 12
    assert summary["gate"]["auc"] == 1


def test_latency_is_of_whole_answers() -> None:
    cases = [judged(line("10:00"), answer("10:00", ms=ms)) for ms in (100, 200, 300)]
    assert summarize(cases, 0.1)["latency_ms"]["p50"] == 200


def test_a_failed_search_is_counted_and_the_run_goes_on() -> None:
    summary = summarize([judge(Result(line("10:00"), problem="store.unreachable"))], 0.1)
    assert summary["counts"]["failed"] == 1
    assert summary["hit@1"] == 0


def test_partial_is_said_only_when_it_is() -> None:
    case = judged(line("10:00"))
    assert "partial" not in summarize([case], 0.1)
    assert summarize([case], 0.1, partial=True)["partial"] is True


def test_wilson_at_its_edges() -> None:
    assert wilson([]) is None
    low, high = wilson([True] * 10) or (0, 0)
    assert high == pytest.approx(1)
    assert low == pytest.approx(0.722, abs=0.001)


def test_auc_counts_ties_half() -> None:
    assert auc([1, 1], [0, 1]) == 0.75
    assert auc([], [1]) is None


def test_false_accepts_at_a_share() -> None:
    positive = [i / 100 for i in range(100)]
    assert false_accepts(positive, [0.0, 0.03, 0.2, 0.9], 0.95) == 0.5


def test_roc_runs_from_none_to_all() -> None:
    points = roc([0.9, 0.8], [0.1, 0.85])
    assert [points[0], points[-1]] == [(0, 0), (1, 1)]
    assert (0.0, 0.5) in points


def test_bootstrap_is_repeatable_and_holds_the_mean() -> None:
    values = [float(i % 7) for i in range(200)]
    low, high = bootstrap(values) or (math.nan, math.nan)
    assert (low, high) == bootstrap(values)
    assert low < sum(values) / 200 < high
