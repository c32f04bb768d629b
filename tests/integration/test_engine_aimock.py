"""The engine against aimock, a stand-in for the OpenAI API that nobody here wrote."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage

from bot.errors import ModelError
from bot.llm.base import Gate
from bot.llm.endpoint import Endpoint
from bot.llm.openai_compatible import OpenAICompatibleEngine

ANSWER = "門市週二到週日上午十點開門，晚上八點打烊，週一公休。[1]"  # more than one of its chunks


def program() -> str:
    found = os.environ.get("AIMOCK") or shutil.which("aimock", path=_path())
    if not found:
        pytest.skip("aimock is not installed: npm install --no-save @copilotkit/aimock@1.43")
    return found


def _path() -> str:
    return os.pathsep.join([str(Path("node_modules/.bin").absolute()), os.environ.get("PATH", "")])


@pytest.fixture
def base_url(tmp_path: Path) -> Iterator[str]:
    replies = [
        {"match": {"userMessage": "幾點開門"}, "response": {"content": ANSWER}},
        {
            "match": {"userMessage": "太忙"},
            "response": {"error": {"message": "slow down", "type": "rate_limit"}, "status": 429},
        },
    ]
    (tmp_path / "replies.json").write_text(json.dumps({"fixtures": replies}))
    config = {"llm": {"fixtures": str(tmp_path / "replies.json")}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [program(), "--config", str(tmp_path / "config.json"), "--port", str(port)]
    with (tmp_path / "log").open("wb") as log:
        peer = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        peer.terminate()
        peer.wait(10)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 15
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


async def test_a_foreign_server_is_understood(base_url: str) -> None:
    engine = OpenAICompatibleEngine(Endpoint(base_url, "key", "gpt-4o-mini"), Gate(1))
    try:
        async with aclosing(
            engine.stream([HumanMessage("請問幾點開門？")], max_tokens=50)
        ) as reply:
            deltas = [delta async for delta in reply]
        assert "".join(deltas) == ANSWER
        assert len(deltas) > 1
        assert await engine.model_id() == "gpt-4o-mini"
        async with aclosing(engine.stream([HumanMessage("太忙")], max_tokens=50)) as reply:
            with pytest.raises(ModelError) as caught:
                await anext(reply)
        assert caught.value.code == "model.busy"
    finally:
        await engine.aclose()
