"""What counts as a command, what stands behind a button, what an admin's text is read as."""

import pytest

from bot.frontdesk.actions import MAX_DATA, Tap, decode, encode, offers
from bot.frontdesk.commands import Command, parse
from bot.frontdesk.counter import DeskSettings
from bot.frontdesk.curating import Pair, read
from bot.frontdesk.desk import FrontDesk
from bot.frontdesk.uploads import safe_name
from bot.messages import Answer, Author, Choice, ConversationRef, Request
from bot.phrases import say
from tests.support.bot import NOON


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/reset", Command("reset", "")),
        ("／quota", Command("quota", "")),
        ("/ASK 幾點開門", Command("ask", "幾點開門")),
        ("/annotate\n問：a\n答：b", Command("annotate", "問：a\n答：b")),
        ("找真人", Command("human", "")),
        ("找真人！", Command("human", "")),
        ("STOP", Command("stop", "")),
        ("忘記我", Command("forgetme", "")),
    ],
)
def test_commands(text: str, command: Command) -> None:
    assert parse(text) == command


@pytest.mark.parametrize(
    "text", ["怎麼找真人鑑定鋼筆？", "/dev/null 是什麼", "/", "停車場在哪", "額度不夠怎麼辦", ""]
)
def test_questions_are_no_commands(text: str) -> None:
    assert parse(text) is None


def test_with_a_prefix_only_prefixed_names_are_ours() -> None:
    assert parse("/kb-reset", "kb-") == Command("reset", "")
    assert parse("/reset", "kb-") == Command("reset", "")  # typed by hand: meant for us
    assert parse("/other-reset", "kb-") is None


def test_button_data_comes_back() -> None:
    data = encode("rate", "+1", "slack:C1:171.5")
    assert decode(data) == Tap("rate", "+1", "slack:C1:171.5")
    assert decode("rate") is None
    assert decode("buy:1:2") is None
    with pytest.raises(ValueError, match="button data"):
        encode("rate", "+1", "x" * MAX_DATA)


def test_what_is_offered_under_an_answer() -> None:
    def kinds(answer: Answer) -> list[str]:
        return [button.data.split(":")[0] for button in offers(answer, "line:1", say, "zh-TW")]

    assert kinds(Answer("q", "grounded", "a")) == ["rate", "rate"]
    assert kinds(Answer("q", "no_data", "a")) == ["news", "human"]
    assert kinds(Answer("q", "failed", "a")) == []
    near = Answer("q", "clarify", "?", choices=("A", "都不是"), meant=(Choice(7, "A"),))
    buttons = offers(near, "line:1", say, "zh-TW")
    assert [(one.label, one.data) for one in buttons] == [
        ("A", "pick:7:line:1"),
        ("都不是", "pick:0:line:1"),
    ]


@pytest.mark.parametrize(
    ("text", "quoted", "pair"),
    [
        ("可以停車嗎 | 門口有兩格", None, Pair("可以停車嗎", "門口有兩格")),
        (
            "問：可以停車嗎？\n答：門口有兩格。\n請自取。",
            None,
            Pair("可以停車嗎？", "門口有兩格。\n請自取。"),
        ),
        ("Q: parking? A: two bays", None, Pair("parking?", "two bays")),
        ("門口有兩格", "可以停車嗎", Pair("可以停車嗎", "門口有兩格")),
        ("門口有兩格", None, None),
        ("", "可以停車嗎", None),
        ("| 只有答案", "原題", Pair("原題", "| 只有答案")),
    ],
)
def test_an_annotation_in_words(text: str, quoted: str | None, pair: Pair | None) -> None:
    assert read(text, quoted) == pair


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\價目.xlsx", "價目.xlsx"),
        (".env", "env"),
        ("", "file"),
        ("..", "file"),
        ("a\x00b?.md", "ab.md"),
    ],
)
def test_names_of_files_stay_in_their_folder(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_long_name_keeps_its_ending() -> None:
    assert safe_name("長" * 300 + ".pdf").endswith("長.pdf")
    assert len(safe_name("長" * 300 + ".pdf")) <= 121


@pytest.mark.parametrize(
    ("text", "client", "spoken"),
    [
        ("/help", None, "zh-TW"),
        ("/help", "en", "en"),
        ("/annotate what? | at ten", None, "zh-TW"),
        ("stop", None, "en"),
        ("台北店幾點開？", "en", "zh-TW"),
        ("✅", "en", "en"),
    ],
)
def test_the_language_is_of_the_words_and_not_of_a_commands_name(
    text: str, client: str | None, spoken: str
) -> None:
    desk = FrontDesk.__new__(FrontDesk)
    desk.settings = DeskSettings()
    place = ConversationRef("slack", "D1")
    asked = Request("slack:1", place, Author("slack", "U1"), text, NOON, language=client)
    assert desk.language(asked) == spoken
