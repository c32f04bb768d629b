"""What one server wants said differently, learnt from its refusals.

Servers differ in which optional parameters they know, and some refuse a request for
one they do not. We begin with what most of them take and drop or rename what the
message of a 400 complains about:

- OpenAI's newer models take `max_completion_tokens` and no temperature but their own;
  vLLM, llama.cpp, LM Studio, FastChat and text-generation-webui read `max_tokens`.
- `stream_options` is unknown to older servers, `chat_template_kwargs` to hosted ones.
- Chat templates such as Gemma's know no system role: its text then opens the first message.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

_NO_SYSTEM_ROLE = re.compile(
    r"system role (?:is )?not supported|(?:conversation )?roles must alternate"
    r"|(?:unexpected|unknown|invalid|unsupported)[^.]{0,30}\brole\b|only user and assistant roles"
    r"|role[^.]{0,20}\bsystem\b[^.]{0,20}(?:not|invalid|unsupported)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Dialect:
    temperature: float | None
    limit_field: str = "max_tokens"
    usage: bool = True
    no_thinking: bool = False
    fold_system: bool = False

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

    def worded(self, messages: Sequence[BaseMessage]) -> list[BaseMessage]:
        """The messages as this server takes them."""
        if not self.fold_system:
            return list(messages)
        system = [str(message.text) for message in messages if isinstance(message, SystemMessage)]
        rest = [message for message in messages if not isinstance(message, SystemMessage)]
        first = str(rest[0].text) if rest and isinstance(rest[0], HumanMessage) else None
        opening = HumanMessage("\n\n".join([*system, *([first] if first is not None else [])]))
        return [opening, *rest[0 if first is None else 1 :]]

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
        return self.folded(complaint)

    def folded(self, complaint: str) -> "Dialect | None":
        """The dialect after a chat template's complaint about the system role, which llama.cpp
        reports as an error of its own (500)."""
        if not self.fold_system and _NO_SYSTEM_ROLE.search(complaint):
            return replace(self, fold_system=True)
        return None
