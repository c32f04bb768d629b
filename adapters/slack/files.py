"""Files in messages, fetched with the bot's own right to read them."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from adapters.slack.client import TROUBLES
from bot.errors import BotError
from bot.frontdesk.uploads import Upload

LIMIT_MB = 50
_TIMEOUT = aiohttp.ClientTimeout(total=120)
_CHUNK = 65_536


class Files:
    def __init__(self, token: str, api_base: str) -> None:
        self._token = token
        self._home = urlsplit(api_base).hostname

    def upload(self, file: Mapping[str, Any]) -> Upload:
        """Read when it is wanted."""
        name = str(file.get("name") or file.get("title") or "file")

        async def read() -> bytes:
            return await self._read(file, name)

        return Upload(name, read)

    async def _read(self, file: Mapping[str, Any], name: str) -> bytes:
        """Raises BotError `slack.file_elsewhere`, `slack.file_scope`, `upload.…`."""
        url = str(file.get("url_private_download") or file.get("url_private") or "")
        if not self._is_slack(url):
            raise BotError("slack.file_elsewhere", name=name)
        if int(file.get("size") or 0) > LIMIT_MB * 1024 * 1024:
            raise BotError("upload.large", name=name, limit_mb=str(LIMIT_MB))
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT) as session,
                session.get(url, headers=headers, allow_redirects=False) as response,
            ):
                _refuse(response, name)
                body = await _body(response, name)
                if response.content_type == "text/html" and len(body) != file.get("size"):
                    raise BotError("slack.file_scope", name=name)
                return body
        except TROUBLES as error:
            raise BotError("upload.unreadable", name=name, problem=type(error).__name__) from error

    def _is_slack(self, url: str) -> bool:
        """The token goes nowhere else."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if host == self._home:
            return True
        return parts.scheme == "https" and f".{host}".endswith(".slack.com")


def _refuse(response: aiohttp.ClientResponse, name: str) -> None:
    """Without the right to read it, Slack leads to its login page, or sends that one (with 200)
    instead of the file."""
    if response.status in (301, 302, 303, 307, 308, 401, 403):
        raise BotError("slack.file_scope", name=name)
    if response.status != 200:
        raise BotError("upload.unreadable", name=name, problem=f"HTTP {response.status}")


async def _body(response: aiohttp.ClientResponse, name: str) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > LIMIT_MB * 1024 * 1024:
            raise BotError("upload.large", name=name, limit_mb=str(LIMIT_MB))
    return bytes(body)
