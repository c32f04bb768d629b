"""Lexical vectors are BM25, whatever script, width or case the two sides use."""

import math
from collections import Counter

import numpy as np
import pytest

from knowledge.sparse import (
    K1,
    content,
    document_counts,
    document_vector,
    idf,
    query_terms,
    query_vector,
    term_id,
    terms,
)


def test_terms_are_characters_their_pairs_and_whole_latin_runs() -> None:
    assert terms("会员卡 a5-120 ok") == [
        "会", "员", "会员", "卡", "员卡", "a5-120", "a", "5", "120", "ok"
    ]  # fmt: skip


def test_a_pair_never_spans_a_gap() -> None:
    assert "员卡" not in terms("会员，卡")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("會員卡", "会员卡"),
        ("ＡＢＣ１２３", "abc123"),
        ("星期日", "週日"),
        ("禮拜天", "週日"),
    ],
)
def test_both_sides_meet_whatever_their_spelling(one: str, other: str) -> None:
    assert document_counts(one) == document_counts(other)


def test_question_words_are_not_asked_for() -> None:
    assert terms(content("請問鋼筆的保固是多久？")) == terms(content("鋼筆的保固是多久"))
    assert term_id("什么") not in query_terms("什麼是燙金？")


def test_a_question_of_question_words_only_keeps_them() -> None:
    assert query_terms("為什麼") != set()


def test_the_dot_product_is_bm25() -> None:
    counts = document_counts("鋼筆 鋼筆 墨水")
    document = document_vector(counts)
    query, total = query_vector(query_terms("鋼筆"), {}, 10)
    weights = dict(zip(query.indices.tolist(), query.values.tolist(), strict=True))
    score = sum(
        weights.get(index, 0.0) * value
        for index, value in zip(document.indices.tolist(), document.values.tolist(), strict=True)
    )
    frequency, length = 2, sum(counts.values())
    saturated = frequency * (K1 + 1) / (frequency + K1 * (0.25 + 0.75 * length / 470.0))
    assert score == pytest.approx(3 * idf(0, 10) * saturated, rel=1e-5)
    assert total == pytest.approx(3 * idf(0, 10), rel=1e-5)


def test_rare_terms_weigh_more_and_no_weight_is_negative() -> None:
    assert idf(1, 100) > idf(50, 100) > idf(100, 100) > 0
    assert idf(0, 0) == pytest.approx(math.log(2))


def test_an_empty_passage_has_an_empty_vector() -> None:
    assert document_vector(Counter()).indices.size == 0
    assert document_vector(Counter()).values.dtype == np.float32
