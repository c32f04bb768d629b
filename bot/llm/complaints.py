"""Errors about a server that do not come from the SDK, and what counts as offered."""

import re

from bot.errors import ModelEvasive, ModelGarbage, ModelRejected, ModelTimeout
from bot.llm.endpoint import Endpoint

_SHOWN_NAMES = 10
_MUTE = re.compile(r"embed|rerank|\bbge\b|\be5\b|whisper|\btts\b|dall-e|moderation", re.IGNORECASE)


def too_slow(endpoint: Endpoint) -> ModelTimeout:
    seconds = f"{endpoint.timeout_s:g}"
    return ModelTimeout("model.timeout", base_url=endpoint.shown_url, seconds=seconds)


def unknown_model(endpoint: Endpoint, model: str, names: tuple[str, ...]) -> ModelRejected:
    more = ", …" if len(names) > _SHOWN_NAMES else ""
    offered = ", ".join(names[:_SHOWN_NAMES]) + more
    url = endpoint.shown_url
    return ModelRejected("model.unknown", base_url=url, model=model, offered=offered)


def nothing_said(endpoint: Endpoint, *, thought: bool) -> ModelGarbage:
    code = "model.only_thinking" if thought else "model.empty"
    return ModelGarbage(code, base_url=endpoint.shown_url)


def dodged(endpoint: Endpoint) -> ModelEvasive:
    return ModelEvasive("model.evasive", base_url=endpoint.shown_url)


def first_talker(names: tuple[str, ...]) -> str | None:
    """The first that is not named like a model for vectors, scores, speech or pictures: some
    servers list all they have."""
    return next((name for name in names if not _MUTE.search(name)), next(iter(names), None))


def is_offered(model: str, names: tuple[str, ...]) -> bool:
    """Ollama lists `llama3` as `llama3:latest`; gateways list patterns such as `openai/*`."""
    return model in names or f"{model}:latest" in names or any("*" in name for name in names)
