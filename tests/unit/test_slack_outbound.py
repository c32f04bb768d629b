"""Answers and replies as Slack's messages: whole, within its limits, calling nobody."""

import copy
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack.annotate import ANSWER, QUESTION, errors, modal, notice, sent_in
from adapters.slack.blocks import Message, as_text, buttons, without_feedback
from adapters.slack.mrkdwn import escape, link, quiet, settled
from adapters.slack.outbound import (
    asked_message,
    home_view,
    parts,
    provisional,
    reply_message,
    watched,
)
from bot.frontdesk.actions import Action, encode
from bot.frontdesk.replies import Form, Reply
from bot.messages import Answer, Author, Choice, Citation, ConversationRef, Outcome, Request
from bot.phrases import say
from tests.support import slack_rules
from tests.support.bot import NOON

PLACE = ConversationRef("slack", "C1", "17.1", "U1")
ASKED = Request("slack:C1:17.1", PLACE, Author("slack", "U1"), "幾點開門？", NOON)
CITED = Citation("營業時間", "docs/營業.md", "平日 › 第 2 頁", "平日上午十點開門，晚上九點打烊。")
needs_contract = pytest.mark.skipif(
    not slack_rules.CONTRACT.exists(), reason=f"no {slack_rules.CONTRACT}"
)


def answered(text: str = "十點。[1]", outcome: Outcome = "grounded", **more: Any) -> Answer:
    return Answer(ASKED.text, outcome, text, **more)


def shown(answer: Answer) -> list[Message]:
    return parts(ASKED, answer, say, "zh-TW")


def kinds(message: Message) -> list[str]:
    return [block["type"] for block in message["blocks"]]


def refused(method: str, message: Message) -> list[str]:
    address = {"channel": "C1", **({"ts": "17.2"} if method == "chat.update" else {})}
    return slack_rules.broken(method, {**address, **message})


def test_an_answer_has_its_sources_and_thumbs_at_the_end() -> None:
    [message] = shown(answered(citations=(CITED,), notice="目前只用字面檢索。"))
    assert kinds(message) == ["markdown", "context", "context", "context", "context_actions"]
    source = message["blocks"][3]["elements"][0]["text"]
    assert source == "[1] 營業時間 · 平日 › 第 2 頁\n「平日上午十點開門，晚上九點打烊。」"
    element = message["blocks"][4]["elements"][0]
    assert element["positive_button"]["value"] == encode("rate", "+1", ASKED.id)
    assert element["negative_button"]["value"] == encode("rate", "-1", ASKED.id)
    assert message["text"] == "十點。[1]"


def test_a_source_on_the_web_is_a_link() -> None:
    page = replace(CITED, source="https://shop.example/hours?a=1&b=2", title="營業 <時間>|店")
    [message] = shown(answered(citations=(page,)))
    source = message["blocks"][2]["elements"][0]["text"]
    assert source.startswith("[1] <https://shop.example/hours?a=1&amp;b=2|營業 &lt;時間&gt;｜店>")
    [message] = shown(answered(citations=(replace(page, anchor="5af"),)))
    assert "<https://shop.example/hours?a=1&amp;b=2#5af|" in str(message["blocks"][2])


@pytest.mark.parametrize("outcome", ["failed", "busy", "over_quota", "smalltalk"])
def test_what_is_no_answer_has_no_thumbs(outcome: Outcome) -> None:
    [message] = shown(answered("沒成。", outcome))
    assert kinds(message) == ["markdown"]


def test_no_data_offers_news_and_a_person() -> None:
    [message] = shown(answered("無資料。", "no_data"))
    assert [one["value"] for one in message["blocks"][-1]["elements"]] == [
        encode("news", "", ASKED.id),
        encode("human"),
    ]


