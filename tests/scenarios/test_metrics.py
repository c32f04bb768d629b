"""`/metrics`: what is counted, what is looked up, who may see it, and what is never in it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from adapters.http import build_app
from adapters.settings import Settings
from adapters.web import metrics
from adapters.web.access import Guard
from bot.bootstrap import Bot, build, open_inbox
from bot.errors import ModelUnavailable
from bot.inbox import Inbox
from bot.messages import Answer, Usage
from bot.metrics import Meters, Standing, meters
from knowledge.errors import LedgerError
from knowledge.syncing import sync
from tests.support.bot import NOON, ScriptedEngine, knowledge_of, settings_for
from tests.support.fake_assistant import FakeAssistant, FakeReadiness
from tests.support.inbox_parts import Notes, eventually, request
from tests.support.program import Home, running

ROOT = Path(__file__).resolve().parents[2]
HOURS = {"營業.md": "# 營業時間\n\n葉脈文具台北店平日上午十點開門。\n"}
QUESTION = "葉脈文具台北店平日幾點開門？"
CHECKS = {"knowledge": "ok", "model": "model.unreachable", "embedding": "none", "line": "ok"}
Sample = tuple[str, Mapping[str, str]]


@asynccontextmanager
async def measured(
    data: Path, engine: ScriptedEngine
) -> AsyncIterator[tuple[Bot, Inbox, Notes, Meters]]:
    meters = Meters()
    bot = await asyncio.to_thread(
        build, settings_for(data), engine=engine, clock=lambda: NOON, watcher=meters
    )
    line = Notes()
    inbox = open_inbox(bot, {"line": line}, "test")
    readiness = {"ready": True, "checks": CHECKS}
    meters.registry.register(
        Standing(bot.library.ledger, bot.memory, lambda: readiness, inbox.stats)
    )
    await inbox.start()
    try:
        yield bot, inbox, line, meters
    finally:
        await inbox.stop()
        await bot.aclose()


def figures(text: bytes) -> dict[str, dict[tuple[str, ...], float]]:
    """Sample name → label values in order of their names → value."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            values = tuple(value for _, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[values] = sample.value
    return found


async def test_answers_are_counted_by_platform_and_outcome(tmp_path: Path) -> None:
    data = knowledge_of(tmp_path, HOURS)
    engine = ScriptedEngine("台北店平日上午十點開門。[1]")
    async with measured(data, engine) as (_, inbox, line, meters):
        await inbox.submit(request("line:1", text=QUESTION))
        await inbox.submit(request("line:2", room="r2", text="火星上有幾隻貓頭鷹？"))
        await eventually(lambda: len(line.shown) == 2)
        await eventually(lambda: inbox.stats().delivering == 0)
        found = figures(meters.text())
    assert found["secretary_answers_total"] == {("grounded", "line"): 1, ("no_data", "line"): 1}
    count = {stage: n for (stage,), n in found["secretary_answer_seconds_count"].items()}
    assert count == {"retrieve": 2, "total": 2, "model": 1, "delivery": 2}
    assert found["secretary_inbox_events_total"][("accepted",)] == 2
    assert "secretary_inbox_open" in found, "as old as the last heartbeat"
    assert found["secretary_knowledge_passages"] == {(): 1}
    assert found["secretary_unanswered_open"] == {(): 1}
    assert found["secretary_check_ok"] == {("knowledge",): 1, ("line",): 1, ("model",): 0}
    assert found["secretary_ready"] == found["secretary_database_up"] == {(): 1}


async def test_an_answer_that_is_given_again_is_not_counted_again(tmp_path: Path) -> None:
    data = knowledge_of(tmp_path, HOURS)
    async with measured(data, ScriptedEngine("十點。[1]")) as (bot, _, _, meters):
        for _ in range(3):
            async for _ in bot.secretary.answer(request("line:1", text=QUESTION)):
                pass
        assert sum(figures(meters.text())["secretary_answers_total"].values()) == 1


async def test_tokens_are_counted(tmp_path: Path) -> None:
    meters = Meters()
    answer = Answer(QUESTION, "grounded", "十點", usage=Usage(120, 30))
    meters.answered("web", answer)
    meters.answered("web", replace(answer, usage=Usage(80, 20)))
    found = figures(meters.text())
    assert found["secretary_tokens_total"] == {("prompt",): 200, ("completion",): 50}


async def test_pushes_of_this_month_are_shown(tmp_path: Path) -> None:
    data = knowledge_of(tmp_path, HOURS)
    async with measured(data, ScriptedEngine("十點。[1]")) as (bot, _, _, meters):
        place = request("line:1").conversation
        bot.memory.quotas.take_push(None, place, amount=7)
        bot.memory.quotas.take_push(None, place)
        assert figures(meters.text())["secretary_pushes_this_month"] == {("line",): 8}


