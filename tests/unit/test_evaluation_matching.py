"""Hits, right answers and valid citations, judged by text alone."""

import pytest

from bot.evaluation.hits import holds_answer, rank, same_source
from bot.evaluation.matching import citing, says, supports, valid_citations
from bot.messages import Citation
from tests.support.judged import TEXT, answer, found, line


def test_a_hit_needs_the_source_and_the_answer() -> None:
    passage = found().passage
    assert holds_answer(passage, line("10:00", source="營業.md"))
    assert not holds_answer(passage, line("10:00", source="別的.md"))
    assert not holds_answer(passage, line("11:00", source="營業.md"))
    assert holds_answer(passage, line("11:00", "21 : 00"))
    assert holds_answer(passage, line(source="顧客/營業.md"))


def test_a_hit_is_folded() -> None:
    assert holds_answer(found("臺灣的首都是台北").passage, line("首 都"))
    assert holds_answer(found("價格ＡＢＣ元").passage, line("abc"))
    assert holds_answer(found("餐廳在後面").passage, line("餐厅"))


def test_sources_match_at_a_folder_border() -> None:
    assert same_source("a/b/c.md", "b/c.md")
    assert same_source("/srv/a/c.md", "/a/c.md")
    assert not same_source("a/bc.md", "c.md")


def test_rank_is_of_the_first_hit() -> None:
    passages = [found("別的"), found(), found()]
    assert rank(passages, line("10:00")) == 2
    assert rank(passages, line("09:00")) is None


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("每天十點開門 [1]。", "10:00"),
        ("每天 10:00 開門。", "十點"),
        ("共二千八百元", "2,800 元"),
        ("請找 林 小 姐。", "林小姐"),
        ("请找林小姐", "林小姐"),
        ("保固五年", "5 年"),
        ("「第 3 個週三」盤點", "第三個星期三"),
    ],
)
def test_says_the_same(text: str, reference: str) -> None:
    assert says(text, ["沒有的", reference])


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("創立於 1980 年", "80"),
        ("七天內可退", "8 天"),
        ("二樓 10:00 開門", "三樓 10:00"),
        ("見附註 [3]", "3"),
        ("什麼都沒有", "。"),
    ],
)
def test_says_something_else(text: str, reference: str) -> None:
    assert not says(text, [reference])


def test_a_mark_belongs_to_its_sentence() -> None:
    text = "平日十點開門。[1] 停車在對面 [2]。\n其他沒有。"
    assert ["十點" in sentence for sentence in citing(text, 1)] == [True]
    assert ["停車" in sentence for sentence in citing(text, 2)] == [True]
    assert citing(text, 3) == []


def test_a_citation_must_be_verbatim_marked_and_about_its_sentence() -> None:
    quote = "門市平日 10:00 開門"
    assert valid_citations(answer("門市平日 10:00 開門 [1]。", "grounded", quote)) == [True]
    assert valid_citations(answer("門市平日 10:00 開門。", "grounded", quote)) == [False]
    assert valid_citations(
        answer("門市平日 10:00 開門 [1]。", "grounded", "門市平日 9:00 開門")
    ) == [False]
    assert valid_citations(answer("鋼筆可以免費刻字 [1]。", "grounded", quote)) == [False]


def test_the_quote_may_bear_a_part_of_its_sentence() -> None:
    cited = Citation("t", "s", None, TEXT)
    assert supports(cited, "停對面的停車場 [1]")
    assert supports(cited, "The shop opens at 10:00 [1].")
    assert not supports(cited, "The shop closes at 23:45 [1].")
    assert not supports(cited, "[1]")
