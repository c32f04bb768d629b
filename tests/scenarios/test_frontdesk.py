"""What people and admins may ask of the bot in a chat, on any platform."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.annotations import Draft
from bot.audiences import parse as parse_audiences
from bot.bootstrap import Bot, open_inbox
from bot.errors import BotError
from bot.frontdesk import receiving
from bot.frontdesk.actions import encode
from bot.frontdesk.counter import DeskSettings
from bot.frontdesk.desk import FrontDesk
from bot.frontdesk.replies import Form, Reply
from bot.frontdesk.uploads import Upload, Uploads
from bot.inbox import DeliveryError, Progress, ReplyChannel
from bot.messages import Answer, Author, ConversationRef, Request
from bot.phrases import say
from tests.support.asked import ANN, ROOM
from tests.support.bot import NOON, ScriptedEngine, bot_over, ingest, write
from tests.support.leaf_shop import HOURS, STRANGE, open_shop

SAID = "平日上午十點開門。[1]"
BOSS = Author("line", "U-boss", "老闆", is_admin=True)
STAFF = ("line", "C-staff")
_numbers = count(1)


class Room(ReplyChannel):
    """The platform's side: what people see, in order."""

    offers_idempotency = True

    def __init__(self) -> None:
        self.shown: list[tuple[str, str]] = []
        """Room and text."""

    def parts(self, request: Request, answer: Answer) -> list[str]:
        return ["\n".join(filter(None, (answer.text, answer.notice)))]

    async def send(self, request: Request, part: str, index: int, key: str) -> str:
        self.shown.append((request.conversation.room, part))
        return f"m{len(self.shown)}"

    async def progress(self, request: Request, state: Progress) -> None:
        """Nothing to see."""


@dataclass
class Chat:
    """A desk with a bot behind it, and what was said on both sides."""

    bot: Bot
    desk: FrontDesk
    room: Room
    clock: "Clock"
    replies: list[Reply] = field(default_factory=list)
    posted: list[tuple[str, Reply]] = field(default_factory=list)

    def request(self, text: str, author: Author = ANN, **more: Any) -> Request:
        id_ = more.pop("id_", None) or f"line:{next(_numbers)}"
        place = more.pop("conversation", ROOM)
        return Request(id_, place, author, text, self.clock(), **more)

    async def respond(self, reply: Reply) -> None:
        self.replies.append(reply)

    async def say(self, text: str, author: Author = ANN, **more: Any) -> Request:
        """Waits for nothing but the acknowledgement."""
        asked = self.request(text, author, **more)
        await self.desk.hear(asked, self.respond)
        return asked

    async def ask(self, text: str, author: Author = ANN, **more: Any) -> str:
        """What is shown as the answer."""
        before = len(self.room.shown)
        await self.say(text, author, **more)
        await self.until(lambda: len(self.room.shown) > before)
        return self.room.shown[-1][1]

    async def told(self, text: str, author: Author = ANN, **more: Any) -> str:
        """What the desk replies at once."""
        before = len(self.replies)
        await self.say(text, author, **more)
        await self.until(lambda: len(self.replies) > before)
        return self.replies[-1].text

    async def tap(self, data: str, author: Author = ANN) -> str:
        before = len(self.replies)
        await self.desk.act(data, self.request("", author), self.respond)
        await self.until(lambda: len(self.replies) > before)
        return self.replies[-1].text

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - it is about tasks of the desk
                await asyncio.sleep(0.01)


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def chatting(
    data: Path, engine: ScriptedEngine, *, capacity: int | None = None, **settings: Any
) -> AsyncIterator[Chat]:
    clock = Clock()
    async with bot_over(data, engine, clock=clock) as bot:
        if capacity is not None:
            bot.settings = replace(bot.settings, inbox_capacity=capacity)
        options: dict[str, Any] = {"burst_s": 0.0, "staff": STAFF, **settings}
        desk = FrontDesk(
            bot.secretary,
            bot.memory,
            Uploads(data / "uploads", bot.library),
            DeskSettings(**options),
            clock,
        )
        room = Room()
        chat = Chat(bot, desk, room, clock)

        async def post(where: str, reply: Reply) -> None:
            chat.posted.append((where, reply))

        inbox = open_inbox(bot, {"line": room}, "test", desk)
        await inbox.start()
        desk.open(inbox, {"line": post})
        try:
            yield chat
        finally:
            await desk.close()
            await inbox.stop()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return open_shop(tmp_path)


