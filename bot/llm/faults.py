"""From the SDK's exceptions to ours, and whether another attempt may help."""

import asyncio
import random
from collections.abc import Mapping
from typing import Any

import openai

from bot.errors import (
    ModelBusy,
    ModelError,
    ModelGarbage,
    ModelRejected,
    ModelUnavailable,
)
from bot.llm.complaints import dodged, too_slow
from bot.llm.endpoint import Endpoint
from bot.llm.evasion import is_servers_refusal

MALFORMED = (ValueError, TypeError, LookupError, AttributeError)
"""What the SDK and LangChain raise over a reply that is not in the protocol: broken JSON or
UTF-8, lists where objects belong, no chunk at all."""

_LONGEST_RETRY_AFTER_S = 5.0
_FIRST_PAUSE_S = 0.25
_REASON_CHARS = 200


class Fault(Exception):
    """One attempt failed: what to tell, and what could be done about it."""

    def __init__(
        self,
        error: ModelError,
        *,
        retry: bool = False,
        retry_after: float | None = None,
        status: int | None = None,
        message: str = "",
    ) -> None:
        super().__init__(error)
        self.error = error
        self.retry = retry
        self.status = status
        self.message = message
        self._retry_after = retry_after

    async def pause(self, attempt: int) -> bool:
        """Wait as long as the server asks, else exponentially; False when that is too long."""
        if (asked := self._retry_after) is not None and asked > _LONGEST_RETRY_AFTER_S:
            return False
        jittered = _FIRST_PAUSE_S * 2**attempt * random.uniform(0.5, 1.5)
        await asyncio.sleep(max(asked or 0.0, jittered))
        return True


def translate(error: Exception, endpoint: Endpoint) -> Fault:
    """The fault behind `error`, an `openai.OpenAIError` or one of `MALFORMED`."""
    if isinstance(error, openai.APIError) and _is_dodge(error):
        return Fault(dodged(endpoint))
    if isinstance(error, openai.APIStatusError):
        return _status(error, endpoint)
    if isinstance(error, openai.APIConnectionError):
        return _connection(error, endpoint)
    if isinstance(error, openai.APIError):  # an error event in the middle of a stream
        return _server_error(error, "200", endpoint)
    if "No generation chunks" in str(error):  # LangChain's word for a stream without any
        return Fault(ModelGarbage("model.empty", base_url=endpoint.shown_url))
    reason = f"{type(error).__name__}: {_short(str(error), endpoint)}"
    return Fault(ModelGarbage("model.garbage", base_url=endpoint.shown_url, reason=reason))


def _connection(error: openai.APIConnectionError, endpoint: Endpoint) -> Fault:
    cause = error.__cause__ or error.__context__
    cause = cause if not isinstance(cause, openai.APIError) else cause.__cause__
    kind = type(cause).__name__
    if kind in ("ReadTimeout", "WriteTimeout"):
        return Fault(too_slow(endpoint))
    reason = _short(str(cause or error), endpoint) or kind
    detail = {"base_url": endpoint.shown_url, "reason": reason}
    if kind in ("ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol"):
        # A host that swallows packets has cost its five seconds already.
        retry = kind == "ConnectError"
        return Fault(ModelUnavailable("model.unreachable", **detail), retry=retry)
    return Fault(ModelUnavailable("model.broken_off", **detail), retry=True)


def _status(error: openai.APIStatusError, endpoint: Endpoint) -> Fault:
    status, url = error.status_code, endpoint.shown_url
    if status in (401, 403):  # their messages may repeat the key
        refused = ModelRejected("model.unauthorized", base_url=url, status=str(status))
        return Fault(refused, status=status)
    if status == 429:
        return _too_many(error, endpoint)
    if status >= 500:
        return _server_error(error, str(status), endpoint)
    reason = _message(error, endpoint)
    if status in (400, 413) and _is_too_long(error):
        rejected = ModelRejected("model.too_long", base_url=url, reason=reason)
    else:
        rejected = ModelRejected("model.rejected", base_url=url, status=str(status), reason=reason)
    return Fault(rejected, status=status, message=reason)


def _too_many(error: openai.APIStatusError, endpoint: Endpoint) -> Fault:
    if error.code == "insufficient_quota":  # OpenAI's word for an empty purse: waiting is vain
        return Fault(ModelRejected("model.no_credit", base_url=endpoint.shown_url))
    busy = ModelBusy("model.busy", base_url=endpoint.shown_url)
    return Fault(busy, retry=True, retry_after=_retry_after(error.response.headers), status=429)


def _server_error(error: openai.APIError, status: str, endpoint: Endpoint) -> Fault:
    down = ModelUnavailable(
        "model.server_error",
        base_url=endpoint.shown_url,
        status=status,
        reason=_message(error, endpoint),
    )
    after = None
    if isinstance(error, openai.APIStatusError):
        after = _retry_after(error.response.headers)
    number = error.status_code if isinstance(error, openai.APIStatusError) else None
    message = _message(error, endpoint)
    return Fault(down, retry=True, retry_after=after, status=number, message=message)


def _is_dodge(error: openai.APIError) -> bool:
    """Filters answer with 400, some with 403 or 421, or with an event in the stream."""
    status = error.status_code if isinstance(error, openai.APIStatusError) else 200
    return status < 500 and is_servers_refusal(f"{error.code} {error.type} {error.message}")


def _is_too_long(error: openai.APIError) -> bool:
    # OpenAI and vLLM: context_length_exceeded or "maximum context length";
    # llama.cpp: exceed_context_size_error.
    text = f"{error.code} {error.type} {error.message}".lower()
    return any(sign in text for sign in ("context_length", "context length", "context_size"))


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds; the form with a date is rare and counts as not given."""
    try:
        return max(float(headers.get("retry-after", "")), 0.0)
    except ValueError:
        return None


def _message(error: openai.APIError, endpoint: Endpoint) -> str:
    body: Any = error.body
    told = body.get("message") if isinstance(body, Mapping) else None
    return _short(told if isinstance(told, str) else error.message, endpoint)


def _short(text: str, endpoint: Endpoint) -> str:
    if endpoint.api_key:
        text = text.replace(endpoint.api_key, "***")
    return " ".join(text.split())[:_REASON_CHARS]
