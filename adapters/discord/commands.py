"""The slash commands, in English and in Traditional Chinese, and the entry in a message's menu."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal

import discord
from discord import app_commands
from discord.app_commands import locale_str

from bot.frontdesk.commands import FOR_ADMINS, Name
from bot.phrases import say

Interaction = discord.Interaction[Any]
Option = Literal["none", "may", "must"]


@dataclass(frozen=True, slots=True)
class Spec:
    """One command. Its texts stand in the phrases as `command.NAME…`."""

    name: Name
    option: Option = "none"


SPECS = (
    Spec("ask", "must"),
    Spec("annotate"),
    Spec("unanswered", "may"),
    Spec("quota"),
    Spec("reset"),
    Spec("forgetme"),
    Spec("help"),
    Spec("human"),
    Spec("stop"),
    Spec("link", "may"),
    Spec("bad", "may"),
    Spec("sync"),
    Spec("resume", "may"),
    Spec("pair", "must"),
)
Obey = Callable[[Interaction, Name, str], Awaitable[None]]
Annotate = Callable[[Interaction, discord.Message], Awaitable[None]]


class Phrases(app_commands.Translator):
    """Names and descriptions out of the bot's own sentences."""

    async def translate(
        self,
        string: locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        code = string.extras.get("code")
        if code is None or locale is not discord.Locale.taiwan_chinese:
            return None
        return f"{string.extras.get('prefix', '')}{say(code)}"


def add_commands(
    tree: app_commands.CommandTree[Any], prefix: str, obey: Obey, annotate: Annotate
) -> None:
    for spec in SPECS:
        tree.add_command(_command(spec, prefix, obey))
    menu = app_commands.ContextMenu(name=_text("command.menu"), callback=_menu(annotate))
    menu.default_permissions = discord.Permissions(manage_guild=True)
    tree.add_command(menu)


def _text(code: str) -> locale_str:
    return locale_str(say(code, "en"), code=code)


def _command(spec: Spec, prefix: str, obey: Obey) -> app_commands.Command[Any, ..., Any]:
    name = spec.name
    command: app_commands.Command[Any, ..., Any] = app_commands.Command(
        name=locale_str(f"{prefix}{name}", code=f"command.{name}_name", prefix=prefix),
        description=_text(f"command.{name}"),
        callback=_callback(spec, obey),
    )
    if name in FOR_ADMINS:
        # Shown to those who run the server; who may is decided when it is used.
        command.default_permissions = discord.Permissions(manage_guild=True)
    return command


def _callback(spec: Spec, obey: Obey) -> Callable[..., Any]:
    name = spec.name

    async def bare(interaction: Interaction) -> None:
        await obey(interaction, name, "")

    async def may(interaction: Interaction, text: str = "") -> None:
        await obey(interaction, name, text)

    async def must(interaction: Interaction, text: str) -> None:
        await obey(interaction, name, text)

    if spec.option == "none":
        return bare
    callback: Callable[..., Any] = must if spec.option == "must" else may
    renamed = app_commands.rename(text=_text(f"command.{name}_option"))(callback)
    return app_commands.describe(text=_text(f"command.{name}_hint"))(renamed)


def _menu(
    annotate: Annotate,
) -> Callable[[Interaction, discord.Message], Coroutine[Any, Any, None]]:
    async def on_message(interaction: Interaction, message: discord.Message) -> None:
        await annotate(interaction, message)

    return on_message