@pytest.fixture
async def chat(data: Path) -> AsyncIterator[Chat]:
    async with chatting(data, ScriptedEngine(SAID)) as opened:
        yield opened


# -- commands -----------------------------------------------------------------------------------


async def test_a_command_that_is_delivered_twice_is_obeyed_once(chat: Chat) -> None:
    await chat.told("/quota", id_="line:twice")
    await chat.say("/quota", id_="line:twice")
    await chat.told("/help")
    assert len(chat.replies) == 2


async def test_reset_leaves_what_was_said_behind(chat: Chat) -> None:
    await chat.ask(HOURS)
    assert len(chat.bot.memory.history.turns(ROOM)) == 1
    chat.clock.now += timedelta(seconds=1)
    assert await chat.told("重新開始") == say("desk.reset")
    assert chat.bot.memory.history.turns(ROOM) == ()


async def test_forgetting_erases_what_was_said(chat: Chat) -> None:
    asked = await chat.say(HOURS)
    await chat.until(lambda: chat.room.shown)
    assert await chat.told("/forgetme") == say("desk.forgotten", count=1)
    stored = chat.bot.memory.history.stored(asked.id)
    assert stored is not None
    assert (stored.question, stored.text) == ("", "")


async def test_forgetting_ends_what_still_waits_anywhere(data: Path) -> None:
    engine = ScriptedEngine(("平日", 60.0, "十點"))
    elsewhere = ConversationRef("line", "C-group", person=ANN.user_id)
    async with chatting(data, engine) as chat:
        await chat.say(HOURS, conversation=elsewhere)
        await engine.called.wait()
        await chat.told("/forgetme")
        await chat.until(lambda: engine.closed == 1)
        await chat.until(lambda: chat.desk.inbox.stats().handling == 0)
        assert chat.room.shown == []


async def test_a_stop_ends_the_answer_in_the_making(data: Path) -> None:
    engine = ScriptedEngine(("平日", 60.0, "十點"))
    async with chatting(data, engine) as chat:
        await chat.say(HOURS)
        await engine.called.wait()
        assert await chat.told("/stop") == say("desk.stopped")
        await chat.until(lambda: chat.room.shown)
        assert chat.room.shown == [(ROOM.room, say("answer.stopped"))]
        assert await chat.told("/stop") == say("desk.nothing_to_stop")
        await chat.until(lambda: engine.closed == 1)


async def test_what_went_wrong_is_one_sentence(chat: Chat) -> None:
    assert "沒有編號" in await chat.told("/unanswered dismiss 999", BOSS)


async def test_two_accounts_become_one_person(chat: Chat) -> None:
    code = (await chat.told("/link")).split("/link ")[1][:8]
    bob = Author("slack", "U-bob")
    assert "line" in await chat.told(f"/link {code}", bob)
    assert await chat.told(f"/link {code}", bob) == say("desk.link_wrong")
    people = chat.bot.memory.people
    assert people.find("line", "U-ann") == people.find("slack", "U-bob")


async def test_a_code_from_the_terminal_makes_an_admin_once(chat: Chat) -> None:
    code = chat.desk.admins.pairing_code("line")
    assert await chat.told("/pair wrong") == say("desk.pair_wrong", platform="line")
    assert await chat.told(f"/pair {code.lower()}") == say("desk.paired")
    assert chat.desk.admins.is_admin("line", "U-ann")
    assert await chat.told(f"/pair {code}") == say("desk.pair_wrong", platform="line")
    assert not chat.desk.admins.is_admin("slack", "U-ann")


async def test_a_pairing_code_grows_old(chat: Chat) -> None:
    code = chat.desk.admins.pairing_code("line")
    chat.clock.now += timedelta(minutes=16)
    assert await chat.told(f"/pair {code}") == say("desk.pair_wrong", platform="line")


async def test_a_full_inbox_is_said(data: Path) -> None:
    engine = ScriptedEngine(("平日", 60.0, "十點"))
    async with chatting(data, engine, capacity=1) as chat:
        await chat.say(HOURS)
        elsewhere = ConversationRef("line", "C-other")
        assert await chat.told(HOURS, conversation=elsewhere) == say("answer.full")


