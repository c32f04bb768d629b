"""What one server wants said differently, learnt from its refusals.

Servers differ in which optional parameters they know, and some refuse a request for
one they do not. We begin with what most of them take and drop or rename what the
message of a 400 complains about:

- OpenAI's newer models take `max_completion_tokens` and no temperature but their own;
  vLLM, llama.cpp, LM Studio, FastChat and text-generation-webui read `max_tokens`.
- `stream_options` is unknown to older servers, `chat_template_kwargs` to hosted ones.
"""

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Dialect:
    temperature: float | None
    limit_field: str = "max_tokens"
    usage: bool = True
    no_thinking: bool = False

    def arguments(self, model: str, max_tokens: int) -> dict[str, Any]:
        """Keyword arguments of `ChatOpenAI.astream`."""
        # In the extra body, since ChatOpenAI renames max_tokens when it is an argument.
        body: dict[str, Any] = {self.limit_field: max_tokens}
        if self.no_thinking:
            body["chat_template_kwargs"] = {"enable_thinking": False}
        arguments: dict[str, Any] = {"model": model, "stream_usage": self.usage}
        if self.temperature is not None:
            arguments["temperature"] = self.temperature
        return arguments | {"extra_body": body}

    def adapted(self, complaint: str) -> "Dialect | None":
        """The dialect after a refusal that says `complaint`; None when nothing can be changed."""
        if "max_completion_tokens" in complaint and self.limit_field == "max_tokens":
            return replace(self, limit_field="max_completion_tokens")
        if "temperature" in complaint and self.temperature is not None:
            return replace(self, temperature=None)
        if "stream_options" in complaint and self.usage:
            return replace(self, usage=False)
        if "chat_template_kwargs" in complaint and self.no_thinking:
            return replace(self, no_thinking=False)
        return None
