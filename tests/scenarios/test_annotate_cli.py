"""`secretary annotate`: a wrong answer is put right, from the terminal."""

import pytest

from tests.support.leaf_shop import DOCUMENTS, HOURS
from tests.support.program import Home, running

RIGHT = "平日十點，連假請先來電。"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("annotate")
    (folder / "docs").mkdir()
    for name, text in DOCUMENTS.items():
        (folder / "docs" / name).write_text(text, encoding="utf-8")
    home = Home(folder)
    done = home("ingest", "docs")
    assert done.code == 0, done.err
    return home


@pytest.fixture
def number(home: Home) -> str:
    """Of an annotation of the opening hours, which is gone again afterwards."""
    question = ("--question", HOURS, "--alias", "台北店開門時間")
    done = home("annotate", "add", *question, "--answer", RIGHT, "--json")
    assert done.code == 0, done.err
    return str(done.json["id"])


def test_the_same_question_gets_the_right_answer_for_ever_after(home: Home, number: str) -> None:
    asked = home("ask", "叶脉文具台北店平日几点开门", "--json").json
    assert (asked["outcome"], asked["text"]) == ("annotated", RIGHT)
    assert home("ask", "台北店開門時間", "--json").json["outcome"] == "annotated"
    tested = home("annotate", "test", HOURS, "--json").json
    assert (tested["result"], str(tested["annotation_id"])) == ("exact", number)
    assert RIGHT in home("annotate", "test", HOURS).out
    assert HOURS in home("annotate", "list").out

    home("annotate", "edit", number, "--answer", "平日九點。")
    assert home("ask", HOURS, "--json").json["text"] == "平日九點。"
    home("annotate", "remove", number)
    assert home("ask", HOURS, "--json").json["outcome"] == "extractive"
    home("annotate", "edit", number, "--restore")
    shown = home("annotate", "show", number, "--json").json
    assert (shown["state"], shown["hits"]) == ("active", 3)
    home("annotate", "remove", number)


def test_csv_in_and_out(home: Home) -> None:
    rows = (
        "question,answer,aliases,audience,expires\n可以刷卡嗎？,可以。,收信用卡嗎,,\n,沒有問題,,,\n"
    )
    (home.folder / "in.csv").write_text(rows, encoding="utf-8")
    done = home("annotate", "import", "in.csv", "--json")
    assert (done.code, done.json["added"], done.json["failed"][0]["line"]) == (0, 1, 3)
    again = home("annotate", "import", "in.csv", "--json").json
    assert (again["added"], again["unchanged"]) == (0, 1)
    assert home("ask", "收信用卡嗎", "--json").json["text"] == "可以。"
    assert home("annotate", "export", "out.csv").code == 0
    assert "可以刷卡嗎？" in (home.folder / "out.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("annotate", "edit", "999", "--answer", "x"), "999"),
        (("annotate", "import", "nowhere.csv"), "nowhere.csv"),
        (("annotate", "add", "--question", " ", "--answer", "x"), "問題是空的"),
        (("annotate", "calibrate"), "向量模型"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    home: Home, arguments: tuple[str, ...], word: str
) -> None:
    done = home(*arguments)
    assert (done.code, done.out) == (1, "")
    assert word in done.sentence


def test_a_running_server_says_it_at_once(home: Home) -> None:
    with running(home) as server:
        before = server.ask("可以寄到綠島嗎？")
        home("annotate", "add", "--question", "可以寄到綠島嗎？", "--answer", "可以，三天。")
        after = server.ask("可以寄到綠島嗎？")
    assert before["outcome"] != "annotated"
    assert (after["outcome"], after["text"]) == ("annotated", "可以，三天。")
