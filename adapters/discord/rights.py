"""Who is an admin, found out for the very event: by role, by permission, or paired."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

import aiohttp
import discord

from adapters.discord.inbound import PLATFORM
from bot.admins import Admins

_FRESH_S = 60.0
"""How long a person in direct messages is known; in a server the event itself tells."""
_LOOKUP_S = 1.5
"""A form must be open within three seconds, this included."""
_SERVERS = 10
_KEPT = 1000


class Rights:
    """`roles` are those of admins. Whoever manages a server is one too, unless anybody may invite
    the bot (`is_public`): then everybody could make a server of their own and manage that.
    """

    def __init__(
        self, admins: Admins, roles: frozenset[int], is_public: Callable[[], bool]
    ) -> None:
        self._admins = admins
        self._roles = roles
        self._is_public = is_public
        self._known: OrderedDict[int, tuple[float, bool]] = OrderedDict()

    async def of_author(self, message: discord.Message, servers: Iterable[discord.Guild]) -> bool:
        """Raises LedgerError."""
        author = message.author
        if isinstance(author, discord.Member):
            return self._holds(author, author.guild_permissions) or await self._paired(author.id)
        return await self._anywhere(author.id, servers)

    async def of_user(
        self, interaction: discord.Interaction[discord.Client], servers: Iterable[discord.Guild]
    ) -> bool:
        """Raises LedgerError."""
        user = interaction.user
        if isinstance(user, discord.Member):
            return self._holds(user, interaction.permissions) or await self._paired(user.id)
        return await self._anywhere(user.id, servers)

    def _holds(self, member: discord.Member, permissions: discord.Permissions) -> bool:
        if any(role.id in self._roles for role in member.roles):
            return True
        owns = member.guild.owner_id == member.id
        manages = owns or permissions.manage_guild or permissions.administrator
        return manages and not self._is_public()

    async def _paired(self, user: int) -> bool:
        return await asyncio.to_thread(self._admins.is_admin, PLATFORM, str(user))

    async def _anywhere(self, user: int, servers: Iterable[discord.Guild]) -> bool:
        """In a direct message nothing tells: the servers are asked."""
        if await self._paired(user):
            return True
        at, known = self._known.get(user, (-_FRESH_S, False))
        if time.monotonic() - at < _FRESH_S:
            return known
        found = await self._looked_up(user, list(servers)[:_SERVERS])
        if found is None:
            return False
        self._known[user] = (time.monotonic(), found)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return found

    async def _looked_up(self, user: int, servers: list[discord.Guild]) -> bool | None:
        """None where Discord does not say in time."""
        try:
            async with asyncio.timeout(_LOOKUP_S):
                asked = [self._in_server(user, server) for server in servers]
                return any(await asyncio.gather(*asked))
        except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError):
            return None

    async def _in_server(self, user: int, server: discord.Guild) -> bool:
        try:
            member = await server.fetch_member(user)
        except discord.NotFound:
            return False
        return self._holds(member, member.guild_permissions)
