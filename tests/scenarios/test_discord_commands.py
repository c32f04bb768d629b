"""Slash commands on Discord: their names in two languages, and what they do in private."""

from pathlib import Path

import pytest

from bot.frontdesk.commands import FOR_ADMINS, NAMES
from bot.phrases import say
from tests.support.bot import ScriptedEngine
from tests.support.discord_harness import discord_over
from tests.support.discord_world import BOT, GENERAL
from tests.support.leaf_shop import HOURS, STRANGE

MANAGE_GUILD = 1 << 5


async def test_every_command_is_there_in_both_languages(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        slash = {one["name"]: one for one in there.server.commands if one["type"] == 1}
        (menu,) = [one for one in there.server.commands if one["type"] == 3]
    assert set(slash) == set(NAMES)
    assert slash["ask"]["name_localizations"] == {"zh-TW": "問"}
    assert slash["ask"]["description_localizations"] == {"zh-TW": say("command.ask")}
    (option,) = slash["ask"]["options"]
    assert (option["name"], option["required"]) == ("question", True)
    assert option["name_localizations"] == {"zh-TW": "問題"}
    assert menu["name_localizations"] == {"zh-TW": "標註這則回答"}
    hidden = {name for name, one in slash.items() if one["default_member_permissions"]}
    assert hidden == FOR_ADMINS
    assert menu["default_member_permissions"] == MANAGE_GUILD
    chinese = [one["name_localizations"]["zh-TW"] for one in slash.values()]
    assert len(set(chinese)) == len(chinese)


@pytest.mark.parametrize(
    ("name", "code"),
    [("reset", "desk.reset"), ("stop", "desk.nothing_to_stop"), ("bad", "desk.nothing_to_rate")],
)
async def test_a_command_is_answered_in_private(tmp_path: Path, name: str, code: str) -> None:
    async with discord_over(tmp_path) as there:
        one = await there.server.slash(there.world.ann, name)
        assert (await there.response(one)).content == say(code)
        assert one.is_private


async def test_the_last_answer_is_rated_with_a_reason(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        await there.heard(f"<@{BOT}> {HOURS}")
        await there.answered()
        await there.settled(1)
        one = await there.server.slash(there.world.ann, "bad", reason="時間不對")
        assert (await there.response(one)).content == say("desk.rated_reason")
        (cluster,) = there.desk.memory.unanswered.list("open", 5)
    assert cluster.question == HOURS


async def test_an_answer_in_the_making_is_stopped(tmp_path: Path) -> None:
    engine = ScriptedEngine(["平日", 30.0, "上午十點開門。[1]"])
    async with discord_over(tmp_path, engine) as there:
        await there.heard(f"<@{BOT}> {HOURS}")
        (watched,) = await there.server.until(lambda: there.server.own())
        one = await there.server.slash(there.world.ann, "stop")
        assert (await there.response(one)).content == say("desk.stopped")
        await there.server.until(lambda: watched.content == say("answer.stopped"))


async def test_what_somebody_said_is_forgotten(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        await there.heard(f"<@{BOT}> {HOURS}")
        await there.answered()
        await there.settled(1)
        one = await there.server.slash(there.world.ann, "forgetme")
        assert (await there.response(one)).content == say("desk.forgotten", count=1)


async def test_a_code_for_another_platform_is_to_be_copied(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        one = await there.server.slash(there.world.ann, "link")
        assert "輸入 /link " in (await there.response(one)).content


async def test_the_list_of_misses_is_worked_through_in_words(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        await there.heard(f"<@{BOT}> {STRANGE}是多少？")
        await there.answered()
        (cluster,) = there.desk.memory.unanswered.list("open", 5)
        do = f"dismiss {cluster.id}"
        refused = await there.server.slash(there.world.ann, "unanswered", do=do)
        assert (await there.response(refused)).content == say("desk.admins_only")
        done = await there.server.slash(there.world.boss, "unanswered", do=do)
        assert (await there.response(done)).content == say("desk.dismissed", number=cluster.id)


async def test_a_command_is_dealt_with_once(tmp_path: Path) -> None:
    """The gateway replays what it is not sure about."""
    async with discord_over(tmp_path) as there:
        code = there.desk.admins.pairing_code("discord")
        one = await there.server.slash(there.world.ann, "pair", code=code)
        await there.response(one)
        before = there.handled
        await there.server.gateway.again(one.event)
        await there.taken_in(before + 1)
        assert (await there.response(one)).content == say("desk.paired")
        assert len(there.server.called("POST", "/interactions/*")) == 1


async def test_questions_in_one_room_keep_their_order(tmp_path: Path) -> None:
    asked = [f"葉脈文具台北店平日幾點開門，第{number}次問？" for number in range(8)]
    engine = ScriptedEngine("平日上午十點開門。[1]")
    async with discord_over(tmp_path, engine) as there:
        before = there.handled
        for text in asked:
            await there.server.say(there.world.ann, f"<@{BOT}> {text}", GENERAL)
        await there.taken_in(before + len(asked))
        await there.answered(count=len(asked))
    order = [next(text for text in asked if text in task) for task in engine.tasks]
    assert order == asked
