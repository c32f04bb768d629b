"""Everything that is said on LINE is as LINE's own schema has it, within LINE's limits, and whole."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.line.annotate import KEYBOARD, prefill
from adapters.line.menu import labels_of, menu, picture
from adapters.line.outbound import MAX_TEXT, late, of_reply, pages_of, still_looking
from adapters.text import utf16
from bot.frontdesk.actions import Action, encode
from bot.frontdesk.commands import parse
from bot.frontdesk.curating import Pair, read
from bot.frontdesk.replies import Reply
from bot.messages import Answer, Author, Choice, Citation, ConversationRef, Outcome, Request
from bot.phrases import say
from tests.support import line_schema
from tests.support.bot import NOON
from tests.support.line_events import event_id, user

ANN = user("ann")
CITED = Citation("退貨辦法", "https://leaf.example/returns", "退貨 › 網路訂單", "收到後七天內" * 20)
FILE = Citation("營業時間", "營業.md", None, "平日上午十點")


def request(text: str = "可以退貨嗎？", *, admin: bool = False, **more: Any) -> Request:
    author = Author("line", ANN, is_admin=admin)
    place = ConversationRef("line", ANN)
    return Request(f"line:{event_id()}", place, author, text, NOON, **more)


def answer(text: str, outcome: Outcome = "grounded", **more: Any) -> Answer:
    return Answer("可以退貨嗎？", outcome, text, **more)


def pages(said: Answer, asked: Request | None = None) -> list[list[dict[str, Any]]]:
    made = pages_of(asked or request(), said, say, "zh-TW")
    for page in made:
        assert_sendable(page)
    return made


def assert_sendable(page: list[dict[str, Any]]) -> None:
    if (reason := line_schema.missing()) is not None:
        pytest.skip(reason)
    body = {"replyToken": "t", "messages": page}
    assert line_schema.problems("ReplyMessageRequest", body) == []
    for message in page:
        assert 0 < utf16(message.get("text", "…")) <= MAX_TEXT
        for item in message.get("quickReply", {}).get("items", []):
            assert 0 < utf16(item["action"]["label"]) <= 20
    assert len(page) <= 5


def datas(page: list[dict[str, Any]]) -> list[str]:
    items = page[-1].get("quickReply", {}).get("items", [])
    return [item["action"]["data"] for item in items]


ANSWERS = {
    "grounded": answer("七天內可以退。[1][2]", citations=(CITED, FILE), notice="模型沒有回應"),
    "extractive": answer("「七天內」[1]", "extractive", citations=(CITED,)),
    "annotated": answer("**三天**內 1*2*3", "annotated", annotation_id=4),
    "no_data": answer("無資料。", "no_data"),
    "clarify": answer(
        "你是想問：",
        "clarify",
        choices=("台北店的退貨期限是幾天，需要帶什麼證件？" * 4, "換貨", "都不是"),
        meant=(Choice(3, "退貨"), Choice(4, "換貨")),
    ),
    "smalltalk": answer("你好", "smalltalk"),
    "over_quota": answer("今天問滿了", "over_quota"),
    "busy": answer("請稍後", "busy"),
    "failed": answer("出錯了", "failed"),
}


@pytest.mark.parametrize("outcome", sorted(ANSWERS))
@pytest.mark.parametrize("admin", [False, True], ids=["customer", "admin"])
def test_every_kind_of_answer_is_one_call_that_line_takes(outcome: str, admin: bool) -> None:
    asked = request(admin=admin, reply={"quote": "q"})
    (page,) = pages(ANSWERS[outcome], asked)
    assert page[0]["quoteToken"] == "q"


def test_a_source_leads_to_its_heading() -> None:
    cited = replace(CITED, anchor="5af")
    assert "https://leaf.example/returns#5af" in str(pages(answer("七天。[1]", citations=(cited,))))


def test_votes_under_what_was_answered_and_nothing_under_failures() -> None:
    asked = request()
    votes = [encode("rate", "+1", asked.id), encode("rate", "-1", asked.id)]
    for outcome in ("grounded", "extractive", "annotated"):
        assert datas(pages(ANSWERS[outcome], asked)[0]) == votes
    for outcome in ("smalltalk", "over_quota", "busy", "failed"):
        assert datas(pages(ANSWERS[outcome], asked)[0]) == []


def test_an_admin_corrects_with_a_keyboard_that_is_filled_in() -> None:
    (page,) = pages(ANSWERS["grounded"], request(admin=True))
    action = page[-1]["quickReply"]["items"][-1]["action"]
    assert action["data"] == KEYBOARD
    assert action["inputOption"] == "openKeyboard"
    typed = parse(action["fillInText"] + "五天")
    assert typed is not None
    assert typed.name == "annotate"
    assert read(typed.rest, None) == Pair("可以退貨嗎？", "五天")


def test_what_the_keyboard_is_filled_with_fits_or_leaves_the_question_out() -> None:
    assert len(prefill("很" * 500)) <= 300
    assert "很" not in prefill("很" * 500), "half a question would be another one"


def test_sources_are_plain_lines_with_their_address() -> None:
    (page,) = pages(ANSWERS["grounded"])
    (message,) = page
    lines = message["text"].splitlines()
    assert "[1] 退貨辦法 › 退貨 › 網路訂單" in lines
    assert "https://leaf.example/returns" in lines
    assert "[2] 營業時間" in lines
    assert "營業.md" not in message["text"], "no address, and the title says it already"
    assert "※ 模型沒有回應" in lines


def test_a_model_s_markdown_is_spoken_and_an_admin_s_stars_stay() -> None:
    (page,) = pages(answer("**七天**內可退，見[說明](https://leaf.example/h)。"))
    assert page[0]["text"] == "七天內可退，見說明（https://leaf.example/h）。"
    (page,) = pages(ANSWERS["annotated"])
    assert page[0]["text"] == "**三天**內 1*2*3"


def test_choices_are_numbered_and_can_be_tapped() -> None:
    asked = request()
    (page,) = pages(ANSWERS["clarify"], asked)
    assert "\n2. 換貨\n3. 都不是" in page[0]["text"]
    assert datas(page) == [encode("pick", number, asked.id) for number in (3, 4, 0)]
    assert page[0]["quickReply"]["items"][1]["action"]["displayText"] == "換貨"


WILD = st.text(st.characters(codec=None), min_size=0, max_size=40) | st.sampled_from(
    ["```\ncode\n```\n", "👩‍👩‍👧‍👦", "𠮷野家", "é" * 30, "\ud800", "第一條。", "**", "\n\n"]
)


@given(st.lists(WILD, max_size=30), st.integers(1, 120))
def test_a_long_answer_is_cut_into_pages_and_nothing_is_lost(parts: list[str], times: int) -> None:
    text = "".join(parts) * times
    made = pages_of(request(), answer(text, "annotated"), say, "zh-TW")
    texts = [message["text"] for page in made for message in page if message["type"] == "text"]
    assert all(0 < utf16(part) <= MAX_TEXT for part in texts)
    assert all(len(page) <= 5 for page in made)
    if "```" not in text:  # a fence is closed and opened again where it is cut
        whole = text.strip().encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        assert "".join(texts) == (whole.replace("\0", "") or "…")


def test_each_page_but_the_last_has_a_button_for_the_next() -> None:
    asked = request()
    made = pages(answer("字" * 52_000, "annotated"), asked)
    assert len(made) == 3
    for number, page in enumerate(made[:-1], 1):
        assert len(page) == 5
        bubble = page[-1]["contents"]
        (button,) = bubble["footer"]["contents"]
        assert button["action"]["data"] == encode("more", number, asked.id)
        assert datas(page) == []
    assert len(datas(made[-1])) == 2


@pytest.mark.parametrize("count", range(1, 15))
def test_a_page_never_has_more_messages_than_a_call_may(count: int) -> None:
    made = pages(answer("字" * ((MAX_TEXT - 10) * count), "annotated"))
    texts = [message for page in made for message in page if message["type"] == "text"]
    assert len(texts) == count
    assert len(made) == (1 if count <= 5 else 1 + -(-(count - 5) // 4))


def test_the_promise_is_a_button_that_stays() -> None:
    for place in (0, 7):
        (message,) = still_looking("line:01", place, say, "zh-TW")
        assert_sendable([message])
        assert message["type"] == "flex"
        assert ("7" in message["altText"]) == bool(place)


def test_what_comes_late_says_what_it_is_about_if_there_is_room() -> None:
    (page,) = pages(ANSWERS["smalltalk"])
    (message,) = late(page, "可以退貨嗎？", say, "zh-TW")
    assert message["text"] == "（剛才問的「可以退貨嗎？」）\n你好"
    assert_sendable([message])
    (full,) = pages(answer("字" * MAX_TEXT, "annotated"))
    assert late(full, "可以退貨嗎？", say, "zh-TW") == full


def test_a_reply_of_the_desk_has_its_buttons() -> None:
    actions = tuple(Action(f"按鈕{number}" * 9, encode("human")) for number in range(20))
    (page,) = of_reply(Reply("要加入嗎？", actions), request(), say, "zh-TW")
    assert_sendable(page)
    assert len(datas(page)) == 13


def test_the_admins_menu_is_as_line_wants_it() -> None:
    if (reason := line_schema.missing()) is not None:
        pytest.skip(reason)
    for language in ("zh-TW", "en"):
        assert line_schema.problems("RichMenuRequest", menu(say, language, "kb-")) == []
        shown = picture(labels_of(say, language))
        assert shown.startswith(b"\x89PNG")
        assert len(shown) < 1024 * 1024


def test_the_schema_would_notice_a_wrong_payload() -> None:
    """Else the tests above would mean nothing."""
    if (reason := line_schema.missing()) is not None:
        pytest.skip(reason)
    (page,) = pages_of(request(), ANSWERS["grounded"], say, "zh-TW")
    action = page[0]["quickReply"]["items"][0]["action"]
    for broken in ({"data": "x" * 301}, {"inputOption": "openFridge"}, {"wrong": 1}):
        item = {"type": "action", "action": {**action, **broken}}
        body = {"replyToken": "t", "messages": [{**page[0], "quickReply": {"items": [item]}}]}
        assert line_schema.problems("ReplyMessageRequest", body), broken
    for message in ({"type": "text"}, {"type": "flex", "altText": "x"}, {"type": "textt"}):
        body = {"replyToken": "t", "messages": [message]}
        assert line_schema.problems("ReplyMessageRequest", body), message