def test_choices_that_are_too_long_for_a_button_are_read_above() -> None:
    long = "這是一個非常長的問題，" * 10
    meant = (Choice(1, long), Choice(2, "短的？"))
    answer = answered("你是指？", "clarify", choices=(long, "短的？", "都不是"), meant=meant)
    [message] = shown(answer)
    assert kinds(message) == ["markdown", "section", "actions"]
    assert long in message["blocks"][1]["text"]["text"]
    assert [one["value"] for one in message["blocks"][2]["elements"]] == [
        encode("pick", number, ASKED.id) for number in (1, 2, 0)
    ]


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(alphabet=st.sampled_from("甲乙丙 ab1。！\n-*`|<>&@😀"), max_size=30_000).filter(
        lambda one: one.strip() != ""
    )
)
def test_nothing_of_a_text_is_lost(text: str) -> None:
    messages = shown(answered(text, citations=(CITED,) * 3))
    written = "".join(
        block["text"] for one in messages for block in one["blocks"] if block["type"] == "markdown"
    )
    assert letters(written) == letters(text)
    for message in messages:
        assert refused("chat.postMessage", message) == []
        assert refused("chat.update", message) == []


def letters(text: str) -> str:
    """Without code fences, which are closed and opened again, and what nobody sees."""
    return re.sub(r"[\s`\u2060]", "", text)


def test_a_very_long_answer_is_several_messages_with_the_buttons_on_the_last() -> None:
    lines = [f"第{number}條規定要記得帶會員卡並且核對姓名。" for number in range(2000)]
    messages = shown(answered("\n".join(lines), citations=(CITED,) * 20))
    assert len(messages) > 3
    assert [kinds(one)[-1] for one in messages].count("context_actions") == 1
    assert kinds(messages[-1])[-1] == "context_actions"
    whole = "".join(block.get("text", "") for one in messages for block in one["blocks"][:1])
    assert [line for line in lines if line not in whole] == []
    assert [refused("chat.postMessage", one) for one in messages] == [[]] * len(messages)


def test_many_sources_with_long_titles_still_fit() -> None:
    many = tuple(
        Citation("題" * 400, f"https://shop.example/{'a' * 400}", "章" * 400, "字" * 500)
        for _ in range(60)
    )
    messages = shown(answered(citations=many))
    assert [refused("chat.postMessage", one) for one in messages] == [[]] * len(messages)
    text = "\n".join(as_text(one["blocks"]) for one in messages)
    assert [number for number in range(1, 61) if f"[{number}] " not in text] == []


# -- calling nobody -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "loud",
    ["<!channel>", "<!here|hey>", "<!everyone>", "<!subteam^S1>", "<@U123>", "<@W123|joe>",
     "@channel", "@here", "@everyone 早", "（@Channel）"],
)  # fmt: skip
def test_what_would_call_somebody_is_broken_up(loud: str) -> None:
    calls = re.compile(r"<[!@]|@(?:channel|here|everyone)", re.IGNORECASE)
    assert calls.search(loud)
    assert not calls.search(quiet(loud))
    assert quiet(loud).replace("\u2060", "") == loud
    assert not calls.search(escape(loud))
    assert not calls.search(watched(f"{loud} 好"))


@pytest.mark.parametrize(
    "harmless",
    [
        "a@here.example",
        "https://medium.example/@channel-7",
        "@property",
        "<!-- 註 -->",
        "x < y",
        "@",
    ],
)
def test_what_calls_nobody_stays_as_it_is(harmless: str) -> None:
    assert quiet(harmless) == harmless


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(["<", "!", "@", "channel", "here", "U12", ">", " ", "字", "every",
                                 "one", "ne", "cha", "/"]), max_size=14))  # fmt: skip
def test_what_is_watched_only_grows(pieces: list[str]) -> None:
    """A stream takes nothing back."""
    before = ""
    for end in range(len(pieces) + 1):
        now = watched("".join(pieces[:end]))
        assert now.startswith(before)
        before = now


def test_an_end_that_may_become_a_call_waits() -> None:
    assert settled("好 @chan") == "好 "
    assert settled("好 <") == "好 "
    assert settled("好 @channel 來") == "好 @channel 來"


@pytest.mark.parametrize("text", ["a & b < c > d", "<https://x|y>", "&amp;"])
def test_entities_are_written_once(text: str) -> None:
    import html

    assert html.unescape(escape(text)) == text


