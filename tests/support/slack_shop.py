"""The leaf shop's bot on Slack."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.bootstrap import Bot
from tests.support.bot import Script, ScriptedEngine, bot_over
from tests.support.leaf_shop import HOURS_TEXT
from tests.support.slack_harness import SlackHarness, opened

SAID = f"{HOURS_TEXT}[1]"


@asynccontextmanager
async def slack_over(
    shop: Path, home: Path, said: Script | ScriptedEngine = SAID, **options: Any
) -> AsyncIterator[SlackHarness]:
    async with slack_and_bot(shop, home, said, **options) as (slack, _):
        yield slack


@asynccontextmanager
async def slack_and_bot(
    shop: Path,
    home: Path,
    said: Script | ScriptedEngine = SAID,
    prepare: Callable[[Bot], None] = lambda _bot: None,
    **options: Any,
) -> AsyncIterator[tuple[SlackHarness, Bot]]:
    engine = said if isinstance(said, ScriptedEngine) else ScriptedEngine(said)
    async with bot_over(shop, engine) as bot:
        prepare(bot)
        async with opened(bot, home, **options) as slack:
            yield slack, bot
