"""Folding: one form for all spellings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.folding import fold


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("營業時間", "营业时间"),
        ("ＬＩＮＥ　Ｐａｙ", "line pay"),
        ("２，８００元", "2,800元"),
        ("臺北", "台北"),
        ("週一", "周一"),
        ("iPhone", "IPHONE"),
        ("㎝", "cm"),
        ("隨著", "随着"),
    ],
)
def test_spellings_of_one_thing_fold_to_one_form(left: str, right: str) -> None:
    assert fold(left) == fold(right)


@pytest.mark.parametrize(("left", "right"), [("鋼筆", "鉛筆"), ("10", "11"), ("不可以", "可以")])
def test_different_things_stay_different(left: str, right: str) -> None:
    assert fold(left) != fold(right)


@given(st.text())
def test_never_raises_and_settles_at_once(text: str) -> None:
    assert isinstance(fold(text), str)


@pytest.mark.parametrize("text", ["\ud83d", "a\udc00營業", ""])
def test_what_utf8_cannot_carry_does_not_raise(text: str) -> None:
    assert "\ud83d" not in fold(text)
