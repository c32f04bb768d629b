"""`secretary doctor`: looks at everything, says what is wrong, and what to do about it."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.bot import settings_for, write
from tests.support.llm_server import ScriptedLLM
from tests.support.program import Done, Home

NAMES = ["Python", "磁碟", "向量模型", "知識庫", "語言模型", "平台"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("doctor"))
    write(made.folder / "docs", {"營業.md": "# 營業時間\n\n葉脈文具台北店平日上午十點開門。\n"})
    assert made("ingest", "docs").code == 0
    return made


def checks(done: Done) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in done.json["checks"]}


def test_a_working_installation_passes(home: Home) -> None:
    with ScriptedLLM() as llm:
        done = home("doctor", LLM_BASE_URL=llm.base_url)
    assert done.code == 0, done.out
    assert [line.split("：")[0][2:] for line in done.out.splitlines()] == NAMES
    assert "1 份文件、1 個段落" in done.out
    assert "✔ 語言模型：scripted" in done.out
    assert "✘" not in done.out


def test_nothing_yet_is_a_warning_with_the_next_step(tmp_path: Path) -> None:
    done = Home(tmp_path)("doctor", "--json")
    assert (done.code, done.json["ok"]) == (0, True)
    found = checks(done)
    assert found["知識庫"]["state"] == found["語言模型"]["state"] == "warning"
    assert "secretary ingest" in found["知識庫"]["message"]
    assert "LLM_BASE_URL" in found["語言模型"]["message"]


def test_a_model_that_is_down_is_an_error_and_the_rest_is_still_looked_at(home: Home) -> None:
    done = home("doctor", "--json", LLM_BASE_URL="http://127.0.0.1:9/v1", DISCORD_TOKEN="t-secret")
    assert (done.code, done.json["ok"]) == (1, False)
    found = checks(done)
    assert list(found) == NAMES
    assert found["語言模型"]["state"] == "error"
    assert "127.0.0.1:9" in found["語言模型"]["message"]
    assert found["知識庫"]["state"] == "ok"
    assert "discord" in found["平台"]["message"]
    assert "t-secret" not in done.out + done.err


def test_a_model_name_that_the_server_does_not_know_is_named(home: Home) -> None:
    with ScriptedLLM(models=("qwen-a", "qwen-b")) as llm:
        done = home("doctor", "--json", LLM_BASE_URL=llm.base_url, LLM_MODEL="gone")
    message = checks(done)["語言模型"]["message"]
    assert all(word in message for word in ("gone", "qwen-a", "qwen-b", "LLM_MODEL"))


def test_lost_passages_are_noticed(tmp_path: Path) -> None:
    from knowledge.library import Library

    home = Home(tmp_path)
    write(home.folder / "docs", {"營業.md": "# 營業時間\n\n葉脈文具台北店平日上午十點開門。\n"})
    assert home("ingest", "docs").code == 0
    with Library(settings_for(home.data).knowledge) as library:
        library.index.delete_versions([row.version for row in library.ledger.all()])
    done = home("doctor", "--json")
    assert done.code == 1
    assert checks(done)["知識庫"]["state"] == "error"
    assert "secretary ingest" in checks(done)["知識庫"]["message"]
    again = home("ingest", "docs", "--json")
    assert again.code == 0
    assert home("doctor", "--json").code == 0, "the advice must help"
