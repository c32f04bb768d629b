"""Training data and logs from what people said, and what must never be in them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from bot.annotations import Draft
from bot.bootstrap import Bot, build
from bot.learning import dataset, logs
from bot.learning.lessons import Lesson, counted, gather
from bot.learning.masking import masks
from bot.learning.replay import holds
from bot.messages import Answer, Author, Choice, Citation
from bot.storage.tables import exchanges, votes
from tests.support.bot import NOON, settings_for
from tests.support.remembered import exchange
from tests.support.stored import HandClock

ANN = Author("line", "U" + "a1" * 16, "王小明")
BOB = Author("slack", "U0BOB7788", "Bob")
TODAY = NOON.date()


@dataclass
class Shop:
    bot: Bot
    count: int = 0

    def asked(
        self,
        question: str,
        answer: str,
        *,
        vote: int | None = None,
        author: Author = ANN,
        outcome: str = "grounded",
        citations: list[dict[str, Any]] | None = None,
        annotation_id: int | None = None,
    ) -> str:
        """An exchange in the log, perhaps rated; its request id."""
        self.count += 1
        memory, request = self.bot.memory, f"{author.platform}:{self.count}"
        at = NOON + timedelta(minutes=self.count)
        id_ = exchange(
            memory.storage, memory.people, request, question, at, author=author, outcome=outcome
        )
        values = {"answer": answer, "citations": citations or [], "annotation_id": annotation_id}
        with memory.storage.transaction() as tx:
            tx.execute(update(exchanges).where(exchanges.c.id == id_).values(**values))
            if vote is not None:
                person = {"person_id": 1, "exchange_id": id_, "value": vote, "at": at}
                tx.execute(insert(votes).values(**person))
        return request

    def lessons(self) -> list[Lesson]:
        return gather(self.bot.memory.storage, TODAY)

    def pairs(self) -> list[tuple[str, str, str]]:
        return [(one.kind, one.question, one.answer) for one in self.lessons()]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    bot = build(settings_for(tmp_path / "data"), clock=HandClock())
    yield Shop(bot)
    bot.memory.close()
    bot.library.close()


def test_what_somebody_stands_behind_and_nothing_else(shop: Shop) -> None:
    book = shop.bot.memory.annotations
    dogs = book.add(Draft("可以帶狗嗎？", "可以，請牽好。", aliases=("狗能進去嗎",)), "測試")
    wrong = shop.asked("停車收費嗎", "不收費。[1]", vote=1)
    book.add(Draft("停車收費嗎", "每小時 30 元。"), "測試", from_request=wrong)
    book.add(Draft("過期的？", "舊的。", expires_on=TODAY), "測試")
    shop.asked("幾點開門？", "上午十點。[1]", vote=1)
    shop.asked("幾點關門？", "晚上九點。[1]")
    shop.asked("有廁所嗎？", "沒有。[1]", vote=-1)
    shop.asked("火星呢？", "無資料", vote=1, outcome="no_data")
    shop.asked(
        "我家狗狗能來嗎", "可以，請牽好。", outcome="annotated", annotation_id=dogs.annotation.id
    )
    assert shop.pairs() == [
        ("annotation", "可以帶狗嗎？", "可以，請牽好。"),
        ("annotation", "狗能進去嗎", "可以，請牽好。"),
        ("correction", "停車收費嗎", "每小時 30 元。"),
        ("annotation", "過期的？", "舊的。"),
        ("annotation", "我家狗狗能來嗎", "可以，請牽好。"),
        ("liked", "幾點開門？", "上午十點。[1]"),
    ]
    assert counted(shop.lessons()) == {"annotation": 4, "correction": 1, "liked": 1}
    assert "過期的？" not in str(gather(shop.bot.memory.storage, TODAY + timedelta(days=1)))


def test_what_one_liked_and_another_did_not_is_no_lesson(shop: Shop) -> None:
    request = shop.asked("幾點開門？", "上午十點。[1]", vote=1)
    assert len(shop.lessons()) == 1
    shop.bot.memory.feedback.rate(request, BOB, -1)
    assert shop.lessons() == []


def test_a_follow_up_brings_what_it_leans_on_or_stays_out(shop: Shop) -> None:
    first = shop.asked("台北店幾點開門？", "上午十點。[1]")
    shop.asked("那台中呢？", "上午十一點。[1]", vote=1)
    (lesson,) = shop.lessons()
    assert lesson.before is not None
    assert lesson.before.question == "台北店幾點開門？"
    shop.bot.memory.history.erase_request(first)
    assert shop.lessons() == []


def test_what_was_erased_is_nowhere(shop: Shop, tmp_path: Path) -> None:
    shop.asked("我的秘密暗號是什麼？", "芝麻開門。[1]", vote=1)
    assert len(shop.lessons()) == 1
    shop.bot.memory.history.forget("line", ANN.user_id)
    assert shop.lessons() == []
    (row,) = logs.read(shop.bot.memory.storage, logs.Filters())
    assert (row["question"], row["answer"], row["erased"]) == ("", "", True)


def written(shop: Shop, folder: Path) -> tuple[list[Any], list[Any], dict[str, Any]]:
    theirs, ours = masks(shop.bot.memory.storage)
    dataset.write(shop.lessons(), theirs, ours, folder)
    sharegpt, alpaca = (
        [json.loads(line) for line in (folder / f"{name}.jsonl").read_text("utf-8").splitlines()]
        for name in (dataset.SHAREGPT, dataset.ALPACA)
    )
    return sharegpt, alpaca, json.loads((folder / dataset.INFO).read_text("utf-8"))


def test_both_formats_say_the_same_and_are_described(shop: Shop, tmp_path: Path) -> None:
    cited = {"title": "營業", "source": "營業.md", "locator": None, "quote": "上午十點開門"}
    shop.bot.memory.annotations.add(Draft("可以帶狗嗎？", "可以，請牽好。"), "測試")
    shop.asked("台北店幾點開門？", "上午十點。[1]", vote=1, citations=[cited])
    shop.asked("那台中呢？", "上午十一點。[1]", vote=1, citations=[cited])
    sharegpt, alpaca, info = written(shop, tmp_path / "sft")
    assert len(sharegpt) == len(alpaca) == 3
    columns = info[dataset.SHAREGPT]["columns"]
    for row in sharegpt:
        assert set(row) == set(columns.values())
        turns = [turn["from"] for turn in row["conversations"]]
        assert turns == ["human", "gpt"] * (len(turns) // 2)
    for row in alpaca:
        assert set(row) == set(info[dataset.ALPACA]["columns"].values())
    curated, liked, following = sharegpt
    assert curated["system"] == ""
    assert curated["conversations"][1]["value"] == "可以，請牽好。"
    assert "參考資料：\n[1] 營業\n上午十點開門" in liked["conversations"][0]["value"]
    assert liked["system"]
    assert following["conversations"][0]["value"] == "台北店幾點開門？"
    assert alpaca[2]["history"] == [["台北店幾點開門？", "上午十點。[1]"]]
    assert alpaca[1]["input"].startswith("參考資料：")
    for name in (dataset.SHAREGPT, dataset.ALPACA):
        assert (tmp_path / "sft" / info[name]["file_name"]).is_file()


def test_people_are_not_in_it(shop: Shop, tmp_path: Path) -> None:
    slack, discord, line = "<@U0BOB7788>", "<@!123456789012345678>", ANN.user_id
    asked = f"{slack} {discord} {line} 我是王小明，bob 的信箱 ann@mail.tw、0912-345-678，門市電話？"
    answer = "王小明您好，Bobby 分機的電話是 02-2345-6789，信箱 shop@leaf.tw。[1]"
    shop.asked(asked, answer, vote=1)
    shop.asked("另一題？", "好。[1]", author=BOB)
    written(shop, tmp_path / "sft")
    text = "".join(path.read_text("utf-8") for path in (tmp_path / "sft").iterdir())
    for gone in (
        "U0BOB7788",
        "123456789012345678",
        line,
        "王小明",
        "bob 的",
        "ann@mail",
        "0912",
    ):
        assert gone not in text, gone
    for kept in ("02-2345-6789", "shop@leaf.tw", "Bobby", "門市電話"):
        assert kept in text, kept


def test_the_log_is_filtered(shop: Shop) -> None:
    shop.asked("第一", "一", vote=1)
    shop.asked("第二", "二", author=BOB)
    shop.asked("第三", "無資料", outcome="no_data")

    def read(**filters: Any) -> list[str]:
        rows = logs.read(shop.bot.memory.storage, logs.Filters(**filters))
        return [row["question"] for row in rows]

    assert read() == ["第一", "第二", "第三"]
    assert read(platform="slack") == ["第二"]
    assert read(outcome="no_data") == ["第三"]
    assert read(since=NOON + timedelta(minutes=2)) == ["第二", "第三"]
    first = next(logs.read(shop.bot.memory.storage, logs.Filters()))
    assert (first["likes"], first["dislikes"]) == (1, 0)
    assert "王小明" not in str(first)


def test_a_long_log_is_read_to_its_end(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_PAGE", 2)
    for number in range(5):
        shop.asked(f"第 {number} 題", "好")
    assert len(list(logs.read(shop.bot.memory.storage, logs.Filters()))) == 5


LIKED = Lesson("liked", "幾點開門？", "台北店平日上午十點開門，滿 500 元折 50 元。[1]")


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (Answer("?", "grounded", "平日 10:00 開門；台北店消費滿五百元就折 50 元。[2]"), True),
        (Answer("?", "grounded", "台北店平日上午十一點開門，滿 500 元折 50 元。[1]"), False),
        (Answer("?", "grounded", "10:00、500 元、50 元。[1]"), False),
        (Answer("?", "no_data", "台北店平日上午十點開門，滿 500 元折 50 元。"), False),
    ],
)
def test_a_liked_answer_holds_in_other_words_but_not_with_other_numbers(
    answer: Answer, right: bool
) -> None:
    assert holds(answer, LIKED) is right


def test_a_curated_answer_holds_while_its_question_leads_to_it() -> None:
    lesson = Lesson("annotation", "可以帶狗嗎？", "可以。", annotation_id=7)
    assert holds(Answer("?", "annotated", "可以。", annotation_id=7), lesson)
    assert holds(Answer("?", "clarify", "", meant=(Choice(7, "可以帶狗嗎？"),)), lesson)
    assert not holds(Answer("?", "annotated", "不行。", annotation_id=8), lesson)
    assert not holds(Answer("?", "grounded", "可以。[1]", (Citation("a", "b", None, "c"),)), lesson)