async def test_a_room_hears_only_what_its_audience_may(data: Path) -> None:
    write(data.parent / "staff", {"薪資.md": "# 薪資\n\n葉脈文具員工每月五日發薪水。\n"})
    ingest(data, data.parent / "staff", audience="staff")
    engine = ScriptedEngine("每月五日發薪水。[1]")
    rules = parse_audiences("line:C-office=staff")
    async with chatting(data, engine, audiences=rules) as chat:
        assert "無資料" in await chat.ask("葉脈文具員工每月幾日發薪水？")
        office = ConversationRef("line", "C-office")
        said = await chat.ask("葉脈文具員工每月幾日發薪水？", conversation=office)
        assert said.startswith("每月五日發薪水。")


# -- curating -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["/annotate a | b", "/unanswered", "/sync"])
async def test_only_admins_curate(chat: Chat, text: str) -> None:
    assert await chat.told(text) == say("desk.admins_only")


async def test_a_form_from_somebody_who_is_no_admin_any_more_changes_nothing(chat: Chat) -> None:
    reply = await chat.desk.annotate(chat.request(""), Form("可以停車嗎", "可以"))
    assert reply.text == say("desk.admins_only")
    assert chat.bot.memory.annotations.listed() == []


async def test_the_wrong_answer_itself_is_corrected(chat: Chat) -> None:
    await chat.ask(HOURS)
    await chat.until(lambda: chat.bot.memory.history.exchange_of_message("line", "m1") is not None)
    form = await chat.desk.form("line", "m1")
    assert form is not None
    assert (form.question, form.answer) == (HOURS, SAID)
    assert "標註" in await chat.told("/annotate 平日九點半開門。", BOSS, quotes="m1")
    assert await chat.ask(HOURS) == "平日九點半開門。"
    (saved,) = chat.bot.memory.annotations.listed()
    assert saved.from_request == form.request_id


async def test_without_a_question_it_says_how(chat: Chat) -> None:
    assert await chat.told("/annotate 只有答案", BOSS) == say("desk.annotate_usage", p="")


async def test_who_asked_hears_the_answer_that_came_later(chat: Chat) -> None:
    missed = await chat.say(STRANGE)
    await chat.until(lambda: chat.room.shown)
    assert await chat.tap(encode("news", "", missed.id)) == say("desk.news_noted")
    listed = await chat.told("/unanswered", BOSS)
    assert STRANGE in listed
    number = listed.splitlines()[1].split(".")[0]
    said = await chat.told(f"/unanswered answer {number} 0.03 度", BOSS)
    assert "1 位" in said
    told: list[tuple[ConversationRef, str]] = []

    async def tell(place: ConversationRef, message_id: str | None, reply: Reply) -> None:
        told.append((place, reply.text))

    assert await chat.desk.herald.once({"line": tell}, "zh-TW") == 1
    assert await chat.desk.herald.once({"line": tell}, "zh-TW") == 0
    assert told[0][0] == ROOM
    assert "0.03 度" in told[0][1]


async def test_where_nothing_may_be_said_unasked_news_comes_with_the_next_answer(
    chat: Chat,
) -> None:
    missed = await chat.say(STRANGE)
    await chat.until(lambda: chat.room.shown)
    await chat.tap(encode("news", "", missed.id))
    (cluster,) = chat.bot.memory.unanswered.list("open", 10)
    await chat.desk.annotate(
        chat.request("", BOSS), Form(cluster.question, "0.03 度", cluster_id=cluster.id)
    )
    chat.clock.now += timedelta(seconds=10)
    assert "0.03 度" in await chat.ask(HOURS)
    await chat.until(lambda: chat.bot.memory.unanswered.untold() == ())
    assert "0.03 度" not in await chat.ask(HOURS)


async def test_a_question_is_dismissed_by_its_button(chat: Chat) -> None:
    await chat.ask(STRANGE)
    (cluster,) = chat.bot.memory.unanswered.list("open", 10)
    assert await chat.tap(encode("dismiss", cluster.id)) == say("desk.admins_only")
    assert "移出" in await chat.tap(encode("dismiss", cluster.id), BOSS)
    assert chat.bot.memory.unanswered.list("open", 10) == ()


# -- feedback -----------------------------------------------------------------------------------


async def test_a_thumb_down_and_its_reason_put_the_answer_on_the_list(chat: Chat) -> None:
    asked = await chat.say(HOURS)
    await chat.until(lambda: chat.room.shown)
    assert await chat.tap(encode("rate", "-1", asked.id)) == say("desk.rated_bad", p="")
    assert await chat.told("/bad 其實九點半") == say("desk.rated_reason")
    assert [one.question for one in chat.bot.memory.unanswered.list("open", 10)] == [HOURS]
    assert await chat.tap(encode("rate", "+1", asked.id)) == say("desk.rated_good")
    assert chat.bot.memory.unanswered.list("open", 10) == ()


