"""Slack's Web API, and what its refusals mean for whoever wants something delivered."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.inbox import DeliveryError

T = TypeVar("T")

TIMEOUT_S = 15
LONGEST_WAIT_S = 30.0
BAD_TOKEN = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired",
     "not_allowed_token_type", "no_permission"}
)  # fmt: skip
LASTING = frozenset(
    {"channel_not_found", "not_in_channel", "is_archived", "user_not_found", "cannot_dm_bot",
     "user_not_in_channel", "messages_tab_disabled", "restricted_action", "missing_scope",
     "restricted_action_read_only_channel", "restricted_action_thread_only_channel",
     "restricted_action_non_threadable_channel", "thread_not_found", "msg_too_long",
     "msg_blocks_too_long", "invalid_blocks", "no_text", "access_denied", "team_access_not_granted",
     "ekm_access_denied", "channel_type_not_supported", "expired_url", "used_url"}
)  # fmt: skip
"""Errors that no later attempt can mend."""
TROUBLES = (SlackClientError, aiohttp.ClientError, TimeoutError, OSError)
"""What a call may raise; the first also for answers that are no JSON."""


def web_client(token: str | None, base_url: str) -> AsyncWebClient:
    """Waits once where Slack asks for it (429). A lost connection is the caller's: the SDK's own
    handler would send a message again that may have arrived."""
    return AsyncWebClient(
        token,
        base_url,
        TIMEOUT_S,
        logger=logger("web"),
        retry_handlers=[AsyncRateLimitErrorRetryHandler()],
    )


def logger(name: str, level: int = logging.INFO) -> logging.Logger:
    """For the SDK: never at DEBUG, where it writes down what people say and the tokens."""
    made = logging.getLogger(f"adapters.slack.sdk.{name}")
    made.setLevel(max(level, logging.INFO))
    if not made.filters:
        made.addFilter(_in_one_line)
    return made


def _in_one_line(record: logging.LogRecord) -> bool:
    """A network that is away is no error with a traceback, every ten seconds."""
    record.exc_info = None
    return True


def code_of(error: BaseException) -> str:
    """Slack's own word for what went wrong, or what kind of error it is."""
    if isinstance(error, SlackApiError):
        data = error.response.get("error") if _is_mapping(error.response) else None
        return str(data) if data else f"http_{status_of(error)}"
    return type(error).__name__


def status_of(error: SlackApiError) -> int:
    response: Any = error.response
    status = getattr(response, "status_code", None)
    return int(status if status is not None else getattr(response, "status", 0))


def _is_mapping(response: Any) -> bool:
    """Of an answer that is no JSON the SDK keeps text or the bare HTTP response."""
    return isinstance(getattr(response, "data", response), Mapping)


def may_have_arrived(error: BaseException | None) -> bool:
    """Whether the call may have been done although it failed: no word of Slack's says no."""
    if isinstance(error, SlackApiError):
        return status_of(error) >= 500 or (status_of(error) == 200 and not _says_why(error))
    return error is not None


def _says_why(error: SlackApiError) -> bool:
    return _is_mapping(error.response) and bool(error.response.get("error"))


def undelivered(error: BaseException) -> DeliveryError:
    """As the inbox wants to know it."""
    code = code_of(error)
    if isinstance(error, SlackApiError) and (status_of(error) == 429 or code == "ratelimited"):
        return DeliveryError(code, retry_after_s=_retry_after(error))
    return DeliveryError(code, permanent=code in LASTING)


def _retry_after(error: SlackApiError) -> float:
    headers = getattr(error.response, "headers", {}) or {}
    said = next((headers[name] for name in headers if name.lower() == "retry-after"), "")
    return float(said) if str(said).isdigit() else 1.0


async def delivered(call: Awaitable[T]) -> T:
    """The call's result. Raises DeliveryError for whatever went wrong with it."""
    try:
        return await call
    except asyncio.CancelledError:
        raise
    except TROUBLES as error:
        raise undelivered(error) from error


async def persistently(call: Callable[[], Awaitable[T]], attempts: int = 3) -> T:
    """For what is said outside of the inbox. Raises DeliveryError when the last attempt failed."""
    for attempt in range(1, attempts + 1):
        try:
            return await delivered(call())
        except DeliveryError as error:
            if error.permanent or attempt == attempts:
                raise
            await asyncio.sleep(min(error.retry_after_s or attempt, LONGEST_WAIT_S))
    raise AssertionError("unreachable")
