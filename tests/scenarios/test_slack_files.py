"""Files sent to the bot."""

from pathlib import Path
from typing import Any

import pytest

from bot.phrases import say
from tests.support.leaf_shop import HOURS, open_shop
from tests.support.slack_harness import PEOPLE, SlackHarness, direct, read
from tests.support.slack_shop import slack_over

PARKING = "# 停車\n\n葉脈文具台北店門口有兩格停車位，每小時三十元。\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return open_shop(tmp_path)


async def send(
    slack: SlackHarness, person: str, text: str = "", *, name: str = "停車.md", kind: str = "text/plain",
    **more: Any,
) -> None:  # fmt: skip
    slack.slack.files["f1"] = (PARKING.encode(), kind)
    file = {
        "id": "F1", "name": name, "mimetype": kind, "filetype": name.rpartition(".")[2],
        "size": len(PARKING.encode()), "url_private_download": f"{slack.slack.root}/files/f1",
        **more,
    }  # fmt: skip
    ts = await slack.people.say(
        text, user=PEOPLE[person], channel=direct(person), subtype="file_share", files=[file]
    )
    slack.ids.append(f"slack:{direct(person)}:{ts}")


async def test_an_admins_file_is_asked_about_and_added(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path, "台北店門口有兩格停車位，每小時三十元。[1]") as slack:
        await send(slack, "boss")
        [asked] = await slack.settled(1)
        assert "停車.md" in asked.text
        await slack.tap(asked.buttons[0], person="ann")
        await slack.settled(2)
        assert say("desk.admins_only") in read(slack.own()[1])
        await slack.tap(asked.buttons[0], person="boss")
        await slack.settled(3)
        assert "新增 1" in read(slack.own()[2])
        await slack.say("葉脈文具台北店門口有幾格停車位？")
        await slack.settled(4)
        assert "兩格" in read(slack.own()[3])


async def test_others_are_refused_politely_and_their_words_answered(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        await send(slack, "ann", HOURS)
        shown = await slack.settled(2)
        assert any(say("upload.not_yours") in one.text for one in shown)
        assert any("十點" in one.text for one in shown)
        assert slack.slack.calls_of("files") == []


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [("a.png", "image/png", "media.image"), ("a.m4a", "audio/mp4", "media.only_text")],
)
async def test_pictures_and_sound_get_a_sentence(
    shop: Path, tmp_path: Path, name: str, kind: str, code: str
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        await send(slack, "ann", name=name, kind=kind)
        [shown] = await slack.settled(1)
        assert say(code) in shown.text


@pytest.mark.parametrize("name", ["停車.md", "停車.html"])
async def test_a_missing_scope_is_said_and_no_login_page_is_learnt(
    shop: Path, tmp_path: Path, name: str
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        slack.slack.scopes.discard("files:read")
        await send(slack, "boss", name=name)
        [shown] = await slack.settled(1)
        assert "files:read" in shown.text
        assert shown.buttons == ()


async def test_a_page_that_really_is_one_is_taken(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        await send(slack, "boss", name="停車.html", kind="text/html")
        [shown] = await slack.settled(1)
        assert len(shown.buttons) == 2


async def test_the_token_is_sent_to_slack_only(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        elsewhere = "https://evil.example/停車.md"
        await send(slack, "boss", url_private_download=elsewhere, is_external=True)
        [shown] = await slack.settled(1)
        assert say("slack.file_elsewhere", name="停車.md") in shown.text


async def test_what_is_too_large_is_said(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        await send(slack, "boss", size=51 * 1024 * 1024)
        [shown] = await slack.settled(1)
        assert "50 MB" in shown.text
