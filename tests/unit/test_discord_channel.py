"""How answers get to Discord, without Discord."""

import asyncio
from dataclasses import replace

import pytest

from adapters.discord.api import Api, MessageGone
from adapters.discord.channel import DiscordChannel
from adapters.discord.outbound import Message, message
from adapters.discord.settings import section
from adapters.settings import Settings
from bot.inbox import DeliveryError, LiveChannel, Progress
from bot.messages import Author, ConversationRef, Request
from bot.phrases import say
from tests.support.bot import NOON


class Recorded(Api):
    """Takes everything; remembers the calls."""

    def __init__(self) -> None:
        super().__init__(lambda: None)
        self.calls: list[tuple[str, str, str]] = []
        self.is_gone = False
        self.is_slow = False
        self.fails = 0

    async def post(
        self, channel: str, message: Message, *, key: str, reply_to: str | None = None
    ) -> str:
        self.calls.append(("post", channel, message["content"]))
        id_ = f"m{len(self.calls)}"
        if self.is_slow:
            await asyncio.sleep(0.1)
        return id_

    async def edit(self, channel: str, message_id: str, message: Message) -> str:
        self.calls.append(("edit", message_id, message["content"]))
        if self.fails:
            self.fails -= 1
            raise DeliveryError("503")
        if self.is_gone:
            raise MessageGone("404", permanent=True)
        return message_id

    async def delete(self, channel: str, message_id: str) -> None:
        self.calls.append(("delete", message_id, ""))

    async def typing(self, channel: str) -> None:
        self.calls.append(("typing", channel, ""))


@pytest.fixture
def api() -> Recorded:
    return Recorded()


@pytest.fixture
def channel(api: Recorded) -> DiscordChannel:
    settings = Settings(_env_file=None, discord_token="t")  # type: ignore[call-arg]
    return DiscordChannel(api, section(settings), say)


def request(number: int = 1, room: str = "7") -> Request:
    return Request(
        f"discord:{number}", ConversationRef("discord", room, person="5"), Author("discord", "5"),
        "幾點開門？", NOON, reply={"channel": room, "message": f"{number}"},
    )  # fmt: skip


def shown(of: Request, id_: str = "m1") -> Request:
    return replace(of, reply={**of.reply, "shown": id_})


def test_it_can_be_watched(channel: DiscordChannel) -> None:
    assert isinstance(channel, LiveChannel)


async def test_answers_in_one_room_share_its_edits(channel: DiscordChannel, api: Recorded) -> None:
    await channel.show(shown(request(1)), "平日")
    await channel.show(shown(request(2), "m2"), "週日")
    await channel.show(shown(request(3, room="8"), "m3"), "假日")
    assert [call[1] for call in api.calls] == ["m1", "m3"]


async def test_the_place_in_line_becomes_the_answer(channel: DiscordChannel, api: Recorded) -> None:
    one = request()
    await channel.progress(one, Progress("waiting", 3))
    await channel.progress(one, Progress("thinking"))
    handle = await channel.open(one)
    assert await channel.send(shown(one, handle["shown"]), message("十點。"), 0, "k") == "m1"
    assert api.calls == [
        ("post", "7", say("answer.busy", place=3)),
        ("edit", "m1", say("shown.thinking")),
        ("edit", "m1", "十點。"),
    ]


async def test_a_place_in_line_that_comes_late_is_not_told(
    channel: DiscordChannel, api: Recorded
) -> None:
    await channel.send(request(), message("十點。"), 0, "k")
    await channel.progress(request(), Progress("waiting", 1))
    await channel.progress(request(), Progress("thinking"))
    assert api.calls == [("post", "7", "十點。")]


async def test_an_answer_waits_for_the_place_in_line_that_is_on_its_way(
    channel: DiscordChannel, api: Recorded
) -> None:
    api.is_slow = True
    telling = asyncio.create_task(channel.progress(request(), Progress("waiting", 1)))
    await asyncio.sleep(0)
    assert await channel.send(request(), message("十點。"), 0, "k") == "m1"
    await telling
    assert [call[0] for call in api.calls] == ["post", "edit"]


async def test_a_second_attempt_still_knows_where(channel: DiscordChannel, api: Recorded) -> None:
    await channel.progress(request(), Progress("waiting", 1))
    api.fails = 1
    with pytest.raises(DeliveryError):
        await channel.send(request(), message("十點。"), 0, "k")
    assert await channel.send(request(), message("十點。"), 0, "k") == "m1"


async def test_a_message_that_is_gone_is_sent_anew(channel: DiscordChannel, api: Recorded) -> None:
    api.is_gone = True
    assert await channel.send(shown(request()), message("十點。"), 0, "k") == "m2"
    assert [call[0] for call in api.calls] == ["edit", "post"]


async def test_the_next_part_is_a_message_of_its_own(
    channel: DiscordChannel, api: Recorded
) -> None:
    await channel.send(shown(request()), message("完。"), 1, "k")
    assert [call[0] for call in api.calls] == ["post"]


async def test_what_was_shown_of_a_withdrawn_question_goes(
    channel: DiscordChannel, api: Recorded
) -> None:
    await channel.progress(shown(request()), Progress("withdrawn"))
    assert api.calls == [("delete", "m1", "")]


async def test_without_a_connection_it_is_tried_later(channel: DiscordChannel) -> None:
    api = Api(lambda: None)
    with pytest.raises(DeliveryError) as refused:
        await api.post("7", message("十點。"), key="k")
    assert not refused.value.permanent
    assert refused.value.retry_after_s
