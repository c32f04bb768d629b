"""Slack: connects, and hands what it hears to the desk."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import aiohttp
from fastapi import APIRouter
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from adapters.base import PlatformOff, Surroundings
from adapters.slack.api import Api
from adapters.slack.app import bolt_app
from adapters.slack.channel import SlackChannel
from adapters.slack.client import BAD_TOKEN, TIMEOUT_S, TROUBLES, code_of, web_client
from adapters.slack.directory import Directory
from adapters.slack.door import Door, House
from adapters.slack.files import Files
from adapters.slack.forms import Forms
from adapters.slack.inbound import PLATFORM, Place
from adapters.slack.indicator import Indicator
from adapters.slack.invoking import Invoking
from adapters.slack.roles import Roles
from adapters.slack.settings import section
from adapters.slack.socket import Socket
from adapters.slack.speaking import Speaker
from adapters.slack.threads import Threads
from adapters.slack.webhook import router
from bot.frontdesk.desk import FrontDesk
from bot.frontdesk.replies import Reply
from bot.inbox import ReplyChannel
from bot.messages import ConversationRef

log = logging.getLogger(__name__)

RETRY_S = (1.0, 2.0, 5.0, 15.0, 30.0)
"""Pauses before Slack is tried again at start; the last goes on."""


class SlackAdapter:
    """`adapters.base.Adapter`."""

    def __init__(self, around: Surroundings) -> None:
        self._settings = section(around.settings)
        self._web = web_client(self._settings.bot_token, self._settings.api_base)
        self._api = Api(self._web)
        self._indicator = Indicator(self._api)
        self._speaker = Speaker(self._api)
        language = self._settings.language
        self._channel = SlackChannel(self._api, self._indicator, around.say, language)
        self._directory = Directory(self._web)
        self._forms: Forms | None = None
        self._app: AsyncApp | None = None
        self._socket: Socket | None = None
        self._trying: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._problem: str | None = "starting"

    @property
    def name(self) -> str:
        return PLATFORM

    @property
    def channel(self) -> ReplyChannel:
        return self._channel

    @property
    def state(self) -> str:
        if self._problem is not None:
            return self._problem
        return "ok" if self._socket is None or self._socket.is_connected else "reconnecting"

    @property
    def may_speak_first(self) -> bool:
        return True

    def routers(self) -> Sequence[APIRouter]:
        if self._settings.app_token is not None:
            return ()
        return (router(self._settings.signing_secret or "", lambda: self._app),)

    # -- coming and going -----------------------------------------------------------------------

    async def start(self, desk: FrontDesk) -> str:
        self._web.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
        try:
            return await self._connect(desk)
        except PlatformOff:
            await self.stop()
            raise
        except TROUBLES as error:
            self._problem = code_of(error)
            self._trying = asyncio.create_task(self._try_again(desk))
            return ""

    async def _try_again(self, desk: FrontDesk) -> None:
        for attempt in range(1_000_000):
            await asyncio.sleep(RETRY_S[min(attempt, len(RETRY_S) - 1)])
            try:
                who = await self._connect(desk)
            except PlatformOff as error:
                self._problem = f"off: {error.detail.get('variable')}"
                log.error("Slack refuses %s", error.detail.get("variable"))
                return
            except TROUBLES as error:
                self._problem = code_of(error)
            else:
                log.warning("Slack can be reached again: %s", who)
                return

    async def _connect(self, desk: FrontDesk) -> str:
        """Raises PlatformOff, else what the SDK raises."""
        identity = await self._who()
        house = self._house(desk, str(identity["user_id"]))
        forms = Forms(house)
        app = bolt_app(
            identity, self._settings.api_base, Door(house), Invoking(house, forms), forms
        )
        if self._settings.app_token is not None:
            socket = Socket(app, self._settings.app_token, self._web)
            try:
                await socket.open()
            except BaseException:
                await socket.close()
                raise
            self._socket = socket
        self._forms, self._app, self._problem = forms, app, None
        return f"{identity.get('user')} @ {identity.get('team')}"

    async def _who(self) -> Mapping[str, Any]:
        try:
            said = await self._web.auth_test()
        except SlackApiError as error:
            if code_of(error) in BAD_TOKEN:
                raise PlatformOff(
                    "platform.token", platform=PLATFORM, variable="SLACK_BOT_TOKEN"
                ) from error
            raise
        assert isinstance(said.data, dict)
        return said.data

    def _house(self, desk: FrontDesk, bot_user: str) -> House:
        settings = self._settings
        return House(
            desk=desk,
            api=self._api,
            speaker=self._speaker,
            roles=Roles(self._web, settings.admins),
            directory=self._directory,
            files=Files(settings.bot_token, settings.api_base),
            threads=Threads(),
            bot_user=bot_user,
            taken_in=self._channel.taken_in,
        )

    async def stop(self) -> None:
        """Answers go out all the same until the inbox stops too."""
        self._app, self._problem = None, "stopped"
        if self._trying is not None:
            self._trying.cancel()
            with suppress(asyncio.CancelledError):
                await self._trying
        if self._socket is not None:
            await self._socket.close()
        if self._forms is not None:
            await self._forms.close()
        await self._directory.close()
        await self._indicator.close()
        session, self._web.session = self._web.session, None
        if session is not None:
            self._closing = asyncio.create_task(_closed_later(session))

    # -- speaking first -------------------------------------------------------------------------

    async def post(self, room: str, reply: Reply) -> None:
        await self._speaker.say(Place(room, None), reply)

    async def tell(self, place: ConversationRef, message_id: str | None, reply: Reply) -> None:
        await self._speaker.say(Place(place.room, place.thread), reply)


async def _closed_later(session: aiohttp.ClientSession) -> None:
    """A message that is on the wire would be sent again if its connection were torn."""
    try:
        await asyncio.sleep(TIMEOUT_S)
    finally:
        await session.close()
