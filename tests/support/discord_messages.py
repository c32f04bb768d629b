"""Discord's REST API for messages, with its rules; see `discord_server`."""

import re
import time
from typing import Any

from tests.support.discord_gateway import Gateway
from tests.support.discord_schema import mistakes
from tests.support.discord_world import APPLICATION, GUILD, Json, Said, World, snowflake


class Refused(Exception):
    def __init__(self, status: int, code: int, message: str = "refused") -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Messages:
    """What is said to the API, and what it has against it."""

    def __init__(self) -> None:
        self.token = "bot-token"
        self.host = ""
        self.world = World()
        self.gateway = Gateway(self.world, self.token)
        self.mistakes: list[str] = []
        self.pings: list[Json] = []
        self.commands: list[Json] = []
        self.files: dict[str, bytes] = {}
        self.clock = time.monotonic
        self.is_public = False
        """Whether anybody may invite the bot."""
        self._nonces: dict[str, str] = {}

    async def _users_me(self, _body: Any) -> Json:
        return self.world.me.user()

    async def _application(self, _body: Any) -> Json:
        return {
            "id": APPLICATION, "name": "小秘書", "icon": None, "description": "", "flags": 0,
            "bot_public": self.is_public, "bot_require_code_grant": False, "verify_key": "0", "team": None,
            "owner": self.world.boss.user(), "summary": "",
        }  # fmt: skip

    async def _gateway_url(self, _body: Any) -> Json:
        return {"url": f"ws://{self.host}/gateway"}

    async def _put_commands(self, body: list[Json], _application: str) -> list[Json]:
        for command in body:
            self._judge("ApplicationCommandUpdateRequest", command)
        self.commands = [
            {
                "description": "",
                **command,
                "id": snowflake(),
                "application_id": APPLICATION,
                "version": "1",
            }
            for command in body
        ]
        return self.commands

    async def _post(self, body: Json, channel: str) -> Json:
        self._judge("MessageCreateRequest", body)
        if channel not in self.world.channels:
            raise Refused(404, 10003, "Unknown Channel")
        self._refuse_bad(body)
        nonce = body.get("nonce")
        known = self._nonces.get(str(nonce)) if body.get("enforce_nonce") else None
        if known is not None:
            return self.world.payload(self.world.messages[known])
        said = self._made(channel, body)
        reference = (body.get("message_reference") or {}).get("message_id")
        said.reply_to = self.world.messages.get(str(reference))
        if nonce is not None:
            self._nonces[str(nonce)] = said.id
        return await self._announced(said)

    async def _announced(self, said: Said) -> Json:
        """The bot hears itself, as it does at Discord."""
        self.world.messages[said.id] = said
        payload = self.world.payload(said)
        await self.gateway.dispatch("MESSAGE_CREATE", payload)
        return payload

    def _made(self, channel: str, body: Json) -> Said:
        said = Said(snowflake(), channel, self.world.me)
        self._fill(said, body)
        return said

    def _fill(self, said: Said, body: Json) -> None:
        for name in ("content", "embeds", "components"):
            if body.get(name) is not None:
                setattr(said, name, body[name])
        said.flags |= int(body.get("flags") or 0)
        said.is_pending = False
        said.seen.append(said.content)
        allowed = body.get("allowed_mentions")
        pinging = re.search(r"@everyone|@here|<@[!&]?\d+>", said.content)
        replied = (allowed or {}).get(
            "replied_user", allowed is None
        ) and "message_reference" in body
        if (pinging and (allowed is None or any(allowed.values()))) or replied:
            self.pings.append(body)

    def _refuse_bad(self, body: Json) -> None:
        content, embeds = body.get("content") or "", body.get("embeds") or []
        sizes = [len(text) for embed in embeds for text in _embed_texts(embed)]
        ids = [
            one["custom_id"] for row in body.get("components") or [] for one in row["components"]
        ]
        problem = (
            (len(content) > 2000 and "content: Must be 2000 or fewer in length")
            or (not content.strip() and not embeds and "Cannot send an empty message")
            or (sum(sizes) > 6000 and "embeds: Embed size exceeds maximum size of 6000")
            or (any(len(embed.get("fields", [])) > 25 for embed in embeds) and "embeds: fields")
            or (len(set(ids)) < len(ids) and "components: custom_id duplicated")
        )
        if problem:
            self.mistakes.append(problem)
            raise Refused(400, 50035, f"Invalid Form Body {problem}")

    async def _edit(self, body: Json, channel: str, message: str) -> Json:
        self._judge("MessageEditRequestPartial", body)
        return await self._changed(self._there(channel, message), body)

    async def _changed(self, said: Said, body: Json) -> Json:
        self._refuse_bad(body)
        self._fill(said, body)
        payload = self.world.payload(said)
        await self.gateway.dispatch("MESSAGE_UPDATE", payload)
        return payload

    def _there(self, channel: str, message: str) -> Said:
        said = self.world.messages.get(message)
        if said is None or said.channel != channel or said.is_deleted:
            raise Refused(404, 10008, "Unknown Message")
        if said.author is not self.world.me:
            raise Refused(403, 50005, "Cannot edit a message authored by another user")
        return said

    async def _delete(self, _body: Any, channel: str, message: str) -> None:
        self._there(channel, message).is_deleted = True
        gone = {"id": message, "channel_id": channel, "guild_id": GUILD}
        await self.gateway.dispatch("MESSAGE_DELETE", gone)

    async def _typing(self, _body: Any, channel: str) -> None:
        assert channel in self.world.channels

    async def _direct(self, body: Json) -> Json:
        return self.world.channels[self.world.direct(self.world.people[body["recipient_id"]])]

    async def _member(self, _body: Any, guild: str, user: str) -> Json:
        person = self.world.people.get(user)
        if guild != GUILD or person is None:
            raise Refused(404, 10007, "Unknown Member")
        return {**person.member(), "user": person.user()}

    def _judge(self, schema: str, value: Any) -> None:
        self.mistakes += mistakes(schema, value)


def _embed_texts(embed: Json) -> list[str]:
    fields = [text for one in embed.get("fields", []) for text in (one["name"], one["value"])]
    return [embed.get("title", ""), embed.get("description", ""), *fields]
