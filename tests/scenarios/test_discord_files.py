"""Files, pictures and voices sent to the bot on Discord."""

from pathlib import Path

import pytest

from adapters.discord import hearing
from bot.phrases import say
from tests.support.discord_harness import DiscordHarness, discord_over
from tests.support.discord_world import BOT, Person, Said
from tests.support.leaf_shop import HOURS

NOTE = "# 停車\n\n葉脈文具台北店門口有兩格機車停車位。\n".encode()


async def sent(there: DiscordHarness, person: Person, text: str = "", **files: object) -> Said:
    """A direct message with files; gives the first thing that is said to it."""
    channel = there.world.direct(person)
    known = len(there.server.own(channel))
    await there.heard(text, channel, by=person, files=files.pop("files", None), **files)
    await there.server.until(lambda: len(there.server.own(channel)) > known)
    return there.server.own(channel)[known]


async def test_an_admins_file_becomes_knowledge_once_confirmed(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        boss = there.world.boss
        asked = await sent(there, boss, files={"停車.md": ("text/markdown", NOTE)})
        assert asked.content == say("upload.ask", names="「停車.md」")
        yes = asked.buttons()[0]["custom_id"]
        one = await there.server.click(boss, asked.id, yes)
        done = await there.response(one)
        assert done.content == say("upload.done", names="停車.md", added=1, updated=0, unchanged=0)
        again = await there.response(await there.server.click(boss, asked.id, yes))
        assert again.content == say("desk.stale")


async def test_nobody_else_may_add_a_file(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        refused = await sent(there, there.world.ann, files={"停車.md": ("text/markdown", NOTE)})
        assert refused.content == say("upload.not_yours")
        assert refused.buttons() == []


async def test_the_question_beside_a_file_is_answered(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        await sent(there, there.world.ann, HOURS, files={"停車.md": ("text/markdown", NOTE)})
        shown = await there.settled(2)
        texts = "\n".join(one.text for one in shown)
        assert say("upload.not_yours") in texts
        assert "平日上午十點開門。" in texts


async def test_a_picture_alone_gets_a_sentence(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        told = await sent(there, there.world.ann, files={"a.png": ("image/png", b"png")})
        assert told.content == say("media.image")
        channel = there.world.direct(there.world.ann)
        await there.heard(HOURS, channel, files={"b.png": ("image/png", b"png")})
        shown = await there.settled(2)
        assert "平日上午十點開門。" in shown[-1].text


@pytest.mark.parametrize("kind", ["voice", "sticker"])
async def test_voices_and_stickers_get_a_sentence(tmp_path: Path, kind: str) -> None:
    sticker = {"id": "1", "name": "葉子", "format_type": 1}
    more = (
        {"files": {"v.ogg": ("audio/ogg", b"ogg")}}
        if kind == "voice"
        else {"sticker_items": [sticker]}
    )
    async with discord_over(tmp_path) as there:
        told = await sent(there, there.world.ann, **more)
        assert told.content == say("media.only_text")


async def test_a_file_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        boss = there.world.boss
        real = there.server.files
        there.server.files = Forgetful(real)
        told = await sent(there, boss, files={"停車.md": ("text/markdown", NOTE)})
        assert told.content == say("upload.unreadable", name="停車.md", problem="404")


class Forgetful(dict[str, bytes]):
    """The platform keeps files for a while only."""

    def __setitem__(self, name: str, content: bytes) -> None:
        """Gone at once."""


async def test_a_file_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "_LARGEST_MB", 0)
    async with discord_over(tmp_path) as there:
        told = await sent(there, there.world.boss, files={"停車.md": ("text/markdown", NOTE)})
        assert told.content == say("upload.large", name="停車.md", limit_mb=0)


async def test_in_a_channel_only_files_for_the_bot_are_looked_at(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        files = {"停車.md": ("text/markdown", NOTE)}
        await there.heard("給大家的檔案", by=there.world.boss, files=files)
        await there.heard(f"<@{BOT}>", by=there.world.boss, files=files)
        shown = await there.settled(1)
        assert [one.text for one in shown] == [say("upload.ask", names="「停車.md」")]
