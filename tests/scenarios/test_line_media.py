"""Files, photos, stickers and voice on LINE."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from adapters.line.listening import MAX_FILE
from bot.bootstrap import Bot
from bot.frontdesk.actions import encode
from bot.phrases import say
from knowledge.parsing.tools import ocr_installed
from tests.support.bot import ScriptedEngine, bot_over
from tests.support.leaf_shop import open_shop
from tests.support.line_events import again, message_event, user
from tests.support.line_harness import ANN, BOSS, LineHarness, opened

PARKING = "# 停車\n\n葉脈文具台北店門口有兩格停車位，每小時三十元。\n".encode()
SAID = "門口有兩格停車位。[1]"


@asynccontextmanager
async def chatting(home: Path) -> AsyncIterator[tuple[Bot, LineHarness, ScriptedEngine]]:
    engine = ScriptedEngine(SAID)
    async with (
        bot_over(open_shop(home), engine) as bot,
        opened(bot, home) as people,
    ):
        yield bot, people, engine


def file(people: LineHarness, person: str, content: bytes = PARKING, **more: Any) -> dict[str, Any]:
    said = message_event(
        "file", person, **{"fileName": "停車.md", "fileSize": len(content), **more}
    )
    people.line.contents[said["message"]["id"]] = content
    return said


async def test_an_admin_s_file_is_asked_about_and_then_known(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (_, people, _engine):
        sent = file(people, BOSS)
        await people.deliver(sent)
        (asked,) = await people.settled(1)
        assert asked.text == say("upload.ask", names="「停車.md」")
        await people.tap(asked.buttons[0], person="ann")
        *_, refused = await people.settled(2)
        assert refused.text == say("desk.admins_only")
        await people.tap(asked.buttons[0], person="boss")
        *_, done = await people.settled(3)
        assert "停車.md" in done.text
        assert "新增 1" in done.text
        await people.say("葉脈文具台北店門口有幾格停車位？")
        *_, answer = await people.settled(4)
        assert "兩格" in answer.text


async def test_an_admin_may_change_their_mind(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (_, people, _engine):
        await people.deliver(file(people, BOSS))
        (asked,) = await people.settled(1)
        await people.tap(asked.buttons[1], person="boss")
        *_, dropped = await people.settled(2)
        assert dropped.text == say("upload.dropped")
        await people.tap(asked.buttons[0], person="boss")
        *_, stale = await people.settled(3)
        assert stale.text == say("desk.stale")


async def test_others_files_are_refused_politely_and_not_even_fetched(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (_, people, _engine):
        sent = file(people, ANN)
        del people.line.contents[sent["message"]["id"]]
        await people.deliver(sent)
        (refused,) = await people.settled(1)
    assert refused.text == say("upload.not_yours")


async def test_a_file_that_is_too_large_or_gone_is_said_so(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (_, people, _engine):
        large = {"name": "停車.md", "limit_mb": MAX_FILE // 1024**2}
        await people.deliver(file(people, BOSS, fileSize=MAX_FILE + 1))
        (first,) = await people.settled(1)
        assert first.text == say("upload.large", **large)
        await people.deliver(file(people, BOSS, b"x" * (MAX_FILE + 1), fileSize=5))
        *_, second = await people.settled(2)
        assert second.text == say("upload.large", **large), "whatever the event says"
        gone = file(people, BOSS)
        people.line.contents.clear()
        await people.deliver(gone)
        *_, third = await people.settled(3)
        assert "下載失敗" in third.text
        assert "404" in third.text


async def test_stickers_voice_and_films_get_a_sentence_once(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (_, people, engine):
        sticker = message_event("sticker", ANN, packageId="1", stickerId="2")
        await people.deliver(sticker, again(sticker))
        await people.deliver(
            message_event("audio", user("ben")), message_event("video", user("cat"))
        )
        shown = await people.settled(3)
        assert {one.text for one in shown} == {say("media.only_text")}
        assert len(shown) == 3
        assert engine.prompts == []


def photo(text: str) -> bytes:
    image = Image.new("RGB", (1400, 240), "white")
    draw = ImageDraw.Draw(image)
    draw.text((40, 80), text, fill="black", font=ImageFont.load_default(64))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


async def send(people: LineHarness, content: bytes) -> None:
    said = message_event("image", ANN)
    people.line.contents[said["message"]["id"]] = content
    await people.deliver(said)


@pytest.mark.skipif(not ocr_installed(), reason="the extra `ocr` is not installed")
async def test_what_is_written_in_a_photo_is_asked(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (_, people, engine):
        await send(people, photo("pip install of the software Leaf, how?"))
        await people.settled(1, seconds=60)
        (task,) = engine.tasks
        assert "pip install of the software Leaf" in task


async def test_a_photo_without_words_gets_a_sentence(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (_, people, engine):
        await send(people, photo(""))
        (said,) = await people.settled(1, seconds=60)
        assert said.text == say("media.image")
        await send(people, b"no picture at all")
        *_, said = await people.settled(2, seconds=60)
        assert said.text == say("media.image")
        assert engine.prompts == []


async def test_an_old_button_says_that_it_is_old(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (_, people, _engine):
        for number, data in enumerate(["junk", encode("more", 1, "line:x"), "keyboard"]):
            await people.tap(data)
            if data != "keyboard":
                *_, stale = await people.settled(number + 1)
                assert stale.text == say("desk.stale")
        await people.say("/help")
        shown = await people.settled(3)
        assert len(shown) == 3, "the keyboard's own button needs no answer"
