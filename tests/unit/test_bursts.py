"""Which messages are likely to go on."""

import pytest

from bot.bursts import BURST_S, hold_for


@pytest.mark.parametrize("text", ["請問", "台北店", "我想問", "hello", "發票"])
def test_a_short_beginning_waits_for_more(text: str) -> None:
    assert hold_for(text) == BURST_S


@pytest.mark.parametrize(
    "text",
    [
        "幾點開門？",
        "有停車場嗎",
        "Open?",
        "謝謝。",
        "葉脈文具台北店平日晚上打烊的時間",
        "第一行\n第二行",
    ],
)
def test_a_whole_sentence_does_not_wait(text: str) -> None:
    assert hold_for(text) == 0
