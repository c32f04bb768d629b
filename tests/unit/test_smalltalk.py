"""Small talk is caught only when the message is nothing else."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.smalltalk import clean, meaningful, route

TALK = [
    ("你好", "greeting"),
    ("您好！", "greeting"),
    ("嗨嗨～", "greeting"),
    ("哈囉", "greeting"),
    ("哈啰", "greeting"),
    ("早安☀️", "greeting"),
    ("午安", "greeting"),
    ("安安", "greeting"),
    ("晚上好", "greeting"),
    ("Hello!", "greeting"),
    ("hi there", "greeting"),
    ("Good morning", "greeting"),
    ("你好啊👋", "greeting"),
    ("嗨，你好", "greeting"),
    ("小秘書你好", "greeting"),
    ("你好小秘書", "greeting"),
    ("謝謝", "thanks"),
    ("谢谢你", "thanks"),
    ("謝謝您的幫忙！", "thanks"),
    ("感恩🙏", "thanks"),
    ("thx", "thanks"),
    ("Thank you so much!!", "thanks"),
    ("thanks", "thanks"),
    ("好的，謝謝", "thanks"),
    ("ok thanks", "thanks"),
    ("你是誰？", "identity"),
    ("你是谁", "identity"),
    ("你叫什麼名字", "identity"),
    ("您怎麼稱呼？", "identity"),
    ("你是真人嗎", "identity"),
    ("who are you?", "identity"),
    ("What's your name?", "identity"),
    ("你會做什麼？", "capabilities"),
    ("你可以幫我什麼", "capabilities"),
    ("你能做什么？", "capabilities"),
    ("怎麼用", "capabilities"),
    ("你好，你會做什麼？", "capabilities"),
    ("What can you do?", "capabilities"),
    ("help", "capabilities"),
    ("我可以問什麼", "capabilities"),
    ("掰掰", "farewell"),
    ("拜拜囉", "farewell"),
    ("再見！", "farewell"),
    ("bye bye", "farewell"),
    ("好的，謝謝，掰掰", "farewell"),
    ("好的", "acknowledgement"),
    ("OK", "acknowledgement"),
    ("了解", "acknowledgement"),
    ("嗯嗯", "acknowledgement"),
    ("知道了", "acknowledgement"),
    ("收到👌", "acknowledgement"),
    ("got it", "acknowledgement"),
]

QUESTIONS = [
    "你好，請問幾點開門？",
    "謝謝卡怎麼用",
    "早安套餐多少錢",
    "what can you do with a membership card",
    "你們是誰開的店",
    "hi 我要退貨",
    "嗨，鋼筆有賣嗎",
    "謝謝，那可以退貨嗎？",
    "會員卡怎麼用",
    "你好嗎這本書有嗎",
    "再見列車是什麼",
    "OK繃有賣嗎",
    "早餐",
    "好的筆有哪些",
    "晚安麵包",
    "hello kitty 文具有嗎",
    "Who are your suppliers?",
    "你會員制度是什麼",
    "你有什麼筆",
    "你們有什麼服務",
    "你們提供什麼",
    "有什麼",
    "ok 繃",
    "help desk 在哪",
    "你們會做什麼印章",
    "功能性墨水",
    "幫助中心電話",
    "可以退貨嗎",
    "退貨",
    "幾點",
    "營業時間",
    "了解會員制度",
    "知道哪裡有停車場嗎",
    "thanks giving sale",
    "誰",
    "你可以寄到日本嗎",
    "",
    "！！！",
]


@pytest.mark.parametrize(("text", "kind"), TALK)
def test_small_talk_is_known(text: str, kind: str) -> None:
    assert route(text) == kind


@pytest.mark.parametrize("text", QUESTIONS)
def test_questions_are_let_through(text: str) -> None:
    assert route(text) is None


@pytest.mark.parametrize("text", ["你好" * 2000, "哈" * 5000, "謝" * 5000, "好" * 3000, "~" * 5000])
def test_long_messages_cost_nothing(text: str) -> None:
    start = time.perf_counter()
    assert route(text) is None
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("營業時間？", "ok"),
        ("a", "ok"),
        ("7", "ok"),
        ("", "empty"),
        ("  \n\t", "empty"),
        ("\u200b\u202e\x00\ufeff", "empty"),
        ("😀😀", "symbols"),
        ("👨‍👩‍👧", "symbols"),
        ("？？？！！", "symbols"),
        ("…", "symbols"),
        ("字" * 2000, "ok"),
        ("字" * 2001, "too_long"),
        ("字" * 100_000, "too_long"),
        ("\x00" * 5000 + "筆", "ok"),
    ],
)
def test_meaningful(text: str, meaning: str) -> None:
    assert meaningful(text) == meaning


def test_the_limit_is_a_parameter() -> None:
    assert meaningful("四個字呀", limit=3) == "too_long"


@pytest.mark.parametrize(
    ("dirty", "plain"),
    [
        ("  營\u200b業\x07時間 \r\n", "營業時間"),
        ("\u202eabc\u202c", "abc"),
        ("一行\r\n二行\r三行", "一行\n二行\n三行"),
        ("a\tb", "a b"),
        ("👨‍👩‍👧 家庭", "👨‍👩‍👧 家庭"),
        ("字\u200d字", "字字"),
        ("\ud83d壞", "壞"),
    ],
)
def test_clean(dirty: str, plain: str) -> None:
    assert clean(dirty) == plain


@given(st.text(alphabet=st.characters()))
def test_never_raises(text: str) -> None:
    route(text)
    meaningful(text)
    clean(clean(text))
