"""What people do on Discord, and see there; see `discord_server`."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from tests.support.discord_interactions import Interaction, Interactions
from tests.support.discord_world import (
    APPLICATION,
    GENERAL,
    GUILD,
    Json,
    Person,
    Said,
    iso,
    snowflake,
)


class People(Interactions):
    """Each act is an event at the gateway."""

    async def say(
        self,
        person: Person,
        content: str,
        channel: str = GENERAL,
        *,
        reply_to: str | None = None,
        ping: bool = True,
        files: dict[str, tuple[str, bytes]] | None = None,
        **more: Any,
    ) -> Json:
        """`files`: name → (type, content). Gives the event."""
        said = Said(snowflake(), channel, person, content, more=more, pings_author=ping)
        said.reply_to = self.world.messages[reply_to] if reply_to is not None else None
        for name, (kind, data) in (files or {}).items():
            self.files[name] = data
            url = f"http://{self.host}/files/{name}"
            said.attachments.append({
                "id": snowflake(), "filename": name, "size": len(data), "url": url,
                "proxy_url": url, "content_type": kind,
            })  # fmt: skip
        self.world.messages[said.id] = said
        payload = self.world.payload(said, hides=self.gateway.hides)
        return await self.gateway.dispatch("MESSAGE_CREATE", payload)

    async def thread(self) -> str:
        id_ = self.world.thread()
        await self.gateway.dispatch("THREAD_CREATE", self.world.channels[id_])
        return id_

    async def change(self, message: str, content: str, at: float | None = None) -> None:
        said = self.world.messages[message]
        said.content, said.edited = content, iso(at)
        await self.touch(message)

    async def touch(self, message: str) -> None:
        """A preview of a link, a pin: an update that changes no words."""
        payload = self.world.payload(self.world.messages[message], hides=self.gateway.hides)
        await self.gateway.dispatch("MESSAGE_UPDATE", payload)

    async def remove(self, message: str) -> None:
        said = self.world.messages[message]
        said.is_deleted = True
        gone: Json = {"id": message, "channel_id": said.channel}
        if not self.world.is_direct(said.channel):
            gone["guild_id"] = GUILD
        await self.gateway.dispatch("MESSAGE_DELETE", gone)

    async def slash(
        self, person: Person, name: str, channel: str = GENERAL, **options: str
    ) -> Interaction:
        """As Discord would show it to this person: a command that they do not see fails here."""
        command = next(one for one in self.commands if one["name"] == name and one["type"] == 1)
        given = [{"name": key, "type": 3, "value": value} for key, value in options.items()]
        known = {option["name"] for option in command["options"]}
        assert set(options) <= known, known
        data = {"id": command["id"], "name": name, "type": 1, "options": given}
        return await self._interact(person, channel, 2, data)

    async def menu(self, person: Person, name: str, message: str) -> Interaction:
        command = next(one for one in self.commands if one["name"] == name and one["type"] == 3)
        said = self.world.messages[message]
        data = {
            "id": command["id"], "name": name, "type": 3, "target_id": message,
            "resolved": {"messages": {message: self.world.payload(said)}},
        }  # fmt: skip
        return await self._interact(person, said.channel, 2, data)

    async def click(self, person: Person, message: str, custom_id: str) -> Interaction:
        said = self.world.messages[message]
        assert custom_id in [one["custom_id"] for one in said.buttons()]
        data = {"custom_id": custom_id, "component_type": 2}
        payload = self.world.payload(said)
        return await self._interact(person, said.channel, 3, data, message=payload)

    async def submit(self, person: Person, opened: Interaction, **values: str) -> Interaction:
        """What is not named is sent in as it was filled in beforehand."""
        assert opened.modal is not None
        shown = [label["component"] for label in opened.modal["components"]]
        assert set(values) <= {one["custom_id"] for one in shown}
        components = [
            {"type": 18, "id": number, "component": {
                "type": 4, "id": number + 50, "custom_id": one["custom_id"],
                "value": values.get(one["custom_id"], one.get("value", "")),
            }}
            for number, one in enumerate(shown)
        ]  # fmt: skip
        data = {"custom_id": opened.modal["custom_id"], "components": components}
        return await self._interact(person, opened.channel, 5, data)

    async def _interact(
        self, person: Person, channel: str, kind: int, data: Json, **more: Any
    ) -> Interaction:
        id_ = snowflake()
        one = Interaction(id_, f"token-{id_}", person, channel, self.clock())
        self.interactions[id_] = one
        event: Json = {
            "id": id_, "application_id": APPLICATION, "type": kind, "token": one.token,
            "version": 1, "data": data, "channel_id": channel, "locale": person.locale,
            "channel": self.world.channels[channel], "entitlements": [], "app_permissions": "0",
            "authorizing_integration_owners": {}, "attachment_size_limit": 10485760, **more,
        }  # fmt: skip
        if self.world.is_direct(channel):
            event |= {"user": person.user(), "context": 1}
        else:
            member = {**person.member(), "user": person.user()}
            event |= {
                "member": {**member, "permissions": person.permissions()}, "guild_id": GUILD,
                "guild_locale": "zh-TW", "context": 0, "guild": {"id": GUILD, "features": []},
            }  # fmt: skip
        one.event = await self.gateway.dispatch("INTERACTION_CREATE", event)
        return one

    # -- what can be seen -----------------------------------------------------------------------------

    def own(self, channel: str | None = None) -> list[Said]:
        """The bot's messages that are there, in order."""
        return [
            said
            for said in self.world.messages.values()
            if said.author is self.world.me
            and not said.is_deleted
            and not said.is_pending
            and channel in (None, said.channel)
        ]

    async def until(
        self, there: Callable[[], Any], seconds: float = 60.0, what: str = "what was expected"
    ) -> Any:
        """Waits for it; gives what it is."""
        deadline = time.monotonic() + seconds
        while not (found := there()):
            seen = [(said.channel, said.text()) for said in self.own()]
            assert time.monotonic() < deadline, f"{what} did not come; there is {seen}"
            await asyncio.sleep(0.02)
        return found
