"""The embedded engine on the real model file, in its real child process."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from bot.errors import ModelError, ModelRejected, ModelUnavailable
from bot.llm.base import Gate
from bot.llm.embedded import EmbeddedEngine
from bot.model.modelfile import EMBEDDED
from bot.settings import ModelSettings

SYSTEM = SystemMessage("你是小秘書，只用參考資料裡的話簡短回答，並以 [n] 標出處。" * 4)
QUESTION = HumanMessage("參考資料：\n[1] 本店上午十點開門，下午五點打烊。\n\n問題：幾點開門？")


def model_file() -> Path:
    named = os.environ.get("LLM_MODEL_PATH")
    folder = Path(__file__).parents[2] / "models"
    here = sorted(folder.glob("*.gguf"))
    path = Path(named) if named else (here[0] if here else folder / EMBEDDED.name)
    if not path.is_file():
        pytest.skip(f"no model file at {path}: run `secretary model fetch`")
    return path


@pytest.fixture
def settings(tmp_path: Path) -> ModelSettings:
    return ModelSettings("embedded", tmp_path / "data", model_file(), timeout_s=120)


@pytest.fixture
async def engine(settings: ModelSettings) -> AsyncIterator[EmbeddedEngine]:
    made = EmbeddedEngine(settings, Gate(1), linger_s=0.5)
    yield made
    await made.aclose()
    await gone(settings.data_dir)


async def say(engine: EmbeddedEngine, *messages: BaseMessage, max_tokens: int = 24) -> str:
    async with aclosing(engine.stream(messages, max_tokens=max_tokens)) as reply:
        return "".join([delta async for delta in reply])


def child(data_dir: Path) -> int:
    return int(json.loads((data_dir / "model.json").read_bytes())["pid"])


async def gone(data_dir: Path) -> None:
    """Waits until no child serves from this folder, and fails if one stays."""
    deadline = time.monotonic() + 20
    while (data_dir / "model.json").exists() and alive(child(data_dir)):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False


@pytest.mark.model
async def test_the_model_answers_and_a_second_program_shares_it(
    engine: EmbeddedEngine, settings: ModelSettings
) -> None:
    await engine.check()
    await engine.warm([SYSTEM])
    answer = await say(engine, SYSTEM, QUESTION)
    assert "十" in answer or "10" in answer
    assert await engine.model_id() == settings.model_path.stem
    other = EmbeddedEngine(settings, Gate(1))
    try:
        before = child(settings.data_dir)
        await other.check()
        assert child(settings.data_dir) == before
    finally:
        await other.aclose()
    with pytest.raises(ModelRejected) as caught:
        await say(engine, HumanMessage("太長了。" * 3000))
    assert caught.value.code == "model.too_long"


@pytest.mark.model
async def test_a_killed_child_fails_one_call_and_is_started_again(
    engine: EmbeddedEngine, settings: ModelSettings
) -> None:
    reply = engine.stream([HumanMessage("從一數到五十。")], max_tokens=200)
    assert await anext(reply)
    first = child(settings.data_dir)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(ModelUnavailable):
        async for _ in reply:
            pass
    assert await say(engine, SYSTEM, QUESTION)
    assert child(settings.data_dir) != first


@pytest.mark.model
async def test_a_child_killed_before_its_first_word_costs_nobody_an_answer(
    engine: EmbeddedEngine, settings: ModelSettings
) -> None:
    await engine.check()
    first = child(settings.data_dir)
    answer = asyncio.create_task(say(engine, *[SYSTEM] * 4, QUESTION))
    await asyncio.sleep(0.5)  # it reads
    os.kill(first, signal.SIGKILL)
    assert await answer
    assert child(settings.data_dir) != first


async def refusal(settings: ModelSettings) -> ModelError:
    made = EmbeddedEngine(settings, Gate(1), linger_s=0.1)
    try:
        with pytest.raises(ModelUnavailable) as caught:
            await made.check()
        return caught.value
    finally:
        await made.aclose()


@pytest.fixture
def empty(tmp_path: Path) -> ModelSettings:
    pytest.importorskip("xllamacpp", reason="the extra `embedded` is not installed")
    return ModelSettings("embedded", tmp_path / "data", tmp_path / "small.gguf")


async def test_a_missing_file_is_told_without_a_child(empty: ModelSettings) -> None:
    error = await refusal(empty)
    assert error.code == "model.missing"
    assert error.detail["path"] == str(empty.model_path)
    assert not empty.data_dir.exists()


async def test_what_is_no_model_is_told_without_a_child(empty: ModelSettings) -> None:
    empty.model_path.write_bytes(b"<html>404</html>")
    assert (await refusal(empty)).code == "model.damaged"
    assert not empty.data_dir.exists()


async def test_half_a_model_is_told_within_seconds(empty: ModelSettings) -> None:
    empty.model_path.write_bytes(b"GGUF\x03\x00\x00\x00" + b"\x07" * 5000)
    begun = time.monotonic()
    error = await refusal(empty)
    assert error.code == "model.load_failed"
    assert error.detail["path"] == str(empty.model_path)
    assert time.monotonic() - begun < 15


@pytest.mark.model
async def test_a_truncated_model_is_told_within_seconds(
    settings: ModelSettings, tmp_path: Path
) -> None:
    part = tmp_path / "part.gguf"
    with settings.model_path.open("rb") as whole:
        part.write_bytes(whole.read(20_000_000))
    assert (await refusal(replace(settings, model_path=part))).code == "model.load_failed"