async def test_the_last_sync_is_told(tmp_path: Path) -> None:
    data = knowledge_of(tmp_path, HOURS)
    async with measured(data, ScriptedEngine("十點。[1]")) as (bot, _, _, meters):
        assert figures(meters.text()).get("secretary_sync_ok") is None
        docs = tmp_path / "docs"
        (docs / "壞.pdf").write_bytes(b"%PDF-1.4 nothing")
        (report,) = sync(bot.library, ("files",))
        found = figures(meters.text())
    assert len(report.done.failed) == 1
    assert found["secretary_sync_ok"] == {("files",): 1}
    assert found["secretary_sync_failed_documents"] == {("files",): 1}
    assert found["secretary_sync_finished_timestamp_seconds"][("files",)] > 1.7e9


async def test_no_text_and_no_person_is_in_it(tmp_path: Path) -> None:
    data = knowledge_of(tmp_path, HOURS)
    engine = ScriptedEngine(lambda _: [ModelUnavailable("model.unreachable", base_url="x")])
    async with measured(data, engine) as (_, inbox, line, meters):
        asked = request("line:1", room="C-secret-room", text=QUESTION)
        await inbox.submit(asked)
        await eventually(lambda: len(line.shown) == 1)
        text = meters.text().decode()
    assert 'outcome="extractive"' in text
    for secret in (QUESTION, "十點", "營業", asked.author.user_id, "secret-room"):
        assert secret not in text


async def test_a_database_that_is_away_leaves_the_rest_standing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = knowledge_of(tmp_path, HOURS)
    async with measured(data, ScriptedEngine("十點。[1]")) as (bot, _, _, meters):

        def away() -> tuple[int, int]:
            raise LedgerError("database.unavailable", problem="gone")

        monkeypatch.setattr(bot.library.ledger, "size", away)
        found = figures(meters.text())
    assert found["secretary_database_up"] == {(): 0}
    assert found["secretary_ready"] == {(): 1}
    assert "secretary_knowledge_passages" not in found


def test_answers_that_never_arrive_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meters, "_REMEMBERED", 3)
    counted = Meters()
    for number in range(5):
        counted.handled(f"line:{number}")
    for number in range(5):
        counted.delivered(f"line:{number}")
    assert figures(counted.text())["secretary_answer_seconds_count"] == {("delivery",): 3}


@pytest.mark.parametrize(
    ("keys", "client", "headers", "status"),
    [
        ((), "127.0.0.1", {}, 200),
        ((), "10.0.0.9", {}, 403),
        (("k1",), "127.0.0.1", {}, 401),
        (("k1",), "10.0.0.9", {"authorization": "Bearer k1"}, 200),
        (("k1",), "10.0.0.9", {"authorization": "Bearer k2"}, 401),
    ],
)
async def test_who_may_see_it(
    keys: tuple[str, ...], client: str, headers: dict[str, str], status: int
) -> None:
    guard = Guard(keys, "127.0.0.1")
    app: FastAPI = build_app(
        FakeAssistant(),
        FakeReadiness(),
        settings=Settings.model_construct(api_keys=keys),
        more=[metrics.router(Meters().text, guard)],
    )
    transport = httpx.ASGITransport(app, client=(client, 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as http:
        reply = await http.get("/metrics", headers=headers)
    assert reply.status_code == status
    assert ("secretary_tokens_total" in reply.text) == (status == 200)


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """From the program itself, after one question."""
    with running(Home(tmp_path_factory.mktemp("metrics"))) as bot:
        bot.ask("台北店週日開到幾點？")
        reply = bot.client.get("/metrics")
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
        yield dict(figures(reply.content))


def test_the_program_tells_its_figures(scraped: dict[str, dict[tuple[str, ...], float]]) -> None:
    assert scraped["secretary_answers_total"] == {("extractive", "web"): 1}
    assert scraped["secretary_check_ok"][("knowledge",)] == 1
    assert scraped["process_resident_memory_bytes"][()] > 1e6


def test_every_figure_on_the_dashboard_exists(scraped: dict[str, object]) -> None:
    """Or is one that only a running platform, a sync or a push brings."""
    later = {
        "secretary_inbox_open",
        "secretary_inbox_handling",
        "secretary_inbox_delivering",
        "secretary_inbox_oldest_seconds",
        "secretary_inbox_events_total",
        "secretary_tokens_total",
        "secretary_pushes_this_month",
        "secretary_sync_finished_timestamp_seconds",
        "secretary_sync_failed_documents",
        "secretary_sync_ok",
    }
    board = json.loads((ROOT / "deploy" / "grafana.json").read_text("utf-8"))
    shown = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    named = set(re.findall(r"\b(?:secretary|process)_\w+", " ".join(shown)))
    assert named - later <= scraped.keys()
    source = "".join(path.read_text("utf-8") for path in (ROOT / "bot/metrics").glob("*.py"))
    for name in later & named:
        assert f'"{name.removesuffix("_total")}"' in source
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
