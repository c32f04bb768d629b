"""The one module that speaks to a server through `langchain-openai`.

Importing it costs about a second; `openai_compatible` does so at first use, in a thread.
"""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

import openai
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from bot.llm.dialect import Dialect
from bot.llm.endpoint import Endpoint
from bot.llm.faults import MALFORMED, translate
from bot.messages import Usage

_NO_KEY = "unset"
"""Sent where no key is configured: without any, the SDK would take OPENAI_API_KEY from the
environment and show it to a server that it was not meant for."""
_LISTING_S = 10.0
_IDLE_CONNECTIONS = 16
"""Each request looks whether every one of them is still alive."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One chunk of a stream; the text of a thinking model's chunk may be empty."""

    text: str
    finish_reason: str | None
    usage: Usage | None


class Wire:
    """A pool of connections to one endpoint. All methods raise `Fault`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        timeout = openai.Timeout(endpoint.timeout_s, connect=endpoint.connect_timeout_s)
        # A proxy from the environment is not meant for what runs on this machine.
        trust_env = not endpoint.is_loopback
        limits = type(openai.DEFAULT_CONNECTION_LIMITS)(
            max_connections=openai.DEFAULT_CONNECTION_LIMITS.max_connections,
            # llama.cpp promises to keep a connection and closes it after every stream (seen 2026-11):
            # who asks again at once would be cut off.
            max_keepalive_connections=0 if endpoint.name == "embedded" else _IDLE_CONNECTIONS,
        )
        self._http = openai.DefaultAsyncHttpxClient(
            timeout=timeout, trust_env=trust_env, limits=limits
        )
        self._client = openai.AsyncOpenAI(
            api_key=endpoint.api_key or _NO_KEY,
            base_url=endpoint.base_url,
            max_retries=0,
            timeout=timeout,
            http_client=self._http,
        )
        self._chats: dict[str, ChatOpenAI] = {}

    async def chat(
        self, messages: Sequence[BaseMessage], model: str, max_tokens: int, dialect: Dialect
    ) -> AsyncGenerator[Piece, None]:
        """One attempt, piece by piece; closing it closes the connection."""
        arguments = dialect.arguments(model, max_tokens)
        try:
            stream = self._chat(model).astream(dialect.worded(messages), **arguments)
            async with aclosing(cast("AsyncGenerator[AIMessageChunk, None]", stream)) as chunks:
                async for chunk in chunks:
                    yield _piece(chunk)
        except (openai.OpenAIError, *MALFORMED) as error:
            # Without its context: the SDK's objects hold the headers, and so the key.
            raise translate(error, self._endpoint) from None

    async def models(self, base_url: str | None = None) -> tuple[str, ...]:
        """The names the server lists, here or under another base URL."""
        client = self._client.with_options(
            base_url=base_url or self._endpoint.base_url,
            timeout=min(self._endpoint.timeout_s, _LISTING_S),
        )
        try:
            reply = await client.models.with_raw_response.list()
            return _names(json.loads(reply.text))
        except (openai.OpenAIError, *MALFORMED) as error:
            raise translate(error, self._endpoint) from None

    async def aclose(self) -> None:
        await self._http.aclose()

    def _chat(self, model: str) -> ChatOpenAI:
        if model not in self._chats:
            self._chats[model] = self._build(model)
        return self._chats[model]

    def _build(self, model: str) -> ChatOpenAI:
        endpoint = self._endpoint
        return ChatOpenAI(
            model=model,
            api_key=SecretStr(endpoint.api_key or _NO_KEY),
            base_url=endpoint.base_url,
            max_retries=0,
            async_client=_Completions(self._client),
            timeout=self._http.timeout,
            use_responses_api=False,
            stream_chunk_timeout=None,  # the engine times the gaps itself
        )


class _Completions:
    """What ChatOpenAI calls: the SDK's transport, errors and stream, but chunks as plain dicts.

    The SDK's own `create` walks through the types of request and chunks again and again: that
    alone was a third of what the event loop spent on an answer.
    """

    def __init__(self, client: openai.AsyncOpenAI) -> None:
        self._client = client

    async def create(
        self, *, extra_body: dict[str, Any], **payload: Any
    ) -> openai.AsyncStream[object]:
        return await self._client.post(
            "/chat/completions",
            body=payload | extra_body,
            cast_to=object,
            stream=True,
            stream_cls=openai.AsyncStream[object],
        )


def _piece(chunk: AIMessageChunk) -> Piece:
    counted = chunk.usage_metadata
    usage = Usage(counted["input_tokens"], counted["output_tokens"]) if counted else None
    return Piece(str(chunk.text), chunk.response_metadata.get("finish_reason"), usage)


def _names(listing: Any) -> tuple[str, ...]:
    """Raises `TypeError` or `KeyError` for what is not a model list."""
    return tuple(str(entry["id"]) for entry in listing["data"])
