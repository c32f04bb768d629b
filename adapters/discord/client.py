"""The connection: discord.py's client, with its events handed to whoever listens."""

import logging
from typing import Any, Protocol

import discord
from discord import app_commands

from adapters.discord import transport
from adapters.discord.commands import Interaction, Phrases, add_commands
from adapters.discord.settings import DiscordSettings
from bot.frontdesk.commands import Name
from bot.phrases import say

log = logging.getLogger(__name__)

_PATIENCE_S = 30.0
"""A longer pause that Discord asks for is the inbox's to keep."""
_REMEMBERED = 1000
"""Messages, so that it is known whose was deleted."""


class Listener(Protocol):
    """What is done with events; never raises."""

    async def ready(self) -> None: ...
    async def lost(self) -> None: ...
    async def message(self, message: discord.Message) -> None: ...
    async def edited(self, message: discord.Message) -> None: ...
    async def deleted(self, message_id: int, cached: discord.Message | None) -> None: ...
    async def interaction(self, interaction: discord.Interaction[Any]) -> None: ...

    async def obey(self, interaction: Interaction, name: Name, rest: str) -> None: ...
    async def annotate(self, interaction: Interaction, message: discord.Message) -> None: ...


class SecretaryClient(discord.Client):
    """No logging is set up, no members are fetched, and nobody is ever pinged."""

    def __init__(self, settings: DiscordSettings, listener: Listener) -> None:
        # There is no voice here to miss a package for.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            intents=intents(settings),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=_REMEMBERED,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_ratelimit_timeout=_PATIENCE_S,
        )
        if settings.api_base != transport.DISCORD:
            self._go_elsewhere(settings.api_base)
        self.command_ids: dict[str, int] = {}
        self._language = settings.language
        self._listener = listener
        self.tree: app_commands.CommandTree[SecretaryClient] = Tree(self)
        add_commands(self.tree, settings.prefix, listener.obey, listener.annotate)

    def _go_elsewhere(self, base: str) -> None:
        http = transport.ElsewhereHTTP(self.loop, max_ratelimit_timeout=_PATIENCE_S)
        http.base = base
        self.http = self._connection.http = http

    @property
    def is_public(self) -> bool:
        """Whether anybody may invite it; until that is known, yes."""
        return self.application is None or self.application.bot_public

    async def setup_hook(self) -> None:
        """Commands that cannot be registered keep nobody from asking by mention."""
        if self.is_public:
            log.warning(say("discord.public", self._language))
        await self.tree.set_translator(Phrases())
        try:
            registered = await self.tree.sync()
        except (discord.HTTPException, app_commands.AppCommandError) as error:
            log.error("discord: the slash commands were not registered: %s", error)
            return
        slash = discord.AppCommandType.chat_input
        self.command_ids = {one.name: one.id for one in registered if one.type is slash}

    # -- events -----------------------------------------------------------------------------------

    async def on_ready(self) -> None:
        await self._listener.ready()

    async def on_resumed(self) -> None:
        await self._listener.ready()

    async def on_disconnect(self) -> None:
        await self._listener.lost()

    async def on_message(self, message: discord.Message) -> None:
        await self._listener.message(message)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        await self._listener.edited(event.message)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        await self._listener.deleted(event.message_id, event.cached_message)

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        cached = {message.id: message for message in event.cached_messages}
        for message_id in event.message_ids:
            await self._listener.deleted(message_id, cached.get(message_id))

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Buttons and forms; the tree has the commands."""
        await self._listener.interaction(interaction)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        log.exception("discord: %s", event_method)


class Tree(app_commands.CommandTree[SecretaryClient]):
    async def on_error(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /
    ) -> None:
        log.warning("discord: a command of another version: %s", error)


def intents(settings: DiscordSettings) -> discord.Intents:
    """As few as do: servers with their roles, and messages."""
    wanted = discord.Intents.none()
    wanted.guilds = True
    wanted.guild_messages = True
    wanted.dm_messages = True
    wanted.message_content = settings.message_content
    return wanted
