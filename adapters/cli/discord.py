"""`secretary discord`: how the bot gets into a server, and the first admin."""

import base64
import binascii

import click

from adapters.cli.console import settings
from adapters.cli.remembering import remembered
from bot.admins import Admins
from bot.errors import ConfigError
from bot.phrases import say

_PERMISSIONS = (10, 11, 14, 16, 38)
"""Bits: see channels, send, embed the sources, read the history for replies, send in threads."""


@click.group()
def discord() -> None:
    """Discord：邀請網址，與管理員配對碼。"""


@discord.command()
def invite() -> None:
    """印出把小秘書加進伺服器的網址，只要求它用得到的權限。"""
    loaded = settings()
    url = invitation(loaded.discord_token or "")
    click.echo(say("discord.invite", loaded.bot_language, url=url))


@discord.command()
def pair() -> None:
    """給一個一次性的配對碼，讓某個 Discord 帳號成為管理員。"""
    prefix = settings().command_prefix
    with remembered() as memory:
        code = Admins(memory.storage, memory.now).pairing_code("discord")
        click.echo(say("discord.pair_code", memory.language, p=prefix, pairing=code))


def invitation(token: str) -> str:
    """The first part of a token is the bot's id. Raises ConfigError `config.value`."""
    try:
        head = token.partition(".")[0]
        bot = base64.b64decode(head + "=" * (-len(head) % 4), validate=True).decode("ascii")
        permissions = sum(1 << bit for bit in _PERMISSIONS)
        scopes = "scope=bot+applications.commands"
        return (
            f"https://discord.com/oauth2/authorize?client_id={int(bot)}&{scopes}"
            f"&permissions={permissions}"
        )
    except (binascii.Error, ValueError) as error:
        hint = "Discord Developer Portal → Bot → Reset Token"
        raise ConfigError("config.value", name="DISCORD_TOKEN", hint=hint) from error
