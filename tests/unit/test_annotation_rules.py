"""What forbids a hit, however close two questions lie."""

import pytest

from bot.annotations import exact_key, numbers_agree
from bot.annotations.closeness import closeness, common
from bot.annotations.rules import obstacles


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("第一名有什麼獎品？", "第1名有什麼獎品？"),
        ("滿 1,000 元免運嗎？", "滿一千元免運嗎？"),
        ("週六幾點開？", "星期六幾點開？"),
        ("兩個人可以嗎？", "2 個人可以嗎？"),
        ("有停車場嗎？", "可以停車嗎？"),
    ],
)
def test_the_same_numbers_in_other_clothes_agree(one: str, other: str) -> None:
    assert numbers_agree(one, other) == "same"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("第一名有什麼獎品？", "第二名有什麼獎品？"),
        ("滿 1,000 元免運嗎？", "滿 2,000 元免運嗎？"),
        ("週六幾點開？", "週日幾點開？"),
        ("G1 0.38 多少錢？", "G1 0.5 多少錢？"),
        ("S1 有貨嗎？", "S2 有貨嗎？"),
        ("年資滿半年有幾天特休？", "年資滿一年有幾天特休？"),
    ],
)
def test_another_number_is_another_question(one: str, other: str) -> None:
    assert numbers_agree(one, other) == "different"
    assert obstacles(one, other)[1], "it is not even offered"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("可以退貨嗎？", "不可以退貨的有哪些？"),
        ("幾點開門？", "幾點打烊？"),
        ("黑白影印多少錢？", "彩色影印多少錢？"),
        ("怎麼加入會員？", "怎麼退出會員？"),
        ("今天有開嗎？", "明天有開嗎？"),
    ],
)
def test_opposites_never_meet(one: str, other: str) -> None:
    assert "contrast" in obstacles(one, other)[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("可以寄到離島嗎？", "可以寄到國外嗎？"),
        ("墨水有哪些顏色？", "鋼筆有哪些顏色？"),
        ("日本的首都在哪裡？", "韓國的首都在哪裡？"),
    ],
)
def test_one_sentence_with_another_word_in_it_is_no_hit(one: str, other: str) -> None:
    assert obstacles(one, other)[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("可以退貨嗎？", "能不能退貨？"),
        ("買錯尺寸可以換嗎？", "尺寸買錯了能不能換貨？"),
    ],
)
def test_other_words_for_the_same_are_allowed(one: str, other: str) -> None:
    assert obstacles(one, other) == ((), False)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("可以退貨嗎？", "可以退貨嗎", True),
        ("可以退貨嗎？", "請問可以退货吗？謝謝", True),
        ("ＡＢＣ 有賣嗎", "abc有賣嗎？", True),
        ("1.5 公升多少錢", "15 公升多少錢", False),
        ("C++ 課程", "C 課程", False),
        ("可以退貨嗎", "可以退貨吧", False),
    ],
)
def test_spellings_of_one_question_have_one_key(one: str, other: str, same: bool) -> None:
    assert (exact_key(one) == exact_key(other)) is same


def test_a_key_fits_its_column_and_still_tells_long_questions_apart() -> None:
    one, other = "長" * 3000, "長" * 2999 + "短"
    assert len(exact_key(one)) <= 500
    assert exact_key(one) != exact_key(other)


def test_common_words_bring_two_questions_nearer() -> None:
    assert closeness(1.0, "退貨", "退貨") == 1.0
    assert common("怎麼退出會員？", "忘記會員密碼怎麼辦？") < 0.5
    stranger = closeness(0.95, "2 個人一起去有沒有折扣？", "每人限購 2 件嗎？")
    friend = closeness(0.95, "買錯尺寸可以換嗎？", "尺寸買錯了能不能換貨？")
    assert stranger < friend
