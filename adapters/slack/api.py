"""What we ask of Slack, one method a call; remembers what a workspace does not offer."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from adapters.slack.blocks import Message, as_text, without_feedback
from adapters.slack.client import TIMEOUT_S, TROUBLES, code_of, logger, undelivered
from adapters.slack.inbound import Place
from bot.inbox import DeliveryError

log = logging.getLogger(__name__)

_QUIET: dict[str, Any] = {"link_names": False, "unfurl_links": False, "unfurl_media": False}
_MARK = "secretary_part"
_LOOKED_AT = 100
"""Messages, in which one's own is looked for."""
_STREAM_IS_OVER = frozenset(
    {"message_not_in_streaming_state", "message_not_found", "streaming_mode_mismatch"}
)
_CANNOT_CHANGE = frozenset(
    {"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive"}
)
_DONE_ALREADY = frozenset({"already_reacted", "no_reaction", "message_not_found"})


class Api:
    """Raises what the SDK raises, but for `respond`."""

    def __init__(self, web: AsyncWebClient) -> None:
        self.web = web
        self._lacks: set[str] = set()

    # -- messages ---------------------------------------------------------------------------

    async def post(self, place: Place, message: Message, key: str | None = None) -> str:
        """The new message's timestamp; by its key it is found again (`posted`)."""
        mark = None if key is None else {"event_type": _MARK, "event_payload": {"key": key}}

        async def call(**shown: Any) -> Any:
            return await self.web.chat_postMessage(
                channel=place.channel, thread_ts=place.thread, metadata=mark, **_QUIET, **shown
            )

        return str((await self._shown(call, message))["ts"])

    async def posted(self, place: Place, key: str) -> str | None:
        """The message that was posted with this key, among the last ones; None also where
        nobody may look."""
        about: dict[str, Any] = {
            "channel": place.channel,
            "include_all_metadata": True,
            "limit": _LOOKED_AT,
        }
        try:
            if place.thread is None:
                found = await self.web.conversations_history(**about)
            else:
                found = await self.web.conversations_replies(ts=place.thread, **about)
        except TROUBLES as error:
            log.debug("cannot look for what was posted: %s", code_of(error))
            return None
        marks = {_key_of(one): str(one["ts"]) for one in found.get("messages") or ()}
        return marks.get(key)

    async def update(self, channel: str, ts: str, message: Message) -> bool:
        """False where that message is gone or cannot be changed any more."""

        async def call(**shown: Any) -> Any:
            return await self.web.chat_update(channel=channel, ts=ts, link_names=False, **shown)

        try:
            await self._shown(call, message)
        except SlackApiError as error:
            if code_of(error) in _CANNOT_CHANGE:
                return False
            raise
        return True

    async def whisper(self, place: Place, user: str, message: Message) -> None:
        """For one person's eyes."""

        async def call(**shown: Any) -> Any:
            return await self.web.chat_postEphemeral(
                channel=place.channel, user=user, thread_ts=place.thread, link_names=False, **shown
            )

        await self._shown(call, message)

    async def respond(self, url: str, message: Message) -> None:
        """By the address that came with a command or a tap, for whoever sent it; it lives for
        half an hour and five messages. Raises DeliveryError."""
        hook = AsyncWebhookClient(
            url, TIMEOUT_S, session=self.web.session, logger=logger("respond")
        )
        for shown in self._forms(message):
            done = await hook.send(response_type="ephemeral", replace_original=False, **shown)
            if done.status_code == 200:
                return
            if "invalid_blocks" not in done.body:
                break
        if done.status_code == 429:
            raise DeliveryError("ratelimited", retry_after_s=1.0)
        raise DeliveryError(f"http_{done.status_code}", permanent=done.status_code < 500)

    async def delete(self, channel: str, ts: str) -> None:
        await self.web.chat_delete(channel=channel, ts=ts)

    async def _shown(self, call: Callable[..., Awaitable[Any]], message: Message) -> Any:
        """With the blocks that this workspace takes; the first refusal is raised if none is."""
        refused: SlackApiError | None = None
        for shown in self._forms(message):
            try:
                done = await call(**shown)
            except SlackApiError as error:
                if not code_of(error).startswith("invalid_blocks"):
                    raise
                refused = refused or error
            else:
                if refused is not None and "blocks" in shown:
                    self._lacks.add("feedback")
                return done
        assert refused is not None
        raise refused

    def _forms(self, message: Message) -> Iterator[Message]:
        blocks = message["blocks"]
        plainer = without_feedback(blocks)
        if "feedback" not in self._lacks:
            yield {"text": message["text"], "blocks": blocks}
        if plainer != blocks or "feedback" in self._lacks:
            yield {"text": message["text"], "blocks": plainer}
        yield {"text": as_text(blocks) or message["text"]}

    # -- an answer in the making ----------------------------------------------------------------

    @property
    def can_stream(self) -> bool:
        return "streams" not in self._lacks

    async def start_stream(self, place: Place, user: str, team: str | None) -> str | None:
        """The stream's timestamp; None where there are no streams: then never again."""
        if place.thread is None or not self.can_stream:
            return None
        try:
            started = await self.web.chat_startStream(
                channel=place.channel,
                thread_ts=place.thread,
                recipient_user_id=user,
                recipient_team_id=team,
            )
        except SlackApiError as error:
            if undelivered(error).retry_after_s is None:
                log.info("no streaming here: %s", code_of(error))
                self._lacks.add("streams")
            return None
        return str(started["ts"])

    async def append(self, channel: str, ts: str, text: str) -> None:
        await self.web.chat_appendStream(channel=channel, ts=ts, markdown_text=text)

    async def stop_stream(self, channel: str, ts: str) -> None:
        """Done once is done: a stream that is over already stays so."""
        try:
            await self.web.chat_stopStream(channel=channel, ts=ts)
        except SlackApiError as error:
            if code_of(error) not in _STREAM_IS_OVER:
                raise

    # -- signs of life --------------------------------------------------------------------------

    async def status(self, place: Place, text: str) -> bool:
        """Under the thread, until something is posted there or two minutes are over. False
        where that cannot be shown."""
        if place.thread is None or "status" in self._lacks:
            return False
        try:
            await self.web.assistant_threads_setStatus(
                channel_id=place.channel, thread_ts=place.thread, status=text
            )
        except SlackApiError as error:
            if undelivered(error).retry_after_s is None:
                log.info("no status here: %s", code_of(error))
                self._lacks.add("status")
            return False
        return True

    async def react(self, channel: str, ts: str, name: str, *, on: bool) -> None:
        change = self.web.reactions_add if on else self.web.reactions_remove
        try:
            await change(channel=channel, timestamp=ts, name=name)
        except SlackApiError as error:
            if code_of(error) not in _DONE_ALREADY:
                raise


def _key_of(message: dict[str, Any]) -> str | None:
    mark = message.get("metadata") or {}
    payload = mark.get("event_payload") if mark.get("event_type") == _MARK else None
    return str(payload["key"]) if payload and "key" in payload else None
