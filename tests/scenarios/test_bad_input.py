"""Bad questions, bad settings, bad disks: one clear sentence, and nothing lost."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bot.messages import Ask
from bot.phrases import say
from tests.support.bot import ScriptedEngine, ask, bot_over, knowledge_of, write
from tests.support.program import Done, Home

HOURS = "葉脈文具台北店平日幾點開門？"
DOCUMENT = "# 營業時間\n\n葉脈文具台北店平日上午十點開門，晚上九點打烊。\n"
SECRET = "sk-do-not-show-this"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return knowledge_of(tmp_path_factory.mktemp("bad"), {"營業.md": DOCUMENT})


# -- questions ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "outcome", "key"),
    [
        ("", "failed", "question.empty"),
        (" \n\t　", "failed", "question.empty"),
        ("\x00\x07\u200b\u202e", "failed", "question.empty"),
        ("好" * 100_000, "failed", "question.too_long"),
        ("😀🎉👩‍👩‍👧", "smalltalk", "question.symbols"),
        ("？？！", "smalltalk", "question.symbols"),
        ("\ud83d", "failed", "question.empty"),
    ],
)
async def test_what_is_no_question_gets_one_sentence(
    data: Path, question: str, outcome: str, key: str
) -> None:
    engine = ScriptedEngine("平日上午十點開門。[1]")
    async with bot_over(data, engine) as bot:
        answer = await ask(bot, Ask(question, id="x"))
    assert (answer.outcome, answer.id) == (outcome, "x")
    assert answer.text == say(key, limit=2000)
    assert len(answer.question) < 1000
    assert engine.prompts == []


@pytest.mark.parametrize(
    "question",
    [
        f"\x00\x1b{HOURS}\x07",
        f"\u202e{HOURS}\u200b",
        f"{HOURS}😀",
        HOURS + " " * 90_000,
        "葉脈文具台北店\u0301平日幾點開門\ud83d？",
        f"{HOURS} {{}} %% \\ $ <>'\";--",
    ],
)
async def test_a_question_within_rubbish_is_answered(data: Path, question: str) -> None:
    engine = ScriptedEngine("平日上午十點開門。[1]")
    async with bot_over(data, engine) as bot:
        answer = await ask(bot, question)
    assert answer.outcome == "grounded"
    assert not any(char in engine.tasks[0] for char in "\x00\x1b\u202e\u200b\ud83d")


@pytest.mark.parametrize(
    "question", ["a", "的", "1", "。的。", "🈶營", "ｱ", "x" * 2000, "葉" * 2000]
)
async def test_the_shortest_and_longest_questions_do_no_harm(data: Path, question: str) -> None:
    async with bot_over(data) as bot:
        answer = await ask(bot, question)
    assert answer.outcome in ("no_data", "extractive", "smalltalk")
    assert answer.text


# -- settings -----------------------------------------------------------------------------

SETTINGS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "half a section": ({"LINE_CHANNEL_SECRET": SECRET}, ("LINE_CHANNEL_ACCESS_TOKEN",)),
    "a typo": ({"LLM_BASEURL": f"http://{SECRET}/v1"}, ("LLM_BASEURL", "LLM_BASE_URL")),
    "a bad number": ({"LLM_TIMEOUT_S": SECRET}, ("LLM_TIMEOUT_S",)),
    "a bad URL": ({"QDRANT_URL": SECRET}, ("QDRANT_URL",)),
    "a password in a bad URL": (
        {"DATABASE_URL": f"mysql://me:{SECRET}@db/x"},
        ("DATABASE_URL", "postgresql://"),
    ),
    "a bad zone": ({"TIMEZONE": "Mars/Olympus"}, ("TIMEZONE",)),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_a_wrong_setting_is_named_in_one_line(tmp_path: Path, case: str) -> None:
    settings, words = SETTINGS[case]
    done = Home(tmp_path, settings)("run", HTTP_PORT="0")
    _failed_with(done, *words)
    assert not (tmp_path / "data").exists(), "nothing is begun"


def test_a_wrong_line_in_the_file_is_named_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"LLM_API_KEY={SECRET}\n", encoding="utf-8")
    done = Home(tmp_path)("ask", HOURS, "--json")
    _failed_with(done, "LLM_API_KEY", "LLM_BASE_URL")


def test_the_line_is_english_where_the_language_is(tmp_path: Path) -> None:
    done = Home(tmp_path, {"BOT_LANGUAGE": "en", "HTTP_PORT": "x"})("run")
    _failed_with(done, "HTTP_PORT", "is not valid")


def _failed_with(done: Done, *words: str) -> None:
    assert (done.code, done.out) == (1, ""), done.err
    assert all(word in done.sentence for word in words), done.err
    assert SECRET not in done.err


# -- what should serve and does not -------------------------------------------------------


@pytest.mark.parametrize("command", [("ingest", "docs"), ("ask", HOURS)])
def test_a_qdrant_server_that_is_not_there_is_one_line(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    write(tmp_path / "docs", {"營業.md": DOCUMENT})
    done = Home(tmp_path, {"QDRANT_URL": "http://127.0.0.1:9"})(*command)
    _failed_with(done, "QDRANT_URL", "127.0.0.1:9")


@pytest.mark.slow
def test_a_start_waits_a_while_for_a_qdrant_server_and_then_ends_with_one_line(
    tmp_path: Path,
) -> None:
    """Half a minute: services of one machine come up in any order."""
    done = Home(tmp_path, {"QDRANT_URL": "http://127.0.0.1:9", "HTTP_PORT": "0"})("run")
    *waiting, last = done.err.splitlines()
    assert done.code == 1
    assert waiting
    assert "QDRANT_URL" in last
    assert "Traceback" not in done.err


def test_a_database_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="the PostgreSQL driver is not installed")
    url = f"postgresql://me:{SECRET}@127.0.0.1:9/secretary"
    done = Home(tmp_path, {"DATABASE_URL": url})("ask", HOURS)
    _failed_with(done, "DATABASE_URL")


# -- disks --------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [("ingest", "docs"), ("ask", HOURS), ("run",)])
def test_a_data_folder_that_cannot_be_is_one_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    write(tmp_path / "docs", {"營業.md": DOCUMENT})
    (tmp_path / "taken").write_text("a file, not a folder", encoding="utf-8")
    done = Home(tmp_path, {"DATA_DIR": "taken", "HTTP_PORT": "0"})(*command)
    _failed_with(done, "DATA_DIR", "taken")


@contextmanager
def _disk(folder: Path, options: str) -> Iterator[Path]:
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("a small disk of its own cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


def test_a_disk_that_is_full_is_one_line(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write(tmp_path / "docs", {"營業.md": DOCUMENT})
    with _disk(tmp_path / "data", "size=2m"):
        (home.data / "filler").write_bytes(b"x" * (2 * 1024 * 1024 - 64 * 1024))
        with suppress(OSError), (home.data / "rest").open("wb") as rest:
            while True:
                rest.write(b"x" * 4096)
                rest.flush()
        done = home("ingest", "docs")
    assert done.code == 1
    assert "Traceback" not in done.err
    assert "data" in done.sentence


def test_a_disk_that_gets_full_keeps_what_was_done(tmp_path: Path) -> None:
    """Below its reserve the store takes nothing more; searches go on."""
    home = Home(tmp_path)
    write(tmp_path / "docs", {"營業.md": DOCUMENT})
    with _disk(tmp_path / "data", "size=400m"):
        assert home("ingest", "docs").code == 0
        (home.data / "filler").write_bytes(b"x" * (200 * 1024 * 1024))
        write(tmp_path / "docs", {"退貨.md": "# 退貨\n\n網路訂單收到後七天內可以退貨。\n"})
        full = home("ingest", "docs")
        _failed_with(full, "磁碟滿了", "data")
        assert home("ask", HOURS, "--json").json["outcome"] == "extractive"
        (home.data / "filler").unlink()
        again = home("ingest", "docs", "--json")
        assert (again.code, again.json["added"], again.json["unchanged"]) == (0, 1, 1)


def test_a_read_only_disk_is_one_line(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write(tmp_path / "docs", {"營業.md": DOCUMENT})
    with _disk(tmp_path / "data", "size=1m,ro"):
        assert not os.access(home.data, os.W_OK)
        done = home("ingest", "docs")
    _failed_with(done, "DATA_DIR")
