"""What a stand-in for Discord knows: people, a server with a channel, messages. Plain data.

Snowflakes rise; everything is the JSON that Discord's API and gateway have.
"""

import itertools
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

APPLICATION, BOT, GUILD, GENERAL, STAFF_ROOM = "1001", "1002", "2001", "3001", "3002"
MANAGER, KEEPER = "4001", "4002"
"""Roles: one that may manage the server, one that means nothing to Discord."""
_EPOCH = 1420070400000
_MANAGE_GUILD, _ORDINARY = 1 << 5, 1 << 10 | 1 << 11 | 1 << 16 | 1 << 31

_numbers = itertools.count(1)


def snowflake() -> str:
    return str((int(time.time() * 1000) - _EPOCH << 22) + next(_numbers))


def iso(at: float | None = None) -> str:
    return datetime.fromtimestamp(time.time() if at is None else at, UTC).isoformat()


@dataclass
class Person:
    id: str
    name: str
    roles: list[str] = field(default_factory=list)
    locale: str = "zh-TW"
    is_bot: bool = False

    def user(self) -> Json:
        return {
            "id": self.id, "username": self.name, "global_name": self.name, "avatar": None,
            "discriminator": "0", "bot": self.is_bot,
        }  # fmt: skip

    def member(self) -> Json:
        return {
            "roles": self.roles, "joined_at": iso(0), "deaf": False, "mute": False, "flags": 0,
            "nick": None, "avatar": None,
        }  # fmt: skip

    def permissions(self) -> str:
        return str(_ORDINARY | (_MANAGE_GUILD if MANAGER in self.roles else 0))


@dataclass
class Said:
    """A message as it stands now."""

    id: str
    channel: str
    author: Person
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    more: Json = field(default_factory=dict)
    flags: int = 0
    edited: str | None = None
    reply_to: "Said | None" = None
    pings_author: bool = False
    """Of the message that it replies to."""
    seen: list[str] = field(default_factory=list)
    """Every content it had, oldest first."""
    is_pending: bool = False
    """"Thinking…": promised, with nothing in it."""
    is_deleted: bool = False

    def text(self) -> str:
        """All that can be read."""
        lines = [self.content]
        for embed in self.embeds:
            lines += [embed.get("title", ""), embed.get("description", "")]
            for one in embed.get("fields", []):
                lines += [one["name"], one["value"]]
        return "\n".join(filter(None, lines)).replace("\u200b", "")

    def buttons(self) -> list[Json]:
        return [button for row in self.components for button in row["components"]]


class World:
    """People, places and messages."""

    def __init__(self) -> None:
        self.me = Person(BOT, "小秘書", is_bot=True)
        self.ann = Person("5001", "Ann")
        self.bea = Person("5002", "Bea")
        self.boss = Person("5003", "Boss", [MANAGER])
        self.keeper = Person("5004", "Keeper", [KEEPER])
        self.other_bot = Person("5005", "OtherBot", is_bot=True)
        known = (self.me, self.ann, self.bea, self.boss, self.keeper, self.other_bot)
        self.people = {person.id: person for person in known}
        self.channels: dict[str, Json] = {
            GENERAL: {"id": GENERAL, "type": 0, "name": "general"},
            STAFF_ROOM: {"id": STAFF_ROOM, "type": 0, "name": "staff"},
        }
        self.messages: dict[str, Said] = {}

    def person(self, name: str) -> Person:
        return next(one for one in self.people.values() if one.name.lower() == name)

    def direct(self, person: Person) -> str:
        """The channel of a direct conversation."""
        id_ = f"6{person.id}"
        recipients = [person.user()]
        self.channels[id_] = {"id": id_, "type": 1, "recipients": recipients, "flags": 0}
        return id_

    def thread(self, name: str = "thread", parent: str = GENERAL) -> str:
        id_ = snowflake()
        self.channels[id_] = {
            "id": id_, "type": 11, "name": name, "parent_id": parent, "owner_id": self.ann.id,
            "message_count": 0, "member_count": 1, "guild_id": GUILD,
            "thread_metadata": {
                "archived": False, "auto_archive_duration": 1440, "locked": False,
                "archive_timestamp": iso(),
            },
        }  # fmt: skip
        return id_

    def is_direct(self, channel: str) -> bool:
        return bool(self.channels[channel]["type"] == 1)

    def guild(self) -> Json:
        plain = [
            {**one, "position": 0, "permission_overwrites": [], "nsfw": False, "parent_id": None}
            for one in self.channels.values() if one["type"] == 0
        ]  # fmt: skip
        roles = [
            (GUILD, "@everyone", _ORDINARY),
            (MANAGER, "managers", _MANAGE_GUILD),
            (KEEPER, "keepers", 0),
        ]
        return {
            "id": GUILD, "name": "葉脈文具", "owner_id": "9999", "region": "x", "icon": None,
            "roles": [_role(*role) for role in roles], "channels": plain, "threads": [],
            "emojis": [], "features": [], "members": [{**self.me.member(), "user": self.me.user()}],
            "member_count": len(self.people), "large": False, "unavailable": False,
            "verification_level": 0, "default_message_notifications": 0, "afk_timeout": 60,
            "explicit_content_filter": 0, "mfa_level": 0, "system_channel_flags": 0,
            "premium_tier": 0, "nsfw_level": 0, "presences": [], "voice_states": [],
            "stage_instances": [], "guild_scheduled_events": [], "stickers": [],
            "preferred_locale": "zh-TW", "premium_progress_bar_enabled": False,
            "afk_channel_id": None, "system_channel_id": None, "application_id": None,
            "soundboard_sounds": [],
        }  # fmt: skip

    def payload(self, said: Said, *, hides: bool = False) -> Json:
        """As the API gives it; `hides` what a bot without the intent may not see."""
        made: Json = {
            "id": said.id, "channel_id": said.channel, "author": said.author.user(),
            "content": said.content, "timestamp": iso(), "edited_timestamp": said.edited,
            "tts": False, "mention_everyone": False, "mentions": self._mentioned(said),
            "mention_roles": [], "attachments": said.attachments, "embeds": said.embeds,
            "components": said.components, "pinned": False, "flags": said.flags,
            "type": 19 if said.reply_to else 0, **said.more,
        }  # fmt: skip
        if said.reply_to is not None:
            made["message_reference"] = {"message_id": said.reply_to.id, "channel_id": said.channel}
            made["referenced_message"] = self.payload(said.reply_to)
        if not self.is_direct(said.channel):
            made |= {"guild_id": GUILD, "member": said.author.member()}
        if hides and not self.is_shown(said):
            made |= {"content": "", "attachments": [], "embeds": [], "components": []}
            made["sticker_items"] = []
        return made

    def is_shown(self, said: Said) -> bool:
        """To a bot without the message-content intent."""
        mentioned = any(user["id"] == BOT for user in self._mentioned(said))
        return self.is_direct(said.channel) or said.author is self.me or mentioned

    def _mentioned(self, said: Said) -> list[Json]:
        found = [one for one in self.people.values() if f"<@{one.id}>" in said.content]
        if said.reply_to is not None and said.pings_author:
            found.append(said.reply_to.author)
        distinct = {one.id: one for one in found}.values()
        return [{**one.user(), "member": one.member()} for one in distinct]


def _role(id_: str, name: str, permissions: int) -> Json:
    return {
        "id": id_, "name": name, "permissions": str(permissions), "color": 0, "hoist": False,
        "position": 0, "managed": False, "mentionable": False, "flags": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
    }  # fmt: skip
