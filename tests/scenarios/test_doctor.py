"""`secretary doctor`: looks at everything, says what is wrong, and what to do about it."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.api_server import api
from tests.support.bot import settings_for, write
from tests.support.llm_server import ScriptedLLM
from tests.support.program import Done, Home

NAMES = [
    "Python", "設定", "磁碟", "時間", "資料庫", "向量模型", "知識庫", "文件資料夾", "備份", "語言模型",
    "檔案格式", "平台",
]  # fmt: skip
LINE = {"LINE_CHANNEL_SECRET": "s", "LINE_CHANNEL_ACCESS_TOKEN": "line-secret"}
SLACK = {"SLACK_BOT_TOKEN": "xoxb-secret", "SLACK_APP_TOKEN": "xapp-secret"}
DISCORD = {"DISCORD_TOKEN": "discord-secret"}


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
    assert "✔ 語言模型：scripted（" in done.out
    assert llm.chats, "a real call"
    assert "✘" not in done.out


def test_nothing_yet_is_a_warning_with_the_next_step(tmp_path: Path) -> None:
    done = Home(tmp_path)("doctor", "--json")
    assert (done.code, done.json["ok"]) == (0, True)
    found = checks(done)
    assert found["知識庫"]["state"] == found["語言模型"]["state"] == "warning"
    assert "secretary ingest" in found["知識庫"]["message"]
    assert "LLM_BASE_URL" in found["語言模型"]["message"]


def test_a_model_that_is_down_is_an_error_and_the_rest_is_still_looked_at(home: Home) -> None:
    done = home(
        "doctor", "--json", LLM_BASE_URL="http://127.0.0.1:9/v1", DISCORD_TOKEN="t-secret",
        DISCORD_API_BASE="http://127.0.0.1:9",
    )  # fmt: skip
    assert (done.code, done.json["ok"]) == (1, False)
    found = checks(done)
    assert list(found) == [*NAMES[:-1], "Discord"]
    assert found["語言模型"]["state"] == "error"
    assert "127.0.0.1:9" in found["語言模型"]["message"]
    assert found["知識庫"]["state"] == "ok"
    assert found["Discord"]["state"] == "error"
    assert "DISCORD_API_BASE" in found["Discord"]["message"]
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
    assert "secretary sources verify" in checks(done)["知識庫"]["message"]
    assert home("sources", "verify", "--json").code == 0
    assert home("doctor", "--json").code == 0, "the advice must help"


def test_every_token_is_tried_and_its_owner_named(home: Home) -> None:
    with api(
        {
            "/v2/bot/info": (200, {"displayName": "葉脈小幫手"}),
            "/v2/bot/channel/webhook/endpoint": (200, {"endpoint": "https://a", "active": True}),
            "/auth.test": (200, {"ok": True, "user": "secretary", "team": "葉脈"}),
            "/apps.connections.open": (200, {"ok": True, "url": "wss://x"}),
            "/users/@me": (200, {"username": "leaf-bot"}),
            "/gateway/bot": (200, {"session_start_limit": {"remaining": 900}}),
            "/applications/@me": (200, {"flags": 1 << 19}),
            "/v1/users/me": (200, {"name": "葉脈整合"}),
        }
    ) as far:
        bases = {f"{name}_API_BASE": far.url for name in ("LINE", "SLACK", "DISCORD", "NOTION")}
        done = home(
            "doctor", "--json", **LINE, **SLACK, **DISCORD, **bases, NOTION_TOKEN="ntn-secret",
            DISCORD_MESSAGE_CONTENT="true",
        )  # fmt: skip
    assert done.code == 0, done.out
    told = {name: check["message"] for name, check in checks(done).items()}
    assert "葉脈小幫手" in told["LINE"]
    assert "Socket Mode" in told["Slack"]
    assert told["Discord"] == "leaf-bot"
    assert told["Notion"] == "葉脈整合"
    shown = dict(far.asked)
    assert shown["GET /v2/bot/info"] == "Bearer line-secret"
    assert shown["POST /auth.test"] == "Bearer xoxb-secret"
    assert shown["POST /apps.connections.open"] == "Bearer xapp-secret"
    assert shown["GET /users/@me"] == "Bot discord-secret"
    assert shown["GET /v1/users/me"] == "Bearer ntn-secret"


def test_a_refused_token_names_its_variable_and_never_itself(home: Home) -> None:
    with api(
        {
            "/v2/bot/info": (401, {"message": "no"}),
            "/auth.test": (200, {"ok": False, "error": "invalid_auth"}),
            "/users/@me": (200, {"username": "leaf-bot"}),
            "/gateway/bot": (200, {}),
            "/applications/@me": (200, {"flags": 0}),
            "/v1/users/me": (500, "<html>"),
        }
    ) as far:
        bases = {f"{name}_API_BASE": far.url for name in ("LINE", "SLACK", "DISCORD", "NOTION")}
        done = home(
            "doctor", "--json", **LINE, **SLACK, **DISCORD, **bases, NOTION_TOKEN="ntn-secret",
            DISCORD_MESSAGE_CONTENT="true",
        )  # fmt: skip
    assert done.code == 1
    found = checks(done)
    for name, wanted in {
        "LINE": ("LINE_CHANNEL_ACCESS_TOKEN", "401"),
        "Slack": ("SLACK_BOT_TOKEN", "invalid_auth"),
        "Discord": ("Message Content Intent",),
        "Notion": ("NOTION_API_BASE", "500"),
    }.items():
        assert found[name]["state"] == "error"
        assert all(word in found[name]["message"] for word in wanted), found[name]
    assert found["知識庫"]["state"] == "ok"
    assert "-secret" not in done.out + done.err


def test_a_webhook_that_is_off_is_said(home: Home) -> None:
    with api(
        {
            "/v2/bot/info": (200, {"displayName": "葉脈小幫手"}),
            "/v2/bot/channel/webhook/endpoint": (200, {"endpoint": "https://a", "active": False}),
        }
    ) as far:
        done = home("doctor", "--json", **LINE, LINE_API_BASE=far.url)
    assert (done.code, checks(done)["LINE"]["state"]) == (0, "warning")
    assert "Use webhook" in checks(done)["LINE"]["message"]


def test_backups_and_vanished_folders_are_looked_after(tmp_path: Path) -> None:
    home = Home(tmp_path)
    docs = write(home.folder / "docs", {"營業.md": "# 營業時間\n\n台北店十點開門。\n"})
    assert home("ingest", "docs").code == 0
    before = checks(home("doctor", "--json"))
    assert (before["備份"]["state"], before["文件資料夾"]["state"]) == ("warning", "ok")
    assert "secretary backup" in before["備份"]["message"]
    assert home("backup", "b.tar").code == 0
    docs.rename(home.folder / "moved")
    after = checks(home("doctor", "--json"))
    assert (after["備份"]["state"], after["文件資料夾"]["state"]) == ("ok", "warning")
    assert str(docs) in after["文件資料夾"]["message"]


def test_what_the_machine_lets_others_do_is_said(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (tmp_path / ".env").write_text("BOT_LANGUAGE=zh-TW\n")
    (tmp_path / ".env").chmod(0o644)
    assert "chmod 600" in checks(home("doctor", "--json"))["設定"]["message"]
    (tmp_path / ".env").chmod(0o600)
    assert checks(home("doctor", "--json"))["設定"]["state"] == "ok"
    opened = checks(home("doctor", "--json", HTTP_HOST="0.0.0.0"))["設定"]
    assert opened["state"] == "warning"
    assert "API_KEYS" in opened["message"]


def test_an_old_and_a_newer_database_are_told_apart(tmp_path: Path) -> None:
    from sqlalchemy import text

    from bot.storage import Storage, open_storage
    from bot.storage.migrations import HEAD
    from bot.storage.schema import migrate

    home = Home(tmp_path)
    home.data.mkdir()
    url = f"sqlite:///{home.data}/secretary.db"
    storage: Storage = open_storage(url)
    migrate(storage, HEAD, "0003")
    behind = checks(home("doctor", "--json"))["資料庫"]
    assert behind["state"] == "warning"
    assert "0003" in behind["message"]
    with storage.transaction() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9000'"))
    storage.close()
    done = home("doctor", "--json")
    assert done.code == 1
    assert checks(done)["資料庫"]["state"] == "error"
    assert "9000" in checks(done)["資料庫"]["message"]
