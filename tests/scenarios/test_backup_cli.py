"""`secretary backup` and `secretary restore`, as whoever keeps the machine meets them."""

import pytest

from tests.support.bot import write
from tests.support.program import Home, running

QUESTION = "台北店幾點開門？"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("backup"))
    write(made.folder / "docs", {"營業.md": "# 營業時間\n\n葉脈文具台北店平日上午十點開門。\n"})
    assert made("ingest", "docs").code == 0
    added = made("annotate", "add", "--question", "可以帶狗嗎？", "--answer", "可以，請牽好。")
    assert added.code == 0
    return made


def test_a_bot_is_backed_up_while_it_runs_and_answers_elsewhere(home: Home) -> None:
    with running(home) as bot:
        bot.ask(QUESTION)
        done = home("backup", "today.tar.gz")
        assert (done.code, done.err) == (0, "")
        assert "1 份文件、1 個段落、1 筆問答、1 則標註" in done.out
        refused = home("restore", "today.tar.gz", "--force")
        assert refused.code == 1
        assert str(bot.process.pid) in refused.sentence
    again = home("backup", "today.tar.gz")
    assert again.code == 1
    assert "--force" in again.sentence
    elsewhere = {"DATA_DIR": "elsewhere"}
    restored = home("restore", "today.tar.gz", "--json", **elsewhere)
    assert restored.code == 0, restored.err
    assert restored.json["exchanges"] == restored.json["annotations"] == 1
    answer = home("ask", QUESTION, "--json", **elsewhere).json
    assert answer["citations"][0]["source"] == "營業.md"
    assert "十點" in answer["text"]
    assert home("ask", "可以帶狗嗎？", "--json", **elsewhere).json["outcome"] == "annotated"
    assert "可以帶狗嗎" in home("annotate", "list", **elsewhere).out
    assert home("doctor", **elsewhere).code == 0
    occupied = home("restore", "today.tar.gz", **elsewhere)
    assert occupied.code == 1
    assert "--force" in occupied.sentence


def test_a_file_that_was_cut_off_is_one_sentence(home: Home) -> None:
    assert home("backup", "whole.tar").code == 0
    (home.folder / "cut.tar").write_bytes((home.folder / "whole.tar").read_bytes()[:3000])
    done = home("restore", "cut.tar", DATA_DIR="other", BOT_LANGUAGE="en")
    assert (done.code, done.out) == (1, "")
    assert "nothing was changed" in done.sentence
    assert not list((home.folder / "other").glob("*.db"))


def test_a_place_that_cannot_be_written_is_one_sentence(home: Home) -> None:
    (home.folder / "file").write_text("")
    done = home("backup", "file/b.tar")
    assert done.code == 1
    assert "b.tar" in done.sentence
