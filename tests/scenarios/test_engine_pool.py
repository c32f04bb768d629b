"""Several model servers as one engine: in turn, around the broken ones, the paid one last."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from bot.bootstrap import open_engine
from bot.errors import ModelBusy, ModelError, ModelRejected, ModelUnavailable
from bot.llm.base import Engine, Gate, Generation
from bot.llm.endpoint import Endpoint
from bot.llm.openai_compatible import OpenAICompatibleEngine
from bot.llm.pool import Pool, Purse
from bot.quotas import DayPurse
from bot.settings import ModelSettings, PaidModel
from bot.thinking import strip_thinking
from knowledge.ledger import sqlite_url
from tests.support.llm_server import Reply, ScriptedLLM
from tests.support.stored import HandClock, storage_at

MESSAGES = [SystemMessage("規則。"), HumanMessage("幾點開門？")]
DOWN = Reply(status=503, message="loading")


@dataclass
class Coins(Purse):
    """A purse of so many tokens."""

    left: int
    settled: list[tuple[int, int]] = field(default_factory=list)

    async def reserve(self, tokens: int) -> bool:
        if tokens > self.left:
            return False
        self.left -= tokens
        return True

    async def settle(self, reserved: int, used: int) -> None:
        self.left += reserved - used
        self.settled.append((reserved, used))


@pytest.fixture
def servers() -> Iterator[tuple[ScriptedLLM, ScriptedLLM, ScriptedLLM]]:
    with ScriptedLLM() as one, ScriptedLLM() as two, ScriptedLLM(models=("paid",)) as paid:
        one.answer, two.answer, paid.answer = (lambda _: "甲"), (lambda _: "乙"), (lambda _: "丙")
        yield one, two, paid


def remote(url: str, model: str | None = None) -> Engine:
    endpoint = Endpoint(url, model=model, timeout_s=3.0, retries=0)
    return OpenAICompatibleEngine(endpoint, Gate(4))


@asynccontextmanager
async def pool(
    *servers: ScriptedLLM,
    last: ScriptedLLM | None = None,
    purse: Purse | None = None,
    first_check_s: float = 0.05,
) -> AsyncIterator[Pool]:
    paid = remote(last.base_url) if last else None
    made = Pool([remote(server.base_url) for server in servers], paid, purse, first_check_s)
    try:
        yield made
    finally:
        await made.aclose()


async def say(engine: Engine) -> str:
    return (await spoken(engine))[0]


async def spoken(engine: Engine) -> tuple[str, Generation]:
    generation = engine.stream(MESSAGES, max_tokens=20)
    async with aclosing(generation):
        text = "".join([delta async for delta in generation])
    return strip_thinking(text), generation


Servers = tuple[ScriptedLLM, ScriptedLLM, ScriptedLLM]


async def test_each_server_has_its_turn(servers: Servers) -> None:
    one, two, _ = servers
    async with pool(one, two) as made:
        assert [await say(made) for _ in range(4)] == ["甲", "乙", "甲", "乙"]


async def test_a_server_that_fails_is_passed_over_until_it_is_well(servers: Servers) -> None:
    one, two, _ = servers
    one.key = "another"
    async with pool(one, two) as made:
        assert [await say(made) for _ in range(4)] == ["乙"] * 4
        assert len(one.chats) <= 1
        assert [request.path for request in one.requests].count("/v1/models") >= 1
        one.key = None
        for _ in range(200):
            if await say(made) == "甲":
                break
            await asyncio.sleep(0.05)
        else:
            pytest.fail("the server never came back")


async def test_who_answered_is_known_of_every_reply(servers: Servers) -> None:
    one, two, _ = servers
    one.models, two.models = ("甲模型",), ("乙模型",)
    async with pool(one, two) as made:
        assert [(await spoken(made))[1].model for _ in range(2)] == ["甲模型", "乙模型"]
        _, generation = await spoken(made)
    assert generation.usage is not None
    assert not generation.truncated


async def test_a_reply_that_breaks_off_begins_anew_elsewhere(servers: Servers) -> None:
    one, two, _ = servers
    one.queue(Reply("說到一半就斷了", cut_after=2))
    async with pool(one, two) as made:
        assert await say(made) == "乙"


async def test_where_all_fail_the_first_failure_is_told(servers: Servers) -> None:
    one, two, _ = servers
    one.answer, two.answer = (lambda _: DOWN), (lambda _: Reply(status=429))
    async with pool(one, two) as made:
        with pytest.raises(ModelUnavailable):
            await say(made)
        with pytest.raises(ModelError):  # those left out are still tried: better late than never
            await say(made)
    assert (len(one.chats), len(two.chats)) == (2, 2)


async def test_what_the_asker_did_leaves_no_server_out(servers: Servers) -> None:
    one, two, _ = servers
    too_long = Reply(status=400, message="too long", code="context_length_exceeded")
    one.queue(too_long, Reply(status=400, code="content_filter"))
    two.queue(too_long)
    async with pool(one, two, first_check_s=60) as made:
        with pytest.raises(ModelRejected):
            await say(made)
        two.queue("乙")
        assert await say(made) == "乙"
        assert await say(made) == "乙"  # the first one's filter stood before it
        assert [await say(made) for _ in range(2)] == ["乙", "甲"]


async def test_check_is_content_with_one_and_names_the_first_failure(servers: Servers) -> None:
    one, two, _ = servers
    one.models = None
    async with pool(one, two) as made:
        await made.check()
        assert await made.model_id() == "scripted"
        two.models = None
        with pytest.raises(ModelRejected):
            await made.check()


async def test_warming_reads_the_prefix_on_every_server(servers: Servers) -> None:
    one, two, _ = servers
    async with pool(one, two) as made:
        await made.warm(MESSAGES)
    assert [chat.body["max_tokens"] for chat in [*one.chats, *two.chats]] == [1, 1]


# ---- the last resort


async def test_the_paid_model_is_asked_only_where_all_others_failed(servers: Servers) -> None:
    one, two, paid = servers
    purse = Coins(1000)
    async with pool(one, two, last=paid, purse=purse) as made:
        assert await say(made) == "甲"
        one.answer = two.answer = lambda _: DOWN
        assert paid.chats == []
        text, generation = await spoken(made)
    assert (text, generation.model) == ("丙", "paid")
    ((reserved, used),) = purse.settled
    assert reserved > 20 + len("規則。幾點開門？")
    assert used == 7 + 1  # what the server counted


async def test_a_server_that_does_not_count_is_counted_by_its_words(servers: Servers) -> None:
    one, _, paid = servers
    one.answer = lambda _: DOWN
    paid.answer = lambda _: Reply("十點開門", usage=False)
    purse = Coins(1000)
    async with pool(one, last=paid, purse=purse) as made:
        assert await say(made) == "十點開門"
    assert purse.settled[0][1] >= len("規則。幾點開門？十點開門")


async def test_an_empty_purse_pays_for_nothing(servers: Servers) -> None:
    one, _, paid = servers
    one.answer = lambda _: Reply(status=429)
    async with pool(one, last=paid, purse=Coins(30)) as made:
        with pytest.raises(ModelBusy):
            await say(made)
    assert paid.chats == []


async def test_a_paid_model_that_fails_costs_nothing_and_is_no_answer(servers: Servers) -> None:
    one, _, paid = servers
    one.answer, paid.answer = (lambda _: Reply(status=429)), (lambda _: DOWN)
    purse = Coins(1000)
    async with pool(one, last=paid, purse=purse) as made:
        with pytest.raises(ModelBusy):
            await say(made)
    assert purse.left == 1000


async def test_a_paid_reply_that_breaks_off_is_a_failure_and_is_paid(servers: Servers) -> None:
    one, _, paid = servers
    one.answer = lambda _: DOWN
    paid.answer = lambda _: Reply("說到一半就斷了", cut_after=2)
    purse = Coins(1000)
    async with pool(one, last=paid, purse=purse) as made:
        with pytest.raises(ModelUnavailable):
            await say(made)
    assert purse.left < 1000


async def test_the_days_budget_is_shared_and_renewed(tmp_path: Path) -> None:
    clock, zone = HandClock(), ZoneInfo("Asia/Taipei")
    with storage_at(sqlite_url(tmp_path)) as storage:
        mine, others = (DayPurse(storage, 100, zone, clock) for _ in range(2))
        assert await mine.reserve(60)
        assert not await others.reserve(41)
        await mine.settle(60, 10)
        assert await others.reserve(90)
        await others.settle(90, 120)  # more than thought: counted all the same
        assert mine.used() == 130
        assert not await mine.reserve(1)
        clock.now += timedelta(days=1)
        assert mine.used() == 0
        assert await mine.reserve(100)


# ---- from the settings


def settings(**changes: Any) -> ModelSettings:
    plain = ModelSettings("openai", Path("data"), Path("none.gguf"), concurrency=6)
    return replace(plain, **changes)


async def test_several_urls_make_a_pool_and_one_does_not(servers: Servers) -> None:
    one, two, paid = servers
    many = open_engine(settings(base_url=f"{one.base_url}, {two.base_url}"))
    assert isinstance(many, Pool)
    assert [await say(many) for _ in range(2)] == ["甲", "乙"]
    await many.aclose()
    assert isinstance(open_engine(settings(base_url=one.base_url)), OpenAICompatibleEngine)
    last = PaidModel(paid.base_url, "sk-paid", "paid", 1000)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        dead = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    frugal = open_engine(settings(base_url=dead, last_resort=last))
    assert isinstance(frugal, OpenAICompatibleEngine)  # nobody said what may be spent
    rich = open_engine(settings(base_url=dead, last_resort=last, timeout_s=3), Coins(1000))
    assert isinstance(rich, Pool)
    assert await say(rich) == "丙"
    assert paid.chats[0].headers["authorization"] == "Bearer sk-paid"
    await rich.aclose()
