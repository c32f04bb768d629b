"""An answer in OpenAI's clothes: the whole completion, and the chunks of a stream. Pure.

Shapes: https://platform.openai.com/docs/api-reference/chat/object and …/chat/streaming.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.web.chat_request import MODEL_ID
from adapters.web.wording import Language
from bot.messages import Answer
from bot.render import answer_json


@dataclass(frozen=True, slots=True)
class Reply:
    """The head that all parts of one reply share."""

    id: str
    created: int
    """Unix seconds."""
    language: Language
    prompt_text: str

    def whole(self, answer: Answer) -> dict[str, Any]:
        message = {"role": "assistant", "content": answer.text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return {
            **self._head("chat.completion"),
            "choices": [choice],
            "usage": self.usage(answer),
            "secretary": answer_json(answer, self.language),
        }

    def chunk(self, delta: Mapping[str, str]) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
        return {**self._head("chat.completion.chunk"), "choices": [choice]}

    def last_chunk(self, answer: Answer) -> dict[str, Any]:
        choice = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
        return {
            **self._head("chat.completion.chunk"),
            "choices": [choice],
            "secretary": answer_json(answer, self.language),
        }

    def usage_chunk(self, answer: Answer) -> dict[str, Any]:
        """What `stream_options.include_usage` asks for: after the last chunk, without choices."""
        return {**self._head("chat.completion.chunk"), "choices": [], "usage": self.usage(answer)}

    def usage(self, answer: Answer) -> dict[str, int]:
        prompt, completion = estimate_tokens(self.prompt_text), estimate_tokens(answer.text)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": MODEL_ID}


def estimate_tokens(text: str) -> int:
    """A rough count: one token for a wide character (汉, あ), one for four narrow ones.

    No tokenizer is asked, since many answers come from no model at all.
    """
    wide = sum(1 for char in text if unicodedata.east_asian_width(char) in "WF")
    return wide + -(-(len(text) - wide) // 4)


def closing_delta(streamed: str, final: str) -> str:
    """What a client that only adds up deltas must still be sent.

    Nothing when it has the final text, the rest when it has the beginning; the whole final
    text as a new paragraph when what it has was provisional and is no longer true.
    """
    have = streamed.strip()
    if not have:
        return final
    if final.startswith(have):
        return final[len(have) :] if final.strip() != have else ""
    return "\n\n" + final
