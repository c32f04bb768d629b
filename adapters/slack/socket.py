"""Socket Mode: Slack's calls over a web socket that we open, so that nothing has to be reachable.

The SDK reconnects by itself, with one flaw: where a connection fails it tries the same address
for ever, though an address is good for one connection only. A watch takes it away.
"""

import asyncio
import logging
from contextlib import suppress

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.base import PlatformOff
from adapters.slack.client import BAD_TOKEN, code_of, logger

log = logging.getLogger(__name__)

PING_S = 5.0
"""Also how long a broken connection goes unnoticed, and the pause before another attempt."""
_FIRST_S = 10.0
_STUCK = 3
"""Looks at a connection that is down before its address is given up."""


class Socket:
    def __init__(self, app: AsyncApp, token: str, web: AsyncWebClient) -> None:
        """Inside of the running loop."""
        self._handler = AsyncSocketModeHandler(
            app, token, logger("socket", logging.CRITICAL), web, ping_interval=PING_S
        )
        self._watching: asyncio.Task[None] | None = None
        self._connecting: asyncio.Task[None] | None = None

    @property
    def is_connected(self) -> bool:
        session = self._handler.client.current_session
        return session is not None and not session.closed and not self._handler.client.stale

    async def open(self) -> None:
        """Raises PlatformOff for an app token that Slack refuses, else what the SDK raises."""
        client = self._handler.client
        try:
            client.wss_uri = await client.issue_new_wss_url()
        except SlackApiError as error:
            if code_of(error) in BAD_TOKEN:
                raise PlatformOff(
                    "platform.token", platform="slack", variable="SLACK_APP_TOKEN"
                ) from error
            raise
        self._connecting = asyncio.create_task(client.connect())  # type: ignore[no-untyped-call]
        self._watching = asyncio.create_task(self._watch())
        await asyncio.wait({self._connecting}, timeout=_FIRST_S)

    async def close(self) -> None:
        """Nothing comes in any more; what is being taken in is not acknowledged, and comes
        again."""
        for task in (self._watching, self._connecting):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        await self._handler.client.close()  # type: ignore[no-untyped-call]

    async def _watch(self) -> None:
        """Tells once that the connection is gone, and once that it is back."""
        down = 0
        while True:
            await asyncio.sleep(PING_S)
            if self.is_connected:
                if down >= _STUCK:
                    log.warning("connected to Slack again")
                down = 0
                continue
            down += 1
            if down == _STUCK:
                log.warning("no connection to Slack; trying until there is one")
            if down % _STUCK == 0:
                self._handler.client.wss_uri = None
