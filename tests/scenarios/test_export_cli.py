"""`secretary export` and `secretary eval --regression`, from a conversation to the gate."""

import csv
import io
import json
import subprocess

import pytest

from tests.support.bot import write
from tests.support.program import COMMAND, Home

QUESTION = "葉脈文具台北店平日幾點開門？"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("export"))
    write(
        made.folder / "docs",
        {"營業.md": "# 營業時間\n\n葉脈文具台北店平日上午十點開門，晚上九點打烊。\n"},
    )
    assert made("ingest", "docs").code == 0
    added = made("annotate", "add", "--question", "可以帶狗嗎？", "--answer", "=可以，請牽好。")
    assert added.code == 0
    return made


def chatted(home: Home, *lines: str) -> str:
    done = subprocess.run(
        [*COMMAND, "chat"], input="".join(f"{line}\n" for line in lines), text=True,
        cwd=home.folder, env=home.environment(), capture_output=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_from_a_conversation_to_training_data_and_back_to_a_gate(home: Home) -> None:
    assert "十點" in chatted(home, QUESTION, "/good", "/reset", "可以帶狗嗎？", "/exit")
    done = home("export", "sft", "sft", "--json")
    assert done.code == 0, done.err
    assert (done.json["annotation"], done.json["liked"]) == (1, 1)
    info = json.loads((home.folder / "sft/dataset_info.json").read_text("utf-8"))
    assert set(info) == {"secretary_sharegpt", "secretary_alpaca"}

    logged = home("export", "logs", "-", "--platform", "terminal", "--since", "1d")
    assert [row["outcome"] for row in logged.lines] == ["extractive", "annotated"]
    assert home("export", "logs", "log.csv").code == 0
    rows = list(csv.DictReader(io.StringIO((home.folder / "log.csv").read_text("utf-8-sig"))))
    assert rows[0]["question"] == QUESTION
    assert rows[1]["answer"].startswith("'="), "no formula for a spreadsheet"
    again = home("export", "logs", "log.csv")
    assert (again.code, "--force" in again.sentence) == (1, True)

    passed = home("eval", "--regression", "--json", "--report", "gate.html")
    assert passed.code == 0, passed.err
    assert passed.json["n"] == 2
    assert passed.json["regression"] == {"held": 1.0, "floor": 0.9}
    assert "<svg" in (home.folder / "gate.html").read_text("utf-8")

    write(home.folder / "docs", {"營業.md": "# 營業時間\n\n葉脈文具台北店平日上午十一點開門。\n"})
    assert home("ingest", "docs").code == 0
    failed = home("eval", "--regression")
    assert failed.code == 1
    assert "50.0%" in failed.sentence
    assert home("eval", "--regression", "--floor", "0.5", "--json").code == 0


def test_with_nothing_to_learn_from_it_says_how_to_begin(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    empty = Home(tmp_path_factory.mktemp("empty"))
    for command in (("export", "sft", "sft"), ("eval", "--regression")):
        done = empty(*command)
        assert done.code == 1
        assert "secretary annotate add" in done.sentence
    assert empty("eval").code == 2
    assert empty("export", "logs", "-", "--since", "last week").code == 2
