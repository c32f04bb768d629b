"""Correcting answers where they are seen: the form, who may open it, what is said about errors."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.phrases import say
from tests.support.leaf_shop import HOURS, HOURS_TEXT, open_shop
from tests.support.slack_harness import CHANNEL, PEOPLE, SlackHarness, read
from tests.support.slack_server import Fault
from tests.support.slack_shop import slack_and_bot, slack_over

RIGHT = "平日九點半開門。"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return open_shop(tmp_path)


@pytest.mark.parametrize("http", [False, True], ids=["socket", "http"])
async def test_the_wrong_answer_is_corrected_from_its_menu(
    shop: Path, tmp_path: Path, http: bool
) -> None:
    async with slack_over(shop, tmp_path, http=http) as slack:
        ts = await slack.ask(HOURS)
        await slack.settled(1)
        wrong = slack.own()[0]
        await slack.people.menu(CHANNEL, wrong.ts, user=PEOPLE["boss"])
        view = await opened(slack)
        question, answer, _ = (block["element"] for block in view["blocks"])
        assert question["initial_value"] == HOURS
        assert HOURS_TEXT in answer["initial_value"]
        assert f"slack:{CHANNEL}:{ts}" in view["private_metadata"]
        said = await slack.people.send_in(view, user=PEOPLE["boss"], answer=RIGHT)
        assert said["response_action"] == "update"
        assert "標註 1" in said["view"]["blocks"][0]["text"]["text"]
        await slack.ask(HOURS)
        await slack.settled(2)
        assert RIGHT in read(slack.own()[1])


async def test_from_the_question_too_and_from_what_nobody_asked(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        ts = await slack.ask(HOURS)
        await slack.settled(1)
        await slack.people.menu(CHANNEL, ts, user=PEOPLE["boss"])
        view = await opened(slack)
        assert HOURS_TEXT in view["blocks"][1]["element"]["initial_value"]
        other = await slack.people.say("可以停車嗎？", user=PEOPLE["ann"], channel=CHANNEL)
        await slack.people.menu(CHANNEL, other, user=PEOPLE["boss"])
        view = await opened(slack, 2)
        assert view["blocks"][0]["element"]["initial_value"] == "可以停車嗎？"
        assert "initial_value" not in view["blocks"][1]["element"]


async def test_the_command_alone_opens_an_empty_form(shop: Path, tmp_path: Path) -> None:
    async with slack_and_bot(shop, tmp_path) as (slack, bot):
        await slack.people.command("/annotate", user=PEOPLE["boss"], channel=CHANNEL)
        view = await opened(slack)
        said = await slack.people.send_in(
            view, user=PEOPLE["boss"], question="可以停車嗎？", answer="門口有兩格。",
            aliases="有停車位嗎？\n停車方便嗎？",
        )  # fmt: skip
        assert said["response_action"] == "update"
        [saved] = bot.memory.annotations.listed()
        assert saved.draft.answer == "門口有兩格。"
        assert len(saved.draft.aliases) == 2


async def test_who_is_no_admin_gets_no_form_from_a_menu(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        ts = await slack.ask(HOURS)
        await slack.settled(1)
        await slack.people.menu(CHANNEL, ts, user=PEOPLE["ann"])
        await slack.settled(2)
        assert say("desk.admins_only") in read(slack.own()[1])
        assert slack.slack.views == []


async def test_a_right_taken_away_meanwhile_is_noticed_when_the_form_is_sent_in(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_and_bot(shop, tmp_path) as (slack, bot):
        await slack.people.command("/annotate", user=PEOPLE["boss"], channel=CHANNEL)
        view = await opened(slack)
        said = await slack.people.send_in(
            view, user=PEOPLE["ann"], question="a？", answer="b。", aliases=""
        )
        assert said == {
            "response_action": "errors",
            "errors": {"question": say("desk.admins_only")},
        }
        assert list(bot.memory.annotations.listed()) == []


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"question": " ", "answer": "b"}, "question"),
        ({"question": "a？", "answer": "\n"}, "answer"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(
    shop: Path, tmp_path: Path, fields: dict[str, str], where: str
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        await slack.people.command("/annotate", user=PEOPLE["boss"], channel=CHANNEL)
        view = await opened(slack)
        said = await slack.people.send_in(view, user=PEOPLE["boss"], aliases="", **fields)
        assert said["response_action"] == "errors"
        assert list(said["errors"]) == [where]


async def test_a_question_that_is_annotated_already_is_said_at_the_question(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        await slack.people.command("/annotate", user=PEOPLE["boss"], channel=CHANNEL)
        view = await opened(slack)
        fields = {"question": "可以停車嗎？", "answer": "可以。", "aliases": ""}
        first = await slack.people.send_in(view, user=PEOPLE["boss"], **fields)
        assert first["response_action"] == "update"
        again = await slack.people.send_in(view, user=PEOPLE["boss"], **fields)
        assert list(again.get("errors", {"question": ""})) == ["question"]


async def test_a_form_that_does_not_open_is_said(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        slack.slack.fail("views.open", Fault(error="expired_trigger_id"))
        await slack.people.command("/annotate", user=PEOPLE["boss"], channel=CHANNEL)
        await slack.settled(1)
        assert say("slack.no_form", p="") in read(slack.own()[0])


async def test_members_of_a_group_are_admins_and_a_workspace_admin_is_none(
    shop: Path, tmp_path: Path
) -> None:
    admins = {"slack_admins": ("S0STAFF",)}
    async with slack_over(shop, tmp_path, settings=admins) as slack:
        slack.slack.groups["S0STAFF"] = [PEOPLE["bob"]]
        slack.slack.users[PEOPLE["boss"]] = {"is_admin": True, "is_owner": True}
        await slack.say("/unanswered", person="bob")
        await slack.settled(1)
        await slack.say("/unanswered", person="boss")
        await slack.settled(2)
        assert say("desk.unanswered_none") in read(slack.own()[0])
        assert say("desk.admins_only") in read(slack.own()[1])
        assert len(slack.slack.calls_of("usergroups.users.list")) == 1


async def test_a_group_that_cannot_be_read_makes_nobody_an_admin(
    shop: Path, tmp_path: Path
) -> None:
    admins = {"slack_admins": ("S0GONE", PEOPLE["boss"])}
    async with slack_over(shop, tmp_path, settings=admins) as slack:
        await slack.say("/unanswered", person="bob")
        await slack.settled(1)
        await slack.say("/unanswered", person="boss")
        await slack.settled(2)
        assert say("desk.admins_only") in read(slack.own()[0])
        assert say("desk.unanswered_none") in read(slack.own()[1])


async def opened(slack: SlackHarness, count: int = 1) -> dict[str, Any]:
    async with asyncio.timeout(5):
        while len(slack.slack.views) < count:  # noqa: ASYNC110 - another program's list
            await asyncio.sleep(0.02)
    return slack.slack.views[-1]
