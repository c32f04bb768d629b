"""The body of POST /v1/chat/completions → a question with its history. Pure.

Fields as in https://platform.openai.com/docs/api-reference/chat/create; those that mean
nothing here (temperature, tools, …) are ignored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr, ValidationError

from adapters.web.errors import ApiError
from bot.messages import Ask, Author, Turn

MODEL_ID = "secretary"


class TextPart(BaseModel):
    model_config = ConfigDict(extra="ignore")

    type: StrictStr
    text: StrictStr | None = None


class Message(BaseModel):
    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: StrictStr | list[TextPart] | None = None


class StreamOptions(BaseModel):
    include_usage: StrictBool | None = None


class ChatRequest(BaseModel):
    model_config = ConfigDict(extra="ignore")

    model: StrictStr = MODEL_ID
    messages: list[Message] = Field(min_length=1)
    stream: StrictBool | None = None
    stream_options: StreamOptions | None = None
    user: Annotated[StrictStr, Field(max_length=150)] | None = None

    def wants_usage(self) -> bool:
        return bool(self.stream_options and self.stream_options.include_usage)


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked; `prompt_text` is all of the conversation, for the usage estimate."""

    text: str
    history: tuple[Turn, ...]
    prompt_text: str

    def ask(self, ask_id: str, asker: Author) -> Ask:
        return Ask(text=self.text, history=self.history, id=ask_id, asker=asker)


def parse(body: bytes) -> ChatRequest:
    """Raises ApiError 400 (not JSON, wrong types) or 404 (another model)."""
    try:
        request = ChatRequest.model_validate_json(body)
    except ValidationError as error:
        raise _bad_request(error) from error
    if request.model != MODEL_ID:
        raise ApiError(404, "model_not_found", param="model", model=request.model, right=MODEL_ID)
    return request


def _bad_request(error: ValidationError) -> ApiError:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return ApiError(400, "invalid_json")
    if not first["loc"]:
        return ApiError(400, "not_an_object")
    # Deeper steps of the path name branches of our own types, which help nobody.
    param = ".".join(str(step) for step in first["loc"][:3])
    return ApiError(400, "invalid_value", param=param, field=param)


def question(messages: Sequence[Message]) -> Question:
    """The last user message, and the turns before it. Raises ApiError 400.

    System, developer and tool messages are ignored: the bot's rules are its own.
    """
    spoken = [
        (m.role, _text(m, i)) for i, m in enumerate(messages) if m.role in ("user", "assistant")
    ]
    last = max((i for i, (role, _) in enumerate(spoken) if role == "user"), default=None)
    if last is None:
        raise ApiError(400, "no_question", param="messages")
    prompt_text = "\n".join(text for _, text in spoken)
    return Question(spoken[last][1], _turns(spoken[:last]), prompt_text)


def _turns(spoken: Sequence[tuple[str, str]]) -> tuple[Turn, ...]:
    """Each question with what was said to it; a greeting before any question is dropped."""
    turns: list[Turn] = []
    for role, text in spoken:
        if role == "user":
            turns.append(Turn(question=text, answer=""))
        elif turns:
            said = "\n".join(filter(None, (turns[-1].answer, text)))
            turns[-1] = Turn(turns[-1].question, said)
    return tuple(turns)


def _text(message: Message, index: int) -> str:
    content, param = message.content, f"messages.{index}.content"
    if isinstance(content, str):
        return content
    if content is None:
        # An assistant turn that only called a tool has no content; a question must have one.
        if message.role == "user":
            raise ApiError(400, "invalid_value", param=param, field=param)
        return ""
    if any(part.type != "text" or part.text is None for part in content):
        raise ApiError(400, "text_only", param=param)
    return "\n".join(part.text for part in content if part.text is not None)
