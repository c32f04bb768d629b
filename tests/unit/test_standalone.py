"""Follow-up questions are made to stand alone; whole questions are left as they are."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from bot.messages import Turn
from bot.standalone import elliptical, standalone, with_dates

TUESDAY = datetime(2026, 11, 24, 10, 5)  # noqa: DTZ001 - a wall clock
ROWS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "eval" / "followups.jsonl").read_text().splitlines()
]


def test_nearly_all_committed_follow_ups_are_told_from_whole_questions() -> None:
    wrong = [row["id"] for row in ROWS if elliptical(row["question"]) != row["elliptical"]]
    assert len(wrong) <= len(ROWS) * 0.06, wrong


@pytest.mark.parametrize(
    ("history", "question", "expected"),
    [
        ("台北店哪一天公休？", "台南呢", "台南店哪一天公休"),
        ("金卡打幾折？", "銀卡呢？", "銀卡打幾折"),
        ("台北店週六幾點到幾點？", "那週日呢？", "台北店週日幾點到幾點"),
        ("可以寄到香港嗎？", "大概幾天會到", "可以寄到香港嗎 大概幾天會到"),
    ],
)
def test_an_elliptical_question_gets_its_topic_back(
    history: str, question: str, expected: str
) -> None:
    alone = standalone(question, [Turn(history, "…")], TUESDAY)
    assert alone.texts[0] == question
    assert expected in alone.texts[-1]
    assert alone.previous == Turn(history, "…")


def test_an_ellipsis_of_an_ellipsis_is_followed_back() -> None:
    history = [Turn("燙金一個字多少錢？", "30 元"), Turn("要等多久？", "三天")]
    assert "燙金" in standalone("那刻字呢", history, TUESDAY).texts[-1]


def test_a_whole_question_is_not_rewritten() -> None:
    alone = standalone("網路訂單超過多少錢免運費？", [Turn("有幾家分店？", "三家")], TUESDAY)
    assert alone.texts == ("網路訂單超過多少錢免運費？",)
    assert alone.previous is None


def test_without_history_nothing_is_elliptical() -> None:
    assert standalone("那週日呢？", [], TUESDAY).previous is None


@pytest.mark.parametrize(
    ("question", "added"),
    [
        ("今天有開嗎？", "週二"),
        ("明天幾點打烊", "週三"),
        ("後天有課嗎", "週四"),
        ("Are you open today?", "Tuesday"),
    ],
)
def test_relative_days_are_also_said_as_weekdays(question: str, added: str) -> None:
    assert added in with_dates(question, TUESDAY)


def test_questions_without_a_day_stay_as_they_are() -> None:
    assert with_dates("原子筆多少錢", TUESDAY) == "原子筆多少錢"
