"""One running secretary: brings knowledge, platforms and model up, and keeps house."""

import asyncio
import gc
import logging
from collections.abc import Iterator, Mapping, Sequence

from fastapi import APIRouter

from adapters import notion_webhook
from adapters.following import keep_following
from adapters.logs import tell
from adapters.platforms import Platforms
from adapters.settings import Settings
from bot.bootstrap import Bot
from bot.errors import BotError, ModelError
from bot.inbox import InboxStats
from bot.metrics import Standing
from bot.phrases import describe, say
from bot.syncing import Syncing, in_a_thread
from bot.upkeep import Upkeep
from knowledge.errors import KnowledgeError
from knowledge.ingest import Progress

log = logging.getLogger("secretary")

SAMPLE = "notice.sample"
MODEL_CHECK_S = 30.0


class Service:
    """One running secretary: answers readiness, and brings knowledge and model up."""

    def __init__(self, bot: Bot, settings: Settings) -> None:
        self.bot = bot
        self.platforms = Platforms(bot, settings, tell)
        self._settings = settings
        self._language = settings.bot_language
        # Curated answers whose sources changed are marked as soon as they did.
        noticed = bot.memory.annotations.check_rot
        self.syncing = Syncing(
            bot.library, bot.memory.words.say, self._language, settings.sync_interval, noticed
        )
        self.platforms.desk.syncing = self.syncing
        self._knowledge = "starting"
        self._rebuilding = ""
        self._notices: list[str] = []
        self._model = "starting" if bot.engine else "extractive"

    def readiness(self) -> Mapping[str, object]:
        """Ready as soon as searches can be answered; the model may follow."""
        return {
            "ready": self._knowledge == "ok",
            "checks": {
                "knowledge": self._knowledge,
                "model": self._model,
                "embedding": self._rebuilding or self.bot.library.embedding_model or "none",
                **self.platforms.states(),
            },
            "notice": " ".join(self._sentences()) or None,
        }

    def standing(self) -> Standing:
        """What `/metrics` looks up."""
        bot = self.bot
        return Standing(bot.library.ledger, bot.memory, self.readiness, self._queue)

    def _queue(self) -> InboxStats | None:
        inbox = self.platforms.inbox
        return None if inbox is None else inbox.stats()

    def _sentences(self) -> Iterator[str]:
        """The standing remarks; the one about the sample goes when the sample does."""
        for key in self._notices:
            if key == SAMPLE and self._knowledge == "ok" and not self._holds_sample():
                continue
            if key == "notice.rebuilding" and not self.bot.library.is_rebuilding:
                continue
            yield say(key, self._language)

    def _holds_sample(self) -> bool:
        try:
            return self.bot.library.holds_sample()
        except KnowledgeError:
            return False

    async def start(self) -> None:
        """Fills an empty knowledge base with the sample, wakes the model, and keeps house until
        it is cancelled."""
        try:
            # Questions are taken in from the first moment, and answered once they can be.
            connecting = asyncio.create_task(self.platforms.start())
            await asyncio.to_thread(self._prepare)
            await connecting
        except (KnowledgeError, BotError) as error:
            self._knowledge = describe(error, self._language)
            log.error(self._knowledge)
            return
        self._knowledge = "ok"
        spare_the_collector()
        self.platforms.answer()
        failed = await self.bot.warm()
        if self.bot.engine is not None:
            self._model = failed or "ok"
        if failed:
            log.warning(say("notice.model_at_start", self._language, problem=failed))
        keeping = Upkeep(self.bot.memory, self.bot.chain.clock).run()
        own = self._settings
        following = keep_following(
            self.bot.library, own.watch_folders, own.data_dir, self._language
        )
        rebuilding, syncing = self._rebuild(), self.syncing.run()
        await asyncio.gather(keeping, self._watch_model(), rebuilding, syncing, following)

    def routers(self) -> Sequence[APIRouter]:
        """Of the platforms, and the one that Notion calls."""
        own, known = self._settings, self.platforms.routers()
        if not own.notion_token:
            return known
        poke = self.syncing.poke
        hook = notion_webhook.router(
            own.notion_webhook_token, own.data_dir, poke, tell, self._language
        )
        return [*known, hook]

    async def _rebuild(self) -> None:
        """Another embedding model: the old collection answers while the new one fills."""
        library = self.bot.library
        while library.is_rebuilding:
            try:
                await in_a_thread(lambda: library.prepare(self._show_rebuilding))
            except KnowledgeError as error:
                log.warning(describe(error, self._language))
                await asyncio.sleep(MODEL_CHECK_S)
        self._rebuilding = ""

    def _show_rebuilding(self, progress: Progress) -> None:
        self._rebuilding = f"rebuilding {progress.done}/{progress.total}"

    async def _watch_model(self) -> None:
        """A model that comes up or goes down later is told by `/readyz` too."""
        while self.bot.engine is not None:
            await asyncio.sleep(MODEL_CHECK_S)
            try:
                await self.bot.engine.check()
                self._model = "ok"
            except ModelError as error:
                self._model = error.code

    def _prepare(self) -> None:
        library = self.bot.library
        if library.is_rebuilding:
            self._remark("notice.rebuilding")
        else:
            library.prepare(self._show)
        if library.is_empty():
            self._remark(SAMPLE)
            library.ingest_sample(self._show)
        elif library.holds_sample():
            self._remark(SAMPLE)
        if library.embedder is None:
            self._remark("notice.sparse_only")

    def _remark(self, key: str) -> None:
        self._notices.append(key)
        tell(say(key, self._language))

    def _show(self, progress: Progress) -> None:
        self._knowledge = f"ingesting {progress.done}/{progress.total}"

    def suggestions(self) -> list[str]:
        """First questions for the page: about the sample, while it is what is known."""
        if not self._holds_sample():
            return []
        return [say(f"sample.question_{number}", self._language) for number in (1, 2, 3, 4)]


def spare_the_collector() -> None:
    """What is here at the start stays to the end. Looking at it again and again for what could
    be thrown away took a fifteenth of an answer's CPU and a tenth of a second at a time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
