"""What is sent to Discord: within its limits, by its own schema, and nothing lost."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.discord import annotate, outbound
from adapters.text import utf16
from bot.frontdesk.actions import Action
from bot.frontdesk.replies import Form, Reply
from bot.messages import Answer, Choice, Citation, Outcome
from bot.phrases import say
from tests.support import discord_schema

ID = "discord:1575772716881936400"
needs_schema = pytest.mark.skipif(
    not discord_schema.FILE.exists(), reason=f"Discord's API description is not in {discord_schema.SPECS}"
)  # fmt: skip


def answer(text: str = "十點開門。[1]", outcome: Outcome = "grounded", **more: Any) -> Answer:
    return Answer("幾點開門？", outcome, text, **more)


def citation(number: int = 1, **more: Any) -> Citation:
    given = {
        "title": f"文件{number}",
        "source": f"{number}.md",
        "locator": "第一章",
        "quote": "十點",
    }
    return Citation(**{**given, **more})


def parts(of: Answer) -> list[outbound.Message]:
    return outbound.answer_parts(of, ID, say, "zh-TW")


def embedded(made: list[outbound.Message]) -> list[dict[str, Any]]:
    return [field for part in made for embed in part["embeds"] for field in embed["fields"]]


def test_a_source_leads_to_its_heading() -> None:
    cited = citation(source="https://leaf.example/a", anchor="5af")
    assert "https://leaf.example/a#5af" in str(embedded(parts(answer(citations=(cited,)))))


def as_sent(part: outbound.Message) -> outbound.Message:
    return {
        **part,
        "nonce": "a" * 25,
        "enforce_nonce": True,
        "message_reference": {"message_id": "1"},
    }


ANSWERS = [
    answer(citations=(citation(), citation(2, source="https://leaf.example/a", locator=None))),
    answer("無資料", "no_data"),
    answer("你是問哪一個？", "clarify", choices=("甲", "都不是"), meant=(Choice(1, "甲"),)),
    answer("讓我想想", "failed", notice="模型沒有回應。"),
    answer("a" * 5000, "annotated"),
    answer("x", citations=tuple(citation(n, quote="引文" * 300) for n in range(1, 90))),
]


@needs_schema
@pytest.mark.parametrize("of", ANSWERS, ids=lambda one: f"{one.outcome}-{len(one.citations)}")
def test_every_answer_is_what_the_api_takes(of: Answer) -> None:
    for part in parts(of):
        assert discord_schema.mistakes("MessageCreateRequest", as_sent(part)) == []
        assert discord_schema.mistakes("MessageEditRequestPartial", part) == []
        assert discord_schema.mistakes("IncomingWebhookUpdateRequestPartial", part) == []
        first = {"type": 4, "data": {**part, "flags": outbound.EPHEMERAL}}
        assert discord_schema.mistakes("CreateMessageInteractionCallbackRequest", first) == []


@needs_schema
@pytest.mark.parametrize("language", ["zh-TW", "en"])
@pytest.mark.parametrize(
    "form", [Form(), Form("幾點開門？\n請問", "十點" * 4000, ID, 7, ("何時開門", "開到幾點"))]
)
def test_the_form_is_what_the_api_takes(form: Form, language: str) -> None:
    shown = {"type": 9, "data": annotate.modal(form, say, language)}
    assert discord_schema.mistakes("ModalInteractionCallbackRequest", shown) == []


@needs_schema
def test_the_schema_itself_refuses_what_is_too_long() -> None:
    """Else the tests above prove nothing."""
    part = {**parts(answer())[0], "content": "x" * 4001}
    assert discord_schema.mistakes("MessageCreateRequest", part)
    form = {"type": 9, "data": {**annotate.modal(Form(), say, "en"), "title": "x" * 46}}
    assert discord_schema.mistakes("ModalInteractionCallbackRequest", form)


# -- nothing lost ---------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=9000))
def test_a_text_of_any_length_arrives_whole(text: str) -> None:
    made = parts(answer(text))
    assert all(utf16(part["content"]) <= outbound.CONTENT for part in made)
    assert all(part["content"].strip() for part in made)
    whole = "".join(part["content"] for part in made).replace("\u200b", "")
    assert _bare(whole) == _bare(text.replace("\u200b", ""))


def _bare(text: str) -> str:
    """Without blanks, of which Discord keeps none at a message's ends, and fences."""
    return re.sub(r"[\s`~]+", "", text)


def test_a_code_block_goes_on_in_the_next_message() -> None:
    code = "\n".join(f"print({number})" for number in range(400))
    made = parts(answer(f"這樣寫：\n```python\n{code}\n```\n完。"))
    assert len(made) > 1
    assert all(part["content"].count("```") % 2 == 0 for part in made)
    assert made[1]["content"].startswith("```python\n")