@pytest.mark.parametrize(
    "button", ["rate:+1:line:gone", "rate:+9:x", "nonsense", "pick:7:line:gone"]
)
async def test_an_old_button_says_so(chat: Chat, button: str) -> None:
    assert await chat.tap(button) == say("desk.stale")


async def test_a_choice_answers_the_first_question(chat: Chat) -> None:
    draft = Draft("可以停車嗎？", "門口有兩格。")
    number = chat.bot.memory.annotations.add(draft, "line:U-boss").annotation.id
    asked = await chat.say("車子放哪裡")
    await chat.until(lambda: chat.room.shown)
    tapped = chat.request("", id_="line:tap")
    await chat.desk.act(encode("pick", number, asked.id), tapped, chat.respond)
    await chat.desk.act(encode("pick", number, asked.id), tapped, chat.respond)
    await chat.until(lambda: len(chat.room.shown) == 2)
    assert chat.room.shown[1][1] == "門口有兩格。"
    suggested = chat.bot.memory.annotations.get(number).suggestions
    assert [one.text for one in suggested] == ["車子放哪裡"]


# -- edited, deleted ----------------------------------------------------------------------------


async def test_an_edited_question_is_answered_anew_and_the_old_one_forgotten(chat: Chat) -> None:
    first = await chat.say(HOURS, message_id="q1")
    await chat.until(lambda: chat.room.shown)
    edited = chat.request("葉脈文具台北店平日幾點打烊？", message_id="q1")
    await chat.desk.edited(edited, chat.respond)
    await chat.until(lambda: len(chat.room.shown) == 2)
    old = chat.bot.memory.history.stored(first.id)
    assert old is not None
    assert old.question == ""
    assert [turn.question for turn in chat.bot.memory.history.turns(ROOM)] == [edited.text]


async def test_a_deleted_question_is_forgotten(chat: Chat) -> None:
    await chat.say(HOURS, message_id="q1")
    await chat.until(lambda: chat.room.shown)
    await chat.desk.deleted("line", "q1")
    assert chat.bot.memory.history.turns(ROOM) == ()


# -- a person instead ---------------------------------------------------------------------------


async def test_a_person_is_called_and_the_bot_is_silent_until_it_is_handed_back(
    chat: Chat,
) -> None:
    await chat.ask(HOURS)
    called = await chat.told("找真人")
    assert "13:30" in called  # an hour after noon
    ((where, note),) = chat.posted
    assert where == STAFF[1]
    assert "安" in note.text
    assert HOURS in note.text
    await chat.say("有人在嗎？我要問價錢")
    elsewhere = ConversationRef("line", "C-other")
    await chat.ask(HOURS, conversation=elsewhere)
    assert len(chat.room.shown) == 2
    back = note.actions[0].data
    staff = ConversationRef(*STAFF)
    tapped = replace(chat.request("", Author("line", "U-clerk")), conversation=staff)
    await chat.desk.act(back, tapped, chat.respond)
    await chat.until(lambda: chat.replies[-1].text == say("human.handed_back"))
    await chat.ask(HOURS)
    assert len(chat.room.shown) == 3


async def test_nobody_else_hands_a_conversation_back(chat: Chat) -> None:
    await chat.told("找真人")
    elsewhere = ConversationRef("line", "C-other")
    tapped = replace(chat.request("", Author("line", "U-bob")), conversation=elsewhere)
    await chat.desk.act(chat.posted[0][1].actions[0].data, tapped, chat.respond)
    await chat.until(lambda: chat.replies[-1].text == say("human.not_away"))
    await chat.say("還在嗎？")
    assert chat.room.shown == []


async def test_the_asker_may_go_on_with_the_bot(chat: Chat) -> None:
    await chat.told("找真人")
    assert await chat.tap(chat.replies[-1].actions[0].data) == say("human.back")
    assert (await chat.ask(HOURS)).startswith("平日")


async def test_after_a_while_the_bot_speaks_again(chat: Chat) -> None:
    await chat.told("找真人")
    chat.clock.now += timedelta(minutes=61)
    assert (await chat.ask(HOURS)).startswith("平日")


