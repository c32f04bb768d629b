"""When LINE refuses the token, cannot be reached, is busy, or does not like what we say."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.base import PlatformOff
from bot.phrases import describe, say
from tests.support.bot import ScriptedEngine, bot_over
from tests.support.leaf_shop import HOURS, open_shop
from tests.support.line_events import again, postback
from tests.support.line_harness import ANN, opened
from tests.support.line_server import LineServer, threaded
from tests.support.program import Home, running
from tests.support.program import until as soon

SAID = "平日上午十點開門。[1]"


async def until(told: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not told():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.02)


async def test_a_wrong_token_is_one_sentence_that_names_the_variable(tmp_path: Path) -> None:
    async with bot_over(open_shop(tmp_path), ScriptedEngine(SAID)) as bot:
        with pytest.raises(PlatformOff) as refused:
            async with opened(bot, tmp_path, settings={"line_channel_access_token": "stolen"}):
                pass
    sentence = describe(refused.value)
    assert "LINE_CHANNEL_ACCESS_TOKEN" in sentence
    assert "stolen" not in sentence


def test_the_program_runs_without_line_then_and_says_so(tmp_path: Path) -> None:
    with threaded() as line:
        keys = {"LINE_CHANNEL_SECRET": line.secret, "LINE_CHANNEL_ACCESS_TOKEN": "stolen"}
        home = Home(tmp_path, {**keys, "LINE_API_BASE": line.url})
        with running(home) as run:
            checks = run.client.get("/readyz").json()["checks"]
            assert checks["line"].startswith("off: ")
            assert "LINE_CHANNEL_ACCESS_TOKEN" in checks["line"]
            assert run.status("/line/webhook") == 405
            assert run.client.post("/line/webhook").status_code == 401
            done = run.stop()
    assert "LINE_CHANNEL_ACCESS_TOKEN" in done.err
    assert "stolen" not in done.err


async def test_questions_come_in_while_line_s_api_is_away(tmp_path: Path) -> None:
    line = LineServer()
    line.fail("/info", 503, times=2)
    async with (
        bot_over(open_shop(tmp_path), ScriptedEngine(SAID)) as bot,
        opened(bot, tmp_path, line=line) as people,
    ):
        assert "503" in people.behind.adapter.state
        await people.say(HOURS)
        (answer,) = await people.settled(1)
        assert "十點" in answer.text
        await until(lambda: people.behind.adapter.state == "ok")


async def test_what_line_does_not_like_is_said_as_a_failure_and_not_left_out(
    tmp_path: Path,
) -> None:
    async with (
        bot_over(open_shop(tmp_path), ScriptedEngine(SAID)) as bot,
        opened(bot, tmp_path) as people,
    ):
        people.line.fail("/message/reply", 400, "The request body has 1 error(s)")
        await people.say(HOURS)
        (sorry,) = await people.settled(1)
        assert sorry.text == say("answer.failed")
        await people.say(HOURS)
        _, answer = await people.settled(2)
        assert "十點" in answer.text


async def test_what_was_owed_and_is_refused_keeps_no_later_answer_away(tmp_path: Path) -> None:
    async with (
        bot_over(open_shop(tmp_path), ScriptedEngine(SAID)) as bot,
        opened(bot, tmp_path, line=LineServer(life_s=-1.0)) as people,
    ):
        await people.say(HOURS)
        await until(lambda: bot.memory.reply_tokens.owed() == 1)
        people.line.life_s = 60.0
        people.line.fail("/message/reply", 400, "The request body has 1 error(s)")
        await people.say("/help")
        (help_,) = await people.settled(1)
        assert help_.text == say("desk.help", p="")
        assert bot.memory.reply_tokens.owed() == 0


async def test_a_reply_to_a_command_is_tried_again_too(tmp_path: Path) -> None:
    async with (
        bot_over(open_shop(tmp_path), ScriptedEngine(SAID)) as bot,
        opened(bot, tmp_path) as people,
    ):
        people.line.fail("/message/reply", 503, times=2)
        await people.say("/help")
        (help_,) = await people.settled(1)
        assert help_.text == say("desk.help", p="")


async def test_a_tap_that_is_delivered_twice_counts_once(tmp_path: Path) -> None:
    async with (
        bot_over(open_shop(tmp_path), ScriptedEngine(SAID)) as bot,
        opened(bot, tmp_path) as people,
    ):
        await people.say(HOURS)
        (answer,) = await people.settled(1)
        tap = postback(answer.buttons[0], ANN)
        await people.deliver(tap, again(tap))
        await people.deliver(again(tap))
        await people.settled(2)
        await asyncio.sleep(0.4)
        assert len(people.shown()) == 2


def test_line_alone_runs_from_a_folder_and_survives_being_killed(tmp_path: Path) -> None:
    """The whole program, killed between the acknowledgement and the answer."""
    from tests.support.line_events import text_event

    with threaded() as line:
        keys = {"LINE_CHANNEL_SECRET": line.secret, "LINE_CHANNEL_ACCESS_TOKEN": line.token}
        home = Home(tmp_path, {**keys, "LINE_API_BASE": line.url})
        (tmp_path / "docs").mkdir()
        (tmp_path / "docs" / "營業.md").write_text("# 營業\n\n葉脈文具平日上午十點開門。")
        assert home("ingest", "docs").code == 0
        line.fail("/message/reply", 503, times=1000)
        event = text_event("葉脈文具平日幾點開門？", ANN)
        with running(home) as run:
            url = f"{run.client.base_url}/line/webhook"
            assert asyncio.run(line.post(url, [event]))[0] == 200
            soon(lambda: line.counts["refused 503"] > 0, alive=run.process)
            run.process.kill()
            run.process.wait()
        line.heal()
        with running(home) as run:
            soon(lambda: len(line.said) == 1, alive=run.process)
            run.stop()
        (said,) = line.said
        assert "十點" in said.messages[0]["text"]
        assert line.pushes == []
