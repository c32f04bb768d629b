"""Discord end to end in an independent simulator: its checks, not ours, judge what is sent."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import discord
import pytest
import simcord

from bot.annotations import Draft
from bot.bootstrap import Bot
from bot.phrases import say
from tests.support.bot import ScriptedEngine, bot_over
from tests.support.discord_simulated import Simulated, simulated
from tests.support.leaf_shop import HOURS, HOURS_TEXT, STRANGE, open_shop

SAID = f"{HOURS_TEXT}[1]"
Simulation = Callable[[], AbstractAsyncContextManager[Simulated]]


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Bot]:
    async with bot_over(open_shop(tmp_path), ScriptedEngine(SAID)) as made:
        yield made


@pytest.fixture
def simulation(bot: Bot, tmp_path: Path) -> Simulation:
    """To be opened in the test itself: the simulator's time belongs to one task."""
    return lambda: simulated(bot, tmp_path)


def own(there: Simulated) -> list[discord.Message]:
    me = there.env.bot.user
    return [one for one in there.general.history() if me is not None and one.author.id == me.id]


async def answered(there: Simulated, text: str) -> discord.Message:
    """The bot's message in which this stands, once it has its buttons."""

    def found() -> discord.Message | None:
        return next((one for one in own(there) if text in one.content and one.components), None)

    message: discord.Message = await there.until(found)
    return message


def button(message: discord.Message | simcord.ResponseMessage, start: str) -> str:
    """The data of the button that begins so."""
    payload = message.components if isinstance(message, simcord.ResponseMessage) else [
        row.to_dict() for row in message.components
    ]  # fmt: skip
    ids = [one["custom_id"] for row in payload for one in row["components"]]
    return next(str(id_) for id_ in ids if str(id_).startswith(start))


async def test_a_slash_command_is_promised_and_then_answered(simulation: Simulation) -> None:
    async with simulation() as there:
        result = await there.ann.slash(there.general, "ask", question=HOURS)
        assert result.acknowledged
        assert result.deferred
        message = await answered(there, HOURS_TEXT)
        assert result.response is not None
        assert message.id == result.response.id
        assert [field.name for field in message.embeds[0].fields] == ["[1] 營業時間"]


async def test_a_mention_is_answered_with_a_reply_that_pings_nobody(simulation: Simulation) -> None:
    async with simulation() as there:
        asked = await there.ann.send(there.general, f"<@{there.me}> {HOURS}")
        message = await answered(there, HOURS_TEXT)
        assert message.reference is not None
        assert message.reference.message_id == asked.id
        assert message.mentions == []


async def test_people_among_themselves_are_left_alone(simulation: Simulation) -> None:
    async with simulation() as there:
        await there.ann.send(there.general, HOURS)
        await there.env.settle()
        assert own(there) == []


async def test_a_direct_message_is_answered(simulation: Simulation) -> None:
    async with simulation() as there:
        await there.ann.send_dm(HOURS)
        await there.until(lambda: any(
            HOURS_TEXT in one.content for one in there.ann.user.dm_channel.history()
        ))  # fmt: skip


async def test_the_form_makes_an_annotation(simulation: Simulation, bot: Bot) -> None:
    async with simulation() as there:
        opened = await there.boss.slash(there.general, "annotate")
        values = {"question": "可以停車嗎？", "answer": "門口有兩格。", "aliases": "有停車位嗎？\n"}
        sent = await there.boss.submit_modal(opened, values)
        assert sent.ephemeral
        (kept,) = bot.memory.annotations.listed()
        assert kept.draft.question == "可以停車嗎？"
        assert kept.draft.aliases == ("有停車位嗎？",)


async def test_admin_commands_are_not_offered_to_others(simulation: Simulation) -> None:
    async with simulation() as there:
        offered = there.ann.available_commands(there.general)
        assert "ask" in offered
        assert not {"annotate", "unanswered", "sync"} & set(offered)
        assert {"annotate", "unanswered", "sync"} <= set(
            there.boss.available_commands(there.general)
        )


async def test_who_is_let_in_by_the_server_alone_is_refused_by_us(simulation: Simulation) -> None:
    """A server may offer the command to anybody; what it does is still ours to decide."""
    async with simulation() as there:
        there.env.guild.set_command_permissions(there.command("annotate"), {there.ann: True})
        refused = await there.ann.slash(there.general, "annotate")
        assert refused.modal is None
        assert refused.ephemeral
        assert refused.response is not None
        assert refused.response.content == say("desk.admins_only", "en")


async def test_buttons_work_after_a_restart(simulation: Simulation, bot: Bot) -> None:
    async with simulation() as there:
        await there.ann.slash(there.general, "ask", question=HOURS)
        message = await answered(there, HOURS_TEXT)
        await there.restart()
        pressed = await there.ann.click(message, custom_id=button(message, "rate:-1"))
        assert pressed.ephemeral
        (cluster,) = bot.memory.unanswered.list("open", 5)
        assert cluster.question == HOURS


async def test_a_form_that_was_open_during_a_restart_is_taken(
    simulation: Simulation, bot: Bot
) -> None:
    async with simulation() as there:
        await there.ann.slash(there.general, "ask", question=STRANGE + "是多少？")
        await answered(there, "無資料")
        listed = await there.boss.slash(there.general, "unanswered")
        assert listed.response is not None
        opened = await there.boss.click(
            listed.response, custom_id=button(listed.response, "answer:")
        )
        await there.restart()
        await there.boss.submit_modal(opened, {"question": STRANGE + "是多少？", "answer": "零。"})
        (kept,) = bot.memory.annotations.listed()
        assert kept.draft.answer == "零。"
        assert bot.memory.unanswered.list("open", 5) == ()


@pytest.mark.parametrize("length", [1999, 2000, 2001, 9000])
async def test_an_answer_of_any_length_is_taken(
    simulation: Simulation, bot: Bot, length: int
) -> None:
    async with simulation() as there:
        text = "".join(f"第{n}條，記得帶卡。" for n in range(2000))[:length]
        bot.memory.annotations.add(Draft(HOURS, text), "boss")
        await there.ann.send(there.general, f"<@{there.me}> {HOURS}")
        await answered(there, text[-5:])
        whole = "".join(one.content for one in sorted(own(there), key=lambda one: one.id))
        assert whole == text


async def test_command_names_take_the_prefix(bot: Bot, tmp_path: Path) -> None:
    async with simulated(bot, tmp_path, command_prefix="kb-") as there:
        offered = there.boss.available_commands(there.general)
        assert offered
        assert all(name.startswith("kb-") for name in offered)
        result = await there.ann.slash(there.general, "kb-help")
        assert result.response is not None
        assert "</kb-reset:" in result.response.content
