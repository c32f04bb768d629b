"""Slash commands: acknowledged, answered to whoever gave them, questions for all to see."""

import asyncio
from pathlib import Path

import pytest

from bot.phrases import say
from tests.support.bot import ScriptedEngine
from tests.support.leaf_shop import HOURS, HOURS_TEXT, open_shop
from tests.support.slack_harness import CHANNEL, PEOPLE, SlackHarness, direct, read
from tests.support.slack_shop import SAID, slack_and_bot, slack_over


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return open_shop(tmp_path)


async def give(slack: SlackHarness, text: str, person: str = "ann", channel: str = CHANNEL) -> None:
    await slack.people.command(text, user=PEOPLE[person], channel=channel, name=person)


@pytest.mark.parametrize("http", [False, True], ids=["socket", "http"])
async def test_a_question_stands_in_the_channel_with_its_answer_below(
    shop: Path, tmp_path: Path, http: bool
) -> None:
    async with slack_over(shop, tmp_path, http=http) as slack:
        await give(slack, f"/ask {HOURS}")
        await slack.settled(2)
        question, answer = slack.own()
        assert read(question) == f"@ann 問：{HOURS}"
        assert HOURS_TEXT in read(answer)
        assert (answer.channel, answer.thread) == (CHANNEL, question.ts)
        assert question.thread is None
        assert {question.only_for, answer.only_for} == {None}
        assert slack.pings() == []


async def test_a_question_in_a_direct_message_is_answered_there(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        await give(slack, f"/ask {HOURS}", channel=direct("ann"))
        await slack.settled(2)
        assert [message.thread for message in slack.own()] == [None, None]
        assert HOURS_TEXT in read(slack.own()[1])


async def test_where_the_bot_is_no_member_only_the_asker_sees_the_answer(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        slack.slack.bot_is_in = lambda _channel: False
        await give(slack, f"/ask {HOURS}")
        await slack.settled(1)
        [answer] = slack.own()
        assert HOURS_TEXT in read(answer)
        assert answer.only_for == PEOPLE["ann"]


async def test_an_empty_question_is_told_how_to_ask(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        await give(slack, "/ask")
        [shown] = await slack.settled(1)
        assert say("slack.ask_usage", p="") in shown.text


async def test_a_question_that_looks_like_a_command_is_a_question(
    shop: Path, tmp_path: Path
) -> None:
    engine = ScriptedEngine(SAID)
    async with slack_over(shop, tmp_path, engine) as slack:
        await give(slack, "/ask 停")
        await slack.settled(2)
        assert say("desk.nothing_to_stop") not in read(slack.own()[1])


@pytest.mark.parametrize("channel", [CHANNEL, direct("ann")], ids=["channel", "direct"])
@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/help", "直接用一句話問我"),
        ("/reset", say("desk.reset")),
        ("/quota", "額度"),
        ("/forgetme", "已刪除"),
        ("/link", "/link "),
        ("/stop", say("desk.nothing_to_stop")),
        ("/bad 太舊", say("desk.nothing_to_rate")),
        ("/human", say("human.contact")),
        ("/resume", say("human.not_away")),
        ("/unanswered", say("desk.admins_only")),
        ("/annotate a | b", say("desk.admins_only")),
        ("/annotate", say("desk.admins_only")),
        ("/sync", say("desk.admins_only")),
        ("/pair 1234", "secretary slack pair"),
    ],
)
async def test_commands_are_answered_to_whoever_gives_them(
    shop: Path, tmp_path: Path, command: str, said: str, channel: str
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        await give(slack, command, channel=channel)
        [shown] = await slack.settled(1)
        [message] = slack.own()
    assert said in shown.text
    assert message.only_for == PEOPLE["ann"]


async def test_names_take_a_prefix(shop: Path, tmp_path: Path) -> None:
    prefixed = {"command_prefix": "kb-"}
    async with slack_over(shop, tmp_path, settings=prefixed, prefix="kb-") as slack:
        await give(slack, "/kb-reset")
        await slack.settled(1)
        await give(slack, f"/kb-ask {HOURS}")
        await slack.settled(3)
        assert say("desk.reset") in read(slack.own()[0])
        assert HOURS_TEXT in read(slack.own()[2])


async def test_stop_in_a_channel_is_meant_for_the_thread_below(shop: Path, tmp_path: Path) -> None:
    engine = ScriptedEngine((30.0, SAID))
    async with slack_over(shop, tmp_path, engine) as slack:
        await slack.ask(HOURS)
        await engine.called.wait()
        await give(slack, "/stop")
        shown = await slack.settled(2)
    texts = [one.text for one in shown]
    assert any(say("desk.stopped") in text for text in texts)
    assert any(say("answer.stopped") in text for text in texts)


async def test_a_pairing_code_makes_an_admin(shop: Path, tmp_path: Path) -> None:
    async with slack_and_bot(shop, tmp_path) as (slack, _):
        code = slack.behind.desk.admins.pairing_code("slack")
        await give(slack, f"/pair {code}")
        await slack.settled(1)
        await give(slack, "/unanswered")
        await slack.settled(2)
        assert say("desk.unanswered_none") in read(slack.own()[1])


async def test_the_language_is_the_clients_where_no_words_tell_it(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        slack.slack.users["U0ANN"] = {
            "profile": {"display_name": "Ann"}, "locale": "en-US",
        }  # fmt: skip
        await give(slack, "/reset")
        await slack.settled(1)
        await asyncio.sleep(0.2)  # looked up beside the work
        await give(slack, "/reset")
        await slack.settled(2)
        await give(slack, f"/ask {HOURS}")
        await slack.settled(4)
        first, second, question, _ = slack.own()
    assert read(first) == say("desk.reset")
    assert read(second) == say("desk.reset", "en")
    assert read(question).startswith("@Ann ")
