"""What a question pins down by name, and what the passages have heard of."""

import pytest

from bot.anchors import unheard_of

CUP = "世界盃\n1954年的世界盃由西德奪冠，匈牙利屈居亞軍。"
PAY = "付款方式\n本店收現金、信用卡、LINE Pay 與街口支付。遠帆 M2 每支 480 元。"


@pytest.mark.parametrize(
    ("question", "passage", "strange"),
    [
        ("1950年世界盃的亞軍是誰？", CUP, ("1950",)),
        ("1954年世界盃的亞軍是誰？", CUP, ()),
        ("１９５４年世界盃的亞軍是誰？", CUP, ()),
        ("民國43年世界盃的亞軍是誰？", CUP, ()),
        ("1944年到2009年，一次提名幾部？", "1944年到2009年，每次提名五部。", ()),
        ("世界盃在1954年以前有冠軍嗎？", CUP, ()),
        ("954年世界盃的亞軍是誰？", CUP, ("954",)),
        ("2025年有開嗎？", CUP, ()),
        ("保固 3000 年嗎？", CUP, ()),
        ("艾達·勒芙蕾絲是哪裡人？", CUP, ("艾达·勒芙蕾丝是哪里人",)),
        ("皮特·桑普拉斯的綽號？", "彼得·桑普拉斯綽號皮斯托。", ()),
        ("可以用 Samsung Pay 嗎？", PAY, ("Samsung",)),
        ("可以用 line pay 嗎？", PAY, ()),
        ("可以用LINEPAY嗎？", PAY, ()),
        ("遠帆R7多少錢？", PAY, ("R7",)),
        ("遠帆m2多少錢？", PAY, ()),
        ("500ml 的墨水多少錢？", PAY, ()),
        ("可以 email 問嗎？", PAY, ()),
        ("Do you take Samsung Pay?", PAY, ()),
    ],
)
def test_anchors(question: str, passage: str, strange: tuple[str, ...]) -> None:
    found = unheard_of(question, passage, 2026)
    assert tuple(found) == strange
