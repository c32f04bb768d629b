"""Languages told apart, Simplified turned to Taiwan's Chinese, thoughts kept from people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language import RETRACT, StreamingConverter, ThinkFilter, detect, strip_thinking, to_taiwan


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("營業時間是幾點？", "zh"),
        ("营业时间", "zh"),
        ("iPhone 15 Pro Max case 有賣嗎", "zh"),
        ("A4 影印", "zh"),
        ("優の良品在哪", "zh"),
        ("カキモリ的墨水有賣嗎", "zh"),
        ("LINE Pay 可以用嗎", "zh"),
        ("What time do you open?", "en"),
        ("How much is 小樹會員卡 per year?", "en"),
        ("opening hours", "en"),
        ("refund policy for Pilot pens", "en"),
        ("営業時間は何時ですか", "other"),
        ("ボールペン", "other"),
        ("영업 시간이 어떻게 되나요?", "other"),
        ("Во сколько вы открываетесь?", "other"),
        ("123", "other"),
        ("", "other"),
    ],
)
def test_detect(text: str, language: str) -> None:
    assert detect(text) == language


EVIDENCE = "请假程序由人事科办理。本店文件櫃質量好，台北門市在後面巷里。皇后牌墨水一瓶120元。「软件园」店週一公休。"
TRADITIONAL = "申請文件請交質量管理課，依程序辦理。台中店的皇后墨水，在后里區。"


@pytest.mark.parametrize(
    ("text", "converted"),
    [
        ("营业时间是10点。[1]", "營業時間是10點。[1]"),
        ("软件信息在这里。", "軟體資訊在這裡。"),
        # right already: nothing may move
        ("申請文件請交質量管理課，依程序辦理。", "申請文件請交質量管理課，依程序辦理。"),
        ("台灣的信息在后里。", "台灣的信息在后里。"),
        ("皇后牌墨水", "皇后牌墨水"),
        # what the evidence writes stays, what is around it is converted
        ("申請文件请交给质检课。", "申請文件請交給質檢課。"),
        ("台湾门市。", "台灣門市。"),
        ("请看 `软件.信息` 与 https://例.tw/软件 。", "請看 `软件.信息` 與 https://例.tw/软件 。"),
        ("写信到 help@软件.tw。", "寫信到 help@软件.tw。"),
        ('```\n打印("软件")\n```\n这样写。', '```\n打印("软件")\n```\n這樣寫。'),
        ("iPhone 有卖。", "iPhone 有賣。"),
        ("", ""),
    ],
)
def test_to_taiwan(text: str, converted: str) -> None:
    assert to_taiwan(text, [TRADITIONAL]) == converted


def test_one_simplified_sentence_does_not_change_its_neighbour() -> None:
    assert to_taiwan("文件在櫃台。请问柜台。") == "文件在櫃台。請問櫃檯。"


def test_a_name_quoted_from_the_evidence_is_kept() -> None:
    assert to_taiwan("「软件园」店周一公休，请留意。", [EVIDENCE]).startswith("「软件园」店")
    assert to_taiwan("「软件园」店请留意。").startswith("「軟體園」")


def test_simplified_evidence_protects_nothing_of_itself() -> None:
    assert to_taiwan("头发以后请假", ["头发以后请假"]) == "頭髮以後請假"


def test_the_evidence_decides_between_two_tai() -> None:
    assert to_taiwan("台湾门市", ["臺灣門市"]) == "臺灣門市"


def test_the_stream_converts_at_once_and_leaves_traditional_alone() -> None:
    converter = StreamingConverter()
    said = [converter.feed(delta) for delta in ["营业", "时间：皇后", " OK 文件台北"]]
    assert said == ["營業", "時間：皇后", " OK 文件台北"]


THOUGHTS = [
    ("<think>嗯</think>十點開門。", "十點開門。"),
    ("十點<thinking>a<b</thinking>開門。", "十點開門。"),
    ("<reasoning>x</reasoning>\n\n答", "答"),
    ("<THINK>x</Think>答", "答"),
    ("答<think>沒有結束", "答"),
    ("先想一下</think>答", "答"),
    ("先想</think>再想</think>答", "答"),
    ("<think>一</think><think>二</think>答", "答"),
    ("a < b 而且 c > d", "a < b 而且 c > d"),
    ("答<", "答<"),
    ("答<thin", "答"),
    ("<thanks>答", "<thanks>答"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "shown"), THOUGHTS)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_thoughts_are_dropped_wherever_the_deltas_are_cut(text: str, shown: str, size: int) -> None:
    thinking = ThinkFilter()
    deltas = [thinking.feed(text[at : at + size]) for at in range(0, len(text), size)]
    said = "".join([*deltas, thinking.close()])
    assert "think" not in said.lower()
    assert said.rpartition(RETRACT)[2].strip() == shown


@pytest.mark.parametrize(("text", "shown"), THOUGHTS)
def test_strip_thinking(text: str, shown: str) -> None:
    assert strip_thinking(text) == shown


def test_plain_text_is_not_held_back() -> None:
    thinking = ThinkFilter()
    assert [thinking.feed(delta) for delta in ["十點", " <", "b", "開門"]] == [
        "十點",
        " ",
        "<b",
        "開門",
    ]


@given(st.text(alphabet=st.characters()), st.text())
def test_never_raises(text: str, other: str) -> None:
    detect(text)
    to_taiwan(text, [other])
    strip_thinking(text + "<think" + other)
    StreamingConverter().feed(text)


@given(st.text(alphabet="營業時間皇后台文件質量程序里信息，。 aB1"))
def test_traditional_text_is_never_changed(text: str) -> None:
    assert to_taiwan(text) == text
