"""Correcting answers on Discord: by form, from the wrong answer itself, by admins only."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.annotations import Annotation
from bot.bootstrap import Bot
from bot.phrases import say
from tests.support.bot import ScriptedEngine, bot_over
from tests.support.discord_harness import DiscordHarness, discord_over, settings_for
from tests.support.discord_interactions import Interaction
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import BOT, GENERAL, KEEPER, Person
from tests.support.leaf_shop import HOURS, STRANGE, open_shop
from tests.support.platform_harness import behind

MENU = say("command.menu", "en")
RIGHT = "平日九點半開門。"


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Bot]:
    async with bot_over(open_shop(tmp_path), ScriptedEngine("平日上午十點開門。[1]")) as made:
        yield made


async def wrong_answer(there: DiscordHarness) -> str:
    """The id of its message, which is a reply to the question."""
    await there.heard(f"<@{BOT}> {HOURS}")
    (shown,) = await there.answered()
    return shown.id


async def form(there: DiscordHarness, by: Person, message: str) -> Interaction:
    one = await there.server.menu(by, MENU, message)
    await there.server.until(lambda: one.acked_at, what="a form or a refusal")
    return one


def filled(one: Interaction) -> dict[str, str]:
    assert one.modal is not None
    fields = [label["component"] for label in one.modal["components"]]
    return {field["custom_id"]: field.get("value", "") for field in fields}


def kept(there: DiscordHarness) -> list[Annotation]:
    return list(there.desk.memory.annotations.listed())


async def test_the_form_opens_with_the_question_and_the_wrong_answer(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        wrong = await wrong_answer(there)
        opened = await form(there, there.world.boss, wrong)
        assert filled(opened)["question"] == HOURS
        assert filled(opened)["answer"].startswith("平日上午十點開門。")
        sent = await there.server.submit(there.world.boss, opened, answer=RIGHT, aliases="幾點開")
        assert say("desk.annotated", number=1) in (await there.response(sent)).content
        assert sent.is_private
        (made,) = kept(there)
        assert (made.draft.question, made.draft.answer) == (HOURS, RIGHT)
        assert made.draft.aliases == ("幾點開",)
        asked = there.world.messages[wrong].reply_to
        assert asked is not None
        assert made.from_request == f"discord:{asked.id}"
        await there.heard(f"<@{BOT}> {HOURS}", by=there.world.bea)
        await there.answered(count=2)
        assert RIGHT in there.server.own()[-1].content


async def test_what_a_person_answered_can_be_kept_too(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        said = await there.heard("停車場在後門。", by=there.world.bea)
        opened = await form(there, there.world.boss, said)
        assert filled(opened) == {"question": "", "answer": "停車場在後門。", "aliases": ""}


async def test_nobody_else_gets_the_form(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        refused = await form(there, there.world.ann, await wrong_answer(there))
        assert refused.modal is None
        assert refused.is_private
        assert (await there.response(refused)).content == say("desk.admins_only")


async def test_a_form_sent_in_by_somebody_else_changes_nothing(tmp_path: Path) -> None:
    """Opened by an admin; the right is looked at again when it comes back."""
    async with discord_over(tmp_path) as there:
        opened = await form(there, there.world.boss, await wrong_answer(there))
        sent = await there.server.submit(there.world.ann, opened, answer=RIGHT)
        assert (await there.response(sent)).content == say("desk.admins_only")
        assert kept(there) == []


async def test_a_role_of_ours_makes_an_admin(tmp_path: Path) -> None:
    roles = {"discord_admin_roles": (KEEPER,)}
    async with discord_over(tmp_path, settings=roles) as there:
        opened = await form(there, there.world.keeper, await wrong_answer(there))
        assert opened.modal is not None


async def test_without_it_that_role_means_nothing(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        refused = await form(there, there.world.keeper, await wrong_answer(there))
        assert refused.modal is None


async def test_of_a_public_bot_who_manages_a_server_is_no_admin(bot: Bot, tmp_path: Path) -> None:
    """Anybody could invite it to a server of their own."""
    async with DiscordServer() as server:
        server.is_public = True
        roles = {"discord_admin_roles": (KEEPER,)}
        async with behind(bot, "discord", settings_for(server, **roles), tmp_path) as made:
            there = DiscordHarness(server, made)
            said = await there.heard("停車場在後門。")
            assert (await form(there, there.world.boss, said)).modal is None
            assert (await form(there, there.world.keeper, said)).modal is not None


async def test_an_admin_is_known_in_direct_messages(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        for person, may in ((there.world.boss, True), (there.world.ann, False)):
            channel = there.world.direct(person)
            one = await there.server.slash(person, "annotate", channel)
            await there.server.until(lambda one=one: one.acked_at)
            assert (one.modal is not None) is may


async def test_who_is_paired_with_a_code_is_an_admin(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        code = there.desk.admins.pairing_code("discord")
        one = await there.server.slash(there.world.ann, "pair", code=code)
        assert (await there.response(one)).content == say("desk.paired")
        opened = await form(there, there.world.ann, await wrong_answer(there))
        assert opened.modal is not None


async def test_a_miss_is_answered_from_the_list(tmp_path: Path) -> None:
    question = STRANGE + "是多少？"
    async with discord_over(tmp_path) as there:
        await there.heard(f"<@{BOT}> {question}")
        await there.answered()
        listed = await there.response(await there.server.slash(there.world.boss, "unanswered"))
        assert question in listed.content
        answer, _dismiss = (one["custom_id"] for one in listed.buttons())
        opened = await there.server.click(there.world.boss, listed.id, answer)
        await there.server.until(lambda: opened.acked_at)
        assert filled(opened)["question"] == question
        sent = await there.server.submit(there.world.boss, opened, answer="零。")
        await there.response(sent)
        assert there.desk.memory.unanswered.list("open", 5) == ()
        assert [one.draft.answer for one in kept(there)] == ["零。"]


async def test_a_miss_is_dismissed_from_the_list(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        await there.heard(f"<@{BOT}> {STRANGE}是多少？")
        await there.answered()
        listed = await there.response(await there.server.slash(there.world.boss, "unanswered"))
        _answer, dismiss = (one["custom_id"] for one in listed.buttons())
        gone = await there.server.click(there.world.boss, listed.id, dismiss)
        await there.response(gone)
        assert there.desk.memory.unanswered.list("open", 5) == ()


async def test_what_is_wrong_with_a_form_is_said(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        opened = await there.server.slash(there.world.boss, "annotate")
        await there.server.until(lambda: opened.acked_at)
        sent = await there.server.submit(there.world.boss, opened, question="？！", answer="零。")
        assert (await there.response(sent)).content == say("annotation.question_empty")
        assert kept(there) == []


async def test_an_answer_in_a_channel_is_corrected_by_a_reply(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        wrong = await wrong_answer(there)
        boss = there.world.boss
        await there.heard(f"<@{BOT}> /annotate {RIGHT}", GENERAL, by=boss, reply_to=wrong)
        await there.server.until(lambda: bool(kept(there)), what="the answer is kept")
        await there.settled(2)
        assert [one.draft.answer for one in kept(there)] == [RIGHT]
