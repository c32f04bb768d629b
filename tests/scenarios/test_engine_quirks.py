"""What known servers do differently on the wire, as one table: no class per provider.

Each row: what the server lists, what it says to one question in the order of its replies, and
what comes out. `raw` bodies are streams as these servers send them.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from bot.errors import ModelEvasive
from bot.llm.base import Gate
from bot.llm.endpoint import Endpoint
from bot.llm.evasion import Evasion, Watch
from bot.llm.openai_compatible import OpenAICompatibleEngine
from bot.messages import Usage
from bot.thinking import RETRACT, strip_thinking
from tests.support.llm_server import Reply, ScriptedLLM

MESSAGES = [SystemMessage("規則。"), HumanMessage("幾點開門？")]


def sse(*events: Any, done: str = "data: [DONE]\n\n", space: str = " ") -> bytes:
    """A stream; texts are deltas of content, objects whole choices or chunks."""
    lines = []
    for event in events:
        if isinstance(event, str):
            event = {"delta": {"content": event}}
        if "choices" not in event:
            event = {"choices": [{"index": 0, **event}]}
        head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        lines.append(f"data:{space}{json.dumps({**head, **event})}\n\n")
    return ("".join(lines) + done).encode()


STOP = {"delta": {}, "finish_reason": "stop"}


@dataclass(frozen=True)
class Quirk:
    replies: tuple[Reply, ...]
    models: tuple[str, ...] | None = ("m",)
    usage: Usage | None = None
    asked: str = "m"
    """The model that is asked in the end."""


QUIRKS = {
    "vLLM: reasoning field, usage in a chunk without choices": Quirk(
        (
            Reply(raw=sse(
                {"delta": {"role": "assistant", "content": ""}},
                {"delta": {"reasoning": "想"}},
                {"delta": {"reasoning_content": "再想"}},
                "十點", "開門", STOP,
                {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2,
                                          "total_tokens": 9}},
            )),
        ),
        usage=Usage(7, 2),
    ),
    "vLLM without a reasoning parser: tags in the text": Quirk(
        (Reply(deltas=("<th", "ink>\n想", "一下\n</thi", "nk>\n\n十點", "開門"), usage=False),)
    ),
    "Qwen3 and DeepSeek templates open the thought themselves: only its end is sent": Quirk(
        (Reply(deltas=("想一下", "</think>", "十點開門"), usage=False),)
    ),
    "vLLM with Gemma: no system role (400)": Quirk(
        (
            Reply(status=400, message="System role not supported"),
            Reply("十點開門", usage=False),
        )
    ),
    "llama.cpp with Gemma: the template's complaint is a 500": Quirk(
        (
            Reply(status=500, message="Value is not callable: System role not supported at row 1"),
            Reply("十點開門", usage=False),
        )
    ),
    "Mistral's template: roles must alternate": Quirk(
        (
            Reply(status=400, message="Conversation roles must alternate user/assistant/user/…"),
            Reply("十點開門", usage=False),
        )
    ),
    "LM Studio: vectors are listed first": Quirk(
        (Reply("十點開門", usage=False),),
        models=("text-embedding-nomic-embed-text-v1.5", "qwen3-8b"),
        asked="qwen3-8b",
    ),
    "LM Studio: no space after data:, no DONE": Quirk(
        (Reply(raw=sse("十點", "開門", STOP, done="", space="")),)
    ),
    "Ollama: an empty last delta with finish_reason and usage at once": Quirk(
        (
            Reply(raw=sse(
                "十點", "開門",
                {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""},
                              "finish_reason": "stop"}],
                 "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}},
            )),
        ),
        usage=Usage(3, 4),
    ),
    "FastChat: the first delta has only a role, the end no reason": Quirk(
        (Reply(raw=sse({"delta": {"role": "assistant"}, "finish_reason": None}, "十點", "開門")),)
    ),
    "LLaMA-Factory: whole usage missing, DONE without a blank line": Quirk(
        (Reply(raw=sse("十點", "開門", STOP, done="data: [DONE]\n")),)
    ),
    "text-generation-webui: comments between events, legacy fields": Quirk(
        (
            Reply(raw=b": ping - 2026\r\n\r\n" + sse(
                {"delta": {"role": "assistant", "content": "十點"}, "logprobs": None},
                {"delta": {"content": "開門"}, "message": {"role": "assistant"}}, STOP,
            )),
        )
    ),
    "llama.cpp server: timings beside the choices": Quirk(
        (
            Reply(raw=sse(
                "十點", "開門",
                {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
                 "timings": {"predicted_per_second": 24.0}},
            )),
        )
    ),
    "OpenAI's newer models: max_completion_tokens, fixed temperature": Quirk(
        (
            Reply(status=400, message="Use 'max_completion_tokens' instead of 'max_tokens'."),
            Reply(status=400, message="'temperature' does not support 0 with this model."),
            Reply("十點開門", usage=False),
        )
    ),
    "gateways: null content, null usage, chunks without delta text": Quirk(
        (
            Reply(raw=sse(
                {"delta": {"content": None}}, "十點",
                {"choices": [{"index": 0, "delta": {"content": "開門"}}], "usage": None},
                {"choices": []}, STOP,
            )),
        )
    ),
}  # fmt: skip


@pytest.fixture
def llm() -> Iterator[ScriptedLLM]:
    with ScriptedLLM(models=("m",)) as server:
        yield server


@asynccontextmanager
async def engine(llm: ScriptedLLM) -> AsyncIterator[OpenAICompatibleEngine]:
    made = OpenAICompatibleEngine(Endpoint(llm.base_url, timeout_s=5.0), Gate(2))
    try:
        yield made
    finally:
        await made.aclose()


@pytest.mark.parametrize("name", QUIRKS)
async def test_the_answer_is_the_same_whoever_serves_it(llm: ScriptedLLM, name: str) -> None:
    quirk = QUIRKS[name]
    llm.models = quirk.models
    llm.queue(*quirk.replies)
    async with engine(llm) as made:
        generation = made.stream(MESSAGES, max_tokens=50)
        async with aclosing(generation):
            text = "".join([delta async for delta in generation])
    assert strip_thinking(text) == "十點開門"
    assert generation.usage == quirk.usage
    assert generation.model == quirk.asked == llm.chats[-1].body["model"]
    assert not generation.truncated


async def test_a_system_text_that_is_refused_opens_the_first_message_from_then_on(
    llm: ScriptedLLM,
) -> None:
    llm.queue(Reply(status=400, message="System role not supported"), "好", "好")
    more = [*MESSAGES, AIMessage("十點。"), HumanMessage("週日呢？")]
    async with engine(llm) as made:
        for _ in range(2):
            async with aclosing(made.stream(more, max_tokens=9)) as reply:
                assert [delta async for delta in reply]
    first, second, third = (chat.body["messages"] for chat in llm.chats)
    assert [message["role"] for message in first] == ["system", "user", "assistant", "user"]
    assert second == third
    assert [message["role"] for message in second] == ["user", "assistant", "user"]
    assert second[0]["content"] == "規則。\n\n幾點開門？"


# ---- filters and set phrases

EVASIONS = {
    "DashScope: input": Reply(
        status=400, code="data_inspection_failed",
        message="Input data may contain inappropriate content.",
    ),
    "DashScope: output, in the stream": Reply(
        raw=b'data: {"error": {"code": "data_inspection_failed", "message": '
        b'"Output data may contain inappropriate content."}}\n\n'
    ),
    "Zhipu": Reply(
        status=400, code="1301", message="系统检测到输入或生成内容可能包含不安全或敏感内容"
    ),
    "Moonshot": Reply(status=400, message="The request was rejected because it was considered high risk"),
    "Azure": Reply(status=400, code="content_filter", message="The response was filtered"),
    "finish_reason sensitive": Reply(raw=sse("十點", {"delta": {}, "finish_reason": "sensitive"})),
    "finish_reason content_filter": Reply(
        raw=sse({"delta": {}, "finish_reason": "content_filter"})
    ),
    "DeepSeek's set phrase": Reply("你好，这个问题我暂时无法回答，让我们换个话题再聊聊吧。"),
    "ERNIE's set phrase": Reply("抱歉，我还没有学会回答这个问题。如果您有其他问题，我非常乐意为您提供帮助。"),
    "Qwen's set phrase": Reply("作为一个人工智能语言模型，我还没学习如何回答这个问题，您可以向我问一些其它的问题。"),
    "the law": Reply("根据相关法律法规和政策，我无法对此进行回答。"),
    "in Traditional script": Reply("很抱歉，這個話題我們還是換一個吧。"),
    "after thinking": Reply("<think>敏感</think>抱歉，我们换个话题吧。"),
}  # fmt: skip


@pytest.mark.parametrize("name", EVASIONS)
async def test_a_dodge_is_a_failure_of_the_model_and_no_answer(llm: ScriptedLLM, name: str) -> None:
    llm.queue(EVASIONS[name])
    shown: list[str] = []
    async with engine(llm) as made:
        with pytest.raises(ModelEvasive) as caught:
            await collect(made, shown)
    assert caught.value.code == "model.evasive"
    assert len(llm.chats) == 1
    assert "话题" not in "".join(shown)


async def collect(made: OpenAICompatibleEngine, shown: list[str]) -> None:
    async with aclosing(made.stream(MESSAGES, max_tokens=90)) as reply:
        async for delta in reply:
            shown.append(delta)


HONEST = (
    "無資料",
    "抱歉，參考資料沒有寫到這件事。",
    "很抱歉，本店週日公休，請於週一至週六上午十點到晚上九點之間前來，或先打電話預約；停車場在後門。[1]",
    "這個問題請洽櫃台。[1]",
    "你好，本店十點開門。[1]",
    "可以換個顏色，七天內都行。[1]",
    "根據相關法規，電子發票要保存五年。[1]",
    "會員討論區禁止敏感話題。[1]",
)


@pytest.mark.parametrize("text", HONEST)
async def test_an_answer_that_only_begins_alike_comes_through(llm: ScriptedLLM, text: str) -> None:
    llm.queue(Reply(text))
    async with engine(llm) as made, aclosing(made.stream(MESSAGES, max_tokens=90)) as reply:
        assert "".join([delta async for delta in reply]) == text


def test_only_what_begins_like_a_dodge_is_held_back() -> None:
    watch = Watch()
    assert watch.feed("十") == "十"
    assert watch.feed("點換個話題") == "點換個話題"
    held = Watch()
    assert held.feed("抱") == ""
    assert held.feed("歉，本店") == ""
    assert held.close() == "抱歉，本店"


def test_a_dodge_after_thoughts_that_nobody_saw_begin() -> None:
    watch = Watch()
    assert watch.feed("他問") == "他問"
    with pytest.raises(Evasion):
        watch.feed(f"這個{RETRACT}抱歉，换个话题吧")