def test_the_remark_beside_the_answer_is_shown() -> None:
    assert "模型沒有回應。" in parts(answer(notice="模型沒有回應。"))[0]["content"]


def test_buttons_and_sources_are_on_the_last_message() -> None:
    made = parts(answer("字" * 4500, citations=(citation(),)))
    assert [bool(part["components"]) for part in made] == [False, False, True]
    assert [bool(part["embeds"]) for part in made] == [False, False, True]
    data = [one["custom_id"] for one in made[-1]["components"][0]["components"]]
    assert data == [f"rate:+1:{ID}", f"rate:-1:{ID}"]


# -- sources --------------------------------------------------------------------------------------


def test_a_source_has_its_number_place_quote_and_address() -> None:
    cited = citation(1, source="https://leaf.example/faq", quote="十點\n開門")
    (field,) = embedded(parts(answer(citations=(cited,))))
    assert field["name"] == "[1] 文件1"
    assert field["value"] == "第一章\n> 十點 開門\nhttps://leaf.example/faq"


def test_a_file_is_no_link() -> None:
    (field,) = embedded(parts(answer(citations=(citation(locator=None),))))
    assert field["value"] == "> 十點"


def test_more_sources_than_fit_go_on_in_more_messages() -> None:
    many = tuple(citation(n, quote="引文" * 300, title="標" * 300) for n in range(1, 90))
    made = parts(answer(citations=many))
    assert len(embedded(made)) == 89
    for part in made:
        (embed,) = part["embeds"]
        texts = [embed["title"], *(one[key] for one in embed["fields"] for key in one)]
        assert sum(map(utf16, texts)) <= 6000
        assert len(embed["fields"]) <= 25
        assert all(len(one["name"]) <= 256 and len(one["value"]) <= 1024 for one in embed["fields"])


# -- buttons ----------------------------------------------------------------------------------------


def test_a_choice_too_long_for_a_button_is_spelled_out() -> None:
    long = "請問" + "很長的" * 40 + "是什麼？"
    asked = answer("是哪一個？", "clarify", choices=(long, "都不是"), meant=(Choice(3, long),))
    (part,) = parts(asked)
    assert f"1. {long}" in part["content"]
    first, second = part["components"][0]["components"]
    assert first["label"].startswith("1. 請問")
    assert utf16(first["label"]) <= outbound.LABEL
    assert (second["label"], second["custom_id"]) == ("都不是", f"pick:0:{ID}")


def test_buttons_stand_in_rows_of_five_and_never_twice() -> None:
    actions = [Action(f"{n}", f"pick:{n}:x") for n in range(7)]
    rows = outbound.rows([*actions, actions[0]])
    assert [len(row["components"]) for row in rows] == [5, 2]


# -- commands in sentences --------------------------------------------------------------------------


def test_a_command_in_a_sentence_can_be_clicked() -> None:
    text = "其他指令：/kb-reset 重新開始　/kb-bad 原因：https://leaf.example/kb-reset 與 /kb-resets"
    shown = outbound.with_commands(text, {"kb-reset": 11, "kb-bad": 12})
    assert shown == (
        "其他指令：</kb-reset:11> 重新開始　</kb-bad:12> 原因：https://leaf.example/kb-reset 與 /kb-resets"
    )


def test_a_reply_too_long_for_one_message_goes_on() -> None:
    made = outbound.reply_parts(Reply("字" * 2500, (Action("好", "human::"),)))
    assert len(made) == 2
    assert "".join(part["content"] for part in made) == "字" * 2500
    assert [bool(part["components"]) for part in made] == [False, True]


# -- the form -----------------------------------------------------------------------------------------


def test_what_was_filled_in_comes_back_with_what_it_is_about() -> None:
    form = Form("幾點開門？", "十點。", ID, 7, ("何時開門",))
    shown = annotate.modal(form, say, "zh-TW")
    assert len(shown["custom_id"]) <= 100
    sent = {
        "custom_id": shown["custom_id"],
        "components": [
            {"type": 18, "component": {**one["component"], "value": one["component"]["value"]}}
            for one in shown["components"]
        ],
    }
    assert annotate.filled(sent) == form


def test_a_form_of_something_else_is_none_of_ours() -> None:
    assert annotate.filled({"custom_id": "poll", "components": []}) is None


def test_an_answer_too_long_for_the_form_is_cut_and_that_is_said() -> None:
    shown = annotate.modal(Form("問", "答" * 4001), say, "zh-TW")
    field = shown["components"][1]
    assert len(field["component"]["value"]) == 4000
    assert field["description"] == say("form.answer_cut", limit=4000)
