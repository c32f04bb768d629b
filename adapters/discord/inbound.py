"""Discord's messages and interactions as `Request`s. Pure.

    room     the channel; of a thread, the channel that it hangs in
    thread   a conversation of everybody in it; elsewhere in a server each person has their own

Message ids are unique over all channels of Discord, so they stand alone.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

import discord

from bot.messages import Author, ConversationRef, Request

PLATFORM = "discord"
_EMOJI = re.compile(r"<a?(:\w+:)\d+>")
_SPACES = re.compile(r"[ \t]{2,}")

Addressing = Literal["mention", "direct", "reply", "none"]
"""`reply`: to a message of ours, without the ping that would show us its text."""


def is_talk(message: discord.Message) -> bool:
    """Something that a person typed: no bot, no webhook, no "joined the server"."""
    if message.author.bot or message.webhook_id is not None:
        return False
    return message.type in (discord.MessageType.default, discord.MessageType.reply)


def addressing(message: discord.Message, me: discord.abc.Snowflake) -> Addressing:
    if message.guild is None:
        return "direct"
    if any(user.id == me.id for user in message.mentions):
        return "mention"
    own = message.guild.self_role
    if own is not None and own.id in message.raw_role_mentions:
        return "mention"  # what people pick from the list by mistake: the bot's role
    return "reply" if replied_to(message) == me.id else "none"


def replied_to(message: discord.Message) -> int | None:
    """The author of the message that this one replies to, where Discord tells."""
    first = message.reference.resolved if message.reference is not None else None
    return first.author.id if isinstance(first, discord.Message) else None


def is_for_others(message: discord.Message, me: discord.abc.Snowflake) -> bool:
    """Speaks to somebody else, by mention or reply."""
    to = replied_to(message)
    return bool(message.mentions or message.role_mentions) or to not in (None, me.id)


def is_bare_call(message: discord.Message, me: discord.abc.Snowflake) -> bool:
    """The bot's name and nothing else."""
    more = message.attachments or message.stickers or message.poll
    return addressing(message, me) == "mention" and not more


def spoken(message: discord.Message, me: discord.abc.Snowflake) -> str:
    """The words, without the bot's mention and with names for ids."""
    text = message.content or next((one.content for one in message.message_snapshots), "")
    own = message.guild.self_role if message.guild is not None else None
    text = re.sub(rf"<@!?{me.id}>" + (rf"|<@&{own.id}>" if own is not None else ""), " ", text)
    for user in message.mentions:
        text = re.sub(rf"<@!?{user.id}>", f"@{user.display_name}", text)
    for role in message.role_mentions:
        text = text.replace(role.mention, f"@{role.name}")
    for channel in message.channel_mentions:
        text = text.replace(channel.mention, f"#{channel.name}")
    return _SPACES.sub(" ", _EMOJI.sub(r"\1", text)).strip()


def files_of(message: discord.Message) -> list[discord.Attachment]:
    """What could be a document; not what is listened to or watched."""
    return [
        one
        for one in message.attachments
        if not (one.content_type or "").startswith(("audio/", "video/"))
    ]


def is_picture(file: discord.Attachment) -> bool:
    return (file.content_type or "").startswith("image/")


def is_hidden(message: discord.Message) -> bool:
    """Discord has taken out whatever there was."""
    seen = (message.content, message.attachments, message.stickers, message.embeds)
    return not (any(seen) or message.poll or message.message_snapshots or message.components)


def place_of(channel: Any, channel_id: int, user: int, *, shared: bool) -> ConversationRef:
    """`shared`: in a server. `channel` is discord.py's, where it knows it."""
    if isinstance(channel, discord.Thread):
        return ConversationRef(PLATFORM, str(channel.parent_id), str(channel.id))
    return ConversationRef(PLATFORM, str(channel_id), person=str(user) if shared else None)


def author_of(user: discord.abc.User, is_admin: bool) -> Author:
    return Author(PLATFORM, str(user.id), user.display_name, is_admin)


def request_of(
    message: discord.Message, me: discord.abc.Snowflake, is_admin: bool, now: datetime
) -> Request:
    quoted = message.reference.message_id if message.reference is not None else None
    return Request(
        id=f"{PLATFORM}:{message.id}",
        conversation=place_of(
            message.channel,
            message.channel.id,
            message.author.id,
            shared=message.guild is not None,
        ),
        author=author_of(message.author, is_admin),
        text=spoken(message, me),
        received_at=now,
        reply={"channel": str(message.channel.id), "message": str(message.id)},
        message_id=str(message.id),
        quotes=None if quoted is None else str(quoted),
    )


def edited(request: Request, at: datetime) -> Request:
    """The same message after a change: another delivery."""
    return replace(request, id=f"{request.id}.{int(at.timestamp() * 1000)}")


def request_of_interaction(
    interaction: discord.Interaction[Any], text: str, now: datetime
) -> Request:
    """Of nobody special, until somebody has looked."""
    return Request(
        id=f"{PLATFORM}:{interaction.id}",
        conversation=place_of(
            interaction.channel,
            interaction.channel_id or 0,
            interaction.user.id,
            shared=interaction.guild_id is not None,
        ),
        author=author_of(interaction.user, is_admin=False),
        text=text,
        received_at=now,
        reply=reply_of(interaction),
        language=language(str(interaction.locale)),
    )


def reply_of(interaction: discord.Interaction[Any]) -> Mapping[str, str]:
    return {
        "application": str(interaction.application_id),
        "token": interaction.token,
        "channel": str(interaction.channel_id),
    }


def language(locale: str) -> str | None:
    """Of the client: one of the bot's, or none."""
    if locale.startswith("zh"):
        return "zh-TW"
    return "en" if locale.startswith("en") else None
