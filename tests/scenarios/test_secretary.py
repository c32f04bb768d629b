"""What a person may count on around the answer: once, remembered, budgeted, corrected."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.annotations import Draft
from bot.bootstrap import Bot, open_inbox
from bot.inbox import Accepted, Duplicate, Progress, ReplyChannel
from bot.messages import Answer, Author, ConversationRef, Finished, Request
from bot.phrases import say
from bot.unanswered import Unanswered
from bot.upkeep import Upkeep
from tests.support.asked import ANN, ROOM, ask_as, request
from tests.support.bot import NOON, ScriptedEngine, bot_over, ingest, write
from tests.support.leaf_shop import HOURS, STRANGE, open_shop
from tests.support.remembered import exchange

SAID = "平日上午十點開門。[1]"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return open_shop(tmp_path)


async def test_the_same_delivery_is_answered_once(data: Path) -> None:
    engine = ScriptedEngine(SAID)
    asked = request(HOURS, id_="line:42")
    async with bot_over(data, engine) as bot:
        first = await ask_as(bot, asked)
        again = await ask_as(bot, asked)
    async with bot_over(data, engine) as restarted:
        after = await ask_as(restarted, asked)
    assert len(engine.prompts) == 1
    assert first.text == again.text == after.text == SAID
    assert [c.source for c in after.citations] == ["營業.md"]


async def test_a_follow_up_leans_on_what_was_said_before(data: Path) -> None:
    engine = ScriptedEngine(SAID)
    async with bot_over(data, engine) as bot:
        await ask_as(bot, HOURS)
        engine.say = "週日上午十一點開門。[1]"
        answer = await ask_as(bot, "那週日呢？")
        assert answer.text == "週日上午十一點開門。[1]"
        assert HOURS in engine.tasks[-1]
        await asyncio.to_thread(bot.memory.history.reset, ROOM)
        await ask_as(bot, "那週日呢？")
        assert HOURS not in engine.tasks[-1]


async def test_rooms_threads_and_people_do_not_hear_each_other(data: Path) -> None:
    engine = ScriptedEngine(SAID)
    async with bot_over(data, engine) as bot:
        await ask_as(bot, HOURS)
        for other in (
            ConversationRef("line", "C-shop", person="U-bob"),
            ConversationRef("line", "C-other", person="U-ann"),
            ConversationRef("slack", "C-shop", person="U-ann"),
            ConversationRef("line", "C-shop", "t1", "U-ann"),
        ):
            await ask_as(bot, replace(request("那週日呢？"), conversation=other))
        assert sum(HOURS in task for task in engine.tasks) == 1


async def test_what_an_admin_wrote_is_said_word_for_word_and_needs_no_model(data: Path) -> None:
    engine = ScriptedEngine(SAID)
    async with bot_over(data, engine) as bot:
        saved = bot.memory.annotations.add(Draft(HOURS, "平日十點，連假請先來電。"), "line:U-boss")
        answer = await ask_as(bot, "叶脉文具台北店，平日几点开门")
        hits = bot.memory.annotations.details(saved.annotation.id).hits
    assert (answer.outcome, answer.text) == ("annotated", "平日十點，連假請先來電。")
    assert answer.annotation_id == saved.annotation.id
    assert engine.prompts == []
    assert [hit.kind for hit in hits] == ["exact"]


async def test_the_curated_answer_is_part_of_the_conversation(data: Path) -> None:
    async with bot_over(data, ScriptedEngine(SAID)) as bot:
        bot.memory.annotations.add(Draft(HOURS, "平日十點。"), "line:U-boss")
        await ask_as(bot, HOURS)
        (turn,) = bot.memory.history.turns(ROOM)
    assert turn.answer == "平日十點。"


async def test_an_annotation_is_found_by_its_own_words_in_mid_conversation(data: Path) -> None:
    """Short questions look like follow-ups, and are rewritten before the search."""
    async with bot_over(data, ScriptedEngine(SAID)) as bot:
        bot.memory.annotations.add(Draft("可以帶狗嗎？", "可以，請用牽繩。"), "line:U-boss")
        await ask_as(bot, HOURS)
        assert (await ask_as(bot, "可以帶狗嗎？")).text == "可以，請用牽繩。"


async def test_a_wrong_answer_is_corrected_for_ever_after(data: Path) -> None:
    async with bot_over(data, ScriptedEngine(SAID)) as bot:
        wrong = request(HOURS)
        await ask_as(bot, wrong)
        bot.memory.annotations.add(Draft(HOURS, "平日九點半。"), "line:U-boss", wrong.id)
    async with bot_over(data, ScriptedEngine(SAID)) as bot:
        assert (await ask_as(bot, HOURS)).text == "平日九點半。"


async def test_an_answer_for_staff_is_not_told_to_customers(data: Path) -> None:
    async with bot_over(data, ScriptedEngine(SAID)) as bot:
        bot.memory.annotations.add(Draft(HOURS, "員工九點到。", audience="staff"), "line:U-boss")
        assert (await ask_as(bot, HOURS)).text == SAID
        staff = replace(request(HOURS), audiences=frozenset({"public", "staff"}))
        assert (await ask_as(bot, staff)).text == "員工九點到。"


async def test_a_choice_is_answered_and_becomes_a_suggestion(data: Path) -> None:
    async with bot_over(data, ScriptedEngine(SAID)) as bot:
        saved = bot.memory.annotations.add(Draft("可以停車嗎？", "門口有兩格。"), "line:U-boss")
        number = saved.annotation.id
        answer = await ask_as(bot, replace(request("車子放哪裡"), chosen=number))
        assert (answer.outcome, answer.text) == ("annotated", "門口有兩格。")
        suggested = bot.memory.annotations.get(number).suggestions
        assert [one.text for one in suggested] == ["車子放哪裡"]
        none = await ask_as(bot, replace(request(HOURS), chosen=0))
        assert none.outcome == "grounded"


async def test_a_budget_that_is_used_up_says_when_it_renews(data: Path) -> None:
    engine = ScriptedEngine(SAID)
    async with bot_over(data, engine, quotas="person:questions:day=2") as bot:
        first, second, third = [await ask_as(bot, HOURS) for _ in range(3)]
        assert "額度" not in (first.notice or "")
        assert "額度" in (second.notice or "")
        assert "2026-11-25 00:00" in third.text
        assert (third.outcome, len(engine.prompts)) == ("over_quota", 2)
        boss = replace(request(HOURS), author=replace(ANN, is_admin=True))
        assert (await ask_as(bot, boss)).outcome == "grounded"
        other = replace(request(HOURS), author=Author("line", "U-bob"))
        assert (await ask_as(bot, other)).outcome == "grounded"
        many = replace(request(HOURS), author=Author("web", "key", is_many=True))
        assert (await ask_as(bot, many)).outcome == "grounded"


async def test_a_miss_is_on_the_list_once_for_all_who_asked(data: Path) -> None:
    async with bot_over(data, ScriptedEngine("無資料")) as bot:
        await ask_as(bot, STRANGE)
        await ask_as(bot, f"{STRANGE}？")
        await ask_as(bot, "你好")
        await ask_as(bot, HOURS)
        listed = _open(bot.memory.unanswered)
    assert listed == {STRANGE: 2, HOURS: 1}


async def test_who_is_forgotten_leaves_no_words_on_the_list(data: Path) -> None:
    bea = Author("line", "U-bea", "碧")
    async with bot_over(data, ScriptedEngine("無資料")) as bot:
        await ask_as(bot, replace(request(f"{STRANGE}！！"), message_id="m1"))
        await ask_as(bot, request(f"請問{STRANGE}", author=bea))
        assert _open(bot.memory.unanswered) == {f"{STRANGE}！！": 2}
        assert bot.memory.forget(ANN.platform, ANN.user_id) == 1
        assert _open(bot.memory.unanswered) == {f"請問{STRANGE}": 2}


async def test_a_message_taken_back_leaves_no_words_on_the_list(data: Path) -> None:
    async with bot_over(data, ScriptedEngine("無資料")) as bot:
        await ask_as(bot, replace(request(f"{STRANGE}！！"), message_id="m1"))
        await ask_as(bot, replace(request(f"請問{STRANGE}"), message_id="m2"))
        bot.memory.take_back("line", "m1", ())
        assert _open(bot.memory.unanswered) == {f"請問{STRANGE}": 2}


def _open(unanswered: Unanswered) -> dict[str, int]:
    return {cluster.question: cluster.count for cluster in unanswered.list("open", 10)}


async def test_people_who_ask_the_same_at_once_cost_one_answer(data: Path) -> None:
    engine = ScriptedEngine(("平日上午", 0.2, "十點開門。[1]"))
    async with bot_over(data, engine) as bot:
        asked = [
            replace(
                request(HOURS),
                author=Author("line", f"U{n}"),
                conversation=ConversationRef("line", f"U{n}"),
            )
            for n in range(5)
        ]
        answers = await asyncio.gather(*(ask_as(bot, one) for one in asked))
        kept = [bot.memory.history.stored(one.id) for one in asked]
    assert len(engine.prompts) == 1
    assert [answer.id for answer in answers] == [one.id for one in asked]
    assert all(answer is not None and answer.text == SAID for answer in kept)


async def test_the_owners_own_words_are_said(data: Path) -> None:
    async with bot_over(data, ScriptedEngine(SAID)) as bot:
        bot.memory.words.set("answer.no_data", "zh-TW", "這題我不會，請打 0000-123456。", "boss")
        assert (await ask_as(bot, STRANGE)).text == "這題我不會，請打 0000-123456。"


async def test_a_database_that_goes_away_is_one_sentence(data: Path) -> None:
    async with bot_over(data, ScriptedEngine(SAID)) as bot:
        _break(bot)
        answer = await ask_as(bot, HOURS)
    assert answer.outcome == "failed"
    assert answer.text != say("unknown")
    assert "Traceback" not in answer.text


def _break(bot: Bot) -> None:
    """As after somebody moved the file away."""
    with bot.memory.storage.transaction() as tx:
        tx.exec_driver_sql("DROP TABLE deliveries")
        tx.exec_driver_sql("DROP TABLE exchanges")


async def test_there_is_one_end_and_it_is_last(data: Path) -> None:
    async with bot_over(data, ScriptedEngine(SAID)) as bot:
        events = [event async for event in bot.secretary.answer(request(HOURS))]
    assert [isinstance(event, Finished) for event in events].count(True) == 1
    assert isinstance(events[-1], Finished)


class Platform(ReplyChannel):
    """Remembers what it was told to show."""

    offers_idempotency = True

    def __init__(self) -> None:
        self.shown: list[tuple[str, str]] = []
        self.sent = asyncio.Event()

    def parts(self, request: Request, answer: Answer) -> list[str]:
        return [answer.text]

    async def send(self, request: Request, part: str, index: int, key: str) -> str:
        self.shown.append((request.reply["room"], part))
        self.sent.set()
        return f"m{len(self.shown)}"

    async def progress(self, request: Request, state: Progress) -> None:
        """Nothing to see."""


async def test_what_the_inbox_took_is_answered_delivered_and_recorded(data: Path) -> None:
    platform = Platform()
    asked = replace(request(HOURS), reply={"room": "C1"})
    async with bot_over(data, ScriptedEngine(SAID)) as bot:
        inbox = open_inbox(bot, {"line": platform}, "test")
        await inbox.start()
        try:
            assert await inbox.submit(asked) == Accepted(0)
            async with asyncio.timeout(20):
                await platform.sent.wait()
            assert isinstance(await inbox.submit(asked), Duplicate)
        finally:
            await inbox.stop()
        found = bot.memory.history.exchange_of_message("line", "m1")
    assert platform.shown == [("C1", SAID)]
    assert found is not None
    assert found.answer.question == HOURS


async def test_upkeep_forgets_what_is_too_old_and_flags_changed_sources(data: Path) -> None:
    async with bot_over(data, ScriptedEngine(SAID)) as bot:
        asked = request(HOURS)
        await ask_as(bot, asked)
        draft = Draft("可以退貨嗎", "可以", sources=("退貨.md",))
        number = bot.memory.annotations.add(draft, "boss").annotation.id
        later = NOON + timedelta(days=400)
        write(data.parent / "docs", {"退貨.md": "# 退貨辦法\n\n十天內可以退貨。\n"})
        ingest(data, data.parent / "docs")
        Upkeep(bot.memory, lambda: later).once()
        assert bot.memory.history.stored(asked.id) is None
        assert bot.memory.annotations.get(number).rot == "changed"


async def test_upkeep_leaves_no_words_of_old_questions_on_the_unanswered_list(data: Path) -> None:
    """Spelled otherwise it is the same question, and is all that is left of it."""
    async with bot_over(data, ScriptedEngine(SAID)) as bot:
        memory, later = bot.memory, NOON + timedelta(days=400)
        for number, (words, at) in enumerate((("可以停車嗎？", NOON), ("可以停車嗎", later))):
            made = exchange(memory.storage, memory.people, f"r{number}", words, at)
            memory.unanswered.note(made, words, "gate", 0.1, at)
        Upkeep(memory, lambda: later).once()
        assert [one.question for one in memory.unanswered.list()] == ["可以停車嗎"]
