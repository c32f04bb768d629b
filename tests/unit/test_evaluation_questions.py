"""Reading evaluation lines: what is accepted, and how a bad line is named."""

import json
from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.evaluation.questions import read_questions
from bot.messages import Turn

GOOD = {"id": 1, "question": "幾點開門？", "answers": ["十點"], "answerable": True}


def _file(tmp_path: Path, *rows: object) -> Path:
    path = tmp_path / "q.jsonl"
    lines = (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_reads_every_key(tmp_path: Path) -> None:
    row = {**GOOD, "source": "a.md", "history": [{"question": "週六呢", "answer": "有開"}]}
    (line,) = read_questions(_file(tmp_path, row))
    assert (line.id, line.answers, line.source) == (1, ("十點",), "a.md")
    assert line.history == (Turn("週六呢", "有開"),)


def test_skips_blank_lines_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = _file(tmp_path, "\ufeff" + json.dumps(GOOD), "", "  ", GOOD)
    assert len(read_questions(path)) == 2


def test_unanswerable_lines_need_no_answers(tmp_path: Path) -> None:
    (line,) = read_questions(_file(tmp_path, {"question": "有停車場嗎", "answerable": False}))
    assert not line.answerable
    assert line.answers == ()


def test_limit_stops_before_a_later_bad_line(tmp_path: Path) -> None:
    assert len(read_questions(_file(tmp_path, GOOD, "{"), limit=1)) == 1


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("{not json", "JSON"),
        ("[" * 100_000, "JSON"),
        ([1], "JSON"),
        ({**GOOD, "id": True}, "id"),
        ({**GOOD, "question": " "}, "question"),
        ({**GOOD, "answers": "十點"}, "answers"),
        ({**GOOD, "answers": [""]}, "answers"),
        ({**GOOD, "answers": []}, "answers"),
        ({**GOOD, "answerable": "yes"}, "answerable"),
        ({**GOOD, "source": 3}, "source"),
        ({**GOOD, "history": [{"answer": "x"}]}, "history"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, row: object, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_questions(_file(tmp_path, GOOD, "", row))
    assert caught.value.code == "cli.eval_line"
    assert (caught.value.detail["line"], caught.value.detail["problem"]) == ("3", problem)


def test_an_empty_file_and_a_missing_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cli\.eval_empty"):
        read_questions(_file(tmp_path, "", ""))
    with pytest.raises(ConfigError, match=r"cli\.batch_file"):
        read_questions(tmp_path / "none.jsonl")
