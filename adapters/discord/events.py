"""Every event's way in: nothing that goes wrong with one keeps the next from being heard."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import discord

from adapters.discord.hearing import Hearing
from adapters.discord.tapping import Tapping
from bot.frontdesk.commands import Name

log = logging.getLogger(__name__)


class Events:
    """The `Listener` of one connection."""

    def __init__(
        self, hearing: Hearing, tapping: Tapping, connected: Callable[[bool], None]
    ) -> None:
        self.handled = 0
        """Events that were dealt with."""
        self._hearing = hearing
        self._tapping = tapping
        self._connected = connected

    async def ready(self) -> None:
        self._connected(True)

    async def lost(self) -> None:
        self._connected(False)

    async def message(self, message: discord.Message) -> None:
        await self._safely(f"message {message.id}", self._hearing.message(message))

    async def edited(self, message: discord.Message) -> None:
        await self._safely(f"edit of {message.id}", self._hearing.edited(message))

    async def deleted(self, message_id: int, cached: discord.Message | None) -> None:
        await self._safely(f"deletion of {message_id}", self._hearing.deleted(message_id, cached))

    async def interaction(self, interaction: discord.Interaction[Any]) -> None:
        data: Mapping[str, Any] = interaction.data or {}
        name = f"interaction {interaction.id}"
        if interaction.type is discord.InteractionType.component:
            tapped = self._tapping.component(interaction, str(data["custom_id"]))
            await self._safely(name, tapped)
        elif interaction.type is discord.InteractionType.modal_submit:
            await self._safely(name, self._tapping.submitted(interaction, data))

    async def obey(self, interaction: discord.Interaction[Any], name: Name, rest: str) -> None:
        obeyed = self._tapping.obey(interaction, name, rest)
        await self._safely(f"interaction {interaction.id}", obeyed)

    async def annotate(
        self, interaction: discord.Interaction[Any], message: discord.Message
    ) -> None:
        annotated = self._tapping.annotate(interaction, message)
        await self._safely(f"interaction {interaction.id}", annotated)

    async def _safely(self, name: str, doing: Awaitable[None]) -> None:
        try:
            await doing
        except Exception:
            log.exception("discord: %s failed", name)
        finally:
            self.handled += 1