async def test_without_staff_in_a_channel_it_says_whom_to_ask(data: Path) -> None:
    async with chatting(data, ScriptedEngine(SAID), staff=None) as chat:
        assert await chat.told("找真人") == say("human.contact")
        assert (await chat.ask(HOURS)).startswith("平日")


async def test_staff_that_cannot_be_told_are_not_waited_for(data: Path) -> None:
    async with chatting(data, ScriptedEngine(SAID)) as chat:

        async def fail(_where: str, _reply: Reply) -> None:
            raise DeliveryError("gone", permanent=True)

        chat.desk.posts["line"] = fail
        assert await chat.told("找真人") == say("human.contact")
        assert (await chat.ask(HOURS)).startswith("平日")


# -- files --------------------------------------------------------------------------------------


def upload(name: str, content: bytes | BotError) -> Upload:
    async def read() -> bytes:
        if isinstance(content, BotError):
            raise content
        return content

    return Upload(name, read)


async def test_a_file_of_an_admin_becomes_knowledge_once_confirmed(data: Path) -> None:
    engine = ScriptedEngine("雨傘借用押金一百元。[1]")
    async with chatting(data, engine) as chat:
        rule = "# 雨傘借用\n\n葉脈文具雨傘借用的押金是一百元。\n".encode()
        await chat.desk.offer_files(chat.request("", BOSS), [upload("雨傘.md", rule)], chat.respond)
        await chat.until(lambda: chat.replies)
        assert "雨傘.md" in chat.replies[-1].text
        yes = chat.replies[-1].actions[0].data
        assert await chat.tap(yes) == say("desk.admins_only")
        assert "新增 1" in await chat.tap(yes, BOSS)
        assert await chat.tap(yes, BOSS) == say("desk.stale")
        assert "一百元" in await chat.ask("葉脈文具雨傘借用的押金是多少？")


async def test_a_file_that_has_to_wait_is_said_to_wait_and_told_of_when_it_is_in(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while a backup is made, or vectors are made anew."""
    monkeypatch.setattr(receiving, "TOLD_AFTER_S", 0.2)
    async with chatting(data, ScriptedEngine(SAID)) as chat:
        chat.desk.unasked = frozenset({"line"})
        await chat.desk.offer_files(
            chat.request("", BOSS), [upload("雨傘.md", b"# Umbrellas\n\nOn loan.")], chat.respond
        )
        await chat.until(lambda: chat.replies)
        with chat.bot.library.ledger.writer():
            told = await chat.tap(chat.replies[-1].actions[0].data, BOSS)
            assert told == say("upload.waiting")
            assert chat.posted == []
        await chat.until(lambda: chat.posted)
        ((room, done),) = chat.posted
        assert (room, done.text) == (
            ROOM.room,
            say("upload.done", names="雨傘.md", added=1, updated=0, unchanged=0),
        )


async def test_a_second_sync_is_told_of_the_first_and_asked_to_look_again(chat: Chat) -> None:
    class Busy:
        poked = 0

        async def sync_now(self) -> str:
            raise AssertionError("one is at work already")

        def running_s(self) -> float | None:
            return 200.0

        def poke(self) -> None:
            self.poked += 1

    chat.desk.syncing = busy = Busy()
    assert await chat.told("/sync", BOSS) == say("desk.sync_running", minutes=3)
    assert busy.poked == 1


async def test_a_file_that_is_not_wanted_is_dropped(chat: Chat) -> None:
    await chat.desk.offer_files(chat.request("", BOSS), [upload("a.md", b"# a")], chat.respond)
    await chat.until(lambda: chat.replies)
    yes, no = (action.data for action in chat.replies[-1].actions)
    assert await chat.tap(no, BOSS) == say("upload.dropped")
    assert await chat.tap(yes, BOSS) == say("desk.stale")


async def test_files_of_others_are_refused_and_not_even_fetched(chat: Chat) -> None:
    broken = upload("a.md", BotError("upload.unreadable", name="a.md", problem="-"))
    await chat.desk.offer_files(chat.request(""), [broken], chat.respond)
    await chat.until(lambda: chat.replies)
    assert chat.replies[-1].text == say("upload.not_yours")


async def test_a_file_that_cannot_be_fetched_is_one_sentence(chat: Chat) -> None:
    broken = upload("a.md", BotError("upload.unreadable", name="a.md", problem="HTTP 500"))
    await chat.desk.offer_files(chat.request("", BOSS), [broken], chat.respond)
    await chat.until(lambda: chat.replies)
    assert "HTTP 500" in chat.replies[-1].text
