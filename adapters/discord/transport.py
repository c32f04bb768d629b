"""discord.py's HTTP client over another host than Discord's, for one client alone.

The library keeps the host in `Route.BASE` and `DiscordWebSocket.DEFAULT_GATEWAY`, which are of
the whole process; here only the requests of one client are sent elsewhere.
"""

from typing import Any

import aiohttp
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import HTTPClient, Route

DISCORD = "https://discord.com/api/v10"


class ElsewhereHTTP(HTTPClient):
    """`base`: as DISCORD is, without a slash at its end."""

    base = DISCORD

    async def request(self, route: Route, **given: Any) -> Any:
        if route.url.startswith(Route.BASE):
            route.url = self.base + route.url.removeprefix(Route.BASE)
        return await super().request(route, **given)

    async def ws_connect(self, url: str, *, compress: int = 0) -> aiohttp.ClientWebSocketResponse:
        """A session that is resumed knows its address; the first one is asked for."""
        wanted = yarl.URL(url)
        if wanted.host == DiscordWebSocket.DEFAULT_GATEWAY.host:
            found = await self.request(Route("GET", "/gateway"))
            url = str(yarl.URL(found["url"]).with_query(wanted.query))
        return await super().ws_connect(url, compress=compress)