def test_a_link_cannot_be_broken_out_of() -> None:
    assert link("https://x/?a|b>c", "看|這\n裡") == "<https://x/?a%7Cb&gt;c|看｜這 裡>"


# -- other messages -----------------------------------------------------------------------------


@needs_contract
@pytest.mark.parametrize(
    "message",
    [
        reply_message(Reply("好的。")),
        reply_message(Reply("長" * 9000, (Action("加入", encode("file", "yes", "t"), "good"),))),
        reply_message(Reply("a < b & c\n第二行", tuple(Action("x" * 90, "human::") for _ in "ab"))),
        asked_message("ann", "幾點？ <!channel> @here", say, "zh-TW"),
        provisional("平日上午"),
        {"text": "表決", "blocks": without_feedback(shown(answered())[0]["blocks"])},
    ],
    ids=["short", "long", "escaped", "asked", "provisional", "no-feedback"],
)
def test_every_other_message_is_one_that_slack_takes(message: Message) -> None:
    for method in ("chat.postMessage", "chat.postEphemeral", "chat.update"):
        more = {"user": "U1"} if method == "chat.postEphemeral" else {}
        assert refused(method, {**message, **more}) == []


def test_without_feedback_buttons_there_are_two_ordinary_ones() -> None:
    before = shown(answered())[0]["blocks"]
    plain = without_feedback(copy.deepcopy(before))
    assert [one["value"] for one in plain[-1]["elements"]] == [
        encode("rate", "+1", ASKED.id),
        encode("rate", "-1", ASKED.id),
    ]


def test_a_button_says_no_more_than_fits() -> None:
    [row] = buttons([Action("很長" * 60, "human::")])
    assert len(row["elements"][0]["text"]["text"]) == 75


def test_nobody_is_called_by_a_question_that_is_shown() -> None:
    message = asked_message("ann", "<@U123> 說 <!channel>", say, "zh-TW")
    assert "<" not in message["text"].replace("&lt;", "")
    assert "@ann" in message["text"]


# -- the form -----------------------------------------------------------------------------------


@needs_contract
@pytest.mark.parametrize("language", ["zh-TW", "en"])
@pytest.mark.parametrize(
    "form",
    [
        Form(),
        Form("幾點？", "十點。", "slack:C1:17.1"),
        Form("問" * 5000, "答" * 5000, cluster_id=7, aliases=("a", "b")),
    ],
    ids=["empty", "filled", "long"],
)
def test_the_form_is_one_that_slack_opens(form: Form, language: str) -> None:
    view = modal(form, say, language)
    assert slack_rules.broken("views.open", {"trigger_id": "t", "view": view}) == []
    after = notice("好的", say, language)
    assert slack_rules.broken("views.open", {"trigger_id": "t", "view": after}) == []


@needs_contract
def test_the_home_page_is_one_that_slack_shows() -> None:
    view = home_view(say("desk.help_admin", p=""))
    assert slack_rules.broken("views.publish", {"user_id": "U1", "view": view}) == []


def test_what_is_sent_in_comes_back_with_what_it_is_about() -> None:
    view = modal(Form("幾點？", "十點。", "slack:C1:17.1", 3), say, "zh-TW")
    values = {
        "question": {"text": {"value": " 幾點開門？ "}},
        "answer": {"text": {"value": "九點半。"}},
        "aliases": {"text": {"value": "何時開門\n\n 開門時間 "}},
    }
    form = sent_in({**view, "state": {"values": values}})
    assert form == Form("幾點開門？", "九點半。", "slack:C1:17.1", 3, ("何時開門", "開門時間"))


def test_a_cut_answer_is_said_to_be_cut() -> None:
    long = modal(Form("q", "答" * 3001), say, "zh-TW")
    assert "3000" in long["blocks"][1]["hint"]["text"]
    assert "3000" not in modal(Form("q", "答"), say, "zh-TW")["blocks"][1]["hint"]["text"]


def test_an_error_stands_at_its_field() -> None:
    assert errors("annotation.question_empty", "x") == {QUESTION: "x"}
    assert errors("annotation.answer_empty", "x") == {ANSWER: "x"}
